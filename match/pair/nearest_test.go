package pair

import (
	"fmt"
	"slices"
	"testing"

	"github.com/duizhang/duizhang/parse/money"

	"pgregory.net/rapid"
)

func drawTimes(t *rapid.T, name string) []int64 {
	times := rapid.SliceOfN(rapid.Int64Range(0, 30), 0, 12).Draw(t, name)
	slices.Sort(times)
	return times
}

// TestNearestPairsTakesTheClosestOfAllAgainAndAgain compares with the plain
// definition.
func TestNearestPairsTakesTheClosestOfAllAgainAndAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, c := drawTimes(t, "p"), drawTimes(t, "c")
		limit := rapid.Int64Range(0, 20).Draw(t, "limit")
		var got, want []string
		nearestPairs(p, c, limit, func(i, j int) { got = append(got, fmt.Sprint(i, "-", j)) })
		usedP, usedC := make([]bool, len(p)), make([]bool, len(c))
		for {
			bi, bj, best := -1, -1, limit+1
			for i := range p {
				for j := range c {
					if d := abs(p[i] - c[j]); !usedP[i] && !usedC[j] && d < best {
						bi, bj, best = i, j, d
					}
				}
			}
			if bi < 0 {
				break
			}
			usedP[bi], usedC[bj] = true, true
			want = append(want, fmt.Sprint(bi, "-", bj))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("p %v, c %v, limit %d: %v, want %v", p, c, limit, got, want)
		}
	})
}

func TestClustersCutAtTheWidestGap(t *testing.T) {
	var plain func(lo, hi int, times []int64, limit int64) []string
	plain = func(lo, hi int, times []int64, limit int64) []string {
		if times[hi-1]-times[lo] <= limit {
			return []string{fmt.Sprint(lo, "-", hi)}
		}
		at := lo + 1
		for i := lo + 1; i < hi; i++ {
			if times[i]-times[i-1] > times[at]-times[at-1] {
				at = i
			}
		}
		return append(plain(lo, at, times, limit), plain(at, hi, times, limit)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		times := drawTimes(t, "times")
		limit := rapid.Int64Range(0, 20).Draw(t, "limit")
		var got, want []string
		clusters(times, limit, func(lo, hi int) { got = append(got, fmt.Sprint(lo, "-", hi)) })
		if len(times) > 0 {
			want = plain(0, len(times), times, limit)
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%v limit %d: %v, want %v", times, limit, got, want)
		}
	})
}

// TestClustersOfEqualGapsAreLinear would not end if each cut looked at all rows.
func TestClustersOfEqualGapsAreLinear(t *testing.T) {
	times := make([]int64, 1_000_000)
	for i := range times {
		times[i] = int64(i) * 10
	}
	n := 0
	clusters(times, 5, func(lo, hi int) { n += hi - lo })
	if n != len(times) {
		t.Fatal(n)
	}
}

func TestSumHoldsWhat64BitsDoNot(t *testing.T) {
	var s money.Sum
	for range 3 {
		s.Add(1<<63 - 1)
	}
	if _, ok := s.Fen(); ok {
		t.Error("three times the maximum fits")
	}
	for range 3 {
		s.Add(-(1<<63 - 1))
	}
	if v, ok := s.Fen(); !ok || v != 0 {
		t.Errorf("%d %v", v, ok)
	}
	s.Add(-5)
	if v, ok := s.Fen(); !ok || v != -5 || s.Size() != (money.Sum{Hi: 0, Lo: 5}) {
		t.Errorf("%d %v %v", v, ok, s.Size())
	}
}
