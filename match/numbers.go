package match

import (
	"cmp"
	"context"
	"slices"

	"duizhang/parse"
)

// Numbers that were mistyped or written otherwise (SPEC section 3.3): rows of
// the same kind and amount within key_days, of which the order, channel or
// reference number differs by one character, or by '#', '-', blanks, case or
// leading zeros, each the only candidate of the other. Only rows that have a
// row of their amount on the other side are read again for their numbers, and
// only those of one amount are compared.

// minTypo is how many characters a number must have for one of them to be
// wrong: shorter ones differ by one as soon as they differ.
const minTypo = 6

// typoKeys are the numbers that are compared, in the order of the keys.
var typoKeys = [...]struct {
	key   KeyType
	field parse.Field
}{{KeyOrder, parse.OrderNo}, {KeyChannel, parse.ChannelNo}, {KeyRef, parse.RefNo}}

// numbersOf are a row's numbers as they are compared, by typoKeys.
type numbersOf [len(typoKeys)]string

// suggestNumbers proposes pairs by numbers that are nearly the same.
func (r *run) suggestNumbers(ctx context.Context) error {
	if err := r.askNumbers(ctx); err != nil {
		return err
	}
	var numbers [2][]numbersOf
	for sd := range numbers {
		var err error
		if numbers[sd], err = r.readNumbers(ctx, side(sd)); err != nil {
			return err
		}
	}
	found := make([][]numberPair, r.opt.Workers)
	err := r.meet(ctx, func(l *loose) uint64 {
		if l.number == 0 {
			return 0
		}
		return l.lot(1, true)
	}, func(w int, p, c []uint32) { found[w] = append(found[w], r.nearNumbers(p, c, &numbers)...) })
	for _, pair := range slices.Concat(found...) {
		r.propose(Reason{Code: ReasonNumberDiffers, N: int32(pair.key)}, &r.loose[posSide][pair.p], &r.loose[clearingSide][pair.c])
	}
	return err
}

// askNumbers marks the open rows that have one of their kind and amount within
// key_days on the other side.
func (r *run) askNumbers(ctx context.Context) error {
	return r.meet(ctx, func(l *loose) uint64 {
		if !l.open() || l.time == 0 || l.tied != 0 {
			return 0
		}
		return l.lot(1, true)
	}, func(_ int, p, c []uint32) {
		r.askNear(r.loose[posSide], p, r.loose[clearingSide], c)
		r.askNear(r.loose[clearingSide], c, r.loose[posSide], p)
	})
}

// askNear marks those of some rows that have one of the others within reach;
// both stand in order of time.
func (r *run) askNear(rows []loose, at []uint32, others []loose, near []uint32) {
	reach := r.opt.KeyDays*daySeconds + daySeconds/2
	j := 0
	for _, i := range at {
		l := &rows[i]
		for j < len(near) && others[near[j]].time < l.time {
			j++
		}
		if j < len(near) && int64(others[near[j]].time)-int64(l.time) <= reach || j > 0 && int64(l.time)-int64(others[near[j-1]].time) <= reach {
			l.number = 1
		}
	}
}

// readNumbers reads the marked rows again for their numbers, and numbers them
// from 1.
func (r *run) readNumbers(ctx context.Context, sd side) ([]numbersOf, error) {
	var rows []*loose
	for i := range r.loose[sd] {
		if l := &r.loose[sd][i]; l.number != 0 {
			rows = append(rows, l)
		}
	}
	if len(rows) == 0 {
		return nil, nil
	}
	slices.SortFunc(rows, func(a, b *loose) int { return cmp.Compare(a.pos(), b.pos()) })
	at, numbers := make([]parse.Pos, len(rows)), make([]numbersOf, len(rows))
	for i, l := range rows {
		at[i], l.number = l.pos(), uint32(i+1)
	}
	err := r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *parse.Row) {
		return func(i int, row *parse.Row) {
			for k, t := range typoKeys {
				n := bareNumber(row.Text[t.field])
				if t.key == KeyRef && len(n) < minRefAlone {
					n = "" // it says nothing without its terminal
				}
				numbers[i][k] = n
			}
		}
	})
	return numbers, err
}

// bareNumber is a number without what people add or drop: '#', '-', blanks,
// leading zeros, case.
func bareNumber(text []byte) string {
	out := make([]byte, 0, len(text))
	for _, c := range text {
		switch {
		case c == '#' || c == '-' || c == ' ':
			continue
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		out = append(out, c)
	}
	return string(stripZeros(out))
}

// nearlySame says whether two plain numbers are equal or differ by one
// character: another one, one too many or one too few.
func nearlySame(a, b string) bool {
	if a == "" || b == "" || a == b {
		return a != "" && a == b
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) < minTypo || len(b) > len(a)+1 {
		return false
	}
	n := 0
	for n < len(a) && a[n] == b[n] {
		n++
	}
	return a[n+1-(len(b)-len(a)):] == b[n+1:]
}

// numberPair is a suggested pair, by indexes into the loose rows.
type numberPair struct {
	key  KeyType
	p, c uint32
}

// typist finds the near numbers of one kind and amount: every number is filed
// under itself and itself without each of its characters, so that two that
// differ by one meet.
type typist struct {
	r       *run
	numbers *[2][]numbersOf
	p, c    []uint32
	of      map[string][]int // clearing rows, by what is left of their number
}

// nearNumbers finds the pairs among the rows of one kind and amount of which
// each is the only candidate of the other.
func (r *run) nearNumbers(p, c []uint32, numbers *[2][]numbersOf) (found []numberPair) {
	t := typist{r: r, numbers: numbers, p: p, c: c}
	partner := make([]int, len(c)) // the only pos row so far, -1: none, -2: several
	for j := range partner {
		partner[j] = -1
	}
	keys, only := make([]KeyType, len(p)), make([]int, len(p))
	for i := range only {
		only[i] = -1
	}
	note := func(i, j int, k KeyType) {
		switch only[i] {
		case -1:
			only[i], keys[i] = j, k
		case j:
			return // by a stricter key already
		default:
			only[i] = -2
		}
		if partner[j] == -1 {
			partner[j] = i
		} else {
			partner[j] = -2
		}
	}
	for k := range typoKeys {
		t.file(k)
		for i := range p {
			t.candidates(i, k, func(j int) { note(i, j, typoKeys[k].key) })
		}
	}
	for i, j := range only {
		if j >= 0 && partner[j] == i {
			found = append(found, numberPair{keys[i], p[i], c[j]})
		}
	}
	return found
}

func (t *typist) row(sd side, i int) *loose { return &t.r.loose[sd][[2][]uint32{t.p, t.c}[sd][i]] }

func (t *typist) number(sd side, i, k int) string { return t.numbers[sd][t.row(sd, i).number-1][k] }

// file files the clearing rows under what is left of their k-th number.
func (t *typist) file(k int) {
	t.of = map[string][]int{}
	for j := range t.c {
		forms(t.number(clearingSide, j, k), func(s string) {
			if list := t.of[s]; len(list) == 0 || list[len(list)-1] != j {
				t.of[s] = append(list, j)
			}
		})
	}
}

// candidates calls take with each clearing row that fits the i-th row, of the
// first maxLook that come into question.
func (t *typist) candidates(i, k int, take func(j int)) {
	own := t.number(posSide, i, k)
	l := t.row(posSide, i)
	var seen []int
	forms(own, func(s string) {
		list := t.of[s]
		for _, j := range list[:min(len(list), maxLook)] {
			o := t.row(clearingSide, j)
			if !slices.Contains(seen, j) && nearlySame(own, t.number(clearingSide, j, k)) && t.r.withinDays(l, o) && !l.tailConflicts(o) && len(seen) < maxNear {
				seen = append(seen, j)
				take(j)
			}
		}
	})
}

// forms calls file with a number and, if it is long enough for one wrong
// character, with what is left of it without each of them.
func forms(n string, file func(string)) {
	if n == "" {
		return
	}
	file(n)
	if len(n) >= minTypo {
		for i := range len(n) {
			file(n[:i] + n[i+1:])
		}
	}
}
