package match

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
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
	key   result.KeyType
	field record.Field
}{{result.KeyOrder, record.OrderNo}, {result.KeyChannel, record.ChannelNo}, {result.KeyRef, record.RefNo}}

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
		if numbers[sd], err = r.readNumbers(ctx, pair.Side(sd)); err != nil {
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
	for _, couple := range slices.Concat(found...) {
		r.propose(result.Reason{Code: result.ReasonNumberDiffers, N: int32(couple.key)}, &r.loose[pair.PosSide][couple.p], &r.loose[pair.ClearingSide][couple.c])
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
		r.askNear(r.loose[pair.PosSide], p, r.loose[pair.ClearingSide], c)
		r.askNear(r.loose[pair.ClearingSide], c, r.loose[pair.PosSide], p)
	})
}

// askNear marks those of some rows that have one of the others within reach;
// both stand in order of time.
func (r *run) askNear(rows []loose, at []uint32, others []loose, near []uint32) {
	reach := r.opt.KeyDays*terms.DaySeconds + terms.DaySeconds/2
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
func (r *run) readNumbers(ctx context.Context, sd pair.Side) ([]numbersOf, error) {
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
	at, numbers := make([]record.Pos, len(rows)), make([]numbersOf, len(rows))
	for i, l := range rows {
		at[i], l.number = l.pos(), uint32(i+1)
	}
	err := r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
		return func(i int, row *record.Row) {
			for k, t := range typoKeys {
				n := bareNumber(row.Text[t.field])
				if t.key == result.KeyRef && len(n) < minRefAlone {
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
	key  result.KeyType
	p, c uint32
}

// typist finds the near numbers of one kind and amount: every number is filed
// under fingerprints of itself and of itself without each of its characters,
// so that two that differ by one meet.
type typist struct {
	r       *run
	numbers *[2][]numbersOf
	at      [2][]uint32
	forms   [2][]numberForm
}

// numberForm is what is left of a row's number; row is its place in the bucket.
type numberForm struct {
	left uint64
	row  uint32
}

// nearNumbers finds the pairs among the rows of one kind and amount of which
// each is the only candidate of the other.
func (r *run) nearNumbers(p, c []uint32, numbers *[2][]numbersOf) (found []numberPair) {
	t := typist{r: r, numbers: numbers, at: [2][]uint32{p, c}}
	only, of := newPartners(len(p)), newPartners(len(c))
	for k := range typoKeys {
		t.file(pair.PosSide, k)
		t.file(pair.ClearingSide, k)
		t.meet(k, func(i, j uint32) {
			only.note(i, j, typoKeys[k].key)
			of.note(j, i, typoKeys[k].key)
		})
	}
	for i := range only {
		if o := only[i]; o.n == 1 && of[o.row].n == 1 {
			found = append(found, numberPair{o.key, p[i], c[o.row]})
		}
	}
	return found
}

// partners are the candidates of some rows: the first of each, and whether
// there are more.
type partners []struct {
	row uint32
	n   uint8 // 2: several
	key result.KeyType
}

func newPartners(n int) partners { return make(partners, n) }

func (l partners) note(i, other uint32, k result.KeyType) {
	switch o := &l[i]; {
	case o.n == 0:
		o.row, o.n, o.key = other, 1, k
	case o.row != other:
		o.n = 2
	}
}

func (t *typist) row(sd pair.Side, i uint32) *loose { return &t.r.loose[sd][t.at[sd][i]] }

func (t *typist) number(sd pair.Side, i uint32, k int) string {
	return t.numbers[sd][t.row(sd, i).number-1][k]
}

// file lists the forms of one side's k-th numbers, in order.
func (t *typist) file(sd pair.Side, k int) {
	list := t.forms[sd][:0]
	for i := range t.at[sd] {
		n := t.number(sd, uint32(i), k)
		if n == "" {
			continue
		}
		list = append(list, numberForm{formHash(n), uint32(i)})
		if len(n) >= minTypo {
			list = appendShorter(list, n, uint32(i))
		}
	}
	slices.SortFunc(list, func(a, b numberForm) int { return cmp.Or(cmp.Compare(a.left, b.left), cmp.Compare(a.row, b.row)) })
	t.forms[sd] = list
}

// formBase is the base of the polynomial that a form's fingerprint is. Who makes
// two of them meet gains nothing: numbers are compared themselves.
const formBase = 0x9e3779b97f4a7c15

func formHash(n string) (h uint64) {
	for i := range len(n) {
		h = h*formBase + uint64(n[i]) + 1
	}
	return h
}

// appendShorter adds the fingerprints of a number without each character: what
// stands before it, moved up by the length of what stands behind it.
func appendShorter(list []numberForm, n string, row uint32) []numberForm {
	behind, power := uint64(0), uint64(1)
	from := len(list)
	for i := len(n) - 1; i >= 0; i-- {
		list = append(list, numberForm{behind, row})
		behind += (uint64(n[i]) + 1) * power
		power *= formBase
	}
	before := uint64(0)
	for i := range len(n) { // the i-th character is the (len-1-i)-th of the list
		at := &list[from+len(n)-1-i]
		at.left += before * powerOf(len(n)-1-i)
		before = before*formBase + uint64(n[i]) + 1
	}
	return list
}

// formPowers are the powers of formBase.
var formPowers = func() (p [64]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = p[i-1] * formBase
	}
	return p
}()

func powerOf(n int) uint64 {
	h := uint64(1)
	for ; n >= len(formPowers); n-- {
		h *= formBase
	}
	return h * formPowers[n]
}

// meet calls take with the rows whose k-th numbers are nearly the same; of rows
// that share a form the first maxLook are looked at.
func (t *typist) meet(k int, take func(i, j uint32)) {
	p, c := t.forms[pair.PosSide], t.forms[pair.ClearingSide]
	for len(p) > 0 && len(c) > 0 {
		switch {
		case p[0].left < c[0].left:
			p = p[1:]
		case p[0].left > c[0].left:
			c = c[1:]
		default:
			n, m := sameForm(p), sameForm(c)
			t.compare(k, p[:min(n, maxLook)], c[:min(m, maxLook)], take)
			p, c = p[n:], c[m:]
		}
	}
}

// sameForm counts the leading forms that are equal.
func sameForm(list []numberForm) int {
	n := 1
	for n < len(list) && list[n].left == list[0].left {
		n++
	}
	return n
}

func (t *typist) compare(k int, p, c []numberForm, take func(i, j uint32)) {
	for _, a := range p {
		l, own := t.row(pair.PosSide, a.row), t.number(pair.PosSide, a.row, k)
		for _, b := range c {
			if o := t.row(pair.ClearingSide, b.row); t.r.withinDays(l, o) && !l.tailConflicts(o) && nearlySame(own, t.number(pair.ClearingSide, b.row, k)) {
				take(a.row, b.row)
			}
		}
	}
}
