package pair

// nearestPairs pairs two lists of times, both ascending, nearest first: the
// two that are closest pair, then the closest of what remains, and so on;
// never further apart than limit. Equally close ones go by the order of p,
// then of c. It calls pair with indexes.
//
// The closest two of all are always neighbours in time, so a heap of
// neighbours finds them in n log n, however many rows share a key.
func nearestPairs(p, c []int64, limit int64, pair func(i, j int)) {
	if len(p) == 0 || len(c) == 0 {
		return
	}
	if len(p) == 1 && len(c) == 1 {
		if abs(p[0]-c[0]) <= limit {
			pair(0, 0)
		}
		return
	}
	m := &instants{limit: limit}
	m.merge(p, c)
	for i := range m.nodes[:len(m.nodes)-1] {
		m.propose(i, i+1)
	}
	for len(m.heap) > 0 {
		g := m.pop()
		a, b := &m.nodes[g.p], &m.nodes[g.c]
		if a.lo == a.hi || b.lo == b.hi {
			continue
		}
		for ; a.lo < a.hi && b.lo < b.hi; a.lo, b.lo = a.lo+1, b.lo+1 {
			pair(a.lo, b.lo)
		}
		m.unlink(g.p)
		m.unlink(g.c)
	}
}

// instants is a linked list of the distinct times of either side.
type instants struct {
	limit int64
	nodes []instant
	heap  []gap
}

// instant is the rows lo…hi-1 of one side, all at time t.
type instant struct {
	t          int64
	onC        bool
	lo, hi     int
	prev, next int
}

// gap is a candidate pair of neighbouring instants.
type gap struct {
	dist int64
	p, c int
}

func (m *instants) merge(p, c []int64) {
	i, j := 0, 0
	for i < len(p) || j < len(c) {
		n := instant{prev: len(m.nodes) - 1, next: len(m.nodes) + 1}
		if j == len(c) || i < len(p) && p[i] <= c[j] {
			n.t, n.lo = p[i], i
			for i < len(p) && p[i] == n.t {
				i++
			}
			n.hi = i
		} else {
			n.t, n.lo, n.onC = c[j], j, true
			for j < len(c) && c[j] == n.t {
				j++
			}
			n.hi = j
		}
		m.nodes = append(m.nodes, n)
	}
	m.nodes[len(m.nodes)-1].next = -1
}

// propose puts two neighbours on the heap if they are of different sides and near enough.
func (m *instants) propose(a, b int) {
	x, y := &m.nodes[a], &m.nodes[b]
	if x.onC == y.onC || y.t-x.t > m.limit {
		return
	}
	g := gap{dist: y.t - x.t, p: a, c: b}
	if x.onC {
		g.p, g.c = b, a
	}
	m.push(g)
}

// unlink takes a instant without rows out of the list, so that its neighbours meet.
func (m *instants) unlink(i int) {
	n := &m.nodes[i]
	if n.lo < n.hi {
		return
	}
	if n.prev >= 0 {
		m.nodes[n.prev].next = n.next
	}
	if n.next >= 0 {
		m.nodes[n.next].prev = n.prev
	}
	if n.prev >= 0 && n.next >= 0 {
		m.propose(n.prev, n.next)
	}
}

func (g gap) less(o gap) bool {
	if g.dist != o.dist {
		return g.dist < o.dist
	}
	if g.p != o.p {
		return g.p < o.p
	}
	return g.c < o.c
}

// push and pop keep the smallest gap at the front of a binary heap.
func (m *instants) push(g gap) {
	m.heap = append(m.heap, g)
	i := len(m.heap) - 1
	for i > 0 && g.less(m.heap[(i-1)/2]) {
		m.heap[i] = m.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	m.heap[i] = g
}

func (m *instants) pop() gap {
	top, n := m.heap[0], len(m.heap)-1
	g := m.heap[n]
	m.heap = m.heap[:n]
	i := 0
	for 2*i+1 < n {
		child := 2*i + 1
		if child+1 < n && m.heap[child+1].less(m.heap[child]) {
			child++
		}
		if !m.heap[child].less(g) {
			break
		}
		m.heap[i] = m.heap[child]
		i = child
	}
	if n > 0 {
		m.heap[i] = g
	}
	return top
}

// clusters cuts ascending times where they lie too far apart to be one
// transaction: at the widest gap (the earliest of equally wide ones), again
// and again until no cluster spans more than limit. It calls emit with the
// bounds of every cluster, in order.
//
// Cutting at the widest gap rather than at the limit counted from the first
// row keeps a sale beside its own clearing row when an older sale happens to
// be within reach of one of them. A tree of gaps makes it linear.
func clusters(t []int64, limit int64, emit func(lo, hi int)) {
	if len(t) == 0 {
		return
	}
	if t[len(t)-1]-t[0] <= limit {
		emit(0, len(t))
		return
	}
	left, right, root := gapTree(t)
	type span struct{ lo, hi, gap int }
	stack := []span{{0, len(t), root}}
	for len(stack) > 0 {
		s := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if t[s.hi-1]-t[s.lo] <= limit {
			emit(s.lo, s.hi)
			continue
		}
		// gap g lies between t[g] and t[g+1]
		stack = append(stack, span{s.gap + 1, s.hi, right[s.gap]}, span{s.lo, s.gap + 1, left[s.gap]})
	}
}

// gapTree is the Cartesian tree of the gaps between neighbours: each gap is
// wider than those below it, and of equal ones the earlier is above.
func gapTree(t []int64) (left, right []int, root int) {
	n := len(t) - 1
	left, right = make([]int, n), make([]int, n)
	var spine []int
	for g := range n {
		last := -1
		for len(spine) > 0 && t[g+1]-t[g] > t[spine[len(spine)-1]+1]-t[spine[len(spine)-1]] {
			last = spine[len(spine)-1]
			spine = spine[:len(spine)-1]
		}
		left[g], right[g] = last, -1
		if len(spine) > 0 {
			right[spine[len(spine)-1]] = g
		}
		spine = append(spine, g)
	}
	return left, right, spine[0]
}

func abs[T ~int64 | ~int32](v T) T {
	if v < 0 {
		return -v
	}
	return v
}
