package parse

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
	"github.com/duizhang/duizhang/parse/unpack"
)

const (
	// spoolMemory is how much of an unpacked document stays in memory.
	spoolMemory = 8 << 20
)

// An opener finds the documents of one input.
type opener struct {
	ctx   context.Context
	in    PathSide
	opt   *Options
	temp  text.Workspace
	raw   *inputFile
	src   text.Source // raw, until the run is interrupted
	files []*File
	docs  []*document
	close []io.Closer
	// seen, if not nil, is told of every document that is analysed.
	seen func(layout.Sample)
	odd  []oddPart
}

func newOpener(ctx context.Context, in PathSide, opt *Options) *opener {
	memory := int64(spoolMemory)
	if opt.Memory > 0 {
		memory = min(memory, opt.Memory/8)
	}
	limits := opt.Limits
	setDefault(&limits.Strings, text.StringsLimit(opt.Memory))
	return &opener{ctx: ctx, in: in, opt: opt, temp: text.Workspace{
		Limits: limits.OrDefaults(), Memory: memory, Budget: opt.budget, TempFile: text.TempFiles(opt.TempDir),
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
		o.refused(name, 0, problem.Problem{Code: layout.CodeEmptyFile})
		o.digest("")
		return nil
	}
	ctx, stop := context.WithCancel(o.ctx)
	defer stop()
	packed := o.digestPacked(interruptible{raw, ctx})
	err = unpack.Open(name, o.src, o.temp, o.found)
	if err != nil {
		stop()
	}
	sum, failed := packed() // it reads the input, which is closed next
	if err := cmp.Or(err, failed); err != nil {
		return err
	}
	o.passOverOddParts()
	o.digest(sum)
	return nil
}

// refused lists a document that cannot be used.
func (o *opener) refused(name string, size int64, ps ...problem.Problem) {
	f := &File{Path: problem.MaskCards(o.in.Path), Name: problem.MaskCards(name), Side: o.in.Side, Bytes: size, Problems: ps}
	for i := range ps {
		ps[i].File = f.Name
	}
	o.files = append(o.files, f)
}

// found opens one document of a container. A workbook's rows stand in spools
// of their own when its sheets have been read, so nothing of it is kept.
func (o *opener) found(b *unpack.Part) error {
	if b.Book == nil {
		o.close = append(o.close, b)
		return o.blob(b)
	}
	return errors.Join(o.blob(b), b.Close())
}

// blob opens one document of a container.
func (o *opener) blob(b *unpack.Part) error {
	switch {
	case b.Problem != nil:
		if b.Problem.Code == unpack.CodeSpool {
			return b.Problem
		}
		size := int64(0)
		if b.Src != nil {
			size = b.Src.Size()
		}
		o.refused(b.Name, size, *b.Problem)
	case b.Book != nil:
		return o.workbook(b)
	default:
		return o.text(b)
	}
	return nil
}

// text opens a document of text.
func (o *opener) text(b *unpack.Part) error {
	src, live := b.Src, b.Src == o.src
	if live {
		src = o.raw
	}
	if src.Size() == 0 {
		o.refused(b.Name, 0, problem.Problem{Code: layout.CodeEmptyFile})
		return nil
	}
	enc, skip, bad, err := o.encoding(src)
	if err != nil {
		o.refused(b.Name, src.Size(), openProblem(b.Name, err))
		return nil
	}
	if bad != nil {
		o.refused(b.Name, src.Size(), *bad)
		return nil
	}
	d := &document{src: src, skip: skip, live: live}
	if skip > 0 {
		d.src = text.Section{Source: src, Skip: skip}
	}
	f := &File{Path: problem.MaskCards(o.in.Path), Name: problem.MaskCards(b.Name), Encoding: enc.String(), Bytes: src.Size(), raw: o.raw}
	if enc == text.UTF16LE || enc == text.UTF16BE {
		if err := o.transcode(d, enc); err != nil {
			return o.spoolFailed(f, err)
		}
		enc = text.UTF8
	}
	p, problems := o.analyse(d, f, enc)
	if p != nil && enc == text.GB18030 && p.Form == layout.FormDelimited && !safeInGB18030(p.Delim) {
		if err := o.transcode(d, enc); err != nil {
			return o.spoolFailed(f, err)
		}
		p, problems = o.analyse(d, f, text.UTF8)
	}
	if p == nil {
		if other := o.misnamed(src); other != nil {
			problems = []problem.Problem{*other}
		}
	}
	o.accept(d, f, p, problems)
	return nil
}

// misnamed says that the text is not in the encoding that a person has named:
// that is why nothing can be made of it.
func (o *opener) misnamed(src text.Source) *problem.Problem {
	named, ok := text.EncodingNamed(o.opt.Encoding.For(o.in.Path))
	head := make([]byte, min(layout.HeadBytes, src.Size()))
	if !ok || text.ReadFull(src, head, 0) != nil {
		return nil
	}
	is, _ := text.ByteOrderMark(head)
	ascii := false
	if is == text.UnknownEncoding {
		is, ascii = text.DetectEncoding(head, int64(len(head)) == src.Size())
	}
	if ascii || is == text.UnknownEncoding || is == named {
		return nil
	}
	return &problem.Problem{Code: codeMisnamed, Args: []string{named.String(), is.String()}}
}

// safeInGB18030 says whether a delimiter cannot be the second byte of a
// character: those are 0x40 and above, or digits.
func safeInGB18030(delim byte) bool { return delim < 0x30 || delim > 0x39 && delim < 0x40 }

// spoolFailed tells a full temporary folder, which ends the run, from a file
// that cannot be read.
func (o *opener) spoolFailed(f *File, err error) error {
	var s *text.SpoolError
	if errors.As(err, &s) || o.ctx.Err() != nil {
		return err
	}
	o.refused(f.Name, f.Bytes, openProblem(f.Name, err))
	return nil
}

// encoding decides how a text is spelled and how long its mark is.
func (o *opener) encoding(src text.Source) (enc text.Encoding, skip int64, p *problem.Problem, err error) {
	head := make([]byte, min(layout.HeadBytes, src.Size()))
	if err := text.ReadFull(src, head, 0); err != nil {
		return 0, 0, nil, err
	}
	whole := int64(len(head)) == src.Size()
	enc, n := text.ByteOrderMark(head)
	ascii := false
	if enc == text.UnknownEncoding {
		enc, ascii = text.DetectEncoding(head, whole)
	}
	if name := o.opt.Encoding.For(o.in.Path); name != "" {
		if named, ok := text.EncodingNamed(name); ok && !(n > 0 && text.IsUTF16(named) && text.IsUTF16(enc)) {
			enc, ascii = named, false
		}
	}
	if ascii && !whole {
		if enc, err = encodingBehind(src, int64(len(head))); err != nil {
			return 0, 0, nil, err
		}
	}
	if enc == text.UnknownEncoding {
		return 0, 0, &problem.Problem{Code: codeUnknownCoding}, nil
	}
	unfinished, err := endsInNUL(src, text.IsUTF16(enc))
	if unfinished {
		p = &problem.Problem{Code: codeUnfinished}
	}
	return enc, int64(n), p, err
}

// endsInNUL says whether the end of a document is missing: whoever writes it
// has reserved the space and not filled it in.
func endsInNUL(src text.Source, wide bool) (bool, error) {
	tail := make([]byte, min(2, src.Size()))
	if err := text.ReadFull(src, tail, src.Size()-int64(len(tail))); err != nil {
		return false, err
	}
	if wide {
		return string(tail) == "\x00\x00", nil
	}
	return tail[len(tail)-1] == 0, nil
}

// encodingBehind looks for the first text that is not ASCII and decides by the
// 256 KiB from there on.
func encodingBehind(src text.Source, off int64) (text.Encoding, error) {
	buf := make([]byte, layout.HeadBytes)
	for off < src.Size() {
		b := buf[:min(int64(len(buf)), src.Size()-off)]
		if err := text.ReadFull(src, b, off); err != nil {
			return text.UnknownEncoding, err
		}
		i := text.FirstHigh(b)
		if i < 0 {
			off += int64(len(b))
			continue
		}
		off += int64(i)
		b = buf[:min(int64(len(buf)), src.Size()-off)]
		if err := text.ReadFull(src, b, off); err != nil {
			return text.UnknownEncoding, err
		}
		enc, _ := text.DetectEncoding(b, off+int64(len(b)) == src.Size())
		return enc, nil
	}
	return text.UTF8, nil
}

// analyse recognises a document.
func (o *opener) analyse(d *document, f *File, enc text.Encoding) (*layout.Plan, []problem.Problem) {
	in := layout.Sample{
		Name: filepath.Base(o.in.Path), File: f.Name, Size: d.src.Size(), Enc: enc,
		Spooled: d.sheet, Side: o.in.Side, Layouts: o.opt.Layouts, Layout: o.opt.Layout.For(o.in.Path), AsOf: o.opt.AsOf,
		Head: make([]byte, min(layout.HeadBytes, d.src.Size())),
		Tail: make([]byte, min(layout.TailBytes, d.src.Size())),
	}
	err := errors.Join(text.ReadFull(d.src, in.Head, 0), text.ReadFull(d.src, in.Tail, in.Size-int64(len(in.Tail))))
	if err != nil {
		return nil, []problem.Problem{openProblem(f.Name, err)}
	}
	if o.seen != nil {
		o.seen(in)
	}
	if in.Layout == "" && isOwnResult(in) {
		f.Ignored = true
		return nil, []problem.Problem{{Code: codeOwnResult}}
	}
	p, problems := layout.Recognise(in)
	if p == nil && len(o.odd) < maxOddParts {
		o.odd = append(o.odd, oddPart{f, in})
	}
	return p, problems
}

// accept lists a document that was analysed, with or without success.
func (o *opener) accept(d *document, f *File, p *layout.Plan, problems []problem.Problem) {
	f.Problems = problems
	for i := range f.Problems {
		f.Problems[i].File = f.Name
	}
	f.Side = o.in.Side
	o.files = append(o.files, f)
	if p == nil {
		return
	}
	f.Side, f.Layout, f.Acquirer = p.Side, p.Layout.Name, p.Layout.Acquirer
	f.Columns, f.Choice = layout.MaskedColumns(p.Columns), p.Why
	d.file, d.plan = f, p
	if p.Layout.Ignore {
		f.Ignored = true
		f.Rows = p.SkippedBefore + p.SkippedAfter
		f.Skipped = f.Rows
		return
	}
	f.Used = true
	d.d = p.Dialect(o.temp.Limits)
	d.d.Sheet = d.sheet
	d.size = chunkSize
	if o.opt.chunk > 0 {
		d.size = o.opt.chunk
	}
	d.size = min(d.size, d.d.Record)
	if d.cutOff() {
		f.refuse(problem.Problem{Code: codeCutOff, Line: 0})
		return
	}
	o.docs = append(o.docs, d)
}

// cutOff says whether the document ends in the middle of a row: its last line
// has no end, and it has begun a row that it does not finish.
func (d *document) cutOff() bool {
	p := d.plan
	if d.sheet || p.DataEnd != d.src.Size() || p.DataEnd == p.DataStart {
		return false
	}
	tail := make([]byte, min(int64(d.d.Record), layout.TailBytes, p.DataEnd-p.DataStart))
	if text.ReadFull(d.src, tail, p.DataEnd-int64(len(tail))) != nil || tail[len(tail)-1] == p.EOL {
		return false
	}
	if off := p.DataEnd - int64(len(tail)); off > p.DataStart {
		tail = tail[bytes.IndexByte(tail, p.EOL)+1:]
	}
	recs := layout.CutRecords(tail, 0, d.d, 0)
	if len(recs) == 0 {
		return false
	}
	last, above := recs[len(recs)-1], recs[:len(recs)-1]
	switch {
	case len(bytes.TrimSpace(last.Raw)) == 0:
		return false
	case last.Bad == text.FaultNone && !p.Enc.Valid(last.Raw):
		return true
	case last.Bad != text.FaultNone:
		return last.Bad == text.FaultQuote
	}
	var row record.Row
	what, problem := p.NewBinder().Bind(&text.Record{Cells: last.Cells}, &row, record.AllFields)
	if what == layout.Accepted && p.Form == layout.FormDelimited && len(last.Cells) > 1 {
		return lastIsShort(last.Cells[len(last.Cells)-1], above[max(0, len(above)-200):])
	}
	return what == layout.Rejected && (problem.Code == layout.CodeLineShape || problem.Code == layout.CodeShortRow && len(last.Cells) > 1)
}

// lastIsShort says whether the last cell of a file that does not end in a line
// end has less than those above it all have: digits, decimals, or anything.
func lastIsShort(last []byte, above []layout.DocRecord) bool {
	width, decimals, n := -1, -1, 0
	for i := range above {
		cells := above[i].Cells
		if len(cells) < 2 {
			continue // a title or a remark
		}
		w, d := layout.CellShape(cells[len(cells)-1])
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
	w, d := layout.CellShape(last)
	if decimals < 0 && w < width && isTimeText(last) {
		return true // 10:3, which could be read as 10:03
	}
	return w == 0 || decimals > 0 && d < decimals && d >= 0 || decimals == 0 && width >= 6 && w < width && d == 0
}

// isTimeText says whether a text is made as times of day are.
func isTimeText(c []byte) bool {
	for _, x := range layout.Trim(c) {
		if !text.IsDigit(x) && bytes.IndexByte([]byte(" :-/.T"), x) < 0 {
			return false
		}
	}
	return bytes.IndexByte(c, ':') > 0
}

// interruptible is a source that fails once the run is interrupted: unpacking a
// large archive looks at nothing else.
type interruptible struct {
	text.Source
	ctx context.Context
}

func (s interruptible) ReadAt(p []byte, off int64) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	return s.Source.ReadAt(p, off)
}

// digestPacked begins to compute the input's digest if it is not plain text,
// beside the unpacking. What it returns waits for it: "" where reading fails or
// nothing was begun, an error where the program does.
func (o *opener) digestPacked(src text.Source) (wait func() (string, error)) {
	head, err := unpack.ReadHead(src)
	if err != nil {
		return func() (string, error) { return "", nil }
	}
	if f, _ := unpack.Sniff(head); f == unpack.FormText {
		return func() (string, error) { return "", nil }
	}
	sum, done := "", make(chan error, 1)
	work := problem.Guard(func() error {
		sum = digestAll(src)
		return nil
	})
	go func() { done <- work() }()
	return func() (string, error) {
		err := <-done
		return sum, err
	}
}

// digest gives the files the input's digest unless the scan will; packed is what
// is known of it.
func (o *opener) digest(packed string) {
	if len(o.docs) == 1 && o.docs[0].live && len(o.files) == 1 {
		return
	}
	sum := packed
	if sum == "" {
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
func (o *opener) workbook(b *unpack.Part) error {
	want := o.opt.Sheet.For(o.in.Path)
	var names []string
	found, from := false, len(o.files)
	for i, s := range b.Book.Sheets() {
		names = append(names, s.Name)
		if want != "" && s.Name != want || want == "" && s.Hidden {
			continue
		}
		found = true
		if err := o.sheet(b, i, s.Name); err != nil {
			return err
		}
	}
	o.passOverReport(from)
	if !found {
		o.refused(b.Name, b.Src.Size(), problem.Problem{Code: codeNoSuchSheet, Args: []string{want, strings.Join(names, ", ")}})
	}
	return nil
}

// sheet spools one sheet and opens it.
func (o *opener) sheet(b *unpack.Part, i int, name string) error {
	f := &File{Path: problem.MaskCards(o.in.Path), Name: problem.MaskCards(b.Name + ":" + name), Encoding: text.UTF8.String(), raw: o.raw}
	w := sheetWriter{spool: text.NewSpool(o.temp), ctx: o.ctx}
	o.close = append(o.close, w.spool)
	err := b.Book.Rows(i, w.row)
	if err == nil {
		err = w.finish()
	}
	var p *problem.Problem
	if errors.As(err, &p) {
		o.refused(f.Name, b.Src.Size(), *p)
		return nil
	}
	if err != nil {
		return o.spoolFailed(f, err)
	}
	f.Bytes = w.spool.Size()
	if f.Bytes == 0 {
		if len(b.Book.Sheets()) == 1 {
			o.refused(f.Name, 0, problem.Problem{Code: layout.CodeEmptyFile})
		}
		return nil
	}
	d := &document{src: w.spool, sheet: true}
	pl, problems := o.analyse(d, f, text.UTF8)
	o.accept(d, f, pl, problems)
	return nil
}

// A sheetWriter writes a sheet's rows as text, one line for every row of the
// sheet, so that line numbers are row numbers.
type sheetWriter struct {
	spool *text.Spool
	ctx   context.Context
	line  []byte
	last  int // row written last
}

func (w *sheetWriter) row(row int, cells []unpack.Cell) error {
	if row%1024 == 0 && w.ctx.Err() != nil {
		return w.ctx.Err()
	}
	w.line = w.line[:0]
	for ; w.last < row-1; w.last++ {
		w.line = append(w.line, text.SpoolRow)
	}
	w.last = row
	for i, c := range cells {
		if i > 0 {
			w.line = append(w.line, text.SpoolCell)
		}
		if c.Kind == unpack.CellFormula {
			w.line = append(w.line, text.FormulaMark...)
			continue
		}
		from := len(w.line)
		w.line = append(w.line, c.Text...)
		for j, ch := range w.line[from:] {
			if ch == text.SpoolCell || ch == text.SpoolRow {
				w.line[from+j] = ' '
			}
		}
	}
	w.line = append(w.line, text.SpoolRow)
	_, err := w.spool.Write(w.line)
	return err
}

func (w *sheetWriter) finish() error { return w.spool.Finish() }

// transcode replaces the document's source by a copy in UTF-8.
func (o *opener) transcode(d *document, enc text.Encoding) error {
	s := text.NewSpool(o.temp)
	o.close = append(o.close, s)
	buf := make([]byte, text.TranscodeBytes)
	var out, rest []byte
	for off := int64(0); off < d.src.Size(); {
		if err := o.ctx.Err(); err != nil {
			return err
		}
		n := copy(buf, rest)
		b := buf[:min(int64(len(buf)), int64(n)+d.src.Size()-off)]
		if err := text.ReadFull(d.src, b[n:], off); err != nil {
			return err
		}
		off += int64(len(b) - n)
		if enc == text.GB18030 {
			out, rest = enc.TranscodeLines(out[:0], b, off == d.src.Size())
		} else {
			out, rest = enc.Transcode(out[:0], b, off == d.src.Size())
		}
		rest = slices.Clone(rest)
		if _, err := s.Write(out); err != nil {
			return err
		}
	}
	d.src, d.live, d.skip = s, false, 0
	return s.Finish()
}
