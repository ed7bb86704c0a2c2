package match

import (
	"cmp"
	"slices"

	"duizhang/parse"
)

// loose is a row that no key brought together with another, read again with
// everything that voids, suggestions and the evidence of open rows need.
type loose struct {
	fact
	code   code
	digest uint64
	// keys are fingerprints of the four keys in order, 0 where the row does
	// not carry one; bare are the same after a spreadsheet dropped leading
	// zeros; links are order_no, channel_no, and reference and trace number
	// with the terminal, for rows that name the one they cancel; orig is what
	// this row names, alone and with its terminal.
	keys, bare, links [4]uint64
	orig              [2]uint64
	place             [3]uint64 // terminal, merchant, store
	currency          uint64
	tail              [4]byte // of the card, zero if unknown
	merchant          merchantKey
	done              bool  // in a group
	tie               *near // why it was not suggested although others fit
}

// near is a candidate that was not taken.
type near struct {
	other *loose
	n     int
}

// loosen keeps what the later steps need of a row.
func (s *scanner) loosen(row *parse.Row, class uint32) *loose {
	h, text := &s.keyer, row.Text[:]
	l := &loose{fact: newFact(keyValue{}, row, class), code: rowCode(row)}
	l.digest, s.buf = digest(s.buf, row)
	for i, k := range keyOrder {
		if v, ok := h.key(k, row); ok {
			l.keys[i] = v.lo | 1
		}
	}
	bare := *row
	for _, f := range [...]parse.Field{parse.OrderNo, parse.ChannelNo, parse.RefNo, parse.BatchNo, parse.TraceNo, parse.TerminalID} {
		bare.Text[f] = stripZeros(bare.Text[f])
	}
	for i, k := range keyOrder {
		if v, ok := h.key(k, &bare); ok {
			l.bare[i] = v.lo | 1
		}
	}
	terminal := text[parse.TerminalID]
	l.links = [4]uint64{h.hash(text[parse.OrderNo]), h.hash(text[parse.ChannelNo]),
		h.at(terminal, text[parse.RefNo]), h.at(terminal, text[parse.TraceNo])}
	l.orig = [2]uint64{h.hash(text[parse.OrigKey]), h.at(terminal, text[parse.OrigKey])}
	l.place = [3]uint64{h.hash(terminal), h.hash(text[parse.MerchantID]), h.hash(text[parse.Store])}
	if cur := text[parse.Currency]; !isBase(cur) {
		l.currency = h.hash(cur)
	}
	l.tail = cardTail(text[parse.CardTail])
	l.merchant = s.r.merchantOf(l.place[0], class)
	return l
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

// compareLoose is the order in which open rows are looked at: by time (unknown
// last), then content, then position.
func compareLoose(a, b *loose) int {
	return cmp.Or(
		cmp.Compare(a.time-1, b.time-1),
		cmp.Compare(a.amount(), b.amount()),
		cmp.Compare(a.digest, b.digest),
		cmp.Compare(a.pos(), b.pos()),
	)
}

// merchantOf is the merchant whose contract a row goes by as long as it has no
// counterpart. For a clearing row, its own. For a sale, the one merchant whose
// clearing rows show its terminal; else the one the shop's file names; else
// none, and the default contract applies.
func (r *run) merchantOf(terminal uint64, class uint32) merchantKey {
	c := &r.classes.list[class]
	if c.side == posSide {
		if m, ok := r.terminals.shows(terminal); ok {
			return m
		}
	}
	return merchantKey{c.acquirer, c.merchant}
}

// open are the loose rows that are in no group yet and pass the filter.
func open(rows []*loose, ok func(*loose) bool) []*loose {
	var out []*loose
	for _, l := range rows {
		if !l.done && ok(l) {
			out = append(out, l)
		}
	}
	return out
}

func isLive(l *loose) bool { return l.code.live() }

// sortLoose orders both sides' loose rows once; every later step keeps that order.
func (r *run) sortLoose() {
	for sd := range r.loose {
		slices.SortFunc(r.loose[sd], compareLoose)
	}
}
