package report

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// memory is a source over rows in memory: the row at Pos p is rows[p].
type memory struct {
	match.Source
	rows []record.Record
}

func (m *memory) Records(ctx context.Context, _ int, at []record.Pos) ([]record.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]record.Record, len(at))
	for i, p := range at {
		out[i] = m.rows[p]
	}
	return out, nil
}

func (m *memory) add(r record.Record) record.Pos {
	r.Pos = record.Pos(len(m.rows))
	m.rows = append(m.rows, r)
	return r.Pos
}

// asOf is the day of the sample: Tuesday, 2026-01-06.
const asOf record.Date = 20459

const yesterday = asOf - 1

func clock(d record.Date, h, m, s int) record.Time {
	return record.Time(int64(d)*86400 + int64(h*3600+m*60+s))
}

// day builds a run row by row.
type day struct {
	run                *Run
	pos, clear, credit *memory
}

func newDay(lang problem.Lang) *day {
	d := &day{pos: &memory{}, clear: &memory{}, credit: &memory{}}
	d.run = &Run{Result: &result.Result{AsOf: asOf}, Pos: d.pos, Clearing: d.clear, Bank: d.credit, Lang: lang, Version: "1.0.0"}
	return d
}

// sale is a plain row; change makes it what the test wants.
func (d *day) sale(m *memory, amount money.Fen, change func(*record.Record)) record.Pos {
	n := len(m.rows) + 1
	r := record.Record{Kind: record.Sale, Status: record.OK, Channel: record.ChannelCard, HasClock: true, Time: clock(yesterday, 9, 3, n%60), Amount: amount}
	r.Text[record.MerchantID] = "898310000000001"
	r.Text[record.Store] = "人民路店"
	r.Text[record.TerminalID] = "00012345"
	r.Text[record.RefNo] = fmt.Sprintf("%012d", 260105000000+n)
	r.Text[record.PayMethod] = "银行卡"
	r.Text[record.CardTail] = "622202******1234"
	r.Text[record.Acquirer] = "拉卡拉"
	name := "门店收款 2026-01-05.csv"
	if m == d.clear {
		name = "JY_20260105.txt"
		r.ClearingDate = yesterday
		r.HasFee, r.HasNet = true, true
		r.Fee = amount * 6 / 1000
		r.Net = amount - r.Fee
	}
	if change != nil {
		change(&r)
	}
	r.Source = fmt.Sprintf("%s:%d", name, n+1)
	return m.add(r)
}

func (d *day) group(g result.Group) *result.Group {
	if g.Settlement == 0 {
		g.Settlement = -1
	}
	for _, p := range g.Pos {
		g.PosAmount += d.pos.rows[p].Amount
	}
	for _, p := range g.Clearing {
		g.ClearingAmount += d.clear.rows[p].Amount
	}
	d.run.Result.Groups = append(d.run.Result.Groups, g)
	return &d.run.Result.Groups[len(d.run.Result.Groups)-1]
}

func at(ps ...record.Pos) []record.Pos { return ps }

// sample is a day on which everything happens once.
func sample(lang problem.Lang) *Run {
	d := newDay(lang)
	d.differences()
	d.oneSided()
	d.settled()
	d.total()
	d.inputs()
	return d.run
}

func (d *day) pair(sold, cleared money.Fen, g result.Group) *result.Group {
	g.KeyType = result.KeyRef
	g.Pos = at(d.sale(d.pos, sold, nil))
	g.Clearing = at(d.sale(d.clear, cleared, func(r *record.Record) {
		r.Text[record.RefNo] = d.pos.rows[g.Pos[0]].Text[record.RefNo]
		r.Time = d.pos.rows[g.Pos[0]].Time + 2
	}))
	g.DueDate = asOf
	return d.group(g)
}

func (d *day) differences() {
	d.pair(4500, 4000, result.Group{Match: result.Partial, Timing: result.PendingTiming, Reason: result.Reason{Code: result.ReasonLess, Amount: -500}})
	d.pair(1234567_89, 1234567_98, result.Group{Match: result.Over, Timing: result.OnTime, CreditedDate: asOf, Credited: 1227160_58, HasCredited: true, Reason: result.Reason{Code: result.ReasonMore, Amount: 9}})
	d.pair(20000, 20000, result.Group{Match: result.Matched, Timing: result.OnTime, Flags: result.FeeDiff, HasExpectedFee: true, ExpectedFee: 76, Settlement: 1, Reason: result.Reason{Code: result.ReasonAgrees}})
	d.pair(30000, 30000, result.Group{Match: result.Matched, Timing: result.Late, DaysLate: 2, CreditedDate: asOf + 2, Credited: 29820, HasCredited: true, Settlement: 1, Reason: result.Reason{Code: result.ReasonAgrees}})
	d.pair(88800, 88800, result.Group{Match: result.Matched, Timing: result.Overdue, DaysLate: 1, Flags: result.Held | result.RepeatSwipe, Settlement: 2, Reason: result.Reason{Code: result.ReasonAgrees}}).DueDate = asOf - 40
	g := result.Group{Match: result.Matched, KeyType: result.KeyOrder, Flags: result.Split, Timing: result.UnknownTiming, Reason: result.Reason{Code: result.ReasonSplit}}
	order := func(r *record.Record) { r.Text[record.OrderNo] = "20260105110000000012345678901234" }
	g.Pos = at(d.sale(d.pos, 4500, order))
	g.Clearing = at(d.sale(d.clear, 2000, order), d.sale(d.clear, 2500, order))
	d.group(g)
	conflict := result.Group{Match: result.Conflict, KeyType: result.KeyOrder, Reason: result.Reason{Code: result.ReasonKindConflict}}
	order = func(r *record.Record) { r.Text[record.OrderNo] = "=HYPERLINK(\"http://example.invalid\")" }
	conflict.Pos = at(d.sale(d.pos, 9900, order))
	conflict.Clearing = at(d.sale(d.clear, -9900, func(r *record.Record) { order(r); r.Kind = record.Refund }))
	d.group(conflict)
}

func (d *day) oneSided() {
	other := d.sale(d.clear, 5500, nil)
	d.group(result.Group{Match: result.PosOnly, Timing: result.Overdue, DueDate: yesterday, Pos: at(d.sale(d.pos, 5000, nil)),
		Reason: result.Reason{Code: result.ReasonOtherAmount, Other: other, HasOther: true, OtherSide: record.SideClearing, Amount: 500}})
	d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, 7700, func(r *record.Record) {
		r.Text[record.Store] = "一家名字特别特别长的旗舰店（人民广场地铁站七号口下沉式广场二层）"
		r.Text[record.OrderNo] = "@SUM(A1)"
	})), Reason: result.Reason{Code: result.ReasonNoCandidate}})
	d.group(result.Group{Match: result.ClearingOnly, Clearing: at(other), Reason: result.Reason{Code: result.ReasonNoCandidate}})
	first := d.sale(d.pos, 3000, nil)
	d.group(result.Group{Match: result.Duplicate, Pos: at(d.sale(d.pos, 3000, nil)), Reason: result.Reason{Code: result.ReasonDuplicate, Other: first, HasOther: true, OtherSide: record.SidePos}})
	void := d.sale(d.pos, -6600, func(r *record.Record) { r.Kind = record.Void })
	d.group(result.Group{Match: result.Voided, Pos: at(d.sale(d.pos, 6600, nil), void), Reason: result.Reason{Code: result.ReasonVoided, Other: void, HasOther: true, OtherSide: record.SidePos}})
	d.group(result.Group{Match: result.ClearingOnly, Timing: result.OnTime, Flags: result.RefundLate, Clearing: at(d.sale(d.clear, -2500, func(r *record.Record) { r.Kind = record.Refund })), Reason: result.Reason{Code: result.ReasonNoCandidate}})
	d.group(result.Group{Match: result.Suggested, KeyType: result.KeySuggestion, Pos: at(d.sale(d.pos, 1500, nil)), Clearing: at(d.sale(d.clear, 1500, nil)), Reason: result.Reason{Code: result.ReasonSuggested, Seconds: 185}})
	d.group(result.Group{Match: result.InTransit, Timing: result.PendingTiming, DueDate: asOf + 1, Pos: at(d.sale(d.pos, 12300, func(r *record.Record) { r.Time = clock(yesterday, 23, 15, 0) })), Reason: result.Reason{Code: result.ReasonAfterCutoff, Day: asOf}})
	d.group(result.Group{Match: result.FailedMatch, Pos: at(d.sale(d.pos, 100, func(r *record.Record) { r.Status = record.Failed; r.HasClock = false })), Reason: result.Reason{Code: result.ReasonFailed}})
}

func (d *day) settled() {
	bank := func(amount money.Fen, remark string) record.Pos {
		r := record.Record{Time: clock(asOf, 10, 0, 0), HasClock: true, Amount: amount, Source: fmt.Sprintf("银行流水.xlsx:明细!%d", len(d.credit.rows)+2)}
		r.Text[record.Account] = "6230580000000000001"
		r.Text[record.Payer] = "拉卡拉支付股份有限公司"
		r.Text[record.Remark] = remark
		return d.credit.add(r)
	}
	full, part := bank(1300000_00, "898310000000001 0105 划款"), bank(50000, "+划款")
	odd := bank(777, "客户转账")
	base := result.Settlement{Acquirer: "拉卡拉", MerchantID: "898310000000001", Account: "6230580000000000001", Currency: "CNY", ClearingDate: yesterday, Cycle: "T+1", DueDate: asOf}
	s := func(id string, change func(*result.Settlement)) {
		v := base
		v.ID = id
		change(&v)
		d.run.Result.Settlements = append(d.run.Result.Settlements, v)
	}
	s("拉卡拉/898310000000001/2026-01-02", func(v *result.Settlement) {
		v.Credit, v.Timing, v.Transactions, v.Gross, v.Fee, v.Net, v.Credited = result.CreditFull, result.OnTime, 1234, 1307844_06, 7844_06, 1300000_00, 1300000_00
		v.FirstCredit, v.LastCredit, v.CreditSources, v.Reason.Code = asOf, asOf, at(full), result.ReasonPaid
	})
	s("拉卡拉/898310000000001/2026-01-05", func(v *result.Settlement) {
		v.Credit, v.Timing, v.Flags, v.Transactions, v.Gross, v.Fee, v.Net, v.Credited, v.Outstanding = result.CreditPartial, result.Overdue, result.Held, 3, 138800, 533, 138267, 50000, 88267
		v.FirstCredit, v.LastCredit, v.CreditSources = asOf, asOf, at(part)
		v.Reason = result.Reason{Code: result.ReasonShortHeld, N: 1, Amount: 88267}
	})
	s("拉卡拉/898310000000002/2026-01-05", func(v *result.Settlement) {
		v.Claimed, v.PayoutFee, v.Carried = asOf, 100, -50
		v.Credit, v.Timing, v.Transactions, v.Gross, v.Net, v.Outstanding = result.CreditNone, result.Overdue, 2, 15500, 15500, 15500
		v.Reason.Code = result.ReasonNotPaid
	})
	d.run.Result.Credits = []result.Credit{
		{Outcome: result.Identified, Row: full, Date: asOf, Amount: 1300000_00, Allocated: 1300000_00, Settlements: []int32{0}, Reason: result.Reason{Code: result.ReasonByReference}},
		{Outcome: result.Identified, Row: part, Date: asOf, Amount: 50000, Allocated: 50000, Settlements: []int32{1}, Reason: result.Reason{Code: result.ReasonByRest}},
		{Outcome: result.Unidentified, Row: odd, Date: asOf, Amount: 777, Reason: result.Reason{Code: result.ReasonNoSettlement}},
	}
}

// total fills in the totals and the proof as the matcher would.
func (d *day) total() {
	r := d.run.Result
	d.quiet(975)
	for i := range r.Groups {
		g := &r.Groups[i]
		t := &r.Match[g.Match]
		t.Groups++
		t.PosRows += int64(len(g.Pos))
		t.ClearingRows += int64(len(g.Clearing))
		addTo(&t.PosAmount, "CNY", g.PosAmount)
		addTo(&t.ClearingAmount, "CNY", g.ClearingAmount)
		r.Timing[g.Timing].Groups++
		addTo(&r.Timing[g.Timing].Amount, "CNY", max(g.PosAmount, g.ClearingAmount))
		for bit := range result.NumFlags {
			if g.Flags&(1<<bit) != 0 {
				r.Flags[bit]++
			}
		}
	}
	r.Proof.Balanced = true
	for side, m := range map[record.Side]*memory{record.SidePos: d.pos, record.SideClearing: d.clear, record.SideBank: d.credit} {
		p := &r.Proof.Sides[side]
		p.Accepted = int64(len(m.rows))
		p.Skipped = 1
		for _, row := range m.rows {
			addTo(&p.Amount, "CNY", row.Amount)
		}
		p.Grouped, p.GroupedAmount = p.Accepted, p.Amount
	}
	r.Proof.Sides[record.SidePos].Rejected = 2
	for side := range r.Proof.Sides {
		p := &r.Proof.Sides[side]
		p.Read = p.Accepted + p.Rejected + p.Skipped
	}
	for i := range 9 {
		for j, name := range []string{"拉卡拉", "微信支付", "支付宝"} {
			n := money.Fen((i*7+j*13)%11+4) * 1234_00
			r.Trend = append(r.Trend, result.TrendPoint{Day: yesterday - record.Date(9-i), Acquirer: name, Matched: 300, Open: 3, MatchedAmount: n, OpenAmount: n / 9})
		}
	}
	for i := range r.Groups {
		g := &r.Groups[i]
		g.Owed = g.Match.Owes(g.PosAmount, g.ClearingAmount)
	}
	r.SumOwed(nil, nil)
	r.Fees = []result.FeeLine{
		{FeeKey: result.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000001", Type: terms.FeeDebit, Rate: 500_000, Cap: 2000}, FeeSums: result.FeeSums{Rows: 12, Checked: 10, Amount: 500000, Charged: 2522, Expected: 2500, OverRows: 1, Over: 22}},
		{FeeKey: result.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000001", Type: terms.FeeUnknown}, FeeSums: result.FeeSums{Rows: 3}},
		{FeeKey: result.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000002", Type: terms.FeeQR, Rate: terms.ZeroRate}, FeeSums: result.FeeSums{Rows: 2, Checked: 2, Amount: 1500}},
	}
	r.Money = result.MoneyProof{OK: true, Credits: result.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000 + 777}}, Allocated: result.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000}}, Unallocated: result.Sums{{Currency: "CNY", Amount: 777}},
		Net: result.Sums{{Currency: "CNY", Amount: 1300000_00 + 138267 + 15500}}, Credited: result.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000}}, Outstanding: result.Sums{{Currency: "CNY", Amount: 88267 + 15500}}}
	r.Warnings = []result.Warning{{Code: "calendar_year", Args: []string{"2027"}}}
}

// quiet adds matched groups that are counted and not listed.
func (d *day) quiet(n int64) {
	t := &d.run.Result.Match[result.Matched]
	t.Groups, t.PosRows, t.ClearingRows = n, n, n
	addTo(&t.PosAmount, "CNY", money.Fen(n)*12345)
	addTo(&t.ClearingAmount, "CNY", money.Fen(n)*12345)
}

func (d *day) inputs() {
	digest := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	d.run.Files = []File{
		{Path: "in/门店收款 2026-01-05.csv", Name: "门店收款 2026-01-05.csv", Side: record.SidePos, Layout: "generic_pos", Encoding: "gb18030", SHA256: digest, Bytes: 123456, Rows: 1000, Accepted: 997, Rejected: 2, Skipped: 1, Amount: result.Sums{{Currency: "CNY", Amount: 13579_00}}},
		{Path: "in/JY_20260105.txt", Name: "JY_20260105.txt", Side: record.SideClearing, Layout: "lakala_jy", Encoding: "utf-8", SHA256: digest, Bytes: 654321, Rows: 990, Accepted: 988, Skipped: 2, Amount: result.Sums{{Currency: "CNY", Amount: 13570_00}}, Control: &Control{DeclaredRows: 988, HasRows: true, DeclaredAmount: 13570_00, HasAmount: true, OK: true}},
		{Path: "in/副本.txt", Name: "副本.txt", Side: record.SideClearing, Layout: "lakala_jy", Encoding: "utf-8", SHA256: digest, DuplicateOf: "JY_20260105.txt"},
		{Path: "in/坏.xlsx", Name: "坏.xlsx", SHA256: digest, Problems: []string{"坏.xlsx: 工作簿有密码，请另存为无密码的文件"}},
	}
	d.run.Settings = []Setting{{"--contracts", "合同.csv"}, {"key_days", "3"}}
	d.run.Rejects = rejectList(
		Reject{"门店收款 2026-01-05.csv:17", "金额", "12.345", "小数超过两位，不能四舍五入；请核对原文件"},
		Reject{"门店收款 2026-01-05.csv:40", "订单号", "1.23457E+17", "号码已被表格软件改成科学计数法；请把该列设为文本后重新导出"})
}

func rejectList(list ...Reject) iter.Seq[Reject] { return slices.Values(list) }

// write writes a run and fails the test if that fails.
func write(t testing.TB, run *Run, out Output) Written {
	t.Helper()
	w, err := Write(t.Context(), run, out)
	if err != nil {
		t.Fatal(err)
	}
	return w
}
