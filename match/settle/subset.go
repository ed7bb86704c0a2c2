package settle

import (
	"math"
	"slices"

	"github.com/duizhang/duizhang/parse/money"
)

// Limits of the search for a set of amounts with an exact sum.
const (
	// maxSubsetSize is the largest set that is looked for among arbitrary
	// settlements or credits; whole runs of days are found beyond it.
	maxSubsetSize = 12
	// maxSubsetSteps bounds one search, maxRunSteps all searches of a run.
	maxSubsetSteps = 1 << 18
	maxRunSteps    = 1 << 28
	// chanceSets: among so many sets per this many fen an equal sum says
	// nothing. n amounts have 2^n sets, and their sums crowd: of twenty-four
	// settlements some set fits any credit. So sets are tried only as far as
	// there are fewer of them than a 64th of the sum looked for in fen, which
	// keeps the odds of a chance hit below about 1:64. Where there are more
	// than fewAmounts, sets of more than naturalSize hardly ever are what
	// happened, and must be rarer still.
	chanceSets      = 64
	chanceLargeSets = 4096
	// chanceRecent is the same for settlements that fell due on the day of the
	// credit or just before, which by itself says much; see byChance.
	chanceRecent = 4
	// chanceFew is how many of those sets are always tried: all of three.
	chanceFew   = 4
	fewAmounts  = 9
	naturalSize = 3
)

// subsetSearch finds sets of at least two amounts with an exact sum, at most
// two of them: the second one only proves that the first is not the answer.
type subsetSearch struct {
	vals   []money.Fen // positive, descending
	same   []bool      // same[i]: i cannot be told from i−1, and counts once
	suffix []money.Fen // sums of vals[i:]
	size   int         // largest set
	steps  int         // left
	path   []int
	first  []int
	found  int
}

// subsetResult: sets is 0, 1 or 2 (two or more); pick is the first of them.
// gaveUp says that the steps ran out, so that sets is a lower bound; limited
// that larger sets were not looked at.
type subsetResult struct {
	pick            []int
	sets            int
	gaveUp, limited bool
}

// only says that exactly one set was found, and that it is the only one.
func (r subsetResult) only() bool { return r.sets == 1 && !r.gaveUp }

// findSubset looks for sets of two or more of vals that add up to target. It
// takes its steps from budget.
func findSubset(vals []money.Fen, same []bool, target money.Fen, budget *int) subsetResult {
	n := len(vals)
	size := admissibleSize(n, target)
	if size < 2 || *budget <= 0 {
		return subsetResult{limited: n >= 2, gaveUp: *budget <= 0}
	}
	s := subsetSearch{vals: vals, same: same, size: size, steps: min(maxSubsetSteps, *budget), suffix: make([]money.Fen, n+1)}
	before := s.steps
	for i := n - 1; i >= 0; i-- {
		s.suffix[i] = s.suffix[i+1] + vals[i]
	}
	if s.suffix[0] >= target {
		s.extend(0, target)
	}
	*budget -= before - s.steps
	return subsetResult{pick: s.first, sets: s.found, gaveUp: s.found < 2 && s.steps <= 0, limited: size < n && s.suffix[0] >= target}
}

// admissibleSize is how large sets of n amounts may be for a sum to be
// evidence.
func admissibleSize(n int, target money.Fen) int {
	limit, sets, choose := float64(target)/chanceSets, 0.0, float64(n)
	for k := 2; k <= min(n, maxSubsetSize); k++ {
		if k == naturalSize+1 && n > fewAmounts {
			limit = float64(target) / chanceLargeSets
		}
		choose = choose * float64(n-k+1) / float64(k)
		if sets += choose; sets > math.Max(limit, 1) {
			return k - 1
		}
	}
	return min(n, maxSubsetSize)
}

// extend tries to complete the path with amounts from i on.
func (s *subsetSearch) extend(i int, left money.Fen) {
	for j := i; j < len(s.vals) && s.found < 2 && s.steps > 0 && s.suffix[j] >= left; j++ {
		s.steps--
		if s.vals[j] > left || j > i && s.same[j] {
			continue
		}
		s.path = append(s.path, j)
		switch {
		case s.vals[j] == left && len(s.path) >= 2:
			if s.found++; s.found == 1 {
				s.first = append([]int(nil), s.path...)
			}
		case s.vals[j] < left && len(s.path) < s.size:
			s.extend(j+1, left-s.vals[j])
		}
		s.path = s.path[:len(s.path)-1]
	}
}

// roundUnits are what prices are multiples of, in fen, the largest first.
var roundUnits = [...]money.Fen{100_000, 50_000, 20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 1}

// byChance says whether a set of amounts with the sum looked for is too likely
// to be one by chance. Round amounts have round sums: among multiples of 50.00
// there are only a few sums, and sets of them collide thousands of times as
// often as such of odd fen. So the sets as large as this one that the pool's
// amounts of its own roundness make are counted against the sums that such
// sets can have.
func byChance(set, pool []money.Fen, rarity float64) bool {
	target, unit := money.Fen(0), money.Fen(1)
	for _, v := range set {
		target += v
	}
	for _, u := range roundUnits {
		if !slices.ContainsFunc(set, func(v money.Fen) bool { return v%u != 0 }) {
			unit = u
			break
		}
	}
	n := 0.0
	for _, v := range pool {
		if v%unit == 0 && v < target {
			n++
		}
	}
	sets, choose := 0.0, n
	for k := 2; k <= len(set); k++ {
		choose = choose * (n - float64(k) + 1) / float64(k)
		sets += choose
	}
	least := 1.0
	if rarity == chanceRecent {
		least = chanceFew
	}
	return sets > max(float64(target/unit)/rarity, least)
}
