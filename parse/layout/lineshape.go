package layout

import "regexp/syntax"

// A lineShape is an expression for the beginning of a line that allows one set
// of ASCII bytes at each place, as those of fixed lines do. It says the same as
// the expression, at a fraction of the time.
type lineShape [][4]uint64

// shapeOf is the shape of an expression; false if it has none.
func shapeOf(expr string) (lineShape, bool) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return nil, false
	}
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	if parts[0].Op != syntax.OpBeginText {
		return nil, false
	}
	var shape lineShape
	for _, p := range parts[1:] {
		n := 1
		if p.Op == syntax.OpRepeat && p.Min == p.Max {
			n, p = p.Min, p.Sub[0]
		}
		var more lineShape
		switch p.Op {
		case syntax.OpLiteral:
			if p.Flags&syntax.FoldCase != 0 {
				return nil, false
			}
			for _, r := range p.Rune {
				more = append(more, setOf([]rune{r, r}))
			}
		case syntax.OpCharClass:
			more = lineShape{setOf(p.Rune)}
		default:
			return nil, false
		}
		for ; n > 0; n-- {
			shape = append(shape, more...)
		}
	}
	for _, set := range shape {
		if set[2]|set[3] != 0 {
			return nil, false // a character of several bytes
		}
	}
	return shape, true
}

// setOf is the set of the bytes in pairs of first and last rune. What is not
// ASCII is put where it is noticed.
func setOf(ranges []rune) (set [4]uint64) {
	for i := 0; i+1 < len(ranges); i += 2 {
		if ranges[i+1] >= 0x80 {
			set[3] = 1
		}
		for r := ranges[i]; r <= min(ranges[i+1], 0x7F); r++ {
			set[r>>6] |= 1 << (r & 63)
		}
	}
	return set
}

// matches says whether a line begins as the shape says.
func (s lineShape) matches(line []byte) bool {
	if len(line) < len(s) {
		return false
	}
	for i := range s {
		if c := line[i]; s[i][c>>6]>>(c&63)&1 == 0 {
			return false
		}
	}
	return true
}
