package report

import (
	"archive/zip"
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"duizhang/parse"
)

// disk is where reports go; tests put one that fails in its place.
type disk interface {
	create(name string) (diskFile, error)
	rename(from, to string) error
	remove(name string) error
	// held says whether err means that another program has the file open.
	held(err error) bool
}

// diskFile is a file being written.
type diskFile interface {
	io.Writer
	Sync() error
	Chmod(fs.FileMode) error
	Close() error
}

// realDisk is the file system.
type realDisk struct{}

func (realDisk) create(name string) (diskFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (realDisk) rename(from, to string) error { return os.Rename(from, to) }

func (realDisk) remove(name string) error { return os.Remove(name) }

func (realDisk) held(err error) bool { return isHeldOpen(err) }

// A WriteProblem says why a report cannot be written.
type WriteProblem uint8

const (
	// WriteFailed: the system refused; Err has its words.
	WriteFailed WriteProblem = iota
	// NoSpace: the disk is full; Need is what the file needs in bytes.
	NoSpace
	// NoFolder: the folder does not exist. NotFolder: a part of the path is a file.
	NoFolder
	NotFolder
	// NotWritable: no right to write into the folder.
	NotWritable
	// IsFolder: the name of the report is a folder.
	IsFolder
	// HeldOpen: another program holds the file.
	HeldOpen
	// Edited: a person has edited the report, and there is no free name beside it.
	Edited
	// NotVerified: reading the written file back gave something else.
	NotVerified
)

var writeProblems = [...]text{
	WriteFailed: {"%[1]s：写入失败（%[3]v）", "%[1]s: writing failed: %[3]v"},
	NoSpace: {"%[1]s：磁盘空间不足，至少需要 %[2]d 字节；请清理磁盘或用 --out/--csv 换一个位置，原有报告没有改动",
		"%[1]s: the disk is full, at least %[2]d bytes are needed; make room or choose another place with --out or --csv; earlier reports are untouched"},
	NoFolder:    {"%[1]s：目录不存在；请先建立目录或改用其他位置", "%[1]s: the folder does not exist; make it or choose another place"},
	NotFolder:   {"%[1]s：不是目录；请改用其他位置", "%[1]s: not a folder; choose another place"},
	NotWritable: {"%[1]s：目录不可写（%[3]v）；请检查权限或改用其他位置", "%[1]s: the folder cannot be written to (%[3]v); check its permissions or choose another place"},
	IsFolder:    {"%[1]s：是一个目录，不能作为报告文件名", "%[1]s: is a folder, a report cannot have its name"},
	HeldOpen:    {"%[1]s：正被其他程序打开；请先关闭该文件再运行", "%[1]s: another program holds it open; close it and run again"},
	Edited:      {"%[1]s：已被人编辑过，旁边也没有可用的名字；请用 --out 换一个文件名", "%[1]s: a person has edited it and there is no free name beside it; choose another name with --out"},
	NotVerified: {"%[1]s：写入后复读核对不一致，已放弃（%[3]v）", "%[1]s: reading it back did not give what was written, it was discarded: %[3]v"},
}

// WriteError is a report that could not be written. Nothing has appeared under
// the report's name.
type WriteError struct {
	Problem WriteProblem
	Path    string
	Need    int64
	Err     error
}

// Text is the message in one language.
func (e *WriteError) Text(l parse.Lang) string {
	format := writeProblems[e.Problem].in(l)
	return fmt.Sprintf(format, e.Path, e.Need, e.Err)
}

func (e *WriteError) Error() string { return e.Text(parse.EN) }

func (e *WriteError) Unwrap() error { return e.Err }

// Preflight finds out, before anything is read, whether the outputs can be
// written: their folders exist and take a file. It leaves nothing behind.
func Preflight(out Output) error {
	if out.Workbook != "" {
		if info, err := os.Stat(out.Workbook); err == nil && info.IsDir() {
			return &WriteError{Problem: IsFolder, Path: out.Workbook}
		}
		folder := filepath.Dir(out.Workbook)
		if out.MakesFolder() {
			folder = existing(folder)
		}
		if err := tryFolder(folder); err != nil {
			return err
		}
	}
	if out.CSV == "" {
		return nil
	}
	folder := existing(out.CSV)
	for _, name := range []string{transactionsCSV, settlementsCSV, creditsCSV, rejectsCSV} {
		if info, err := os.Stat(filepath.Join(out.CSV, name)); err == nil && info.IsDir() {
			return &WriteError{Problem: IsFolder, Path: filepath.Join(out.CSV, name)}
		}
	}
	return tryFolder(folder)
}

// existing is the nearest folder above path that exists, or path itself.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// tryFolder makes and removes a file in the folder.
func tryFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &WriteError{Problem: NoFolder, Path: folder, Err: err}
	case err != nil:
		return &WriteError{Problem: NotWritable, Path: folder, Err: err}
	case !info.IsDir():
		return &WriteError{Problem: NotFolder, Path: folder}
	}
	f, err := os.CreateTemp(folder, tempPrefix+strconv.Itoa(os.Getpid())+"-*"+tempSuffix)
	if err != nil {
		return asWriteError(err, folder, 0, NotWritable)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// asWriteError gives err the path it is about and, where its number says so, a
// better reason than other.
func asWriteError(err error, path string, need int64, other WriteProblem) error {
	var known *WriteError
	if err == nil || errors.As(err, &known) {
		return err
	}
	problem := other
	if isNoSpace(err) {
		problem = NoSpace
	}
	return &WriteError{Problem: problem, Path: path, Need: need, Err: bare(err)}
}

// bare drops the path that the system's error repeats.
func bare(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

// Temporary files carry the process number, so that those of a process that
// was killed can be told from those of one that is at work.
const (
	tempPrefix = ".duizhang-"
	tempSuffix = ".tmp"
)

// tempFile is a file that will take its final name when it is complete.
type tempFile struct {
	disk  disk
	final string
	name  string
	f     diskFile
	w     *bufio.Writer
	size  int64
	// wanted is how large the file will be, where that is known.
	wanted int64
}

// newTemp makes the temporary file of a report in the report's own folder, so
// that giving it its name is one step of the file system.
func newTemp(d disk, final string) (*tempFile, error) {
	h := fnv.New32a()
	h.Write([]byte(filepath.Base(final)))
	tail := fmt.Sprintf("-%08x%s", h.Sum32(), tempSuffix)
	folder := filepath.Dir(final)
	removeStale(d, folder, tail)
	t := &tempFile{disk: d, final: final, name: filepath.Join(folder, tempPrefix+strconv.Itoa(os.Getpid())+tail)}
	f, err := d.create(t.name)
	if err != nil {
		return nil, asWriteError(err, folder, 0, NotWritable)
	}
	t.f, t.w = f, bufio.NewWriterSize(f, 256<<10)
	return t, nil
}

// removeStale removes what killed processes left of the same report.
func removeStale(d disk, folder, tail string) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return // creating the file will tell
	}
	for _, e := range entries {
		pid, ok := strings.CutPrefix(e.Name(), tempPrefix)
		pid, ok2 := strings.CutSuffix(pid, tail)
		n, err := strconv.Atoi(pid)
		if ok && ok2 && err == nil && e.Type().IsRegular() && (n == os.Getpid() || !processLives(n)) {
			_ = d.remove(filepath.Join(folder, e.Name()))
		}
	}
}

func (t *tempFile) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.size += int64(n)
	return n, asWriteError(err, filepath.Dir(t.final), max(t.size, t.wanted), WriteFailed)
}

// finish brings everything to the disk and closes the file.
func (t *tempFile) finish() error {
	err := errors.Join(t.w.Flush(), t.f.Sync(), t.f.Chmod(0o644), t.f.Close())
	t.f = nil
	return asWriteError(err, filepath.Dir(t.final), max(t.size, t.wanted), WriteFailed)
}

// discard removes the file if it has not got its name yet.
func (t *tempFile) discard() {
	if t == nil || t.name == "" {
		return
	}
	if t.f != nil {
		_ = t.f.Close()
	}
	_ = t.disk.remove(t.name)
	t.name = ""
}

// commit gives the file its name. A link of that name is replaced, not
// followed.
func (t *tempFile) commit() error {
	err := t.disk.rename(t.name, t.final)
	switch {
	case err == nil:
		t.name = ""
		return nil
	case t.disk.held(err):
		return &WriteError{Problem: HeldOpen, Path: t.final, Err: bare(err)}
	}
	return asWriteError(err, t.final, 0, WriteFailed)
}

// maxSuffix bounds the search for a free name beside a held file.
const maxSuffix = 99

// commitBeside gives the file its name, or, where another program holds that
// file or a person has edited it, a name beside it: name(2).xlsx.
func (t *tempFile) commitBeside() (name string, kept KeptReport, err error) {
	if editedElsewhere(t.final) {
		kept = KeptEdited
	} else {
		err = t.commit()
		var we *WriteError
		if !errors.As(err, &we) || we.Problem != HeldOpen {
			return t.final, KeptNone, err
		}
		kept = KeptHeld
	}
	ext := filepath.Ext(t.final)
	for n := 2; n <= maxSuffix; n++ {
		name := strings.TrimSuffix(t.final, ext) + "(" + strconv.Itoa(n) + ")" + ext
		if _, there := os.Lstat(name); !errors.Is(there, fs.ErrNotExist) && (kept == KeptHeld || editedElsewhere(name)) {
			continue
		}
		if err := t.disk.rename(t.name, name); err != nil {
			return "", kept, asWriteError(err, name, 0, WriteFailed)
		}
		t.name = ""
		return name, kept, nil
	}
	if err == nil {
		err = &WriteError{Problem: Edited, Path: t.final}
	}
	return "", kept, err
}

// editedElsewhere says that the file is a workbook that another application
// has saved: a report with a person's notes in it, or no report at all.
func editedElsewhere(name string) bool {
	z, err := zip.OpenReader(name)
	if err != nil {
		return false
	}
	defer z.Close()
	f, err := z.Open("docProps/app.xml")
	if err != nil {
		return false
	}
	defer f.Close()
	var props struct {
		Application string `xml:"Application"`
	}
	err = xml.NewDecoder(io.LimitReader(f, maxAppProps)).Decode(&props)
	return err == nil && props.Application != "" && props.Application != application
}

// maxAppProps bounds what is read of a workbook's properties.
const maxAppProps = 64 << 10
