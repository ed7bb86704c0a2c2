package layout

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Rows that give amount, fee and net say one of them twice. A row whose net is
// not its amount less its fee was changed, or leaves out a cost that stands in a
// column nobody reads; either way its money is not known, and it is rejected.
// Layouts whose files add up differently say how in [[identity]].

// IdentityRule is what the money of every row adds up to.
type IdentityRule struct {
	// Equal is an equation: net = amount - fee. Left and right are fields
	// (amount fee net credited, with our signs) or columns of the layout's own
	// (as printed; with the opposite sign where a refund needs it). An empty
	// cell is nothing. "none": the file's net is no sum of its other columns,
	// and net = amount - fee, which holds without any rule, is not asked for.
	Equal string `toml:"equal"`
	// When is the condition under which it holds; none: for every row that is
	// ok.
	When Cond `toml:"when"`
}

// identitySpec is a compiled IdentityRule.
type identitySpec struct {
	text  string
	when  condSpec
	terms []identityTerm // their sum is zero; the first is the left side, negative
}

type identityTerm struct {
	name  string
	sign  money.Fen
	field Target
	col   int // -1: the field
}

func (l *Layout) compileIdentities(c *compiled) error {
	for i := range l.Identity {
		s, err := compileIdentity(c, &l.Identity[i])
		if err != nil {
			return fmt.Errorf("identity %d: %w", i+1, err)
		}
		if s != nil {
			c.identities = append(c.identities, *s)
		}
	}
	return nil
}

func compileIdentity(c *compiled, in *IdentityRule) (*identitySpec, error) {
	if in.Equal == "none" {
		return nil, nil
	}
	left, right, ok := strings.Cut(in.Equal, "=")
	if !ok {
		return nil, fmt.Errorf("equal %q: want an equation such as net = amount - fee", in.Equal)
	}
	s := &identitySpec{text: in.Equal}
	var err error
	if s.when, err = c.compileCond(in.When); err != nil {
		return nil, err
	}
	terms, err := c.identityTerms(left)
	if err == nil && len(terms) != 1 {
		err = errors.New("equal: want one column on the left")
	}
	if err != nil {
		return nil, err
	}
	terms[0].sign = -terms[0].sign
	rest, err := c.identityTerms(right)
	s.terms = append(terms, rest...)
	return s, err
}

// identityTerms reads one side of an equation: a + b - c.
func (c *compiled) identityTerms(text string) (terms []identityTerm, err error) {
	sign := money.Fen(1)
	for i, w := range strings.Fields(strings.NewReplacer("+", " + ", "-", " - ").Replace(text)) {
		switch {
		case w == "-":
			sign = -1
			continue
		case w == "+" && i > 0:
			continue
		}
		t := identityTerm{name: w, sign: sign, col: -1}
		switch f := TargetNamed[w]; f {
		case Target(record.FieldAmount), Target(record.FieldFee), Target(record.FieldNet), Target(record.FieldCredited):
			t.field = f
		default:
			if t.col = c.columnNamed(w); t.col < 0 {
				return nil, fmt.Errorf("equal: %q is neither amount, fee, net, credited nor a column of the layout", w)
			}
		}
		terms = append(terms, t)
		sign = 1
	}
	if len(terms) == 0 {
		err = errors.New("equal: a side is empty")
	}
	return terms, err
}

// identityUse is how the rows of a document are checked.
type identityUse struct {
	plain bool // net = amount - fee, of fields that every row has read anyway
	specs []*identitySpec
}

// bindIdentities decides what the rows of a document can be held against: an
// equation all of whose columns the file has.
func (p *Plan) bindIdentities() {
	c := p.Layout.Compiled
	for i := range c.identities {
		s := &c.identities[i]
		if !slices.ContainsFunc(s.terms, func(t identityTerm) bool { return !p.hasTerm(t) }) {
			p.identity.specs = append(p.identity.specs, s)
		}
	}
	if len(p.Layout.Identity) > 0 {
		return
	}
	for i := range p.bindings {
		at := &p.bindings[i].at
		p.identity.plain = p.identity.plain || at[record.FieldFee] >= 0 && at[record.FieldNet] >= 0 && at[record.FieldFee] != at[record.FieldNet]
	}
}

func (p *Plan) hasTerm(t identityTerm) bool {
	if t.col >= 0 {
		return p.Uses[t.col].Cell >= 0
	}
	return slices.ContainsFunc(p.bindings, func(b binding) bool {
		return b.at[t.field] >= 0 || t.field == Target(record.FieldAmount)
	})
}

// IdentityName is what was checked, for people.
func (p *Plan) IdentityName() string {
	if p.identity.plain {
		return "net = amount - fee"
	}
	var names []string
	for _, s := range p.identity.specs {
		names = append(names, s.text)
	}
	return strings.Join(names, ", ")
}

// identityProblem is the problem of a row that does not add up.
func (b *Binder) identityProblem(cells [][]byte, bd *binding, row *record.Row) *problem.Problem {
	b.Proved = false
	if b.p.identity.plain {
		fits, checked := row.NetFits(bd.at[record.FieldFee] >= 0 && bd.at[record.FieldNet] >= 0, b.below)
		if b.Proved = checked; !fits {
			code := CodeNetDiffers
			if b.p.adrift != "" {
				code = CodeNetUnread
			}
			return &problem.Problem{Code: code, Column: b.p.Uses[bd.at[record.FieldNet]].Header, Value: b.Show(b.textIn(cells, bd.at[record.FieldNet])),
				Args: []string{row.Net.String(), row.Amount.String(), row.Fee.String(), (row.Amount - row.Fee).String(), b.p.adrift}}
		}
	}
	if len(b.p.identity.specs) == 0 || row.Status != record.OK || row.Kind == record.Preauth {
		return nil
	}
	for _, s := range b.p.identity.specs {
		if b.holdsIn(s.when, cells) {
			b.Proved = true
			if p := b.breaks(s, cells, row); p != nil {
				return p
			}
		}
	}
	return nil
}

// breaks evaluates an equation for a row.
func (b *Binder) breaks(s *identitySpec, cells [][]byte, row *record.Row) *problem.Problem {
	var fields, own money.Fen
	var left money.Fen
	for i, t := range s.terms {
		v := moneyIn(row, t.field)
		if t.col >= 0 {
			var p *problem.Problem
			if v, _, p = b.fenOf(b.textIn(cells, int16(t.col)), int16(t.col)); p != nil {
				return p
			}
			own += t.sign * v
		} else {
			fields += t.sign * v
		}
		if i == 0 {
			left = v
		}
	}
	if fields+own == 0 || row.Amount < 0 && fields-own == 0 {
		return nil
	}
	return &problem.Problem{Code: CodeIdentityBroken, Column: s.terms[0].name, Args: []string{s.text, left.String(), (left + fields + own).String(), (fields + own).Abs().String()}}
}

// holdsIn is holds for the cells of a row, whatever is picked.
func (b *Binder) holdsIn(cond condSpec, cells [][]byte) bool {
	for _, t := range cond {
		text := b.textIn(cells, int16(t.col))
		if !slices.ContainsFunc(t.alts, func(a condAlt) bool { return a.means(text, NormWord(b.Show(text)), b) }) {
			return false
		}
	}
	return true
}

const (
	CodeNetDiffers     problem.Code = "net_differs"
	CodeIdentityBroken problem.Code = "identity_broken"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeNetDiffers:     {ZH: "结算金额 {0} 不等于交易金额 {1} 减手续费 {2}（应为 {3}）；请核对这一行，或向提供方取得原始文件", EN: "net {0} is not the amount {1} less the fee {2} (it should be {3}); check the row, or get the original file from whoever sent it"},
	CodeIdentityBroken: {ZH: "这一行不合 {0}：左边是 {1}，右边是 {2}，相差 {3}；请核对这一行，或向提供方取得原始文件", EN: "the row does not satisfy {0}: the left side is {1}, the right side {2}, a difference of {3}; check the row, or get the original file from whoever sent it"},
})

// moneyIn is a field of money.
func moneyIn(row *record.Row, t Target) money.Fen {
	switch t {
	case Target(record.FieldFee):
		return row.Fee
	case Target(record.FieldNet):
		return row.Net
	case Target(record.FieldCredited):
		return row.Credited
	}
	return row.Amount
}
