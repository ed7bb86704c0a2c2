package layout

import (
	"testing"

	"github.com/duizhang/duizhang/parse/money"

	"pgregory.net/rapid"
)

// statementOf draws the lines of a statement, forwards in time.
func statementOf(t *rapid.T, least int, lowest int64) []ChainRow {
	balance := money.Fen(rapid.Int64Range(-1e6, 1e12).Draw(t, "opening"))
	rows := make([]ChainRow, rapid.IntRange(least, 30).Draw(t, "rows"))
	for i := range rows {
		change := money.Fen(rapid.Int64Range(lowest, 5e5).Draw(t, "amount"))
		if change == 0 {
			change = 1
		}
		balance += change
		rows[i] = ChainRow{balance: balance, change: change, Line: int64(i)}
	}
	return rows
}

// chained joins lines in pieces, as chunks are.
func chained(t *rapid.T, rows []ChainRow) chain {
	var pieces []chain
	for i := range rows {
		c := newChain("", "CNY", rows[i], true)
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

// A statement holds forwards, backwards and in any other order, however it is
// cut into pieces.
func TestAChainOfBalancesHoldsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := statementOf(t, 1, -5e5)
		switch rapid.IntRange(0, 2).Draw(t, "order") {
		case 0:
			for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
				rows[i], rows[j] = rows[j], rows[i]
			}
		case 1:
			rows = rapid.Permutation(rows).Draw(t, "shuffled")
		}
		c := chained(t, rows)
		if v, at := c.judge(0); v != chainHolds {
			t.Fatalf("verdict %d at %+v", v, at)
		}
	})
}

// A line that is missing, doubled or changed is found in any order.
func TestAChainOfBalancesBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Money in only: lines to and fro may follow one another with one of
		// them gone, if what is left comes back to where it began.
		rows := statementOf(t, 3, 1000)
		i := rapid.IntRange(1, len(rows)-2).Draw(t, "line")
		switch rapid.SampledFrom([]string{"dropped", "doubled", "changed"}).Draw(t, "damage") {
		case "dropped":
			rows = append(rows[:i:i], rows[i+1:]...)
		case "doubled":
			rows = append(rows[:i+1:i+1], rows[i:]...)
		default:
			rows[i].change += money.Fen(rapid.SampledFrom([]int64{1, -1, 100, 90000}).Draw(t, "by"))
		}
		if rapid.Bool().Draw(t, "shuffle") {
			rows = rapid.Permutation(rows).Draw(t, "shuffled")
		}
		c := chained(t, rows)
		if v, _ := c.judge(0); v == chainHolds {
			t.Fatalf("holds: %+v", rows)
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
		if v, _ := c.judge(0); v != chainTurned && c.up.n > 0 && c.down.n > 0 {
			t.Fatalf("verdict %d: %+v", v, rows)
		}
	})
}
