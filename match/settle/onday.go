package settle

import (
	"slices"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// onlyOnDay is the gate for lines and settlements of one amount that meet on
// the very day. That a line comes on the day on which a settlement is due says
// that it is for that one, as long as every older settlement that it could pay
// late has a line of its own day; where one has none, the line may be for it as
// well, and the day decides nothing.
func onlyOnDay(lines []*line, payees []*payee, amount money.Fen, fits func(*line, *payee) bool) func(*line, *payee) bool {
	strict := func(l *line, p *payee) bool { return onDay(l, p) && fits(l, p) }
	left := withoutOwnLine(lines, payees, amount, fits, strict)
	if len(left) == 0 {
		return strict
	}
	return func(l *line, p *payee) bool {
		return strict(l, p) && !slices.ContainsFunc(left, func(q *payee) bool {
			return q != p && q.due < p.due && q.due < l.row.date && fits(l, q)
		})
	}
}

// withoutOwnLine are the settlements that no line of their own day is sure to
// pay: in some way in which such lines pay as many as they can they go without,
// or the line is late money for one that does.
func withoutOwnLine(lines []*line, payees []*payee, amount money.Fen, fits, strict func(*line, *payee) bool) (left []*payee) {
	open := filter(payees, func(p *payee) bool { return p.left == amount })
	if len(open) < 2 {
		return nil
	}
	slices.SortStableFunc(open, compareDays)
	ls, m := linesOnDays(lines, open, strict)
	if m.size == len(open) {
		return nil
	}
	if len(open)*len(ls) > maxPairing {
		return open
	}
	todo, free := []int(nil), make([]bool, len(open))
	for j := range open {
		if m.by[j] < 0 {
			free[j], todo = true, append(todo, j)
		}
	}
	for len(todo) > 0 {
		p := open[todo[0]]
		todo = todo[1:]
		for i, l := range ls {
			if k := m.of[i]; k >= 0 && !free[k] && (l.row.date > p.due || onDay(l, p)) && fits(l, p) {
				free[k], todo = true, append(todo, k)
			}
		}
	}
	return filterAt(open, free)
}

// filterAt is what of a list is marked.
func filterAt[T any](list []T, marked []bool) (out []T) {
	for i, x := range list {
		if marked[i] {
			out = append(out, x)
		}
	}
	return out
}

// linesOnDays pairs as many of the open lines as it can with settlements that
// they meet on the day.
func linesOnDays(lines []*line, payees []*payee, strict func(*line, *payee) bool) ([]*line, *pairing) {
	byDay := map[record.Date][]int{}
	for j, p := range payees {
		byDay[p.due] = append(byDay[p.due], j)
		if p.claim != 0 && p.claim != p.due {
			byDay[p.claim] = append(byDay[p.claim], j)
		}
	}
	ls := filter(lines, func(l *line) bool { return l.open && len(byDay[l.row.date]) > 0 })
	m := &pairing{next: make([][]int, len(ls)), of: make([]int, len(ls)), by: make([]int, len(payees))}
	for j := range m.by {
		m.by[j] = -1
	}
	for i, l := range ls {
		m.of[i] = -1
		for _, j := range byDay[l.row.date] {
			if strict(l, payees[j]) {
				m.next[i] = append(m.next[i], j)
			}
		}
	}
	for i := range ls {
		m.augment(i, make([]bool, len(payees)), -1, -1)
	}
	return ls, m
}
