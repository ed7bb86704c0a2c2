package layout

import (
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/text"
)

// headerName is a header cell as names are compared: without blanks, width,
// case and decoration. Its unit is what the decoration said.
type headerName struct {
	Key     string
	Unit    money.Unit
	HasUnit bool
	zone    *zone // of the times below it, nil where it states none
}

// unitMarks are the decorations that state the unit of a column, in normalised form.
var unitMarks = []struct {
	mark string
	unit money.Unit
}{
	{"(元)", money.Yuan}, {"(+元)", money.Yuan}, {"(-元)", money.Yuan}, {"(人民币元)", money.Yuan}, {"(单位:元)", money.Yuan}, {"/元", money.Yuan}, {"[元]", money.Yuan}, {"(yuan)", money.Yuan},
	{"(分)", money.UnitFen}, {"(单位:分)", money.UnitFen}, {"/分", money.UnitFen}, {"[分]", money.UnitFen}, {"(fen)", money.UnitFen}, {"(cent)", money.UnitFen}, {"(cents)", money.UnitFen},
}

// moneyMarks are decorations that say nothing a name needs.
var moneyMarks = []string{"(rmb)", "(cny)", "(人民币)", "(必填)", "(选填)"}

// NormHeader normalises a header cell: blanks, underscores, full-width forms,
// case, 帐/账, guards, a leading #, a trailing colon or asterisk, the [English] tail of
// bilingual headers and the unit do not count.
func NormHeader(cell string) headerName {
	s := strings.TrimLeft(strings.ReplaceAll(NormWord(strings.Trim(cell, "`'\"")), "_", ""), "#")
	var h headerName
	for {
		before := s
		s = strings.TrimRight(s, ":*.")
		for _, u := range unitMarks {
			if !strings.ContainsAny(s, "元分ne") { // every mark has one of them
				break
			}
			if t, ok := cutOnce(s, u.mark); ok {
				s, h.Unit, h.HasUnit = t, u.unit, true
			}
		}
		for _, m := range moneyMarks {
			s = strings.TrimSuffix(s, m)
		}
		s = cutEnglish(s)
		if s == before {
			break
		}
	}
	h.Key = s
	return h
}

// cutEnglish removes the [English] tail of a Chinese name. Any other brackets are
// part of the name: payment_metadata[cashier] is no payment_metadata.
func cutEnglish(s string) string {
	i := strings.LastIndexByte(s, '[')
	if i <= 0 || !strings.HasSuffix(s, "]") || text.FirstHigh([]byte(s[:i])) < 0 {
		return s
	}
	tail := s[i+1 : len(s)-1]
	if strings.Trim(tail, "abcdefghijklmnopqrstuvwxyz /.,&'()-#") != "" {
		return s
	}
	return s[:i]
}

// ownNames gives back their brackets to names that are one only without them:
// they tell several columns apart (扩展[cashier], 扩展[table]).
func ownNames(names []headerName, cells []string) {
	first := map[string]int{}
	for i, n := range names {
		if n.Key == "" {
			continue
		}
		k, twin := first[n.Key]
		if !twin {
			first[n.Key] = i
			continue
		}
		a, b := bracketed(cells[k]), bracketed(cells[i])
		if a != b && strings.HasSuffix(a, "]") && strings.HasSuffix(b, "]") {
			names[k].Key, names[i].Key = a, b
		}
	}
}

// bracketed is a header cell's name with its brackets.
func bracketed(cell string) string {
	return strings.ReplaceAll(NormWord(strings.Trim(cell, "`'\"")), "_", "")
}

// cutOnce removes mark from the end of s, or from its middle where another
// decoration follows (借方发生额/元(支取)).
func cutOnce(s, mark string) (string, bool) {
	if t, ok := strings.CutSuffix(s, mark); ok && t != "" {
		return t, true
	}
	if i := strings.Index(s, mark); i > 0 && strings.HasPrefix(s[i+len(mark):], "(") {
		return s[:i] + s[i+len(mark):], true
	}
	return s, false
}

// header is one line of a document read as column names.
type header struct {
	cells []string // as the file has them, trimmed
	names []headerName
	width int            // cells up to the last filled one
	first map[string]int // key → first cell that has it
	count map[string]int // key → how many cells have it
	lines int            // physical lines that it takes
	upper []string       // of several header rows: the cells of those above the last
}

func newHeader(cells []string) *header {
	h := &header{first: map[string]int{}, count: map[string]int{}, lines: 1}
	for _, c := range cells {
		c = strings.TrimSpace(c)
		h.cells = append(h.cells, c)
		h.names = append(h.names, NormHeader(c))
	}
	ownNames(h.names, h.cells)
	bare := map[string]int{} // keys without a zone that the name states
	for i := range h.names {
		if name, z := headerZone(h.cells[i]); z != nil {
			h.names[i].zone = z
			if k := NormHeader(name).Key; bare[k] == 0 {
				bare[k] = i + 1
			} else {
				bare[k] = -1 // two columns, and nothing tells which is meant
			}
		}
	}
	for i, n := range h.names {
		if n.Key == "" {
			continue
		}
		h.width = i + 1
		if h.count[n.Key]++; h.count[n.Key] == 1 {
			h.first[n.Key] = i
		}
	}
	for k, i := range bare {
		if _, other := h.first[k]; !other && i > 0 {
			h.first[k] = i - 1
		}
	}
	return h
}

// title is the header line as messages show it.
func (h *header) title() string {
	filled := make([]string, 0, len(h.cells))
	for _, c := range h.cells {
		if c != "" {
			filled = append(filled, c)
		}
	}
	return strings.Join(filled, ", ")
}

// assign gives each column of a layout its header cell, or -1. Every cell goes
// to one column: names are tried by their place in the lists, the first names
// of all columns before the second ones, and within one place in the order of
// the columns. So 流水号, which several columns list late, goes to the one that
// has nothing better.
func (h *header) assign(specs []*columnSpec) []int {
	at := make([]int, len(specs))
	for i := range at {
		at[i] = -1
	}
	taken := map[int]bool{}
	for rank, more := 0, true; more; rank++ {
		more = false
		for i, s := range specs {
			if rank >= len(s.Keys) {
				continue
			}
			more = true
			key := s.Keys[rank]
			cell, ok := h.first[key]
			if at[i] < 0 && ok && !taken[cell] {
				at[i] = cell
				taken[cell] = true
			}
		}
	}
	return at
}
