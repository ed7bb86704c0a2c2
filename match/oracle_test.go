package match

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// The oracle is the plain definition of the transaction leg: nested loops over
// whole rows, text compared as text, nothing hashed, partitioned or counted.
// It shares no code with the product but the fixed arbitrary order in which
// rows that differ only in content stand (digest).
type oracle struct {
	opt      Options
	p, c     []*oracleRow
	groups   []string
	terminal map[string][]merchantKey
	apart    bool                             // the terminals of the pair at hand differ
	beaten   map[*oracleRow]result.ReasonCode // its key was on a row that went to another
}

type oracleRow struct {
	*record.Row
	clearing bool
	used     bool
	rank     uint64
	kind     record.Kind
	live     bool
	tie      *oracleRow
	mate     *oracleRow
	rival    result.ReasonCode
	proposed bool
}

func oracleRun(pos, clearing []record.Row, opt Options) []string {
	o := &oracle{opt: opt, terminal: map[string][]merchantKey{}, beaten: map[*oracleRow]result.ReasonCode{}}
	o.p, o.c = oracleRows(pos, false), oracleRows(clearing, true)
	for _, r := range o.c {
		if t := r.text(record.TerminalID); t != "" {
			m := merchantKey{opt.Contracts.Name(r.text(record.Acquirer), r.text(record.MerchantID)), r.text(record.MerchantID)}
			if !slices.Contains(o.terminal[t], m) {
				o.terminal[t] = append(o.terminal[t], m)
			}
		}
	}
	for k := result.KeyOrder; k <= result.KeyTrace; k++ {
		o.pass(k)
	}
	o.refAlone()
	o.voids()
	o.suggest()
	o.oneSided()
	sort.Strings(o.groups)
	return o.groups
}

func oracleRows(rows []record.Row, clearing bool) (out []*oracleRow) {
	for i := range rows {
		r := &oracleRow{Row: &rows[i], clearing: clearing, kind: rows[i].Kind}
		if r.kind == record.KindUnknown {
			r.kind = record.Sale
		}
		if r.kind == record.Sale && r.Amount < 0 {
			r.kind = record.Refund
		}
		r.live = r.Status != record.Failed && r.Status != record.Pending && r.kind != record.Preauth && r.kind != record.Payout
		r.rank, _ = digest(nil, r.Row)
		out = append(out, r)
	}
	return out
}

func (r *oracleRow) text(f record.Field) string { return string(r.Text[f]) }

func (r *oracleRow) cur() string {
	if c := r.text(record.Currency); c != "CNY" {
		return c
	}
	return ""
}

// t is the time used for distances: noon where only the day is known.
func (r *oracleRow) t() int64 {
	if r.HasClock || r.Time == 0 {
		return int64(r.Time)
	}
	return int64(r.Time) - int64(r.Time)%86400 + 43200
}

// key is the text of a key; "" if the row does not carry it.
func (r *oracleRow) key(k result.KeyType, strip bool) string {
	f := map[result.KeyType][]record.Field{result.KeyOrder: {record.OrderNo}, result.KeyChannel: {record.ChannelNo},
		result.KeyRef: {record.TerminalID, record.RefNo}, result.KeyTrace: {record.TerminalID, record.BatchNo, record.TraceNo}}[k]
	s := r.cur() + "|"
	for _, f := range f {
		t := r.text(f)
		if t == "" {
			return ""
		}
		if strip {
			if t = strings.TrimLeft(t, "0"); t == "" {
				t = "0"
			}
		}
		s += t + "|"
	}
	if k == result.KeyTrace {
		if r.Time == 0 {
			return ""
		}
		s += fmt.Sprint(int64(r.Time) / 86400)
	}
	return s
}

// before is the order within a side of rows that are alike but for this.
func before(a, b *oracleRow) bool {
	if (a.Time == 0) != (b.Time == 0) {
		return b.Time == 0
	}
	if a.t() != b.t() {
		return a.t() < b.t()
	}
	if a.HasClock != b.HasClock {
		return b.HasClock
	}
	wa, wb := int(a.kind), int(b.kind)
	if a.waits() {
		wa += 64
	}
	if b.waits() {
		wb += 64
	}
	if a.live {
		wa += 16
	}
	if b.live {
		wb += 16
	}
	if wa != wb {
		return wa < wb
	}
	if a.Amount != b.Amount {
		return a.Amount < b.Amount
	}
	if a.rank != b.rank {
		return a.rank < b.rank
	}
	return a.Pos < b.Pos
}

func (o *oracle) pass(k result.KeyType) {
	done := map[string]bool{}
	for _, r := range o.p {
		v := r.key(k, false)
		if v == "" || done[v] || r.used {
			continue
		}
		done[v] = true
		pick := func(rows []*oracleRow) (out []*oracleRow) {
			for _, r := range rows {
				if !r.used && r.kind != record.Payout && r.key(k, false) == v {
					out = append(out, r)
				}
			}
			sort.Slice(out, func(i, j int) bool { return before(out[i], out[j]) })
			return out
		}
		p, c := pick(o.p), pick(o.c)
		if len(p) > 0 && len(c) > 0 {
			o.bucket(k, p, c)
		}
	}
}

func (o *oracle) bucket(k result.KeyType, p, c []*oracleRow) {
	limit := o.opt.KeyDays * 86400
	for _, r := range slices.Concat(p, c) {
		if r.Time != 0 && !r.HasClock {
			limit = o.opt.KeyDays*86400 + 43200
		}
	}
	like := func(a, b *oracleRow) bool {
		return a.kind == b.kind && a.live == b.live && a.waits() == b.waits() && a.Amount == b.Amount
	}
	var paired []*oracleRow
	o.pairs(p, c, limit, like, func(a, b *oracleRow) {
		paired = append(paired, a, b)
		o.both(k, a, b)
	})
	for _, r := range slices.Concat(p, c) {
		for _, q := range paired {
			if !r.used && r.live && q.clearing == r.clearing && like(q, r) && q.t() == r.t() && q.HasClock == r.HasClock {
				o.emit(result.Duplicate, k, result.ReasonDuplicate, q, r)
			}
		}
	}
	for _, negative := range []bool{false, true} {
		o.sums(k, p, c, limit, negative)
	}
	fee := func(r *oracleRow) bool { return r.kind == record.Fee }
	mixed := func(a, b *oracleRow) bool { return a.live != b.live && !fee(a) && !fee(b) }
	sign := func(a, b *oracleRow) bool {
		return a.live && b.live && !fee(a) && !fee(b) && a.negative() != b.negative()
	}
	conflict := func(why result.ReasonCode) func(a, b *oracleRow) {
		return func(a, b *oracleRow) { o.emit(result.Conflict, k, why, nil, a, b) }
	}
	for _, liveP := range []bool{true, false} {
		o.pairs(p, c, limit, func(a, b *oracleRow) bool {
			return mixed(a, b) && a.live == liveP && a.kind == b.kind && a.Amount == b.Amount
		}, conflict(result.ReasonStatusConflict))
	}
	o.pairs(p, c, limit, func(a, b *oracleRow) bool { return a.waits() && b.waits() && !fee(a) && !fee(b) }, func(a, b *oracleRow) { o.both(k, a, b) })
	o.pairs(p, c, limit, func(a, b *oracleRow) bool { return !a.live && !b.live && !fee(a) && !fee(b) }, func(a, b *oracleRow) { o.both(k, a, b) })
	for _, liveP := range []bool{true, false} {
		o.pairs(p, c, limit, func(a, b *oracleRow) bool { return mixed(a, b) && a.live == liveP }, conflict(result.ReasonStatusConflict))
	}
	for _, same := range []bool{true, false} {
		for _, negP := range []bool{false, true} {
			o.pairs(p, c, limit, func(a, b *oracleRow) bool {
				return sign(a, b) && a.negative() == negP && (!same || a.Amount == -b.Amount)
			}, conflict(result.ReasonKindConflict))
		}
	}
	for i, rows := range [2][]*oracleRow{p, c} {
		for _, r := range rows {
			if r.used || o.beaten[r] != result.NoReason {
				continue
			}
			var near *oracleRow
			for _, q := range [2][]*oracleRow{c, p}[i] { // in the order of compareLike
				if q.used && (near == nil || secondsApart(r, q) < secondsApart(r, near)) {
					near = q
				}
			}
			switch {
			case near == nil:
			case r.Time != 0 && near.Time != 0 && secondsApart(r, near) > limit:
				o.beaten[r] = result.ReasonKeyDays
			case r.Time != 0 && near.Time != 0 && near.mate != nil && near.mate.Time != 0 && like(r, near) && secondsApart(r, near) == secondsApart(near.mate, near):
				o.beaten[r] = result.ReasonKeyEven
			default:
				o.beaten[r] = result.ReasonKeyTaken
			}
		}
	}
}

// gap is how far apart two rows are, as numbers: an unknown time is 2000-01-01.
func secondsApart(a, b *oracleRow) int64 {
	x, y := int64(0), int64(0)
	if a.Time != 0 {
		x = a.t() - epoch2000
	}
	if b.Time != 0 {
		y = b.t() - epoch2000
	}
	return max(x-y, y-x)
}

// waits: pending, and money may move yet.
func (r *oracleRow) waits() bool {
	return r.Status == record.Pending && r.kind != record.Preauth && r.kind != record.Payout
}

// refAlone pairs by the reference number without a terminal, where it is unique
// on both sides.
func (o *oracle) refAlone() {
	number := func(r *oracleRow) string {
		ref := r.text(record.RefNo)
		if r.used || len(strings.TrimLeft(ref, "0")) < 8 || r.kind == record.Fee || r.kind == record.Payout {
			return ""
		}
		return r.cur() + "|" + ref
	}
	of := func(rows []*oracleRow, v string) (out []*oracleRow) {
		for _, r := range rows {
			if number(r) == v {
				out = append(out, r)
			}
		}
		return out
	}
	type bucket struct{ p, c []*oracleRow }
	var buckets []bucket
	seen := map[string]bool{"": true}
	for _, r := range o.p {
		if v := number(r); !seen[v] {
			seen[v] = true
			buckets = append(buckets, bucket{of(o.p, v), of(o.c, v)})
		}
	}
	copies := func(a, b *oracleRow) bool {
		return a.kind == b.kind && a.live == b.live && a.waits() == b.waits() && a.Amount == b.Amount && a.t() == b.t() && a.HasClock == b.HasClock &&
			a.text(record.TerminalID) == b.text(record.TerminalID) && lastFour(a) == lastFour(b)
	}
	for _, b := range buckets {
		limit := o.opt.KeyDays * 86400
		for _, r := range slices.Concat(b.p, b.c) {
			if r.Time != 0 && !r.HasClock {
				limit = o.opt.KeyDays*86400 + 43200
			}
		}
		near := func(a, b *oracleRow) bool { return a.Time == 0 || b.Time == 0 || secondsApart(a, b) <= limit }
		for _, p := range b.p {
			for _, c := range b.c {
				if p.used || c.used || !near(p, c) {
					continue
				}
				// Whoever is near to one of the two is a copy of it.
				unique := func(rows []*oracleRow, r *oracleRow) bool {
					return !slices.ContainsFunc(rows, func(q *oracleRow) bool { return (near(q, p) || near(q, c)) && !copies(q, r) })
				}
				tp, tc := p.text(record.TerminalID), c.text(record.TerminalID)
				apart := tp != "" && tc != ""
				if !unique(b.p, p) || !unique(b.c, c) || cardsDiffer(p, c) || apart && (tp == tc || p.kind != c.kind || p.Amount != c.Amount) {
					continue
				}
				same := func(rows []*oracleRow, r *oracleRow) (out []*oracleRow) {
					for _, q := range rows {
						if copies(q, r) {
							out = append(out, q)
						}
					}
					sort.Slice(out, func(i, j int) bool { return before(out[i], out[j]) })
					return out
				}
				o.apart = apart
				o.bucket(result.KeyRefAlone, same(b.p, p), same(b.c, c))
				o.apart = false
			}
		}
	}
}

func (r *oracleRow) negative() bool {
	if r.Amount == 0 {
		return r.kind == record.Refund || r.kind == record.Void || r.kind == record.Reversal
	}
	return r.Amount < 0
}

// both emits a pair of like rows, or of two that did not happen.
func (o *oracle) both(k result.KeyType, a, b *oracleRow) {
	switch {
	case a.waits() && b.waits():
		o.emit(result.InTransit, k, result.ReasonBothPending, nil, a, b)
	case a.live:
		o.emit(result.Matched, k, result.ReasonAgrees, nil, a, b)
	case a.kind == record.Preauth && b.kind == record.Preauth:
		o.emit(result.FailedMatch, k, result.ReasonNoMoney, nil, a, b)
	default:
		o.emit(result.FailedMatch, k, result.ReasonFailed, nil, a, b)
	}
}

// pairs takes, again and again, the pair that is nearest in time of all that
// may pair; where a time is unknown, after all others.
func (o *oracle) pairs(p, c []*oracleRow, limit int64, may func(a, b *oracleRow) bool, pair func(a, b *oracleRow)) {
	for {
		var bestA, bestB *oracleRow
		var best [2]int64
		for _, a := range p { // p and c are in order: the first of equals wins
			for _, b := range c {
				if a.used || b.used || !may(a, b) {
					continue
				}
				d := [2]int64{0, max(a.t()-b.t(), b.t()-a.t())}
				if a.Time == 0 || b.Time == 0 {
					d = [2]int64{1, 0}
					if a.Time == 0 {
						d[1] = 1
						if b.Time == 0 {
							d[1] = 2
						}
					}
				} else if d[1] > limit {
					continue
				}
				if bestA == nil || d[0] < best[0] || d[0] == best[0] && d[1] < best[1] {
					bestA, bestB, best = a, b, d
				}
			}
		}
		if bestA == nil {
			return
		}
		bestA.mate, bestB.mate = bestB, bestA
		pair(bestA, bestB)
	}
}

func (o *oracle) sums(k result.KeyType, p, c []*oracleRow, limit int64, negative bool) {
	pick := func(rows []*oracleRow, timed bool) (out []*oracleRow) {
		for _, r := range rows {
			if !r.used && r.live && r.kind != record.Fee && r.negative() == negative && (r.Time != 0) == timed {
				out = append(out, r)
			}
		}
		return out
	}
	timeless := append(pick(p, false), pick(c, false)...)
	timed := append(pick(p, true), pick(c, true)...)
	sort.SliceStable(timed, func(i, j int) bool { return timed[i].t() < timed[j].t() })
	parts := oracleCut(timed, limit)
	if len(parts) == 0 {
		parts = [][]*oracleRow{nil}
	}
	for _, part := range parts {
		part = append(slices.Clone(part), timeless...)
		var ps, cs []*oracleRow
		for _, r := range part {
			if r.clearing {
				cs = append(cs, r)
			} else {
				ps = append(ps, r)
			}
		}
		if len(ps) == 0 || len(cs) == 0 {
			continue
		}
		timeless = nil
		var sold, cleared money.Fen
		for _, r := range ps {
			sold += r.Amount
		}
		for _, r := range cs {
			cleared += r.Amount
		}
		m, why := result.Matched, result.ReasonAgrees
		switch {
		case max(sold, -sold) < max(cleared, -cleared):
			m, why = result.Over, result.ReasonMore
		case sold != cleared:
			m, why = result.Partial, result.ReasonLess
		case len(part) > 2:
			why = result.ReasonSplit
		}
		o.emit(m, k, why, nil, part...)
	}
}

// oracleCut cuts rows at the widest gap until none spans more than limit.
func oracleCut(rows []*oracleRow, limit int64) [][]*oracleRow {
	if len(rows) == 0 {
		return nil
	}
	if rows[len(rows)-1].t()-rows[0].t() <= limit {
		return [][]*oracleRow{rows}
	}
	at := 1
	for i := 1; i < len(rows); i++ {
		if rows[i].t()-rows[i-1].t() > rows[at].t()-rows[at-1].t() {
			at = i
		}
	}
	return append(oracleCut(rows[:at], limit), oracleCut(rows[at:], limit)...)
}

func (o *oracle) emit(m result.Match, k result.KeyType, why result.ReasonCode, other *oracleRow, rows ...*oracleRow) {
	o.emitFlags(m, k, why, other, 0, rows...)
}

func (o *oracle) emitFlags(m result.Match, k result.KeyType, why result.ReasonCode, other *oracleRow, f result.Flags, rows ...*oracleRow) {
	var p, c []record.Pos
	clock := true
	lo, hi := int64(1<<62), int64(0)
	for _, r := range rows {
		r.used = true
		if r.clearing {
			c = append(c, r.Pos)
		} else {
			p = append(p, r.Pos)
		}
		clock = clock && r.HasClock && r.Time != 0
		lo, hi = min(lo, r.t()), max(hi, r.t())
	}
	if (m == result.Matched || m == result.Partial || m == result.Over) && len(rows) > 2 {
		f |= result.Split
	}
	if o.apart && len(p) > 0 && len(c) > 0 {
		f |= result.TerminalDiff
	}
	if clock && len(p) > 0 && len(c) > 0 && hi-lo > o.opt.TimeDiff && m != result.FailedMatch && m != result.Suggested {
		f |= result.TimeDiff
	}
	if m == result.Matched {
		m, why = creditedOf(rows, m, why)
	}
	slices.Sort(p)
	slices.Sort(c)
	at := record.Pos(0)
	if other != nil {
		at = other.Pos
	}
	o.groups = append(o.groups, groupText(m, k, f, why, at, p, c))
}

// creditedOf compares what the clearing file says was credited with its nets.
func creditedOf(rows []*oracleRow, m result.Match, why result.ReasonCode) (result.Match, result.ReasonCode) {
	var credited, net money.Fen
	for _, r := range rows {
		n := r.Amount - r.Fee
		if r.HasNet {
			n = r.Net
		}
		if r.clearing && r.HasCredited && (r.Credited != 0 || r.CreditedDate != 0) && r.Credited != n && r.Credited != -n {
			credited, net = credited+r.Credited, net+n
		}
	}
	switch {
	case max(credited, -credited) < max(net, -net):
		return result.Partial, result.ReasonCreditedLess
	case credited != net:
		return result.Over, result.ReasonCreditedMore
	}
	return m, why
}

func groupText(m result.Match, k result.KeyType, f result.Flags, why result.ReasonCode, other record.Pos, p, c []record.Pos) string {
	return fmt.Sprintf("%s %s flags=%b reason=%d other=%d pos=%v clearing=%v", m, k, f, why, other, p, c)
}

// voids lets every cancellation, in time order, take the latest sale before it
// that it names or shares a key with.
func (o *oracle) voids() {
	rows := slices.Clone(o.p)
	sort.Slice(rows, func(i, j int) bool { return o.looseLess(rows[i], rows[j]) })
	// when is a time that puts a sale before what may cancel it.
	when := func(r *oracleRow) int64 {
		if r.Time == 0 {
			return 1 << 62
		}
		t := int64(r.Time)
		if !r.HasClock && r.Amount < 0 {
			t = t - t%86400 + 86399
		} else if !r.HasClock {
			t -= t % 86400
		}
		if t *= 2; r.Amount < 0 {
			t++
		}
		return t
	}
	sort.SliceStable(rows, func(i, j int) bool { return when(rows[i]) < when(rows[j]) })
	for k := result.NoKey; k <= result.KeyTrace; k++ {
		link := func(s, v *oracleRow) bool {
			if k != result.NoKey {
				return s.key(k, false) != "" && s.key(k, false) == v.key(k, false)
			}
			orig := v.text(record.OrigKey)
			place := s.text(record.TerminalID) == v.text(record.TerminalID)
			return orig != "" && (orig == s.text(record.OrderNo) || orig == s.text(record.ChannelNo) ||
				place && (orig == s.text(record.RefNo) || orig == s.text(record.TraceNo)))
		}
		fits := func(s, v *oracleRow) bool {
			return !s.used && s.live && (s.kind == record.Sale || s.kind == record.PreauthComplete) && s.Amount > 0 &&
				s.Amount == -v.Amount && s.cur() == v.cur() && link(s, v)
		}
		for _, timed := range []bool{true, false} {
			for i, v := range rows {
				if v.used || !v.live || v.Amount >= 0 || v.kind != record.Void && v.kind != record.Reversal || timed && v.Time == 0 {
					continue
				}
				var sale *oracleRow
				for j, s := range rows {
					switch {
					case !fits(s, v):
					case timed && s.Time != 0 && j < i:
						sale = s
					case !timed && (s.Time == 0 || v.Time == 0) && sale == nil:
						sale = s
					}
				}
				if sale != nil && (!timed || o.withinDays(sale, v)) {
					o.emit(result.Voided, k, result.ReasonVoided, v, sale, v)
				}
			}
		}
	}
	o.lonelyVoids(rows, when)
}

// lonelyVoids cancels the only sale of one card, terminal, day and amount
// before a void that is the only one after it.
func (o *oracle) lonelyVoids(rows []*oracleRow, when func(*oracleRow) int64) {
	sale := func(r *oracleRow) bool {
		return !r.used && r.live && (r.kind == record.Sale || r.kind == record.PreauthComplete) && r.Amount > 0
	}
	void := func(r *oracleRow) bool {
		return !r.used && r.live && (r.kind == record.Void || r.kind == record.Reversal) && r.Amount < 0 && r.text(record.OrigKey) == ""
	}
	fits := func(s, v *oracleRow) bool {
		return sale(s) && void(v) && s.Time != 0 && v.Time != 0 && when(s) < when(v) && s.Time/86400 == v.Time/86400 && s.Amount == -v.Amount &&
			s.cur() == v.cur() && s.text(record.TerminalID) != "" && s.text(record.TerminalID) == v.text(record.TerminalID) && lastFour(s) != "" && lastFour(s) == lastFour(v)
	}
	var pairs [][2]*oracleRow
	for _, v := range rows {
		var sales, voids []*oracleRow
		for _, s := range rows {
			if fits(s, v) {
				sales = append(sales, s)
			}
		}
		if len(sales) != 1 {
			continue
		}
		for _, w := range rows {
			if fits(sales[0], w) {
				voids = append(voids, w)
			}
		}
		if len(voids) == 1 {
			pairs = append(pairs, [2]*oracleRow{sales[0], v})
		}
	}
	for _, pair := range pairs {
		o.emit(result.Voided, result.NoKey, result.ReasonVoided, pair[1], pair[0], pair[1])
	}
}

// looseLess is the order in which open rows are looked at.
func (o *oracle) looseLess(a, b *oracleRow) bool {
	if (a.Time == 0) != (b.Time == 0) {
		return b.Time == 0
	}
	if a.t() != b.t() {
		return a.t() < b.t()
	}
	if a.Amount != b.Amount {
		return a.Amount < b.Amount
	}
	if a.rank != b.rank {
		return a.rank < b.rank
	}
	return a.Pos < b.Pos
}

func (o *oracle) withinDays(a, b *oracleRow) bool {
	if !a.HasClock || !b.HasClock {
		d := int64(a.Time)/86400 - int64(b.Time)/86400
		return max(d, -d) <= o.opt.KeyDays
	}
	d := int64(a.Time - b.Time)
	return max(d, -d) <= o.opt.KeyDays*86400
}

func (o *oracle) distance(a, b *oracleRow) int64 {
	d := int64(a.Time - b.Time)
	if !a.HasClock || !b.HasClock {
		d = (int64(a.Time)/86400 - int64(b.Time)/86400) * 86400
	}
	return max(d, -d)
}

func (o *oracle) inWindow(a, b *oracleRow) bool {
	if !a.HasClock || !b.HasClock {
		return a.Time/86400 == b.Time/86400
	}
	return o.distance(a, b) <= o.opt.TimeWindow
}

func cardsDiffer(a, b *oracleRow) bool {
	return lastFour(a) != "" && lastFour(b) != "" && lastFour(a) != lastFour(b)
}

func lastFour(r *oracleRow) string {
	t := r.text(record.CardTail)
	if len(t) < 4 || strings.Trim(t[len(t)-4:], "0123456789") != "" {
		return ""
	}
	return t[len(t)-4:]
}

// atPlace says that two rows agree in terminal (0), merchant (1) or store (2),
// and that a weaker agreement is not contradicted by the terminals.
func atPlace(level int, a, b *oracleRow) bool {
	f := []record.Field{record.TerminalID, record.MerchantID, record.Store}[level]
	if level > 0 && a.text(record.TerminalID) != "" && b.text(record.TerminalID) != "" {
		return false
	}
	return a.text(f) != "" && a.text(f) == b.text(f)
}

func (o *oracle) suggest() {
	for k := result.KeyOrder; k <= result.KeyTrace; k++ {
		o.suggestWhere(result.ReasonLeadingZeros, func(p, c *oracleRow) bool {
			return p.key(k, true) != "" && p.key(k, true) == c.key(k, true) && p.key(k, false) != c.key(k, false) && o.withinDays(p, c)
		})
	}
	o.suggestNumbers()
	for level := range 3 {
		o.suggestWhere(result.ReasonSuggested, func(p, c *oracleRow) bool {
			return atPlace(level, p, c) && !cardsDiffer(p, c) && o.inWindow(p, c)
		})
	}
	o.suggestAmounts()
}

func (o *oracle) suggestWhere(why result.ReasonCode, fits func(p, c *oracleRow) bool) {
	may := func(p, c *oracleRow) bool {
		return !p.used && !c.used && p.live && c.live && p.Time != 0 && c.Time != 0 && p.tie == nil && c.tie == nil &&
			p.kind == c.kind && p.Amount == c.Amount && p.cur() == c.cur() && fits(p, c)
	}
	best := map[*oracleRow]*oracleRow{}
	count := map[*oracleRow]int{}
	note := func(r, other *oracleRow) {
		switch b := best[r]; {
		case b == nil || o.distance(r, other) < o.distance(r, b):
			best[r], count[r] = other, 1
		case o.distance(r, other) == o.distance(r, b):
			count[r]++
		}
	}
	for _, p := range o.p {
		for _, c := range o.c {
			if may(p, c) {
				note(p, c)
				note(c, p)
			}
		}
	}
	for _, p := range o.p {
		if c := best[p]; c != nil && count[p] == 1 && count[c] == 1 && best[c] == p {
			p.proposed, c.proposed = true, true
			o.emit(result.Suggested, result.KeySuggestion, why, nil, p, c)
		}
	}
	for r, b := range best {
		switch {
		case r.used:
		case count[r] > 1:
			r.tie, r.rival = b, result.ReasonTie
		case count[b] > 1 && o.distance(r, b) == o.distance(best[b], b):
			r.tie, r.rival = b, result.ReasonRivals
		default:
			r.tie, r.rival = b, result.ReasonNearerRival
		}
	}
}

// oneSided decides what is left. Candidates for evidence are the live rows
// that were left on the other side when it began.
func (o *oracle) oneSided() {
	var left [2][]*oracleRow
	for i, rows := range [2][]*oracleRow{o.p, o.c} {
		for _, r := range rows {
			if !r.used || r.proposed {
				left[i] = append(left[i], r)
			}
		}
	}
	for i, rows := range left {
		for _, r := range rows {
			if !r.used {
				o.alone(r, left[1-i])
			}
		}
	}
}

func (o *oracle) alone(r *oracleRow, others []*oracleRow) {
	if !r.live {
		why := result.ReasonNoMoney
		switch {
		case r.kind == record.Payout:
			why = result.ReasonPayoutRow
		case r.Status == record.Failed:
			why = result.ReasonFailed
		case r.Status == record.Pending:
			why = result.ReasonPending
		}
		o.emit(result.FailedMatch, result.NoKey, why, nil, r)
		return
	}
	why := o.evidence(r, others)
	if r.clearing {
		o.emit(result.ClearingOnly, result.NoKey, why, nil, r)
		return
	}
	m := merchantKey{o.opt.Contracts.Name(r.text(record.Acquirer), r.text(record.MerchantID)), r.text(record.MerchantID)}
	if at := o.terminal[r.text(record.TerminalID)]; r.text(record.TerminalID) != "" && len(at) == 1 {
		m = at[0]
	} else if m == (merchantKey{}) {
		m = o.onlyClearer(r)
	}
	contract := o.opt.Contracts.For(m.acquirer, m.merchant, r.Time.Date())
	day := r.ClearingDate
	if day == 0 && r.Time != 0 {
		day = contract.ClearingDay(r.Time, r.HasClock, r.Channel)
	}
	here, later := false, false
	for _, c := range o.c {
		cd := c.ClearingDate
		if cd == 0 && c.Time != 0 {
			cd = o.opt.Contracts.For(c.text(record.Acquirer), c.text(record.MerchantID), c.Time.Date()).ClearingDay(c.Time, c.HasClock, c.Channel)
		}
		if c.kind == record.Payout || m.merchant != "" && c.text(record.MerchantID) != m.merchant ||
			m.acquirer != "" && o.opt.Contracts.Name(c.text(record.Acquirer), c.text(record.MerchantID)) != m.acquirer {
			continue
		}
		if c.Time != 0 && c.Time.Date() == day {
			k := o.opt.Contracts.For(c.text(record.Acquirer), c.text(record.MerchantID), c.Time.Date())
			here = here || k.ClearingDay(c.Time, c.HasClock, c.Channel) == day
		}
		here = here || cd != 0 && cd == day
		later = later || cd != 0 && cd >= day
	}
	switch {
	case day == 0:
		o.emit(result.PosOnly, result.NoKey, why, nil, r)
	case day >= o.opt.AsOf && !later && day > r.Time.Date():
		o.emit(result.InTransit, result.NoKey, result.ReasonAfterCutoff, nil, r)
	case day >= o.opt.AsOf && !later:
		o.emit(result.InTransit, result.NoKey, result.ReasonFileNotDue, nil, r)
	case day < o.opt.AsOf && !here:
		o.emitFlags(result.PosOnly, result.NoKey, result.ReasonNoFile, nil, result.NoFile, r)
	default:
		o.emit(result.PosOnly, result.NoKey, why, nil, r)
	}
}

// onlyClearer is the only acquirer whose clearing rows are of a sale's channel,
// with its merchant number if it has only one for it.
func (o *oracle) onlyClearer(r *oracleRow) (m merchantKey) {
	found := map[merchantKey]bool{}
	acquirers := map[string]bool{}
	for _, c := range o.c {
		fits := r.Channel == record.ChannelUnknown || c.Channel == record.ChannelUnknown || c.Channel == r.Channel
		if fits && r.Channel != record.ChannelOther && c.kind != record.Payout {
			m = merchantKey{o.opt.Contracts.Name(c.text(record.Acquirer), c.text(record.MerchantID)), c.text(record.MerchantID)}
			found[m], acquirers[m.acquirer] = true, true
		}
	}
	switch {
	case len(acquirers) != 1:
		return merchantKey{}
	case len(found) != 1:
		m.merchant = ""
	}
	return m
}

// suggestNumbers pairs rows of one kind and amount whose numbers are nearly the
// same, if each has no other such row.
func (o *oracle) suggestNumbers() {
	plain := func(r *oracleRow, f record.Field) string {
		s := strings.TrimLeft(strings.NewReplacer("#", "", "-", "", " ", "").Replace(strings.ToLower(r.text(f))), "0")
		if s == "" && r.text(f) != "" {
			return "0"
		}
		return s
	}
	near := func(a, b string) bool {
		if a == "" || b == "" || a == b {
			return a != "" && a == b
		}
		for i := range max(len(a), len(b)) {
			without := func(s string) string {
				if i < len(s) {
					return s[:i] + s[i+1:]
				}
				return "?"
			}
			if min(len(a), len(b)) >= 6 && (len(a) == len(b) && without(a) == without(b) || without(a) == b || without(b) == a) {
				return true
			}
		}
		return false
	}
	fits := func(p, c *oracleRow) bool {
		if p.used || c.used || !p.live || !c.live || p.Time == 0 || c.Time == 0 || p.tie != nil || c.tie != nil || p.kind != c.kind ||
			p.Amount != c.Amount || p.cur() != c.cur() || !o.withinDays(p, c) || cardsDiffer(p, c) {
			return false
		}
		for _, f := range []record.Field{record.OrderNo, record.ChannelNo, record.RefNo} {
			if f == record.RefNo && (len(plain(p, f)) < 8 || len(plain(c, f)) < 8) {
				continue
			}
			if near(plain(p, f), plain(c, f)) {
				return true
			}
		}
		return false
	}
	o.soleCandidates(fits, func(p, c *oracleRow) result.ReasonCode { return result.ReasonNumberDiffers })
}

// soleCandidates suggests pairs of which each row is the other's only one.
func (o *oracle) soleCandidates(fits func(p, c *oracleRow) bool, why func(p, c *oracleRow) result.ReasonCode) {
	of := map[*oracleRow][]*oracleRow{}
	for _, p := range o.p {
		for _, c := range o.c {
			if fits(p, c) {
				of[p], of[c] = append(of[p], c), append(of[c], p)
			}
		}
	}
	for _, p := range o.p {
		if c := of[p]; len(c) == 1 && len(of[c[0]]) == 1 {
			p.proposed, c[0].proposed = true, true
			o.emit(result.Suggested, result.KeySuggestion, why(p, c[0]), nil, p, c[0])
		}
	}
}

// suggestAmounts pairs rows of one terminal within the window whose amounts
// differ by the fee or by two digits swapped.
func (o *oracle) suggestAmounts() {
	why := func(p, c *oracleRow) result.ReasonCode {
		net := c.Amount - c.Fee
		if c.HasNet {
			net = c.Net
		}
		fee := c.Amount - net
		if d := c.Amount - p.Amount; fee != 0 && d != 0 && (d == fee || d == -fee) {
			return result.ReasonNetOfFee
		}
		a, b := []byte(fmt.Sprint(max(p.Amount, -p.Amount))), fmt.Sprint(max(c.Amount, -c.Amount))
		for i := 1; i < len(a) && (p.Amount < 0) == (c.Amount < 0); i++ {
			a[i-1], a[i] = a[i], a[i-1]
			if string(a) == b && p.Amount != c.Amount {
				return result.ReasonDigitsSwapped
			}
			a[i-1], a[i] = a[i], a[i-1]
		}
		return result.NoReason
	}
	o.soleCandidates(func(p, c *oracleRow) bool {
		return !p.used && !c.used && p.live && c.live && p.Time != 0 && c.Time != 0 && p.tie == nil && c.tie == nil && p.kind == c.kind && p.cur() == c.cur() &&
			p.text(record.TerminalID) != "" && p.text(record.TerminalID) == c.text(record.TerminalID) && !cardsDiffer(p, c) && o.inWindow(p, c) && why(p, c) != result.NoReason
	}, why)
}

// evidence is the reason code of an open row.
func (o *oracle) evidence(r *oracleRow, others []*oracleRow) result.ReasonCode {
	if r.tie != nil {
		return r.rival
	}
	some := func(ok func(q *oracleRow) bool) bool {
		return r.Time != 0 && slices.ContainsFunc(others, func(q *oracleRow) bool {
			return q.live && q.Time != 0 && ok(q)
		})
	}
	for k := result.KeyOrder; k <= result.KeyTrace; k++ {
		if some(func(q *oracleRow) bool {
			return r.key(k, false) != "" && r.key(k, false) == q.key(k, false) && !o.withinDays(r, q)
		}) {
			return result.ReasonKeyDays
		}
	}
	for level := range 3 {
		var near *oracleRow
		for _, q := range others {
			d := max(q.t()-r.t(), r.t()-q.t())
			if !q.live || q.Time == 0 || r.Time == 0 || !atPlace(level, r, q) || q.kind != r.kind || q.Amount != r.Amount ||
				q.cur() != r.cur() || d > o.opt.KeyDays*86400+43200 {
				continue
			}
			if near == nil || d < max(near.t()-r.t(), r.t()-near.t()) || d == max(near.t()-r.t(), r.t()-near.t()) && earlier(o, r, q, near) {
				near = q
			}
		}
		if near != nil && cardsDiffer(r, near) && o.inWindow(r, near) {
			return result.ReasonOtherCard
		} else if near != nil && o.inWindow(r, near) {
			return result.ReasonNearerRival
		} else if near != nil {
			return result.ReasonOtherTime
		}
	}
	for level := range 3 {
		if some(func(q *oracleRow) bool {
			return atPlace(level, r, q) && q.kind == r.kind && q.Amount != r.Amount && q.cur() == r.cur() && !cardsDiffer(r, q) && o.inWindow(r, q)
		}) {
			return result.ReasonOtherAmount
		}
	}
	if why := o.beaten[r]; why != result.NoReason {
		return why
	}
	return result.ReasonNoCandidate
}

// earlier says which of two equally near rows is met first: the earlier one,
// and of those at one time the one before r's time from the back, else from
// the front.
func earlier(o *oracle, r, q, near *oracleRow) bool {
	if q.t() != near.t() {
		return q.t() < near.t()
	}
	if q.t() < r.t() {
		return o.looseLess(near, q)
	}
	return o.looseLess(q, near)
}
