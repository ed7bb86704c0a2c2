package match

import (
	"cmp"
	"context"
	"slices"

	"duizhang/parse"
)

// Repeated swipes are found on one side only: the shop's, where it shows
// terminal and card, else the acquirer's. Both would tell the same story at
// twice the price.

// swipeFields are what a row needs to be known as a swipe.
var swipeFields = parse.FieldSet(0).With(parse.TerminalID, parse.CardTail)

// swipeSide says whether swipes are looked for on a side.
func (r *run) swipeSide(sd side) bool {
	shows := func(sd side) bool {
		src := r.source(sd)
		return src != nil && src.Carries()&swipeFields == swipeFields
	}
	if r.opt.Thresholds.SwipeCount < 2 {
		return false
	}
	return shows(sd) && (sd == posSide || !shows(posSide))
}

// swipe files a sale that went through under its terminal and card.
func (s *scanner) swipe(row *parse.Row, class uint32) {
	c := rowCode(row)
	if !c.live() || !row.HasClock || c.kind() != parse.Sale && c.kind() != parse.PreauthComplete {
		return
	}
	if lo := s.keyer.hashPair(row.Text[parse.TerminalID], row.Text[parse.CardTail]); lo != 0 {
		s.swipes.next(uint32(lo>>32)).set(keyValue{lo, uint32(lo >> 32)}, row, class)
	}
}

// markSwipes flags all sales that belong to a run of at least SwipeCount with
// one card at one terminal within SwipeWindow seconds. It lets go of the facts.
func (r *run) markSwipes(ctx context.Context, st *store, sd side) error {
	found := make([][]swiped, r.opt.Workers)
	joiners := make([]*joiner, r.opt.Workers)
	for w := range joiners {
		joiners[w] = &joiner{r: r}
	}
	err := r.parallel(ctx, len(st.parts[sd]), func(w, p int) error {
		j := joiners[w]
		fs, err := st.load(sd, p, j.facts[clearingSide][:0])
		if err != nil {
			return err
		}
		j.facts[clearingSide] = fs
		found[w] = j.swipes(found[w])
		return nil
	})
	r.swiped = map[parse.Pos]swiped{}
	for _, s := range slices.Concat(found...) {
		r.marked[sd].add(s.pos, RepeatSwipe)
		r.swiped[s.pos] = s
	}
	return err
}

// swiped is a repeated swipe: one of so many in a row, and how many seconds lie
// between the first and the last of them.
type swiped struct {
	pos     parse.Pos
	n       int32
	seconds int64
}

// swipes adds one partition's repeated swipes.
func (j *joiner) swipes(found []swiped) []swiped {
	fs, t := j.facts[clearingSide], &j.r.opt.Thresholds
	j.build(fs)
	var run []fact
	for _, h := range j.heads {
		run = run[:0]
		for n := h[clearingSide]; n != 0; n = j.next[clearingSide][n-1] {
			run = append(run, fs[n-1])
		}
		if len(run) < t.SwipeCount {
			continue
		}
		slices.SortFunc(run, func(a, b fact) int { return cmp.Compare(a.time, b.time) })
		first, end := 0, 0 // the swipes in a row that are being gathered
		for i := t.SwipeCount - 1; i < len(run); i++ {
			from := i - t.SwipeCount + 1
			if int64(run[i].time-run[from].time) > t.SwipeWindow {
				continue
			}
			if from >= end {
				found = inARow(found, run[first:end])
				first = from
			}
			end = i + 1
		}
		found = inARow(found, run[first:end])
	}
	return found
}

// inARow adds swipes that follow each other closely, if there are any.
func inARow(found []swiped, row []fact) []swiped {
	for i := range row {
		found = append(found, swiped{row[i].pos(), int32(len(row)), int64(row[len(row)-1].time - row[0].time)})
	}
	return found
}
