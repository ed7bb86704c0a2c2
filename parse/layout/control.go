package layout

import (
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Control is what a file declares about itself.
type Control struct {
	DeclaredRows   int64
	HasRows        bool
	DeclaredAmount money.Fen
	HasAmount      bool
	// OK: the rows agree with it, to the fen.
	OK bool
}

// control is one declared total of a document.
type control struct {
	spec      *controlSpec // nil: a totals line that no layout describes
	sums      []sumSpec
	currency  string // "": of rows in any
	Rows      int64
	HasRows   bool
	Amount    money.Fen
	milli     int64 // thousandths of a fen beside Amount
	HasAmount bool
	line      int64 // where it stands, for messages
	column    string
}

// controlSums are the rows of a document added up, beside its controls.
type controlSums struct {
	each []controlSum
}

type controlSum struct {
	accepted, rejected int64
	ok                 int64 // of those accepted
	amounts            []money.Fen
	milli              []int64 // thousandths of a fen beside them
	broken             bool    // an overflow or an unreadable amount
}

func newControlSums(cs []control) controlSums {
	s := controlSums{each: make([]controlSum, len(cs))}
	for i := range cs {
		s.each[i].amounts, s.each[i].milli = make([]money.Fen, len(cs[i].sums)), make([]int64, len(cs[i].sums))
	}
	return s
}

// count adds a row that is no title, accepted or rejected, to every control.
func (b *Binder) count(cells [][]byte, row *record.Row, accepted bool) {
	b.countInto(&b.sums, cells, row, accepted)
}

// countInto is count for other sums than the document's.
func (b *Binder) countInto(sums *controlSums, cells [][]byte, row *record.Row, accepted bool) {
	for i := range b.p.Controls {
		c, s := &b.p.Controls[i], &sums.each[i]
		if !accepted {
			s.rejected++
			continue
		}
		if c.spec != nil && !c.spec.counts(row) || c.currency != "" && c.currency != string(row.Text[record.Currency]) {
			continue
		}
		s.accepted++
		s.ok += int64(Btoi(row.Status == record.OK))
		for k, m := range c.sums {
			f, ok := b.measure(m, cells, row)
			if sum, fits := money.Add(s.amounts[k], f); ok && fits {
				s.amounts[k] = sum
				s.milli[k] += b.beyond(m, cells, f)
			} else {
				s.broken = true
			}
		}
	}
}

func (s *controlSpec) counts(row *record.Row) bool {
	return (len(s.kinds) == 0 || slices.Contains(s.kinds, row.Kind)) && (len(s.statuses) == 0 || slices.Contains(s.statuses, row.Status)) &&
		(s.sign == 0 || (s.sign < 0) == (row.Amount < 0))
}

// isPart says that the control speaks of some of the rows only.
func (c *control) isPart() bool {
	return c.currency != "" || c.spec != nil && (len(c.spec.kinds) > 0 || len(c.spec.statuses) > 0 || c.spec.sign != 0)
}

// textIn is the text of a column of a row, or of the column that stands in for
// it; nil where they say nothing.
func (b *Binder) textIn(cells [][]byte, use int16) []byte {
	for use >= 0 {
		if c := b.own(cells, use); c != nil {
			return c
		}
		use = int16(b.p.Uses[use].spec.or)
	}
	return nil
}

// beyond is what a column of fees says in thousandths of a fen beyond the fen
// that measure gives: printed totals are those of what is printed.
func (b *Binder) beyond(m sumSpec, cells [][]byte, f money.Fen) int64 {
	if m.col < 0 || !b.p.Uses[m.col].spec.isFee() {
		return 0
	}
	fine, milli, err := money.Fine(b.text(b.textIn(cells, int16(m.col))), b.p.Uses[m.col].unit)
	if err != nil {
		return 0
	}
	return int64(fine-f)*1000 + milli
}

// sumsTo says whether one of the sums is what the control declares, to the last
// digit that both have.
func (s *controlSum) sumsTo(c *control) bool {
	for k, f := range s.amounts {
		if s.milli[k] == 0 && c.milli == 0 {
			if f == c.Amount {
				return true
			}
			continue
		}
		if f+money.Fen(s.milli[k]/1000) == c.Amount && s.milli[k]%1000 == c.milli || c.milli == 0 && money.Round(f, s.milli[k]) == c.Amount {
			return true
		}
	}
	return false
}

// apart is what a control declares, what the rows add up to, and the difference.
func (s *controlSum) apart(c *control) []string {
	f, milli := s.amounts[0]-c.Amount, s.milli[0]-c.milli
	if f += money.Fen(milli / 1000); f < 0 || f == 0 && milli < 0 {
		f, milli = -f, -milli
	}
	if milli %= 1000; milli < 0 {
		f, milli = f-1, milli+1000
	}
	return []string{money.FineText(c.Amount, c.milli), money.FineText(s.amounts[0]+money.Fen(s.milli[0]/1000), s.milli[0]%1000), money.FineText(f, milli)}
}

// measure is what a row adds to a sum.
func (b *Binder) measure(m sumSpec, cells [][]byte, row *record.Row) (money.Fen, bool) {
	if m.ok && row.Status != record.OK {
		return 0, true
	}
	if m.col >= 0 {
		f, _, p := b.fenOf(b.textIn(cells, int16(m.col)), int16(m.col))
		return f, p == nil
	}
	switch m.field {
	case Target(record.FieldFee):
		return row.Fee, true
	case Target(record.FieldNet):
		return row.Net, true
	case Target(record.FieldCredited):
		return row.Credited, true
	case sumOfOK:
		if row.Status != record.OK {
			return 0, true
		}
	case sumOfSales:
		if row.Status != record.OK || row.Amount < 0 {
			return 0, true
		}
	}
	switch m.field {
	case sumOfMoved:
		if row.Kind == record.Payout {
			return 0, true
		}
	case sumOfCharged:
		return max(row.Fee, 0), true
	case sumOfReturned:
		return max(-row.Fee, 0), true
	case sumOfRefunds:
		if row.Status != record.OK || row.Amount > 0 {
			return 0, true
		}
		return -row.Amount, true
	}
	return row.Amount, true
}

// Sums that are no field; sumOfRefunds is only of totals lines that no layout
// describes.
const (
	sumOfOK       = numTargets + iota // of rows that are ok
	sumOfSales                        // of those, the positive ones
	sumOfRefunds                      // of those, the negative ones, without their sign
	sumOfMoved                        // without payouts
	sumOfCharged                      // fees that are a cost
	sumOfReturned                     // fees that come back, without their sign
)

// Verify compares what the document declares with its rows, which the given
// binders have counted. A problem refuses the file. The result is nil where
// nothing is declared.
//
// A rejected row counts as a row, but its amount is not known: then only the
// counts are compared, and the file is reported as incomplete anyway.
func (p *Plan) Verify(binders []*Binder) (*Control, *problem.Problem) {
	if len(p.Controls) == 0 {
		return nil, nil
	}
	out := declared{Control: Control{OK: true}}
	for i := range p.Controls {
		c := &p.Controls[i]
		sum := controlSum{amounts: make([]money.Fen, len(c.sums)), milli: make([]int64, len(c.sums))}
		for _, b := range binders {
			sum.add(&b.sums.each[i])
		}
		out.add(c)
		if problem := c.check(&sum); problem != nil {
			out.OK = false
			return &out.Control, problem
		}
	}
	return &out.Control, nil
}

// declared is what the controls say together.
type declared struct {
	Control
	partRows, partAmount bool // sums over parts of the file so far
}

// add adds what a control says. Totals of parts add up; others say the same
// again in other words.
func (c *declared) add(d *control) {
	if d.currency != "" {
		return // sums never mix currencies
	}
	part := d.isPart()
	if d.HasRows && (!c.HasRows || part && c.partRows) {
		c.DeclaredRows, c.HasRows, c.partRows = c.DeclaredRows+d.Rows, true, part
	}
	if d.HasAmount && (!c.HasAmount || part && c.partAmount) {
		amount := d.Amount
		if d.spec != nil && d.spec.sign != 0 {
			amount = amount.Abs() * money.Fen(d.spec.sign)
		}
		c.DeclaredAmount, c.HasAmount, c.partAmount = c.DeclaredAmount+amount, true, part
	}
}

func (s *controlSum) add(o *controlSum) {
	s.accepted += o.accepted
	s.ok += o.ok
	s.rejected += o.rejected
	s.broken = s.broken || o.broken
	for k := range s.amounts {
		s.milli[k] += o.milli[k]
		sum, ok := money.Add(s.amounts[k], o.amounts[k])
		s.amounts[k] = sum
		s.broken = s.broken || !ok
	}
}

func (c *control) check(s *controlSum) *problem.Problem {
	if c.HasRows && c.Rows != s.accepted+s.rejected && !(c.isPart() && s.rejected > 0) && !(c.spec == nil && c.Rows == s.ok) {
		return &problem.Problem{Code: CodeControlRows, Line: c.line, Args: []string{strconv.FormatInt(c.Rows, 10), strconv.FormatInt(s.accepted+s.rejected, 10)}}
	}
	if !c.HasAmount || s.rejected > 0 || s.broken || s.sumsTo(c) {
		return nil
	}
	if c.spec != nil && c.spec.sign != 0 && slices.ContainsFunc(s.amounts, func(f money.Fen) bool { return f.Abs() == c.Amount.Abs() }) {
		return nil
	}
	return &problem.Problem{Code: CodeControlAmount, Line: c.line, Column: c.column, Args: s.apart(c)}
}
