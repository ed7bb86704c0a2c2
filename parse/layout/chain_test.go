package layout

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// statementOf draws the lines of a statement, forwards in time, several of them
// in the same moment.
func statementOf(t *rapid.T, least int, lowest int64) []ChainRow {
	balance := money.Fen(rapid.Int64Range(-1e6, 1e12).Draw(t, "opening"))
	rows := make([]ChainRow, rapid.IntRange(least, 30).Draw(t, "rows"))
	at := record.Time(1772330400)
	clock := rapid.Bool().Draw(t, "clock")
	for i := range rows {
		change := money.Fen(rapid.SampledFrom([]int64{lowest, 500, 1000, 1000, 1000, 5e5}).Draw(t, "amount"))
		if rapid.Bool().Draw(t, "odd") {
			change = money.Fen(rapid.Int64Range(lowest, 5e5).Draw(t, "odd amount"))
		}
		if change == 0 {
			change = 1
		}
		balance += change
		if rapid.IntRange(0, 2).Draw(t, "later") > 0 {
			at += record.Time(rapid.Int64Range(1, 200000).Draw(t, "by"))
		}
		rows[i] = ChainRow{balance: balance, change: change, at: at, clock: clock, Line: int64(i)}
	}
	return rows
}

// dayOf is the moment of a line as far as it is known.
func dayOf(r ChainRow) record.Time {
	if r.clock {
		return r.at
	}
	return r.at - record.Time(r.at.Clock())
}

// chained joins lines in pieces, as chunks are, and keeps them.
func chained(t *rapid.T, rows []ChainRow) chain {
	var pieces []chain
	for i := range rows {
		c := newChain("", "CNY", rows[i], true)
		c.lines = []ChainRow{rows[i]}
		if n := len(pieces); n > 0 && rapid.Bool().Draw(t, "same piece") {
			pieces[n-1].join(&c)
			continue
		}
		pieces = append(pieces, c)
	}
	for i := range pieces[1:] {
		pieces[0].join(&pieces[i+1])
	}
	return pieces[0]
}

// A statement holds forwards, backwards and sorted by anything else, however it
// is cut into pieces.
func TestAChainOfBalancesHoldsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := statementOf(t, 1, -5e5)
		switch rapid.IntRange(0, 2).Draw(t, "order") {
		case 0:
			slices.Reverse(rows)
		case 1:
			rows = rapid.Permutation(rows).Draw(t, "shuffled")
		}
		c := chained(t, rows)
		if v, at := c.judge(); v != chainHolds {
			t.Fatalf("verdict %d at %+v", v, at)
		}
	})
}

// A line that is missing, doubled or changed, or whose sign was turned round, is
// found in any order, however many others are of the same amount, and the line
// named is the first that contradicts those before, never one before the damage.
// The first moment and the last are another matter: nothing says what was before
// and after.
func TestAChainOfBalancesBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := statementOf(t, 3, -5e5)
		i := rapid.IntRange(1, len(rows)-2).Draw(t, "line")
		at := dayOf(rows[i])
		if at == dayOf(rows[0]) || at == dayOf(rows[len(rows)-1]) {
			t.Skip("the first moment or the last")
		}
		switch rapid.SampledFrom([]string{"dropped", "doubled", "changed", "turned"}).Draw(t, "damage") {
		case "dropped":
			rows = append(rows[:i:i], rows[i+1:]...)
		case "doubled":
			rows = append(rows[:i+1:i+1], rows[i:]...)
		case "turned":
			rows[i].change = -rows[i].change
		default:
			rows[i].change += money.Fen(rapid.SampledFrom([]int64{1, -1, 100, 90000}).Draw(t, "by"))
		}
		moved := map[record.Time]money.Fen{}
		for _, r := range rows {
			moved[dayOf(r)] += r.change
		}
		for _, f := range moved {
			if f == 0 {
				t.Skip("a moment comes back to where it began, and may have begun anywhere")
			}
		}
		switch rapid.IntRange(0, 2).Draw(t, "order") {
		case 0:
			slices.Reverse(rows)
		case 1:
			rows = rapid.Permutation(rows).Draw(t, "shuffled")
		}
		c := chained(t, rows)
		if c.later && c.earlier && (c.up.n == 0 || c.down.n == 0) {
			t.Skip("shuffled into an order in which all follow")
		}
		v, broken := c.judge()
		if v == chainHolds {
			t.Fatalf("holds: %+v", rows)
		}
		if got := dayOf(broken.at); v == chainBroken && got < at {
			t.Fatalf("told at %v, damaged at %v: %+v", got, at, rows)
		}
	})
}

// A company's journal calls money in what its bank calls money out.
func TestAChainWithSignsTurnedRoundIsKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := statementOf(t, 4, 1000)
		for i := range rows {
			rows[i].change = -rows[i].change
		}
		c := chained(t, rows)
		oneMoment := dayOf(rows[0]) == dayOf(rows[len(rows)-1]) // equal amounts then go both ways
		if v, _ := c.judge(); v != chainTurned && (v != chainHolds || !oneMoment) {
			t.Fatalf("verdict %d: %+v", v, rows)
		}
	})
}

// A statement that gives days alone may have all its lines in one moment, in any
// order; where one of them is wrong it is found without comparing all with all.
func TestAMomentOfManyLinesNamesTheWrongOne(t *testing.T) {
	const n, wrong = 200_000, 123_456
	lines := make([]ChainRow, n)
	balance := money.Fen(0)
	for i := range lines {
		lines[i].change = money.Fen(i%97 + 1)
		balance += lines[i].change
		lines[i].balance, lines[i].Line = balance, int64(i)
	}
	lines[wrong].change++
	for i := 0; i+1 < n; i += 2 { // not as they follow one another
		lines[i], lines[i+1] = lines[i+1], lines[i]
	}
	c := chain{lines: lines, first: lines[0], last: lines[n-1]}
	if at := c.inMoments(); at.n != 1 || at.at.Line != wrong {
		t.Errorf("told line %d (%d), want %d", at.at.Line, at.n, wrong)
	}
}
