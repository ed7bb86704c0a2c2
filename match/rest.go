package match

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
)

// loose is a row that no key brought together with another, read again with
// everything that voids, suggestions and the evidence of open rows need. There
// may be as many as there are rows, so it holds no pointers.
type loose struct {
	fact
	detail
	// keys are fingerprints of the four keys in order, 0 where the row does
	// not carry one. bare is where, in run.bares, they stand without leading
	// zeros, as a spreadsheet would have left them; 0: no key has any.
	keys [4]uint64
	bare uint32
	// refAlone is a fingerprint of the reference number where it serves without
	// its terminal, 0 elsewhere.
	refAlone uint64
	// links are order_no, channel_no, and reference and trace number with the
	// terminal: by them a void names its sale. orig is what this row names,
	// alone and with its terminal.
	links    [4]uint64
	orig     [2]uint64
	place    [3]uint64 // terminal, merchant, store
	currency uint64
	tail     [4]byte // of the card, zero if unknown
	wallet   wallet  // of the shop's rows
	code     pair.Traits
	done     bool // in a group
	proposed bool // in a suggested one, which consumes nothing
	hasRef   bool // it has a reference number
	// tied is the candidate (index + 1 on the other side) that also fitted
	// others, so that nothing is suggested, ways how many there are, and rival
	// who they are: ReasonTie, ReasonRivals or ReasonNearerRival.
	tied, ways uint32
	rival      result.ReasonCode
	// near is the candidate (index + 1) that failed a gate, and why which one.
	near uint32
	why  result.ReasonCode
	// number is where its numbers are, while they are compared; 0: they are not.
	number uint32
}

// loosen keeps what the later steps need of a row.
func (s *scanner) loosen(row *record.Row, class uint32) {
	h, text := &s.keyer, row.Text[:]
	l := loose{code: pair.TraitsOf(row)}
	l.fact.set(keyValue{}, row, class)
	l.detail, s.buf = detailOf(s.classer, s.buf, row)
	l.keys = h.keys(row)
	l.hasRef = len(text[record.RefNo]) > 0
	if v, ok := h.key(result.KeyRefAlone, row); ok {
		l.refAlone = v.lo | 1
	}
	if bare := *row; stripRow(&bare) {
		if keys := h.keys(&bare); keys != l.keys {
			s.bares = append(s.bares, keys)
			l.bare = uint32(len(s.bares))
		}
	}
	terminal := text[record.TerminalID]
	if s.sd == pair.PosSide {
		if m := text[record.PayMethod]; len(m) > 0 {
			l.wallet = walletOf(string(m))
		}
		l.links = [4]uint64{h.hash(text[record.OrderNo]), h.hash(text[record.ChannelNo]),
			h.at(terminal, text[record.RefNo]), h.at(terminal, text[record.TraceNo])}
		l.orig = [2]uint64{h.hash(text[record.OrigKey]), h.at(terminal, text[record.OrigKey])}
	}
	l.place = [3]uint64{h.hash(terminal), h.hash(text[record.MerchantID]), h.hash(text[record.Store])}
	if cur := text[record.Currency]; !isBase(cur) {
		l.currency = h.hash(cur)
	}
	l.tail = cardTail(text[record.CardTail])
	s.loose = append(s.loose, l)
}

// keys are the fingerprints of all keys of a row, 0 where it does not carry one.
func (h *keyer) keys(row *record.Row) (keys [4]uint64) {
	for i, k := range keyOrder {
		if v, ok := h.key(k, row); ok {
			keys[i] = v.lo | 1
		}
	}
	return keys
}

// stripRow takes leading zeros off every part of a key, and says whether there were any.
func stripRow(row *record.Row) (any bool) {
	for _, f := range [...]record.Field{record.OrderNo, record.ChannelNo, record.RefNo, record.BatchNo, record.TraceNo, record.TerminalID} {
		bare := stripZeros(row.Text[f])
		any = any || len(bare) != len(row.Text[f])
		row.Text[f] = bare
	}
	return any
}

// at is a fingerprint of an identifier of a terminal, which may be unknown.
func (h *keyer) at(terminal, id []byte) uint64 {
	if len(id) == 0 {
		return 0
	}
	h.buf = append(append(append(h.buf[:0], terminal...), keySep), id...)
	return h.hash(h.buf)
}

// cardTail is the last four digits.
func cardTail(text []byte) (tail [4]byte) {
	if len(text) < 4 {
		return tail
	}
	copy(tail[:], text[len(text)-4:])
	for _, c := range tail {
		if c < '0' || c > '9' {
			return [4]byte{}
		}
	}
	return tail
}

func (l *loose) tailConflicts(o *loose) bool {
	return l.tail != o.tail && l.tail != [4]byte{} && o.tail != [4]byte{}
}

// open says whether a row still has to find its match: in no group, and moving money.
func (l *loose) open() bool { return !l.done && l.code.Live() }

// keep adds what one worker found to the side's loose rows.
func (r *run) keep(sd pair.Side, rows []loose, bares [][4]uint64) {
	base := uint32(len(r.bares))
	for i := range rows {
		if rows[i].bare != 0 {
			rows[i].bare += base
		}
	}
	r.bares = append(r.bares, bares...)
	if len(r.loose[sd]) == 0 {
		r.loose[sd] = rows
		return
	}
	r.loose[sd] = append(r.loose[sd], rows...)
}

// bareKey is a row's key without leading zeros.
func (r *run) bareKey(l *loose, i int) uint64 {
	if l.bare == 0 {
		return l.keys[i]
	}
	return r.bares[l.bare-1][i]
}

// sortLoose orders both sides' loose rows by time (unknown last), then amount,
// content, position. Every later step keeps that order.
func (r *run) sortLoose() {
	type key struct{ time, at uint32 }
	for sd, rows := range r.loose {
		keys := make([]key, len(rows))
		for i := range rows {
			keys[i] = key{rows[i].time - 1, uint32(i)}
		}
		slices.SortFunc(keys, func(a, b key) int {
			if a.time != b.time {
				return cmp.Compare(a.time, b.time)
			}
			x, y := &rows[a.at], &rows[b.at]
			if c := cmp.Compare(x.amount(), y.amount()); c != 0 {
				return c
			}
			return cmp.Or(cmp.Compare(x.digest, y.digest), cmp.Compare(x.pos(), y.pos()))
		})
		sorted := make([]loose, len(rows))
		for i, k := range keys {
			sorted[i] = rows[k.at]
		}
		r.loose[sd] = sorted
	}
}

// bucketed is a loose row under what it has in common with others.
type bucketed struct {
	bucket uint64
	at     uint32
}

// meetParts is in how many parts the buckets are worked on where there are
// many rows.
const meetParts = 256

// meet brings together the rows of both sides that agree in bucket (0: the row
// takes no part). It calls visit with the indexes of either side's rows of one
// bucket, in their order; buckets come in no particular order, from several
// goroutines.
func (r *run) meet(ctx context.Context, bucket func(l *loose) uint64, visit func(w int, p, c []uint32)) error {
	parts := 1
	if len(r.loose[pair.PosSide])+len(r.loose[pair.ClearingSide]) > 16*meetParts {
		parts = meetParts
	}
	var lists [2][][]bucketed
	for sd, rows := range r.loose {
		lists[sd] = make([][]bucketed, parts)
		some := false
		for i := range rows {
			if b := bucket(&rows[i]); b != 0 {
				some = true
				part := &lists[sd][b>>32%uint64(parts)]
				*part = append(*part, bucketed{b, uint32(i)})
			}
		}
		if !some {
			return nil
		}
	}
	return r.parallel(ctx, parts, func(w, i int) error {
		meetPart(lists[pair.PosSide][i], lists[pair.ClearingSide][i], func(p, c []uint32) { visit(w, p, c) })
		return nil
	})
}

func meetPart(p, c []bucketed, visit func(p, c []uint32)) {
	if len(p) == 0 || len(c) == 0 {
		return
	}
	for _, list := range [2][]bucketed{p, c} {
		slices.SortFunc(list, func(a, b bucketed) int {
			if a.bucket != b.bucket {
				return cmp.Compare(a.bucket, b.bucket)
			}
			return cmp.Compare(a.at, b.at)
		})
	}
	var at [2][]uint32
	for len(p) > 0 && len(c) > 0 {
		switch o := cmp.Compare(p[0].bucket, c[0].bucket); {
		case o < 0:
			p = p[1:]
		case o > 0:
			c = c[1:]
		default:
			p, at[pair.PosSide] = takeBucket(p, at[pair.PosSide])
			c, at[pair.ClearingSide] = takeBucket(c, at[pair.ClearingSide])
			visit(at[pair.PosSide], at[pair.ClearingSide])
		}
	}
}

// takeBucket cuts the first bucket off and gives its rows.
func takeBucket(list []bucketed, at []uint32) ([]bucketed, []uint32) {
	at = at[:0]
	b := list[0].bucket
	for len(list) > 0 && list[0].bucket == b {
		at = append(at, list[0].at)
		list = list[1:]
	}
	return list, at
}

// lot mixes what suggested rows must agree in into a bucket.
func (l *loose) lot(place uint64, withAmount bool) uint64 {
	if place == 0 {
		return 0
	}
	h := mix(place^l.currency) + uint64(l.code.Kind())
	if withAmount {
		h = mix(h) + uint64(l.amount())
	}
	return mix(h) | 1
}
