package settle

import (
	"slices"
	"testing"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

func nets(list ...money.Fen) []RowNet {
	rows := make([]RowNet, len(list))
	for i, v := range list {
		rows[i] = RowNet{record.Pos(i + 1), v}
	}
	return rows
}

// steps is a search's budget.
func steps() *int {
	n := maxHeldSteps
	return &n
}

func TestHeldRows(t *testing.T) {
	for _, c := range []struct {
		why   string
		rows  []RowNet
		short money.Fen
		held  []record.Pos
		sets  int64
	}{
		{"one sale", nets(100, 250, 400), 250, []record.Pos{2}, 1},
		{"two equal sales: which one?", nets(100, 250, 250), 250, nil, 2},
		{"one sale explains it, so two do not matter", nets(100, 150, 250), 250, []record.Pos{3}, 1},
		{"two sales", nets(100, 250, 400), 650, []record.Pos{2, 3}, 1},
		{"two ways of two", nets(100, 400, 200, 300), 500, nil, 2},
		{"a sale and the refund of another", nets(1000, -300, 5), 700, []record.Pos{1, 2}, 1},
		{"three of equal amount: three pairs", nets(50, 50, 50), 100, nil, 3},
		{"three sales", nets(1, 10, 100, 1000), 111, []record.Pos{1, 2, 3}, 1},
		{"four sales", nets(1, 10, 100, 1000, 10000), 1111, []record.Pos{1, 2, 3, 4}, 1},
		{"five of ten", nets(1, 2, 4, 8, 16, 32, 64, 128, 256, 512), 1 + 4 + 16 + 64 + 256, []record.Pos{1, 3, 5, 7, 9}, 1},
		{"all but one of seven", nets(1, 2, 4, 8, 16, 32, 64), 127 - 8, []record.Pos{1, 2, 3, 5, 6, 7}, 1},
		{"nothing fits", nets(10, 20), 7, nil, 0},
	} {
		h := findHeld(c.rows, c.short, steps())
		if h.sets != c.sets || c.held != nil && !slices.Equal(h.rows, c.held) {
			t.Errorf("%s: %v, %d sets", c.why, h.rows, h.sets)
		}
	}
}

func TestHeldSearchGivesUp(t *testing.T) {
	var rows []RowNet
	for i := range maxHeldTriples + 1 {
		rows = append(rows, RowNet{record.Pos(i), money.Fen(i+1) * 1000})
	}
	if h := findHeld(rows, 7, steps()); h.sets != 0 || !h.gaveUp {
		t.Errorf("%d sets, gave up %v", h.sets, h.gaveUp)
	}
	if h := findHeld(rows, 3000, steps()); h.sets != 1 || len(h.rows) != 1 {
		t.Errorf("one row is still found: %v", h)
	}
	if h := findHeld(nets(1, 2, 4, 8, 16), 31, new(int)); h.sets != 0 || !h.gaveUp || h.size != 4 {
		t.Errorf("without steps sets of five are not looked at: %v", h)
	}
	if h := findHeld(nets(1, 2, 4, 8, 16), 32, steps()); h.sets != 0 || h.gaveUp {
		t.Errorf("of five rows every set was looked at: %v", h)
	}
}

// The counts are those of trying every set.
func TestHeldAgainstEverySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := nets(rapid.SliceOfN(rapid.Custom(func(t *rapid.T) money.Fen { return money.Fen(rapid.IntRange(-4, 9).Draw(t, "net")) }), 0, 10).Draw(t, "nets")...)
		short := money.Fen(rapid.IntRange(1, 25).Draw(t, "short"))
		var sets [11]int64
		for mask := range 1 << len(rows) {
			size, sum := 0, money.Fen(0)
			for i, r := range rows {
				if mask>>i&1 == 0 {
					continue
				}
				if r.Net == 0 {
					size = 99 // rows of nothing explain nothing
				}
				size, sum = size+1, sum+r.Net
			}
			if size >= 1 && size <= 10 && sum == short {
				sets[size]++
			}
		}
		want := int64(0)
		for _, n := range sets {
			if want == 0 {
				want = n
			}
		}
		h := findHeld(rows, short, steps())
		if h.sets != want {
			t.Fatalf("%d sets, want %d of %v", h.sets, want, sets)
		}
		sum := money.Fen(0)
		for _, p := range h.rows {
			sum += rows[p-1].Net
		}
		if h.sets > 0 && sum != short {
			t.Fatalf("the rows %v add up to %d", h.rows, sum)
		}
	})
}
