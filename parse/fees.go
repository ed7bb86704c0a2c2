package parse

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// Some acquirers tell the fees of their transactions in a file of its own: the
// rows of UnionPay's ALFEE are brand fees, and trace number and transmission
// time name the transaction in ACOMN that each belongs to. Where both files are
// given, a fee is put on its transaction before anybody sees a row, and its own
// row counts as skipped. What has no transaction, or more than one, or is not
// the only fee of it, stays a row of its own.

// feeDays is how many days the two rows may be apart: times have no year.
const feeDays = 31

// feeRow is one end of a join: a fee, or a transaction that may have one.
type feeRow struct {
	key                uint64 // trace number and MMDDhhmmss, as digits
	pos                record.Pos
	fee                money.Fen
	day                record.Date
	merchant, terminal uint64 // fingerprints; terminal 0 is not said
}

// fits says whether a fee and a transaction of one key can belong together.
func (f *feeRow) fits(t *feeRow) bool {
	apart := f.day - t.day
	return f.merchant == t.merchant && (f.terminal == t.terminal || f.terminal == 0 || t.terminal == 0) && apart <= feeDays && apart >= -feeDays
}

// feeAt is a row of a document that the join changes: the fee of a transaction,
// or a fee's row that is not handed out.
type feeAt struct {
	off int64
	fee money.Fen
}

// joint is what the join says of a document's rows.
type joint struct {
	fees bool // the rows are fees
	rows []feeAt
}

// apply gives an accepted row its fee, or takes it out.
func (j *joint) apply(off int64, row *record.Row) layout.Verdict {
	i, found := slices.BinarySearchFunc(j.rows, off, func(f feeAt, off int64) int { return cmp.Compare(f.off, off) })
	switch {
	case !found:
		return layout.Accepted
	case j.fees:
		return layout.Skipped
	}
	row.Fee, row.HasFee = j.rows[i].fee, true
	return layout.Accepted
}

// joinFees puts the fees of documents of fees on the rows of the documents that
// they are for. It is done anew when a document has dropped out.
func (s *Set) joinFees(ctx context.Context) error {
	var fees, sales []*document
	for _, d := range s.docs {
		if d.file.Used && len(d.plan.Layout.FeesOf) > 0 {
			fees = append(fees, d)
		}
	}
	for _, d := range s.docs {
		if d.file.Used && slices.ContainsFunc(fees, func(f *document) bool { return slices.Contains(f.plan.Layout.FeesOf, d.plan.Layout.Name) }) {
			sales = append(sales, d)
		}
	}
	both := append(slices.Clone(fees), sales...)
	if slices.Equal(both, s.joined) {
		return nil
	}
	for _, d := range append(slices.Clone(s.joined), both...) {
		d.unjoin()
	}
	s.joined = both
	if len(sales) == 0 {
		return nil
	}
	f, err := s.feeRows(ctx, fees, record.FieldSet(0).With(record.OrigKey, record.MerchantID, record.TerminalID), feeEnd)
	if err != nil {
		s.joined = nil
		return err
	}
	t, err := s.feeRows(ctx, sales, record.FieldSet(0).With(record.TraceNo, record.MerchantID, record.TerminalID), saleEnd)
	if err != nil {
		s.joined = nil
		return err
	}
	s.putFees(fees, sales, f, t)
	return nil
}

// unjoin forgets what a join has said, and what a scan has counted by it.
func (d *document) unjoin() {
	d.mu.Lock()
	d.joint, d.index, d.rejects, d.claimed = nil, nil, nil, false
	d.mu.Unlock()
	d.file.Problems = slices.DeleteFunc(d.file.Problems, func(p problem.Problem) bool { return p.Code == codeFeesJoined || p.Code == codeOddDates })
}

// feeRows reads one end of the join, sorted by key.
func (s *Set) feeRows(ctx context.Context, docs []*document, need record.FieldSet, end func(*record.Row) (feeRow, bool)) ([]feeRow, error) {
	workers := runtime.GOMAXPROCS(0)
	run := newRun(docs, need, s.opt, workers)
	run.forget()
	found := make([][]feeRow, workers)
	err := run.scan(ctx, workers, func(w int) func(*record.Row) {
		return func(r *record.Row) {
			if f, ok := end(r); ok {
				found[w] = append(found[w], f)
			}
		}
	})
	all := slices.Concat(found...)
	slices.SortFunc(all, func(a, b feeRow) int { return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.pos, b.pos)) })
	return all, err
}

// feeEnd is a row of fees: orig_key is the trace number and the time.
func feeEnd(r *record.Row) (feeRow, bool) {
	key, err := strconv.ParseUint(string(r.Text[record.OrigKey]), 10, 64)
	return end(r, key, -r.Amount), err == nil && len(r.Text[record.OrigKey]) > 10 && moves(r)
}

// saleEnd is a transaction that lacks its fee.
func saleEnd(r *record.Row) (feeRow, bool) {
	trace, err := strconv.ParseUint(string(r.Text[record.TraceNo]), 10, 32)
	_, month, day := r.Time.Date().YMD()
	clock := r.Time.Clock()
	mmdd := uint64(month*100 + day)
	hhmmss := uint64(clock/3600*10000 + clock/60%60*100 + clock%60)
	ok := err == nil && r.HasClock && !r.HasFee && r.Kind != record.Preauth && moves(r)
	return end(r, trace*1e10+mmdd*1e6+hhmmss, 0), ok
}

// moves says whether a row moves money, so that a fee can be on it.
func moves(r *record.Row) bool { return r.Status == record.OK }

func end(r *record.Row, key uint64, fee money.Fen) feeRow {
	return feeRow{key: key, pos: r.Pos, fee: fee, day: r.Time.Date(), merchant: fingerprint(r.Text[record.MerchantID]), terminal: fingerprint(r.Text[record.TerminalID])}
}

// feeSeed keys the fingerprints, so that nobody can make two numbers alike.
var feeSeed = maphash.MakeSeed()

// fingerprint is 0 for nothing. It is compared only where trace number, time
// and day agree already, so 64 bits are beyond doubt.
func fingerprint(b []byte) uint64 {
	if len(b) == 0 {
		return 0
	}
	return max(maphash.Bytes(feeSeed, b), 1)
}

// putFees joins the two ends where each is the only one for the other.
func (s *Set) putFees(fees, sales []*document, f, t []feeRow) {
	saleOf := make([]int, len(f)) // -1: none, or several
	feesOf := make([]int32, len(t))
	from := 0
	for i := range f {
		for from < len(t) && t[from].key < f[i].key {
			from++
		}
		saleOf[i] = -1
		n := 0
		for k := from; k < len(t) && t[k].key == f[i].key; k++ {
			if f[i].fits(&t[k]) {
				saleOf[i] = k
				feesOf[k]++
				n++
			}
		}
		if n != 1 {
			saleOf[i] = -1
		}
	}
	for _, d := range fees {
		d.joint = &joint{fees: true}
	}
	for _, d := range sales {
		d.joint = &joint{}
	}
	left := map[*document]int{}
	for i := range f {
		d := s.docs[s.docAt(f[i].pos)]
		k := saleOf[i]
		if k < 0 || feesOf[k] != 1 {
			left[d]++
			continue
		}
		d.joint.rows = append(d.joint.rows, feeAt{off: int64(f[i].pos - d.base)})
		sale := s.docs[s.docAt(t[k].pos)]
		sale.joint.rows = append(sale.joint.rows, feeAt{int64(t[k].pos - sale.base), f[i].fee})
	}
	for _, d := range append(slices.Clone(fees), sales...) {
		slices.SortFunc(d.joint.rows, func(a, b feeAt) int { return cmp.Compare(a.off, b.off) })
	}
	for _, d := range fees {
		d.file.Problems = append(d.file.Problems, problem.Problem{Code: codeFeesJoined, File: d.file.Name, Args: []string{fmt.Sprint(len(d.joint.rows)), fmt.Sprint(left[d])}})
	}
}

// forget makes a run one whose counts are not kept.
func (run *scanRun) forget() {
	for _, ds := range run.docs {
		if ds.record {
			ds.doc.unclaim()
		}
		ds.record, ds.hash, ds.lines = false, nil, nil
	}
}

// settleFees is joinFees until no document drops out while it is read.
func (s *Set) settleFees(ctx context.Context) error {
	for {
		err := s.joinFees(ctx)
		var out *OutcastError
		if !errors.As(err, &out) {
			return err
		}
	}
}

const codeFeesJoined problem.Code = "fees_joined"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeFeesJoined: {
		ZH: "{0} 行费用已按系统跟踪号与传输时间并入所属交易，计为跳过；{1} 行找不到唯一的所属交易，仍作为费用行单独列出，请核对两个文件是否同一清算日、是否有重复",
		EN: "{0} rows of fees are on their transactions, found by trace number and transmission time, and count as skipped; {1} have no transaction of their own and stay rows of fees, check that both files are of one clearing day and hold no row twice",
	},
})
