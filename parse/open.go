package parse

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

const (
	headBytes = 256 << 10 // of a document that analyse sees
	tailBytes = 64 << 10
	// spoolMemory is how much of an unpacked document stays in memory.
	spoolMemory = 8 << 20
)

// An opener finds the documents of one input.
type opener struct {
	ctx   context.Context
	in    PathSide
	opt   *Options
	temp  containerOptions
	raw   *inputFile
	src   byteSource // raw, until the run is interrupted
	files []*File
	docs  []*document
	close []io.Closer
	// seen, if not nil, is told of every document that is analysed.
	seen func(analyseInput)
	odd  []oddPart
}

func newOpener(ctx context.Context, in PathSide, opt *Options) *opener {
	memory := int64(spoolMemory)
	if opt.Memory > 0 {
		memory = min(memory, opt.Memory/8)
	}
	limits := opt.Limits
	setDefault(&limits.Strings, stringsLimit(opt.Memory))
	return &opener{ctx: ctx, in: in, opt: opt, temp: containerOptions{
		limits: limits.orDefaults(), memory: memory, budget: opt.budget, tempFile: tempFiles(opt.TempDir),
	}}
}

// open fills in files and docs. Its error stops the whole run.
func (o *opener) open() error {
	name := filepath.Base(o.in.Path)
	if isLockFile(name) {
		o.passOver(name, 0, codeLockFile)
		return nil
	}
	raw, err := openInput(o.in.Path)
	if err != nil {
		o.refused(name, 0, openProblem(name, err))
		o.files[0].Problems[0].File = o.in.Path // where it was looked for
		return nil
	}
	o.raw = raw
	o.src = interruptible{raw, o.ctx}
	o.close = append(o.close, raw)
	if raw.Size() == 0 {
		o.refused(name, 0, Problem{Code: codeEmptyFile})
		o.digest(nil)
		return nil
	}
	sum := o.digestPacked()
	if err := openContainer(name, o.src, o.temp, o.found); err != nil {
		return err
	}
	o.passOverOddParts()
	o.digest(sum)
	return nil
}

// refused lists a document that cannot be used.
func (o *opener) refused(name string, size int64, ps ...Problem) {
	f := &File{Path: MaskCards(o.in.Path), Name: MaskCards(name), Side: o.in.Side, Bytes: size, Problems: ps}
	for i := range ps {
		ps[i].File = f.Name
	}
	o.files = append(o.files, f)
}

// found opens one document of a container. A workbook's rows stand in spools
// of their own when its sheets have been read, so nothing of it is kept.
func (o *opener) found(b *blob) error {
	if b.book == nil {
		o.close = append(o.close, b)
		return o.blob(b)
	}
	return errors.Join(o.blob(b), b.Close())
}

// blob opens one document of a container.
func (o *opener) blob(b *blob) error {
	switch {
	case b.problem != nil:
		if b.problem.Code == codeSpool {
			return b.problem
		}
		size := int64(0)
		if b.src != nil {
			size = b.src.Size()
		}
		o.refused(b.name, size, *b.problem)
	case b.book != nil:
		return o.workbook(b)
	default:
		return o.text(b)
	}
	return nil
}

// text opens a document of text.
func (o *opener) text(b *blob) error {
	src, live := b.src, b.src == o.src
	if live {
		src = o.raw
	}
	if src.Size() == 0 {
		o.refused(b.name, 0, Problem{Code: codeEmptyFile})
		return nil
	}
	enc, skip, problem, err := o.encoding(src)
	if err != nil {
		o.refused(b.name, src.Size(), openProblem(b.name, err))
		return nil
	}
	if problem != nil {
		o.refused(b.name, src.Size(), *problem)
		return nil
	}
	d := &document{src: src, skip: skip, live: live}
	if skip > 0 {
		d.src = section{src, skip}
	}
	f := &File{Path: MaskCards(o.in.Path), Name: MaskCards(b.name), Encoding: enc.String(), Bytes: src.Size(), raw: o.raw}
	if enc == encUTF16LE || enc == encUTF16BE {
		if err := o.transcode(d, enc); err != nil {
			return o.spoolFailed(f, err)
		}
		enc = encUTF8
	}
	p, problems := o.analyse(d, f, enc)
	if p != nil && enc == encGB18030 && p.form == formDelimited && !safeInGB18030(p.delim) {
		if err := o.transcode(d, enc); err != nil {
			return o.spoolFailed(f, err)
		}
		p, problems = o.analyse(d, f, encUTF8)
	}
	o.accept(d, f, p, problems)
	return nil
}

// safeInGB18030 says whether a delimiter cannot be the second byte of a
// character: those are 0x40 and above, or digits.
func safeInGB18030(delim byte) bool { return delim < 0x30 || delim > 0x39 && delim < 0x40 }

// spoolFailed tells a full temporary folder, which ends the run, from a file
// that cannot be read.
func (o *opener) spoolFailed(f *File, err error) error {
	var s *spoolError
	if errors.As(err, &s) || o.ctx.Err() != nil {
		return err
	}
	o.refused(f.Name, f.Bytes, openProblem(f.Name, err))
	return nil
}

// encoding decides how a text is spelled and how long its mark is.
func (o *opener) encoding(src byteSource) (enc encoding, skip int64, p *Problem, err error) {
	head := make([]byte, min(headBytes, src.Size()))
	if err := readFull(src, head, 0); err != nil {
		return 0, 0, nil, err
	}
	whole := int64(len(head)) == src.Size()
	enc, n := byteOrderMark(head)
	ascii := false
	if enc == encUnknown {
		enc, ascii = detectEncoding(head, whole)
	}
	if name := o.opt.Encoding.For(o.in.Path); name != "" {
		if named, ok := encodingNamed(name); ok && !(n > 0 && isUTF16(named) && isUTF16(enc)) {
			enc, ascii = named, false
		}
	}
	if ascii && !whole {
		if enc, err = encodingBehind(src, int64(len(head))); err != nil {
			return 0, 0, nil, err
		}
	}
	if enc == encUnknown {
		return 0, 0, &Problem{Code: codeUnknownCoding}, nil
	}
	unfinished, err := endsInNUL(src, isUTF16(enc))
	if unfinished {
		p = &Problem{Code: codeUnfinished}
	}
	return enc, int64(n), p, err
}

func isUTF16(e encoding) bool { return e == encUTF16LE || e == encUTF16BE }

// endsInNUL says whether the end of a document is missing: whoever writes it
// has reserved the space and not filled it in.
func endsInNUL(src byteSource, wide bool) (bool, error) {
	tail := make([]byte, min(2, src.Size()))
	if err := readFull(src, tail, src.Size()-int64(len(tail))); err != nil {
		return false, err
	}
	if wide {
		return string(tail) == "\x00\x00", nil
	}
	return tail[len(tail)-1] == 0, nil
}

// encodingBehind looks for the first text that is not ASCII and decides by the
// 256 KiB from there on.
func encodingBehind(src byteSource, off int64) (encoding, error) {
	buf := make([]byte, headBytes)
	for off < src.Size() {
		b := buf[:min(int64(len(buf)), src.Size()-off)]
		if err := readFull(src, b, off); err != nil {
			return encUnknown, err
		}
		i := firstHigh(b)
		if i < 0 {
			off += int64(len(b))
			continue
		}
		off += int64(i)
		b = buf[:min(int64(len(buf)), src.Size()-off)]
		if err := readFull(src, b, off); err != nil {
			return encUnknown, err
		}
		enc, _ := detectEncoding(b, off+int64(len(b)) == src.Size())
		return enc, nil
	}
	return encUTF8, nil
}

// analyse recognises a document.
func (o *opener) analyse(d *document, f *File, enc encoding) (*plan, []Problem) {
	in := analyseInput{
		name: filepath.Base(o.in.Path), file: f.Name, size: d.src.Size(), enc: enc,
		spooled: d.sheet, side: o.in.Side, layouts: o.opt.Layouts, layout: o.opt.Layout.For(o.in.Path), asOf: o.opt.AsOf,
		head: make([]byte, min(headBytes, d.src.Size())),
		tail: make([]byte, min(tailBytes, d.src.Size())),
	}
	err := errors.Join(readFull(d.src, in.head, 0), readFull(d.src, in.tail, in.size-int64(len(in.tail))))
	if err != nil {
		return nil, []Problem{openProblem(f.Name, err)}
	}
	if o.seen != nil {
		o.seen(in)
	}
	if in.layout == "" && isOwnResult(in) {
		f.Ignored = true
		return nil, []Problem{{Code: codeOwnResult}}
	}
	p, problems := analyse(in)
	if p == nil && len(o.odd) < maxOddParts {
		o.odd = append(o.odd, oddPart{f, in})
	}
	return p, problems
}

// accept lists a document that was analysed, with or without success.
func (o *opener) accept(d *document, f *File, p *plan, problems []Problem) {
	f.Problems = problems
	for i := range f.Problems {
		f.Problems[i].File = f.Name
	}
	f.Side = o.in.Side
	o.files = append(o.files, f)
	if p == nil {
		return
	}
	f.Side, f.Layout, f.Acquirer = p.side, p.layout.Name, p.layout.Acquirer
	f.Columns, f.Choice = maskedColumns(p.columns), p.why
	d.file, d.plan = f, p
	if p.layout.Ignore {
		f.Ignored = true
		f.Rows = p.skippedBefore + p.skippedAfter
		f.Skipped = f.Rows
		return
	}
	f.Used = true
	d.d = p.dialect(o.temp.limits)
	d.d.sheet = d.sheet
	d.size = chunkSize
	if o.opt.chunk > 0 {
		d.size = o.opt.chunk
	}
	d.size = min(d.size, d.d.record)
	if d.cutOff() {
		f.refuse(Problem{Code: codeCutOff, Line: 0})
		return
	}
	o.docs = append(o.docs, d)
}

// cutOff says whether the document ends in the middle of a row: its last line
// has no end, and it has begun a row that it does not finish.
func (d *document) cutOff() bool {
	p := d.plan
	if d.sheet || p.dataEnd != d.src.Size() || p.dataEnd == p.dataStart {
		return false
	}
	tail := make([]byte, min(int64(d.d.record), tailBytes, p.dataEnd-p.dataStart))
	if readFull(d.src, tail, p.dataEnd-int64(len(tail))) != nil || tail[len(tail)-1] == p.eol {
		return false
	}
	if off := p.dataEnd - int64(len(tail)); off > p.dataStart {
		tail = tail[bytes.IndexByte(tail, p.eol)+1:]
	}
	recs := cutRecords(tail, 0, d.d, 0)
	if len(recs) == 0 {
		return false
	}
	last, above := recs[len(recs)-1], recs[:len(recs)-1]
	switch {
	case len(bytes.TrimSpace(last.raw)) == 0:
		return false
	case last.bad == faultNone && !p.enc.valid(last.raw):
		return true
	case last.bad != faultNone:
		return last.bad == faultQuote
	}
	var row Row
	what, problem := p.newBinder().bind(&rawRow{cells: last.cells}, &row, allFields)
	if what == accept && p.form == formDelimited && len(last.cells) > 1 {
		return lastIsShort(last.cells[len(last.cells)-1], above[max(0, len(above)-200):])
	}
	return what == reject && (problem.Code == codeLineShape || problem.Code == codeShortRow && len(last.cells) > 1)
}

// lastIsShort says whether the last cell of a file that does not end in a line
// end has less than those above it all have: digits, decimals, or anything.
func lastIsShort(last []byte, above []docRecord) bool {
	width, decimals, n := -1, -1, 0
	for i := range above {
		cells := above[i].cells
		if len(cells) < 2 {
			continue // a title or a remark
		}
		w, d := cellShape(cells[len(cells)-1])
		switch {
		case n == 0:
			width, decimals = w, d
		case w != width && d != decimals, w == 0:
			return false
		}
		if w != width {
			width = -1
		}
		if d != decimals {
			decimals = -1
		}
		n++
	}
	if n < 3 {
		return false
	}
	w, d := cellShape(last)
	if decimals < 0 && w < width && isTimeText(last) {
		return true // 10:3, which could be read as 10:03
	}
	return w == 0 || decimals > 0 && d < decimals && d >= 0 || decimals == 0 && width >= 6 && w < width && d == 0
}

// isTimeText says whether a text is made as times of day are.
func isTimeText(c []byte) bool {
	for _, x := range trim(c) {
		if !isDigit(x) && bytes.IndexByte([]byte(" :-/.T"), x) < 0 {
			return false
		}
	}
	return bytes.IndexByte(c, ':') > 0
}

// cellShape is the length of a cell, and the decimals of a number; -1 for text.
func cellShape(c []byte) (width, decimals int) {
	c = trim(c)
	point := -1
	for i, x := range c {
		switch {
		case x == '.' && point < 0:
			point = i
		case x == '-' && i == 0, x == ',', x >= '0' && x <= '9':
		default:
			return len(c), -1
		}
	}
	if point < 0 {
		return len(c), 0
	}
	return len(c), len(c) - point - 1
}

// interruptible is a source that fails once the run is interrupted: unpacking a
// large archive looks at nothing else.
type interruptible struct {
	byteSource
	ctx context.Context
}

func (s interruptible) ReadAt(p []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.byteSource.ReadAt(p, off)
}

// digestPacked begins to compute the input's digest if it is not plain text,
// beside the unpacking. The channel gives it, or "" where reading fails.
func (o *opener) digestPacked() <-chan string {
	head, err := readHead(o.src)
	if err != nil {
		return nil
	}
	if f, _ := sniff(head); f == formText {
		return nil
	}
	sum := make(chan string, 1)
	go func() { sum <- digestAll(o.src) }()
	return sum
}

// digest gives the files the input's digest unless the scan will.
func (o *opener) digest(packed <-chan string) {
	if len(o.docs) == 1 && o.docs[0].live && len(o.files) == 1 {
		return
	}
	sum := ""
	if packed != nil {
		sum = <-packed
	} else {
		sum = digestAll(o.src)
	}
	for _, f := range o.files {
		f.SHA256 = sum
	}
	for _, d := range o.docs {
		d.live = false
	}
}

// workbook opens the sheets of a workbook that can be seen.
func (o *opener) workbook(b *blob) error {
	want := o.opt.Sheet.For(o.in.Path)
	var names []string
	found, from := false, len(o.files)
	for i, s := range b.book.sheets() {
		names = append(names, s.name)
		if want != "" && s.name != want || want == "" && s.hidden {
			continue
		}
		found = true
		if err := o.sheet(b, i, s.name); err != nil {
			return err
		}
	}
	o.passOverReport(from)
	if !found {
		o.refused(b.name, b.src.Size(), Problem{Code: codeNoSuchSheet, Args: []string{want, strings.Join(names, ", ")}})
	}
	return nil
}

// sheet spools one sheet and opens it.
func (o *opener) sheet(b *blob, i int, name string) error {
	f := &File{Path: MaskCards(o.in.Path), Name: MaskCards(b.name + ":" + name), Encoding: encUTF8.String(), raw: o.raw}
	w := sheetWriter{spool: newSpool(o.temp), ctx: o.ctx}
	o.close = append(o.close, w.spool)
	err := b.book.rows(i, w.row)
	if err == nil {
		err = w.finish()
	}
	var p *Problem
	if errors.As(err, &p) {
		o.refused(f.Name, b.src.Size(), *p)
		return nil
	}
	if err != nil {
		return o.spoolFailed(f, err)
	}
	f.Bytes = w.spool.Size()
	if f.Bytes == 0 {
		if len(b.book.sheets()) == 1 {
			o.refused(f.Name, 0, Problem{Code: codeEmptyFile})
		}
		return nil
	}
	d := &document{src: w.spool, sheet: true}
	pl, problems := o.analyse(d, f, encUTF8)
	o.accept(d, f, pl, problems)
	return nil
}

// A sheetWriter writes a sheet's rows as text, one line for every row of the
// sheet, so that line numbers are row numbers.
type sheetWriter struct {
	spool *spool
	ctx   context.Context
	line  []byte
	last  int // row written last
}

// formulaMark is how a formula without a stored value looks in a spool.
const formulaMark = "\x1A"

func (w *sheetWriter) row(row int, cells []gridCell) error {
	if row%1024 == 0 && w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	w.line = w.line[:0]
	for ; w.last < row-1; w.last++ {
		w.line = append(w.line, spoolRow)
	}
	w.last = row
	for i, c := range cells {
		if i > 0 {
			w.line = append(w.line, spoolCell)
		}
		if c.kind == cellFormula {
			w.line = append(w.line, formulaMark...)
			continue
		}
		from := len(w.line)
		w.line = append(w.line, c.text...)
		for j, ch := range w.line[from:] {
			if ch == spoolCell || ch == spoolRow {
				w.line[from+j] = ' '
			}
		}
	}
	w.line = append(w.line, spoolRow)
	_, err := w.spool.Write(w.line)
	return err
}

func (w *sheetWriter) finish() error { return w.spool.finish() }

// transcodeBytes is how much of a document is transcoded at a time.
const transcodeBytes = 64 << 10

// transcode replaces the document's source by a copy in UTF-8.
func (o *opener) transcode(d *document, enc encoding) error {
	s := newSpool(o.temp)
	o.close = append(o.close, s)
	buf := make([]byte, transcodeBytes)
	var out, rest []byte
	for off := int64(0); off < d.src.Size(); {
		if err := o.ctx.Err(); err != nil {
			return err
		}
		n := copy(buf, rest)
		b := buf[:min(int64(len(buf)), int64(n)+d.src.Size()-off)]
		if err := readFull(d.src, b[n:], off); err != nil {
			return err
		}
		off += int64(len(b) - n)
		if enc == encGB18030 {
			out, rest = enc.transcodeLines(out[:0], b, off == d.src.Size())
		} else {
			out, rest = enc.transcode(out[:0], b, off == d.src.Size())
		}
		rest = slices.Clone(rest)
		if _, err := s.Write(out); err != nil {
			return err
		}
	}
	d.src, d.live, d.skip = s, false, 0
	return s.finish()
}
