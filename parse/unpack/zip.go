package unpack

import (
	"archive/zip"
	"encoding/binary"
	"hash/crc32"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"github.com/klauspost/compress/flate"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// maxDirectory is the longest central directory of an archive: archive/zip
// takes memory in proportion to it.
const maxDirectory = 64 << 20

// openZip reads the directory of an archive or an OOXML package.
func openZip(src text.Source, lim problem.Limits) (*zip.Reader, error) {
	if err := checkDirectory(src, lim); err != nil {
		return nil, err
	}
	z, err := zip.NewReader(src, src.Size())
	if err == zip.ErrInsecurePath {
		err = nil // names are never used as paths
	}
	if err != nil {
		return nil, err
	}
	z.RegisterDecompressor(zip.Deflate, func(r io.Reader) io.ReadCloser { return flate.NewReader(r) })
	return z, nil
}

// checkDirectory bounds the directory before archive/zip reads it: the number
// of entries that it declares, and its length.
func checkDirectory(src text.Source, lim problem.Limits) error {
	size := src.Size()
	tail := make([]byte, min(size, 22+65535))
	if _, err := src.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return err
	}
	at := strings.LastIndex(string(tail), "PK\x05\x06")
	if at < 0 || len(tail)-at < 22 {
		return zip.ErrFormat
	}
	entries := uint64(binary.LittleEndian.Uint16(tail[at+10:]))
	offset := uint64(binary.LittleEndian.Uint32(tail[at+16:]))
	if disk := binary.LittleEndian.Uint16(tail[at+4:]); disk != 0 && disk != 0xFFFF {
		return &problem.Problem{Code: CodePackSplit}
	}
	if entries == 0xFFFF || offset == 0xFFFFFFFF {
		var err error
		if entries, offset, err = zip64Directory(src, tail[:at], entries, offset); err != nil {
			return err
		}
	}
	if entries > uint64(lim.Entries) {
		return &problem.Problem{Code: CodeArchiveMany, Args: []string{strconv.FormatUint(entries, 10), strconv.Itoa(lim.Entries)}}
	}
	if offset > uint64(size) || uint64(size)-offset > maxDirectory+uint64(len(tail)) {
		return zip.ErrFormat
	}
	return nil
}

// zip64Directory reads the entry count and offset of a Zip64 archive, if its
// locator stands before the end record; else what the end record says holds.
func zip64Directory(src text.Source, before []byte, entries, offset uint64) (uint64, uint64, error) {
	if len(before) < 20 || string(before[len(before)-20:][:4]) != "PK\x06\x07" {
		return entries, offset, nil
	}
	var end [56]byte
	at := binary.LittleEndian.Uint64(before[len(before)-12:])
	if at > uint64(src.Size()) {
		return 0, 0, zip.ErrFormat
	}
	if _, err := src.ReadAt(end[:], int64(at)); err != nil {
		return 0, 0, zip.ErrFormat
	}
	return binary.LittleEndian.Uint64(end[32:]), binary.LittleEndian.Uint64(end[48:]), nil
}

// zip adds the documents of an archive, or the workbook that the package is.
func (u *unpacker) zip(b Part, depth int) {
	z, err := openZip(b.Src, u.opt.Limits)
	if err != nil {
		b.Problem = unpackProblem(b.Name, err)
		u.add(b)
		return
	}
	if parts := newPackage(z, u.opt.Limits); parts.isOffice() {
		b.form = formXLSX
		b.Book, b.Problem = openXLSX(b.Name, parts, u.opt)
		u.add(b)
		return
	}
	if depth >= u.opt.Limits.Depth {
		b.Problem = problemAt(b.Name, CodeArchiveDeep)
		u.add(b)
		return
	}
	found := false
	for _, f := range z.File {
		name := entryName(f)
		if isClutter(f, name) {
			continue
		}
		found = true
		if u.err != nil {
			break
		}
		u.entry(b.Name+"/"+name, f, depth)
	}
	if !found {
		b.Problem = problemAt(b.Name, CodeArchiveEmpty)
		u.add(b)
		return
	}
	if b.owned {
		b.Src.Close()
	}
}

// entry unpacks one entry of an archive and opens what is in it.
func (u *unpacker) entry(name string, f *zip.File, depth int) {
	b := Part{Name: name}
	src, err := u.inflate(f)
	if err != nil {
		b.Problem = unpackProblem(name, err)
		u.add(b)
		return
	}
	u.open(name, src, true, depth+1)
}

// inflate unpacks an entry after all that its directory entry says against it.
func (u *unpacker) inflate(f *zip.File) (text.Source, error) {
	lim := u.opt.Limits
	switch {
	case f.Flags&1 != 0 || f.Method == 99: // 99: AES of WinZip
		return nil, &problem.Problem{Code: CodePackEncrypted}
	case f.Mode().Type() != 0:
		return nil, &problem.Problem{Code: CodePackLink}
	case f.UncompressedSize64 > uint64(u.left):
		return nil, ErrTooLarge
	case f.UncompressedSize64 > uint64(lim.RatioFrom) && f.UncompressedSize64/uint64(lim.Ratio) > f.CompressedSize64:
		return nil, errRatio
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return u.spool(r, int64(f.CompressedSize64))
}

// isClutter says that an entry holds no document: folders, and what macOS and
// Windows leave behind.
func isClutter(f *zip.File, name string) bool {
	base := baseName(name)
	return strings.HasSuffix(name, "/") || f.Mode().IsDir() ||
		strings.HasPrefix(name, "__MACOSX/") || strings.Contains(name, "/__MACOSX/") ||
		strings.HasPrefix(base, "._") || strings.HasPrefix(base, "~$") ||
		base == ".DS_Store" || strings.EqualFold(base, "Thumbs.db") || strings.EqualFold(base, "desktop.ini")
}

// entryName is the name of an entry in UTF-8. Names without the UTF-8 flag
// are UTF-8 all the same when they read as it (macOS), else GB18030: Alipay
// and Windows in China write them so. The result is only ever shown.
func entryName(f *zip.File) string {
	name := f.Name
	if u, ok := unicodePath(f); ok {
		name = u
	} else if !utf8.ValidString(name) {
		if s, err := simplifiedchinese.GB18030.NewDecoder().String(name); err == nil {
			name = s
		}
	}
	name = strings.ReplaceAll(name, `\`, "/")
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7F {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(name, string(utf8.RuneError)))
}

// unicodePath is the UTF-8 name that Info-ZIP keeps in an extra field (0x7075),
// if it belongs to the entry's name.
func unicodePath(f *zip.File) (string, bool) {
	for extra := f.Extra; len(extra) >= 4; {
		id, n := binary.LittleEndian.Uint16(extra), int(binary.LittleEndian.Uint16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			break
		}
		field := extra[:n]
		extra = extra[n:]
		if id == 0x7075 && n > 5 && field[0] == 1 &&
			binary.LittleEndian.Uint32(field[1:]) == crc32.ChecksumIEEE([]byte(f.Name)) && utf8.Valid(field[5:]) {
			return string(field[5:]), true
		}
	}
	return "", false
}
