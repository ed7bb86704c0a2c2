package layout

import (
	"cmp"
	"maps"
	"slices"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// inMoments holds the lines of the chain against one another in the order of
// their times. The lines of one moment follow one another if they are a walk:
// from the balance before each to the one after it, each line once. So every
// balance is left as often as it is reached, but for the one at which the moment
// began and the one at which it ended, and all lines hang together.
//
// What is returned has n = 0 where all of them do, else the line whose balance
// before it is nowhere, and what that balance should have been.
func (c *chain) inMoments() (at broken) {
	lines := slices.Clone(c.lines)
	if slices.ContainsFunc(lines, func(r ChainRow) bool { return !r.clock }) {
		for i := range lines {
			lines[i].at -= record.Time(lines[i].at.Clock())
		}
	}
	if c.first.at > c.last.at { // the file goes backwards; so do the lines of a moment
		slices.Reverse(lines)
	}
	slices.SortStableFunc(lines, func(a, b ChainRow) int { return cmp.Compare(a.at, b.at) })
	var m momentChain
	for len(lines) > 0 {
		n := 1
		for n < len(lines) && lines[n].at == lines[0].at {
			n++
		}
		if at := m.moment(lines[:n]); at.n > 0 {
			return at
		}
		lines = lines[n:]
	}
	return broken{}
}

// A momentChain is where the balances stand after the moments so far.
type momentChain struct {
	// from are the balances at which they may stand: none before the first
	// moment, several as long as all moments came back to where they began.
	from map[money.Fen]bool
}

// moment goes on over the lines of one moment.
func (m *momentChain) moment(lines []ChainRow) broken {
	left := map[money.Fen]int{} // how much more often left than reached
	in := newIslands()
	for i := range lines {
		before, after := lines[i].balance-lines[i].change, lines[i].balance
		left[before]++
		left[after]--
		in.join(before, after)
	}
	var begin, end money.Fen
	var begins, ends int
	for b, n := range left {
		switch {
		case n > 0:
			begin, begins = b, begins+n
		case n < 0:
			end, ends = b, ends-n
		}
	}
	whole := in.whole()
	switch {
	case begins == 0 && whole: // back to where it began, which is any of these balances
		if m.from == nil {
			m.from = in.all()
			return broken{}
		}
		to := map[money.Fen]bool{}
		for b := range m.from {
			if in.has(b) {
				to[b] = true
			}
		}
		if len(to) > 0 {
			m.from = to
			return broken{}
		}
	case begins == 1 && ends == 1 && whole && (m.from == nil || m.from[begin]):
		m.from = map[money.Fen]bool{end: true}
		return broken{}
	}
	return m.gap(lines)
}

// gap finds the first line that does not follow: going from line to line, as they
// stand where that is possible, the balance before it was not reached.
func (m *momentChain) gap(lines []ChainRow) broken {
	goesOn := map[money.Fen][]int{} // the lines by the balance before them
	reached := map[money.Fen]bool{}
	for i := range lines {
		before := lines[i].balance - lines[i].change
		goesOn[before] = append(goesOn[before], i)
		reached[lines[i].balance] = true
	}
	// Without a moment before, it begins where nothing led to.
	first := max(slices.IndexFunc(lines, func(r ChainRow) bool { return !reached[r.balance-r.change] }), 0)
	stand := lines[first].balance - lines[first].change
	if len(m.from) > 0 {
		if stand = lines[0].balance - lines[0].change; !m.from[stand] {
			stand = slices.Min(slices.Collect(maps.Keys(m.from)))
		}
	}
	passed := make([]bool, len(lines))
	for n := len(lines); n > 1 && len(goesOn[stand]) > 0; n-- {
		i := goesOn[stand][0]
		goesOn[stand] = goesOn[stand][1:]
		passed[i], stand = true, lines[i].balance
	}
	reached[stand] = true
	rest := make([]ChainRow, 0, len(lines))
	for i := range lines {
		if !passed[i] {
			rest = append(rest, lines[i])
		}
	}
	at := rest[0]
	if i := slices.IndexFunc(rest, func(r ChainRow) bool { return !reached[r.balance-r.change] }); i >= 0 {
		at = rest[i]
	}
	return broken{n: 1, at: at, expected: stand + at.change}
}

// islands are the sets of balances that lines join.
type islands struct{ parent map[money.Fen]money.Fen }

func newIslands() *islands { return &islands{map[money.Fen]money.Fen{}} }

// root shortens the way as it goes: a moment may have as many lines as the file.
func (s *islands) root(b money.Fen) money.Fen {
	if _, ok := s.parent[b]; !ok {
		s.parent[b] = b
	}
	for s.parent[b] != b {
		s.parent[b] = s.parent[s.parent[b]]
		b = s.parent[b]
	}
	return b
}

func (s *islands) join(a, b money.Fen) { s.parent[s.root(a)] = s.root(b) }

func (s *islands) has(b money.Fen) bool { _, ok := s.parent[b]; return ok }

// whole says that there is only one island.
func (s *islands) whole() bool {
	n := 0
	for b := range s.parent {
		n += Btoi(s.root(b) == b)
	}
	return n == 1
}

func (s *islands) all() map[money.Fen]bool {
	m := map[money.Fen]bool{}
	for b := range s.parent {
		m[b] = true
	}
	return m
}
