package report

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// A rowsDigest stands for some rows whatever their order: how many there are and the
// sum of a hash of each. A row that is left out, doubled, changed in a fen or
// put under another group's outcome changes it.
type rowsDigest struct {
	n   int64
	sum uint64
}

func (d *rowsDigest) add(row []byte) {
	d.n++
	d.sum += xxh3.Hash(row)
}

func (d *rowsDigest) merge(o rowsDigest) {
	d.n += o.n
	d.sum += o.sum
}

// proof is what the outputs must hold: drawn from the result and the rows behind
// it before anything is rendered. Reading the written files back must give it.
type proof struct {
	csv    map[string]*rowsDigest
	sheets []rowsDigest // of the line tables
}

func newProof(tables int) *proof {
	p := &proof{csv: map[string]*rowsDigest{closedCSV: {}}, sheets: make([]rowsDigest, tables)}
	for name := range csvHeads {
		p.csv[name] = &rowsDigest{}
	}
	return p
}

// proofColumns are the columns of a CSV file whose values are proved.
var proofColumns = map[string][]string{
	transactionsCSV: {"match", "timing", "pos_amount", "clearing_amount", "pos_source", "clearing_source"},
	settlementsCSV:  {"settlement_id", "credit", "timing", "transactions", "gross", "fee", "net", "credited", "outstanding"},
	creditsCSV:      {"outcome", "date", "amount", "allocated", "source"},
	rejectsCSV:      {"source"},
	closedCSV:       {"item_id", "state", "closed_by", "source", "amount"},
}

// proved is a row in the making: its values, each with an end.
type proved struct{ buf []byte }

func (r *proved) start() { r.buf = r.buf[:0] }

func (r *proved) text(s string) {
	from := len(r.buf)
	r.buf = append(r.buf, plain(s)...)
	r.end(from)
}

// end ends the value that begins at from, without what a CSV file does to text:
// the guard against formulas, and the carriage returns.
func (r *proved) end(from int) {
	v := r.buf[from:]
	if len(v) > 0 && v[0] == '\'' {
		v = v[1:]
	}
	n := 0
	for _, b := range v {
		if b != '\r' {
			r.buf[from+n] = b
			n++
		}
	}
	r.buf = append(r.buf[:from+n], 0)
}

func (r *proved) fen(f money.Fen, ok bool) {
	if ok {
		r.buf = f.Append(r.buf)
	}
	r.buf = append(r.buf, 0)
}

func (r *proved) sources(at []record.Pos, rows *loaded) error {
	from := len(r.buf)
	for i, p := range at {
		row := rows.find(p)
		if row == nil || row.Pos != p {
			return fmt.Errorf("report: row %d of the result is not what was read again", p)
		}
		if i > 0 {
			r.buf = append(r.buf, ';')
		}
		r.buf = append(r.buf, plain(row.Source)...)
	}
	r.end(from)
	return nil
}

// group is a line of transactions.csv as the result has it.
func (r *proved) group(g *result.Group, rows *[4]loaded) error {
	r.start()
	r.text(g.Match.String())
	r.text(g.Timing.String())
	r.fen(g.PosAmount, len(g.Pos) > 0)
	r.fen(g.ClearingAmount, len(g.Clearing) > 0)
	if err := r.sources(g.Pos, &rows[record.SidePos]); err != nil {
		return err
	}
	return r.sources(g.Clearing, &rows[record.SideClearing])
}

func (r *proved) settlement(s *result.Settlement) {
	r.start()
	r.text(s.ID)
	r.text(s.Credit.String())
	r.text(s.Timing.String())
	r.text(fmt.Sprint(s.Transactions))
	for _, f := range [...]money.Fen{s.Gross, s.Fee, s.Net, s.Credited, s.Outstanding} {
		r.fen(f, true)
	}
}

func (r *proved) credit(c *result.Credit, source string) {
	r.start()
	r.text(c.Outcome.String())
	r.text(dateText(c.Date))
	r.fen(c.Amount, true)
	r.fen(c.Allocated, true)
	r.text(source)
}

func (r *proved) closing(c *Closing) {
	r.start()
	r.text(c.ItemID)
	r.text(c.State)
	r.text(c.By)
	r.text(strings.Join(c.Sources, ";"))
	r.fen(c.Amount, true)
}

// checkCSV reads a CSV file back and compares it with what it must hold.
func checkCSV(ctx context.Context, path, name string, ledger bool, want *rowsDigest) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	got, err := readCSV(ctx, f, name, ledger)
	switch {
	case err != nil:
		return err
	case got.n != want.n:
		return fmt.Errorf("%d lines instead of %d", got.n, want.n)
	case got != *want:
		return fmt.Errorf("a line is not that of the result")
	}
	return nil
}

// readCSV digests the proved columns of every line.
func readCSV(ctx context.Context, r io.Reader, name string, ledger bool) (d rowsDigest, err error) {
	columns := csvHead(name, ledger)
	head := bom + columns
	wanted := make([]int, strings.Count(columns, ",")+1)
	order := map[string]int{}
	for i, c := range proofColumns[name] {
		order[c] = i + 1
	}
	for i, c := range strings.Split(columns, ",") {
		wanted[i] = order[c]
	}
	c := csvCutter{wanted: wanted, values: make([][]byte, len(order))}
	buf := make([]byte, 0, 256<<10)
	for first, done := true, false; !done; {
		if err := ctx.Err(); err != nil {
			return d, err
		}
		n, rerr := io.ReadFull(r, buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		done = rerr == io.EOF || rerr == io.ErrUnexpectedEOF
		if rerr != nil && !done {
			return d, rerr
		}
		rest := buf
		for {
			end := c.cut(rest)
			if end < 0 {
				break
			}
			if first {
				if first = false; string(bytes.TrimSuffix(rest[:end], []byte("\r\n"))) != head {
					return d, fmt.Errorf("another header")
				}
			} else if err := c.digest(&d); err != nil {
				return d, err
			}
			rest = rest[end:]
		}
		if len(rest) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), rest...)
			continue
		}
		buf = buf[:copy(buf, rest)]
	}
	if len(buf) > 0 {
		return d, fmt.Errorf("the last line has no end")
	}
	return d, nil
}

// csvCutter cuts lines of the kind that csvRows writes. It has nothing in common
// with what wrote them.
type csvCutter struct {
	wanted []int    // by column: which of values, from 1; 0 none
	values [][]byte // of the line cut last, with their quotes
	cells  int
	row    proved
	plain  []byte
}

// cut finds the line at the beginning of b and where it ends; -1: not in b.
func (c *csvCutter) cut(b []byte) (end int) {
	c.cells = 0
	for at := 0; at < len(b); {
		from := at
		if b[at] == '"' {
			for at++; ; at += 2 { // a quote that is doubled is none
				i := bytes.IndexByte(b[at:], '"')
				if i < 0 || at+i+1 >= len(b) {
					return -1
				}
				if at += i; b[at+1] != '"' {
					at++
					break
				}
			}
		}
		for at < len(b) && b[at] != ',' && b[at] != '\n' {
			at++
		}
		if at == len(b) {
			return -1
		}
		if c.cells < len(c.wanted) && c.wanted[c.cells] > 0 {
			c.values[c.wanted[c.cells]-1] = bytes.TrimSuffix(b[from:at], []byte("\r"))
		}
		c.cells++
		if at++; b[at-1] == '\n' {
			return at
		}
	}
	return -1
}

// digest adds the line cut last.
func (c *csvCutter) digest(d *rowsDigest) error {
	if c.cells != len(c.wanted) {
		return fmt.Errorf("a line of %d columns instead of %d", c.cells, len(c.wanted))
	}
	c.row.start()
	for _, v := range c.values {
		if len(v) > 0 && v[0] == '"' {
			c.plain = append(c.plain[:0], v[1:len(v)-1]...)
			v = bytes.ReplaceAll(c.plain, []byte(`""`), []byte(`"`))
		}
		from := len(c.row.buf)
		c.row.buf = append(c.row.buf, v...)
		c.row.end(from)
	}
	d.add(c.row.buf)
	return nil
}

// A tableProof says where a sheet over groups shows what is proved of a row.
type tableProof struct {
	table         int // of lineTables
	pos, clearing int // columns of the amounts; -1: none
}

func newTableProof(i int, t *lineTable) *tableProof {
	p := &tableProof{table: i, pos: -1, clearing: -1}
	for k := range t.columns {
		switch t.columns[k].head {
		case colPosAmount.head:
			p.pos = k
		case colClearingAmount.head:
			p.clearing = k
		}
	}
	return p
}

// provedRow is a row of a sheet as the result has it: a hash of its sources, and
// the amounts that the sheet shows as numbers.
type provedRow struct {
	sources                 uint64
	pos, clearing           money.Fen
	showsPos, showsClearing bool
}

func (r *proved) sheetRow(l *line) (p provedRow) {
	r.start()
	if s := l.sources(); s != "" {
		r.buf = appendXML(r.buf, clip(s))
	}
	p.sources = xxh3.Hash(r.buf) + 3*xxh3.HashString(l.group.ItemID)
	currency := l.currency()
	number := func(f money.Fen, rows []record.Pos) bool {
		return len(rows) > 0 && (currency == "" || currency == baseCurrency) && f.Abs() <= exactFen
	}
	g := l.group
	p.pos, p.showsPos = g.PosAmount, number(g.PosAmount, g.Pos)
	p.clearing, p.showsClearing = g.ClearingAmount, number(g.ClearingAmount, g.Clearing)
	return p
}

// addRow adds a row that stands in the given row of its sheet.
func (d *rowsDigest) addRow(t *tableProof, row int, p *provedRow) {
	d.addSources(row, p.sources)
	if t.pos >= 0 && p.showsPos {
		d.addAmount(row, t.pos, p.pos)
	}
	if t.clearing >= 0 && p.showsClearing {
		d.addAmount(row, t.clearing, p.clearing)
	}
}

func (d *rowsDigest) addSources(row int, hash uint64) {
	d.n++
	d.sum += mixed(hash ^ uint64(row)*0x9e3779b97f4a7c15)
}

func (d *rowsDigest) addAmount(row, column int, f money.Fen) {
	d.sum += mixed(mixed(uint64(row)<<8|uint64(column)) ^ uint64(f))
}

// mixed spreads a number over 64 bits (the finaliser of splitmix64).
func mixed(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// amount adds an amount that was read back from a column.
func (p *tableProof) amount(d *rowsDigest, row, column int, f money.Fen) {
	if row >= firstRow && (column == p.pos || column == p.clearing) {
		d.addAmount(row, column, f)
	}
}

// sources adds the sources and the id of every row in xml: those sheets end in
// the sources, decision, note, name and id.
func (p *tableProof) sources(d *rowsDigest, xml []byte) {
	for from := 0; ; {
		i := bytes.Index(xml[from:], rowMark)
		if i < 0 {
			return
		}
		end := from + i
		from = end + len(rowMark)
		if !bytes.HasSuffix(xml[:end], sheetRowEnd) {
			continue // the mark of another thing
		}
		cells := lastCells{rest: xml[:end-len(sheetRowEnd)]}
		id, row := cells.next()
		for range 3 { // name, note, decision
			cells.next()
		}
		sources, at := cells.next()
		if row < firstRow || at != row {
			continue // a title or the header; of a row of data it would be missed
		}
		d.addSources(row, xxh3.Hash(sources)+3*xxh3.Hash(id))
	}
}

// lastCells goes through the cells of a row from its end.
type lastCells struct{ rest []byte }

// next is the text of a cell as it is written, and its row; 0 where there is no
// further cell.
func (c *lastCells) next() (text []byte, row int) {
	i := bytes.LastIndex(c.rest, cellStart)
	if i < 0 {
		return nil, 0
	}
	cell := c.rest[i:]
	c.rest = c.rest[:i]
	if inner, ok := bytes.CutSuffix(cell, textEnd); ok {
		text = inner[bytes.LastIndexByte(inner, '>')+1:]
	}
	return text, rowNumber(cell)
}

var (
	sheetRowEnd = []byte("</r") // before rowMark
	cellStart   = []byte(`<c r="`)
	textEnd     = []byte("</t></is></c>")
)

// rowNumber reads the row of the cell reference in `<c r="AB12"…`; 0 if there is
// none.
func rowNumber(cell []byte) (n int) {
	cell, ok := bytes.CutPrefix(cell, []byte(`<c r="`))
	if !ok {
		return 0
	}
	for _, b := range cell {
		switch {
		case b >= '0' && b <= '9' && n < 1<<30:
			n = n*10 + int(b-'0')
		case b < 'A' || b > 'Z':
			return n
		}
	}
	return n
}
