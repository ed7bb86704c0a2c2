package parse

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf16"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var loaded = sync.OnceValues(func() (*layout.Layouts, error) { return layout.LoadLayouts("") })

// got is a document read to the end in a test.
type got struct {
	plan     *layout.Plan
	problems []problem.Problem // of the file
	rows     []record.Record
	rejects  []problem.Problem
	skipped  int
	control  *layout.Control
}

// reading is how a test reads a document.
type reading struct {
	name    string
	enc     text.Encoding
	side    record.Side
	layout  string // override
	asOf    record.Date
	layouts *layout.Layouts
	spooled bool
}

// read analyses a document and binds its rows as the scan does.
func (r reading) read(t testing.TB, content []byte) *got {
	t.Helper()
	if r.layouts == nil {
		ls, err := loaded()
		if err != nil {
			t.Fatal(err)
		}
		r.layouts = ls
	}
	if r.enc == text.UnknownEncoding {
		r.enc = text.UTF8
	}
	in := layout.Sample{Name: r.name, File: r.name, Head: content[:min(len(content), 256<<10)], Tail: content[max(0, len(content)-64<<10):], Size: int64(len(content)), Enc: r.enc, Side: r.side, Spooled: r.spooled, Layouts: r.layouts, Layout: r.layout, AsOf: r.asOf}
	g := &got{}
	g.plan, g.problems = layout.Recognise(in)
	if g.plan == nil {
		return g
	}
	b := g.plan.NewBinder()
	b.Counting = true
	all := ^record.FieldSet(0)
	var row record.Row
	line := g.plan.FirstLine
	for _, l := range bytes.SplitAfter(content[g.plan.DataStart:g.plan.DataEnd], []byte{g.plan.EOL}) {
		if len(l) == 0 {
			continue
		}
		raw := text.Record{Cells: cutRow(bytes.TrimRight(l, "\r\n\x1e"), g.plan)}
		switch v, p := b.Bind(&raw, &row, all); v {
		case layout.Accepted:
			g.rows = append(g.rows, keep(&row, line))
		case layout.Rejected:
			p.Line = line
			g.rejects = append(g.rejects, *p)
		default:
			g.skipped++
		}
		line++
	}
	var problem *problem.Problem
	if g.control, problem = g.plan.Verify([]*layout.Binder{b}); problem != nil {
		g.problems = append(g.problems, *problem)
	}
	return g
}

// cutRow is the scan's cutting, without its speed.
func cutRow(line []byte, p *layout.Plan) (cells [][]byte) {
	if p.Form != layout.FormDelimited {
		return [][]byte{line}
	}
	for {
		if p.Quote && len(line) > 0 && line[0] == '"' {
			if cell, rest, ok := cutQuoted(string(line[1:])); ok {
				cells = append(cells, []byte(cell))
				if rest = strings.TrimLeft(rest, "\t "); rest == "" {
					return cells
				}
				line = []byte(rest[1:])
				continue
			}
		}
		i := bytes.IndexByte(line, p.Delim)
		if i < 0 {
			return append(cells, line)
		}
		cells = append(cells, line[:i])
		line = line[i+1:]
	}
}

func keep(r *record.Row, line int64) record.Record {
	k := record.Record{Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel, HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited,
		Time: r.Time, ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate, Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited, Source: fmt.Sprint(line)}
	for i, v := range r.Text {
		k.Text[i] = string(v)
	}
	return k
}

// show is a record as tests write it: kind status time amount, then what else is there.
func show(r record.Record) string {
	names := [...]string{"?", "sale", "void", "reversal", "refund", "preauth", "preauth_complete", "adjustment", "fee", "payout"}
	out := []string{names[r.Kind], [...]string{"?", "ok", "failed", "pending"}[r.Status]}
	if r.HasClock {
		out = append(out, r.Time.String())
	} else {
		out = append(out, r.Time.Date().String())
	}
	out = append(out, r.Amount.String())
	if r.HasFee {
		out = append(out, "fee="+r.Fee.String())
	}
	if r.HasNet {
		out = append(out, "net="+r.Net.String())
	}
	if r.HasCredited {
		out = append(out, "credited="+r.Credited.String())
	}
	for _, d := range []struct {
		n string
		d record.Date
	}{{"clearing_date", r.ClearingDate}, {"settle_date", r.SettleDate}, {"credited_date", r.CreditedDate}} {
		if d.d != 0 {
			out = append(out, d.n+"="+d.d.String())
		}
	}
	if r.Channel != 0 {
		out = append(out, "channel="+[...]string{"", "card", "qr", "other"}[r.Channel])
	}
	if r.CardType != 0 {
		out = append(out, [...]string{"", "debit", "credit"}[r.CardType])
	}
	for f := record.Field(1); f < record.Field(record.NumText); f++ {
		if v := r.Text[f]; v != "" && !(f == record.Currency && v == "CNY") {
			out = append(out, f.String()+"="+v)
		}
	}
	return strings.Join(out, " ")
}

func gbk(s string) []byte {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err)
	}
	return b
}

// want checks a whole reading: the layout, every row, every reject.
func (g *got) want(t *testing.T, layout string, skipped int, rows []string, rejects ...string) {
	t.Helper()
	if g.plan == nil {
		t.Fatalf("refused: %v", texts(g.problems))
	}
	if g.plan.Layout.Name != layout {
		t.Errorf("layout %s, want %s", g.plan.Layout.Name, layout)
	}
	if len(g.problems) > 0 {
		t.Errorf("problems: %v", texts(g.problems))
	}
	var have []string
	for _, r := range g.rows {
		have = append(have, show(r))
	}
	if !slices.Equal(have, rows) {
		t.Errorf("rows:\n  %s\nwant:\n  %s", strings.Join(have, "\n  "), strings.Join(rows, "\n  "))
	}
	bad := texts(g.rejects)
	if len(bad) != len(rejects) {
		t.Errorf("rejects %q, want %q", bad, rejects)
		return
	}
	for i := range bad {
		if !strings.HasPrefix(bad[i], rejects[i]) {
			t.Errorf("reject %q, want %q…", bad[i], rejects[i])
		}
	}
	if g.skipped != skipped {
		t.Errorf("%d rows skipped, want %d", g.skipped, skipped)
	}
}

func texts(ps []problem.Problem) (out []string) {
	for i := range ps {
		out = append(out, ps[i].Text(problem.EN))
	}
	return out
}

// cutQuoted is a quoted cell behind its first quote, and what follows it.
func cutQuoted(s string) (cell, rest string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, `"`) {
			return b.String(), s, true
		}
		b.WriteByte('"')
		s = s[1:]
	}
}

// fuzzLimits keep a run of the fuzzer small, and the limits within its reach.
var fuzzLimits = text.Workspace{
	Limits: problem.Limits{Columns: 40, SheetRows: 5000, Strings: 1 << 16, Sheets: 8, Entries: 20, Inflated: 1 << 20, Ratio: 100, RatioFrom: 1 << 16},
	Memory: 1 << 20,
}

// options of a test: everything unpacked beyond 1 KiB goes through a file.
func testContainerOptions(t testing.TB) text.Workspace {
	dir := t.TempDir()
	return text.Workspace{
		Memory:   1 << 10,
		TempFile: func() (*os.File, error) { return os.CreateTemp(dir, "spool-*") },
	}
}

// sourceOf is content as a document in memory.
func sourceOf(content []byte) text.Source { return &text.Spool{Mem: content} }

// zipEntry is one entry of an archive that a test makes.
type zipEntry struct {
	name string
	data string
	head func(*zip.FileHeader)
}

func makeZip(t testing.TB, entries ...zipEntry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		if e.head != nil {
			e.head(h)
		}
		w, err := z.CreateHeader(h)
		if err == nil {
			_, err = w.Write([]byte(e.data))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var testDialect = text.Dialect{Delim: ',', Quote: true, EOL: '\n', Field: 1 << 16, Record: 1 << 20, Columns: 1024}

// splitRow is what a test keeps of a record.
type splitRow struct {
	off   int64
	line  int64
	cells string // joined by a byte that the tests' texts do not have
	bad   text.Fault
}

func (r splitRow) String() string { return fmt.Sprintf("{%d:%d %q %d}", r.off, r.line, r.cells, r.bad) }

// splitAll cuts a document in chunks of the given size, one after another.
func splitAll(t interface{ Fatal(...any) }, data []byte, size int, d text.Dialect) []splitRow {
	rows := splitBy(t, data, size, d, false)
	if quick := splitBy(t, data, size, d, true); fmt.Sprint(rows) != fmt.Sprint(quick) {
		t.Fatal("at a glance", quick, "but by cutting", rows)
	}
	return rows
}

// splitBy is splitAll with or without a glance at the records.
func splitBy(t interface{ Fatal(...any) }, data []byte, size int, d text.Dialect, quick bool) []splitRow {
	s := text.Splitter{Slack: 1 + size%7}
	s.Use(bytes.NewReader(data), int64(len(data)), d)
	var rows []splitRow
	var raw text.Record
	start, line := int64(0), int64(1)
	for off := int64(0); off < int64(len(data)); off += int64(size) {
		end := min(off+int64(size), int64(len(data)))
		if err := s.Load(off, int(end-off)); err != nil {
			t.Fatal(err)
		}
		s.Index(int(end - off))
		next, err := s.Resolve(start, end)
		if err != nil {
			t.Fatal(err)
		}
		for {
			bad, lines, ok := text.FaultNone, int64(1), true
			if !quick || !s.Glance(&raw) {
				bad, lines, ok = s.Cut(&raw)
			}
			if !ok {
				break
			}
			rows = append(rows, splitRow{off: raw.Off, line: line, cells: string(bytes.Join(raw.Cut(), []byte{1})), bad: bad})
			line += lines
		}
		start = next
	}
	return rows
}

// own is the built-in layouts and some of the test's.
func own(t *testing.T, texts ...string) *layout.Layouts {
	t.Helper()
	dir := t.TempDir()
	for _, text := range texts {
		name := strings.Split(text, `"`)[1]
		if err := os.WriteFile(filepath.Join(dir, name+".toml"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	ls, err := layout.LoadLayouts(dir)
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

// basis begins a layout of the test's.
func basis(name, side string) string {
	return `name = "` + name + `"
title = "t"
title_en = "t"
side = "` + side + `"
source = "test"
grade = "D"
`
}

const someColumns = `
[[column]]
as = "order_no"
names = ["单"]
required = true
[[column]]
as = "time"
names = ["时"]
[[column]]
as = "amount"
names = ["额"]
required = true
`

func builtin(t testing.TB) *layout.Layouts {
	t.Helper()
	ls, err := loaded()
	if err != nil {
		t.Fatal(err)
	}
	return ls
}

// The records of BIFF8 (MS-XLS 2.3) that carry values. All others are passed
// over.
const (
	biffFormula  = 0x0006
	biffEOF      = 0x000A
	biffDate1904 = 0x0022
	biffFilePass = 0x002F
	biffContinue = 0x003C
	biffSheet    = 0x0085 // BOUNDSHEET
	biffMulRK    = 0x00BD
	biffRString  = 0x00D6
	biffXF       = 0x00E0
	biffSST      = 0x00FC
	biffLabelSST = 0x00FD
	biffNumber   = 0x0203
	biffLabel    = 0x0204
	biffBoolErr  = 0x0205
	biffString   = 0x0207
	biffRK       = 0x027E
	biffFormat   = 0x041E
	biffBOF      = 0x0809

	biff8          = 0x0600
	biffWorksheet  = 0x0010
	biffMaxFormats = 1 << 16
)

// makeOLE writes an OLE2 container (MS-CFB, sectors of 512 bytes) with these
// streams; each is padded to the 4,096 bytes from which streams have sectors
// of their own.
func makeOLE(streams map[string][]byte, names ...string) []byte {
	const sector, end, free, fatMark, listMark = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFC
	le := binary.LittleEndian
	var body []byte
	var fat []uint32
	add := func(data []byte) uint32 {
		data = append(bytes.Clone(data), make([]byte, -len(data)&(sector-1))...)
		first := len(fat)
		for range len(data) / sector {
			fat = append(fat, uint32(len(fat)+1))
		}
		fat[len(fat)-1] = end
		body = append(body, data...)
		return uint32(first)
	}
	entry := func(name string, typ byte, right, child, start uint32, size int) []byte {
		d := make([]byte, 128)
		units := utf16.Encode([]rune(name))
		for i, u := range units {
			le.PutUint16(d[2*i:], u)
		}
		le.PutUint16(d[64:], uint16(2*len(units)+2))
		d[66], d[67] = typ, 1
		le.PutUint32(d[68:], free)
		le.PutUint32(d[72:], right)
		le.PutUint32(d[76:], child)
		le.PutUint32(d[116:], start)
		le.PutUint64(d[120:], uint64(size))
		return d
	}
	dir := entry("Root Entry", 5, free, 1, end, 0)
	for i, name := range names {
		data := append(bytes.Clone(streams[name]), make([]byte, max(0, 4096-len(streams[name])))...)
		right := uint32(i + 2)
		if i == len(names)-1 {
			right = free
		}
		dir = append(dir, entry(name, 2, right, free, add(data), len(data))...)
	}
	for len(dir)%sector != 0 {
		dir = append(dir, make([]byte, 128)...)
	}
	dirStart := add(dir)
	fatSectors := 1
	for len(fat)+fatSectors > fatSectors*sector/4 {
		fatSectors++
	}
	// The header lists 109 sectors of the table; more have lists of 127.
	lists := max(0, (fatSectors-109+126)/127)
	for len(fat)+fatSectors+lists > fatSectors*sector/4 {
		fatSectors++
		lists = max(0, (fatSectors-109+126)/127)
	}
	fatStart := len(fat)
	for range fatSectors {
		fat = append(fat, fatMark)
	}
	listStart := len(fat)
	for range lists {
		fat = append(fat, listMark)
	}
	for len(fat)%(sector/4) != 0 {
		fat = append(fat, free)
	}
	for _, v := range fat {
		body = le.AppendUint32(body, v)
	}
	for l := range lists {
		for k := range 127 {
			v := uint32(free)
			if at := 109 + 127*l + k; at < fatSectors {
				v = uint32(fatStart + at)
			}
			body = le.AppendUint32(body, v)
		}
		next := uint32(end)
		if l < lists-1 {
			next = uint32(listStart + l + 1)
		}
		body = le.AppendUint32(body, next)
	}
	h := make([]byte, sector)
	copy(h, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1")
	le.PutUint16(h[24:], 0x3E)
	le.PutUint16(h[26:], 3)
	le.PutUint16(h[28:], 0xFFFE)
	le.PutUint16(h[30:], 9)
	le.PutUint16(h[32:], 6)
	le.PutUint32(h[44:], uint32(fatSectors))
	le.PutUint32(h[48:], dirStart)
	le.PutUint32(h[56:], 4096)
	le.PutUint32(h[60:], end)
	le.PutUint32(h[68:], end)
	if lists > 0 {
		le.PutUint32(h[68:], uint32(listStart))
		le.PutUint32(h[72:], uint32(lists))
	}
	for i := range 109 {
		v := uint32(free)
		if i < fatSectors {
			v = uint32(fatStart + i)
		}
		le.PutUint32(h[76+4*i:], v)
	}
	return append(h, body...)
}

// rec is one BIFF record.
func rec(typ uint16, parts ...any) []byte {
	var data []byte
	for _, p := range parts {
		switch v := p.(type) {
		case []byte:
			data = append(data, v...)
		case string:
			data = append(data, v...)
		case int:
			data = binary.LittleEndian.AppendUint16(data, uint16(v))
		case uint32:
			data = binary.LittleEndian.AppendUint32(data, v)
		case byte:
			data = append(data, v)
		case float64:
			data = binary.LittleEndian.AppendUint64(data, math.Float64bits(v))
		}
	}
	out := binary.LittleEndian.AppendUint16(nil, typ)
	return append(binary.LittleEndian.AppendUint16(out, uint16(len(data))), data...)
}

// wide is a text of 16-bit characters with its length in width bytes.
func wide(s string, width int) []byte {
	units := utf16.Encode([]rune(s))
	out := []byte{byte(len(units)), byte(len(units) >> 8)}[:width]
	out = append(out, 1)
	for _, u := range units {
		out = binary.LittleEndian.AppendUint16(out, u)
	}
	return out
}

// narrowText is a text of 8-bit characters.
func narrowText(s string, width int) []byte {
	out := []byte{byte(len(s)), byte(len(s) >> 8)}[:width]
	return append(append(out, 0), s...)
}

// biffBook describes a workbook that a test makes.
type biffBook struct {
	globals [][]byte   // records of the globals, before the list of sheets
	shared  [][]byte   // SST and its CONTINUE records
	sheets  [][][]byte // records of each sheet
	kinds   []byte     // of each sheet: 0 a worksheet
	states  []byte     // of each sheet: 1 hidden
	noEOF   bool
}

func makeXLS(b biffBook) []byte {
	name := func(i int) string { return fmt.Sprintf("表%d", i+1) }
	var globals []byte
	globals = append(globals, rec(biffBOF, biff8, 5, 0, 0, uint32(0), uint32(0))...)
	for _, r := range b.globals {
		globals = append(globals, r...)
	}
	// Style 0 is General; 1 has built-in 22; 2 and 3 have formats of their own.
	globals = append(globals, rec(biffFormat, 164, wide(`yyyy"年"m"月"d"日"`, 2))...)
	globals = append(globals, rec(biffFormat, 165, narrowText(`00000000`, 2))...)
	for _, id := range []int{0, 22, 164, 165} {
		globals = append(globals, rec(biffXF, 0, id, make([]byte, 16))...)
	}
	var tail []byte
	for _, r := range b.shared {
		tail = append(tail, r...)
	}
	tail = append(tail, rec(biffEOF)...)
	size := len(globals) + len(tail)
	for i := range b.sheets {
		size += len(rec(biffSheet, uint32(0), byte(0), byte(0), wide(name(i), 1)))
	}
	var sheets []byte
	for i, records := range b.sheets {
		var state, kind byte
		if i < len(b.states) {
			state = b.states[i]
		}
		if i < len(b.kinds) {
			kind = b.kinds[i]
		}
		globals = append(globals, rec(biffSheet, uint32(size+len(sheets)), state, kind, wide(name(i), 1))...)
		sheets = append(sheets, rec(biffBOF, biff8, 0x10, 0, 0, uint32(0), uint32(0))...)
		for _, r := range records {
			sheets = append(sheets, r...)
		}
		if !b.noEOF {
			sheets = append(sheets, rec(biffEOF)...)
		}
	}
	stream := append(append(globals, tail...), sheets...)
	return makeOLE(map[string][]byte{"Workbook": stream, "\x05SummaryInformation": nil}, "\x05SummaryInformation", "Workbook")
}

// bookParts describes a workbook that a test makes by hand; what is not set
// has a plain default.
type bookParts struct {
	workbook, rels, rootRels, types, styles, strings string
	sheets                                           []string
	raw                                              []zipEntry // further parts
}

const (
	nsMain = `xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"`
	nsRels = `xmlns="http://schemas.openxmlformats.org/package/2006/relationships"`
	relTyp = `http://schemas.openxmlformats.org/officeDocument/2006/relationships/`
)

// sheetXML is a sheet with these rows in it.
func sheetXML(rows string) string {
	return `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n" +
		`<worksheet ` + nsMain + `><dimension ref="A1"/><sheetData>` + rows + `</sheetData></worksheet>`
}

func makeBook(t testing.TB, p bookParts) []byte {
	t.Helper()
	or := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	if p.sheets == nil {
		p.sheets = []string{sheetXML(`<row r="1"><c r="A1"><v>1</v></c></row>`)}
	}
	var list, rels strings.Builder
	for i := range p.sheets {
		n := string(rune('1' + i))
		list.WriteString(`<sheet name="Sheet` + n + `" sheetId="` + n + `" r:id="rId` + n + `"/>`)
		rels.WriteString(`<Relationship Id="rId` + n + `" Type="` + relTyp + `worksheet" Target="worksheets/sheet` + n + `.xml"/>`)
	}
	or(&p.types, `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`)
	or(&p.rootRels, `<Relationships `+nsRels+`><Relationship Id="rId1" Type="`+relTyp+`officeDocument" Target="xl/workbook.xml"/></Relationships>`)
	or(&p.workbook, `<workbook `+nsMain+`><sheets>`+list.String()+`</sheets></workbook>`)
	or(&p.rels, `<Relationships `+nsRels+`>`+rels.String()+
		`<Relationship Id="rId91" Type="`+relTyp+`styles" Target="styles.xml"/>`+
		`<Relationship Id="rId92" Type="`+relTyp+`sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`)
	or(&p.styles, `<styleSheet `+nsMain+`><numFmts><numFmt numFmtId="164" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/>`+
		`<numFmt numFmtId="165" formatCode="00000000"/></numFmts>`+
		`<cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>`+
		`<cellXfs><xf numFmtId="0"/><xf numFmtId="22"/><xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="21"/><xf numFmtId="14"/></cellXfs></styleSheet>`)
	or(&p.strings, `<sst `+nsMain+`><si><t>门店</t></si><si><t xml:space="preserve"> a&amp;b </t></si>`+
		`<si><r><rPr><b/></rPr><t>富</t></r><r><t>文本</t></r><rPh sb="0" eb="1"><t>fu</t></rPh></si><si/><si><t/></si><si><t>x_x000D_y</t></si></sst>`)
	entries := []zipEntry{
		{name: "[Content_Types].xml", data: p.types},
		{name: "_rels/.rels", data: p.rootRels},
		{name: "xl/workbook.xml", data: p.workbook},
		{name: "xl/_rels/workbook.xml.rels", data: p.rels},
		{name: "xl/styles.xml", data: p.styles},
		{name: "xl/sharedStrings.xml", data: p.strings},
	}
	for i, s := range p.sheets {
		entries = append(entries, zipEntry{name: "xl/worksheets/sheet" + string(rune('1'+i)) + ".xml", data: s})
	}
	return makeZip(t, append(entries, p.raw...)...)
}

// book is a workbook of one sheet with these rows.
func bookOf(t testing.TB, rows string) []byte {
	return makeBook(t, bookParts{sheets: []string{sheetXML(rows)}})
}
