package settle

// Bounds of the pairing, in lines × settlements: beyond the first only the
// order of days is tried, beyond the second no pairs are proved.
const (
	maxPairing = 1 << 18
	maxForced  = 1 << 13
)

// pairing is a largest set of pairs of lines and settlements that fit.
type pairing struct {
	next [][]int // per line the settlements that it fits, in order of days
	of   []int   // per line its settlement, or −1
	by   []int   // per settlement its line, or −1
	size int
	big  bool // it was only paired in the order of days
}

func newPairing(ls []*line, ps []*payee, fits func(*line, *payee) bool) *pairing {
	m := &pairing{next: make([][]int, len(ls)), of: make([]int, len(ls)), by: make([]int, len(ps)), big: len(ls)*len(ps) > maxPairing}
	for i := range m.of {
		m.of[i] = -1
	}
	for j := range m.by {
		m.by[j] = -1
	}
	if m.big {
		for i := range min(len(ls), len(ps)) {
			if fits(ls[i], ps[i]) {
				m.pair(i, i)
			}
		}
		return m
	}
	for i, l := range ls {
		for j, p := range ps {
			if fits(l, p) {
				m.next[i] = append(m.next[i], j)
			}
		}
	}
	// The order of days first: it is how things mostly are.
	for i := range ls {
		for _, j := range m.next[i] {
			if m.by[j] < 0 {
				m.pair(i, j)
				break
			}
		}
	}
	for i := range ls {
		if m.of[i] < 0 {
			m.augment(i, make([]bool, len(ps)), -1, -1)
		}
	}
	return m
}

func (m *pairing) pair(i, j int) {
	m.of[i], m.by[j] = j, i
	m.size++
}

// augment finds a partner for a free line, and new ones for the lines that
// lose theirs by it, without the pair of one line and settlement.
func (m *pairing) augment(i int, seen []bool, notLine, notPayee int) bool {
	for _, j := range m.next[i] {
		if seen[j] || i == notLine && j == notPayee {
			continue
		}
		seen[j] = true
		if k := m.by[j]; k < 0 || m.augment(k, seen, notLine, notPayee) {
			if k < 0 {
				m.size++
			}
			m.of[i], m.by[j] = j, i
			return true
		}
	}
	return false
}

// forced is, per line, the settlement that it is paired with in every largest
// pairing, or −1.
func (m *pairing) forced() []int {
	sure := make([]int, len(m.of))
	for i := range sure {
		sure[i] = -1
	}
	if m.big || len(m.of)*len(m.by) > maxForced {
		return sure
	}
	for i := range m.of {
		if m.of[i] >= 0 && !m.avoidable(i) {
			sure[i] = m.of[i]
		}
	}
	return sure
}

// avoidable says whether as many pairs can be made without the line's own one.
// What it finds is undone.
func (m *pairing) avoidable(i int) bool {
	of, by, size := append([]int(nil), m.of...), append([]int(nil), m.by...), m.size
	j := m.of[i]
	m.of[i], m.by[j] = -1, -1
	m.size--
	found := false
	for k := range m.of {
		if m.of[k] < 0 && m.augment(k, make([]bool, len(m.by)), i, j) {
			found = true
			break
		}
	}
	m.of, m.by, m.size = of, by, size
	return found
}
