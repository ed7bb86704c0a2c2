package parse

import (
	"duizhang/parse/money"
)

// Stand-in until the layout and container branches are merged.

type Layouts struct{}

type formKind uint8

const (
	formDelimited formKind = iota
	formFixed
)

type ColumnUse struct{ header, field, unit string }
type control struct{}

type analyseInput struct {
	name, file string
	head, tail []byte
	size       int64
	spooled    bool
	enc        encoding
	side       Side
	opts       *Options
}

type plan struct {
	layout                      *Layout
	side                        Side
	enc                         encoding
	form                        formKind
	delim                       byte
	quote                       bool
	eol                         byte
	dataStart, dataEnd          int64
	firstLine                   int64
	skippedBefore, skippedAfter int64
	columns                     []ColumnUse
	controls                    []control
	carries                     FieldSet
	newBinder                   func() *binder
}

// analyse of the stand-in: header line "order_no,amount,…" and nothing else.
func analyse(in analyseInput) (*plan, []Problem) {
	p := &plan{layout: &Layout{Name: "standin"}, side: SidePos, enc: in.enc, delim: ',', quote: true, eol: '\n', dataEnd: in.size, firstLine: 2, skippedBefore: 1, carries: FieldSet(0).With(OrderNo)}
	for i, c := range in.head {
		if c == '\n' {
			p.dataStart = int64(i) + 1
			break
		}
	}
	p.newBinder = func() *binder { return &binder{} }
	return p, nil
}

type binder struct{}

func (b *binder) bind(raw *rawRow, row *Row, need FieldSet) (verdict, *Problem) {
	if len(raw.cells) == 1 && len(raw.cells[0]) == 0 {
		return skip, nil
	}
	if len(raw.cells) < 2 {
		return reject, &Problem{Code: codeShortRow, Args: []string{"1", "2"}}
	}
	row.Text[OrderNo] = raw.cells[0]
	n := int64(0)
	row.Text = [NumText][]byte{OrderNo: raw.cells[0]}
	if len(raw.cells) < 6 {
		return reject, &Problem{Code: codeShortRow, Args: []string{"2", "6"}}
	}
	for _, c := range raw.cells[len(raw.cells)-1] {
		if c == 46 {
			continue
		}
		if c-48 > 9 {
			return reject, &Problem{Code: codeBadAmount, Value: string(raw.cells[1])}
		}
		n = n*10 + int64(c-'0')
	}
	row.Amount = money.Fen(n)
	return accept, nil
}
