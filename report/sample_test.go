package report

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"testing"

	"duizhang/match"
	"duizhang/parse"
	"duizhang/parse/money"
)

// memory is a source over rows in memory: the row at Pos p is rows[p].
type memory struct {
	match.Source
	rows []parse.Record
}

func (m *memory) Records(ctx context.Context, _ int, at []parse.Pos) ([]parse.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	out := make([]parse.Record, len(at))
	for i, p := range at {
		out[i] = m.rows[p]
	}
	return out, nil
}

func (m *memory) add(r parse.Record) parse.Pos {
	r.Pos = parse.Pos(len(m.rows))
	m.rows = append(m.rows, r)
	return r.Pos
}

// asOf is the day of the sample: Tuesday, 2026-01-06.
const asOf parse.Date = 20459

const yesterday = asOf - 1

func clock(d parse.Date, h, m, s int) parse.Time {
	return parse.Time(int64(d)*86400 + int64(h*3600+m*60+s))
}

// day builds a run row by row.
type day struct {
	run                *Run
	pos, clear, credit *memory
}

func newDay(lang parse.Lang) *day {
	d := &day{pos: &memory{}, clear: &memory{}, credit: &memory{}}
	d.run = &Run{Result: &match.Result{AsOf: asOf}, Pos: d.pos, Clearing: d.clear, Bank: d.credit, Lang: lang, Version: "1.0.0"}
	return d
}

// sale is a plain row; change makes it what the test wants.
func (d *day) sale(m *memory, amount money.Fen, change func(*parse.Record)) parse.Pos {
	n := len(m.rows) + 1
	r := parse.Record{Kind: parse.Sale, Status: parse.OK, Channel: parse.ChannelCard, HasClock: true, Time: clock(yesterday, 9, 3, n%60), Amount: amount}
	r.Text[parse.MerchantID] = "898310000000001"
	r.Text[parse.Store] = "人民路店"
	r.Text[parse.TerminalID] = "00012345"
	r.Text[parse.RefNo] = fmt.Sprintf("%012d", 260105000000+n)
	r.Text[parse.PayMethod] = "银行卡"
	r.Text[parse.CardTail] = "622202******1234"
	r.Text[parse.Acquirer] = "拉卡拉"
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

func (d *day) group(g match.Group) *match.Group {
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

func at(ps ...parse.Pos) []parse.Pos { return ps }

// sample is a day on which everything happens once.
func sample(lang parse.Lang) *Run {
	d := newDay(lang)
	d.differences()
	d.oneSided()
	d.settled()
	d.total()
	d.inputs()
	return d.run
}

func (d *day) pair(sold, cleared money.Fen, g match.Group) *match.Group {
	g.KeyType = match.KeyRef
	g.Pos = at(d.sale(d.pos, sold, nil))
	g.Clearing = at(d.sale(d.clear, cleared, func(r *parse.Record) {
		r.Text[parse.RefNo] = d.pos.rows[g.Pos[0]].Text[parse.RefNo]
		r.Time = d.pos.rows[g.Pos[0]].Time + 2
	}))
	g.DueDate = asOf
	return d.group(g)
}

func (d *day) differences() {
	d.pair(4500, 4000, match.Group{Match: match.Partial, Timing: match.PendingTiming, Reason: match.Reason{Code: match.ReasonLess, Amount: -500}})
	d.pair(1234567_89, 1234567_98, match.Group{Match: match.Over, Timing: match.OnTime, CreditedDate: asOf, Credited: 1227160_58, HasCredited: true, Reason: match.Reason{Code: match.ReasonMore, Amount: 9}})
	d.pair(20000, 20000, match.Group{Match: match.Matched, Timing: match.OnTime, Flags: match.FeeDiff, HasExpectedFee: true, ExpectedFee: 76, Settlement: 1, Reason: match.Reason{Code: match.ReasonAgrees}})
	d.pair(30000, 30000, match.Group{Match: match.Matched, Timing: match.Late, DaysLate: 2, CreditedDate: asOf + 2, Credited: 29820, HasCredited: true, Settlement: 1, Reason: match.Reason{Code: match.ReasonAgrees}})
	d.pair(88800, 88800, match.Group{Match: match.Matched, Timing: match.Overdue, DaysLate: 1, Flags: match.Held | match.RepeatSwipe, Settlement: 2, Reason: match.Reason{Code: match.ReasonAgrees}}).DueDate = asOf - 40
	g := match.Group{Match: match.Matched, KeyType: match.KeyOrder, Flags: match.Split, Timing: match.UnknownTiming, Reason: match.Reason{Code: match.ReasonSplit}}
	order := func(r *parse.Record) { r.Text[parse.OrderNo] = "20260105110000000012345678901234" }
	g.Pos = at(d.sale(d.pos, 4500, order))
	g.Clearing = at(d.sale(d.clear, 2000, order), d.sale(d.clear, 2500, order))
	d.group(g)
	conflict := match.Group{Match: match.Conflict, KeyType: match.KeyOrder, Reason: match.Reason{Code: match.ReasonKindConflict}}
	order = func(r *parse.Record) { r.Text[parse.OrderNo] = "=HYPERLINK(\"http://example.invalid\")" }
	conflict.Pos = at(d.sale(d.pos, 9900, order))
	conflict.Clearing = at(d.sale(d.clear, -9900, func(r *parse.Record) { order(r); r.Kind = parse.Refund }))
	d.group(conflict)
}

func (d *day) oneSided() {
	other := d.sale(d.clear, 5500, nil)
	d.group(match.Group{Match: match.PosOnly, Timing: match.Overdue, DueDate: yesterday, Pos: at(d.sale(d.pos, 5000, nil)),
		Reason: match.Reason{Code: match.ReasonOtherAmount, Other: other, HasOther: true, OtherSide: parse.SideClearing, Amount: 500}})
	d.group(match.Group{Match: match.PosOnly, Pos: at(d.sale(d.pos, 7700, func(r *parse.Record) {
		r.Text[parse.Store] = "一家名字特别特别长的旗舰店（人民广场地铁站七号口下沉式广场二层）"
		r.Text[parse.OrderNo] = "@SUM(A1)"
	})), Reason: match.Reason{Code: match.ReasonNoCandidate}})
	d.group(match.Group{Match: match.ClearingOnly, Clearing: at(other), Reason: match.Reason{Code: match.ReasonNoCandidate}})
	first := d.sale(d.pos, 3000, nil)
	d.group(match.Group{Match: match.Duplicate, Pos: at(d.sale(d.pos, 3000, nil)), Reason: match.Reason{Code: match.ReasonDuplicate, Other: first, HasOther: true, OtherSide: parse.SidePos}})
	void := d.sale(d.pos, -6600, func(r *parse.Record) { r.Kind = parse.Void })
	d.group(match.Group{Match: match.Voided, Pos: at(d.sale(d.pos, 6600, nil), void), Reason: match.Reason{Code: match.ReasonVoided, Other: void, HasOther: true, OtherSide: parse.SidePos}})
	d.group(match.Group{Match: match.ClearingOnly, Timing: match.OnTime, Flags: match.RefundLate, Clearing: at(d.sale(d.clear, -2500, func(r *parse.Record) { r.Kind = parse.Refund })), Reason: match.Reason{Code: match.ReasonNoCandidate}})
	d.group(match.Group{Match: match.Suggested, KeyType: match.KeySuggestion, Pos: at(d.sale(d.pos, 1500, nil)), Clearing: at(d.sale(d.clear, 1500, nil)), Reason: match.Reason{Code: match.ReasonSuggested, Seconds: 185}})
	d.group(match.Group{Match: match.InTransit, Timing: match.PendingTiming, DueDate: asOf + 1, Pos: at(d.sale(d.pos, 12300, func(r *parse.Record) { r.Time = clock(yesterday, 23, 15, 0) })), Reason: match.Reason{Code: match.ReasonAfterCutoff, Day: asOf}})
	d.group(match.Group{Match: match.FailedMatch, Pos: at(d.sale(d.pos, 100, func(r *parse.Record) { r.Status = parse.Failed; r.HasClock = false })), Reason: match.Reason{Code: match.ReasonFailed}})
}

func (d *day) settled() {
	bank := func(amount money.Fen, remark string) parse.Pos {
		r := parse.Record{Time: clock(asOf, 10, 0, 0), HasClock: true, Amount: amount, Source: fmt.Sprintf("银行流水.xlsx:明细!%d", len(d.credit.rows)+2)}
		r.Text[parse.Account] = "6230580000000000001"
		r.Text[parse.Payer] = "拉卡拉支付股份有限公司"
		r.Text[parse.Remark] = remark
		return d.credit.add(r)
	}
	full, part := bank(1300000_00, "898310000000001 0105 划款"), bank(50000, "+划款")
	odd := bank(777, "客户转账")
	base := match.Settlement{Acquirer: "拉卡拉", MerchantID: "898310000000001", Account: "6230580000000000001", Currency: "CNY", ClearingDate: yesterday, Cycle: "T+1", DueDate: asOf}
	s := func(id string, change func(*match.Settlement)) {
		v := base
		v.ID = id
		change(&v)
		d.run.Result.Settlements = append(d.run.Result.Settlements, v)
	}
	s("拉卡拉/898310000000001/2026-01-02", func(v *match.Settlement) {
		v.Credit, v.Timing, v.Transactions, v.Gross, v.Fee, v.Net, v.Credited = match.CreditFull, match.OnTime, 1234, 1307844_06, 7844_06, 1300000_00, 1300000_00
		v.FirstCredit, v.LastCredit, v.CreditSources, v.Reason.Code = asOf, asOf, at(full), match.ReasonPaid
	})
	s("拉卡拉/898310000000001/2026-01-05", func(v *match.Settlement) {
		v.Credit, v.Timing, v.Flags, v.Transactions, v.Gross, v.Fee, v.Net, v.Credited, v.Outstanding = match.CreditPartial, match.Overdue, match.Held, 3, 138800, 533, 138267, 50000, 88267
		v.FirstCredit, v.LastCredit, v.CreditSources = asOf, asOf, at(part)
		v.Reason = match.Reason{Code: match.ReasonShortHeld, N: 1, Amount: 88267}
	})
	s("拉卡拉/898310000000002/2026-01-05", func(v *match.Settlement) {
		v.Claimed, v.PayoutFee, v.Carried = asOf, 100, -50
		v.Credit, v.Timing, v.Transactions, v.Gross, v.Net, v.Outstanding = match.CreditNone, match.Overdue, 2, 15500, 15500, 15500
		v.Reason.Code = match.ReasonNotPaid
	})
	d.run.Result.Credits = []match.Credit{
		{Outcome: match.Identified, Row: full, Date: asOf, Amount: 1300000_00, Allocated: 1300000_00, Settlements: []int32{0}, Reason: match.Reason{Code: match.ReasonByReference}},
		{Outcome: match.Identified, Row: part, Date: asOf, Amount: 50000, Allocated: 50000, Settlements: []int32{1}, Reason: match.Reason{Code: match.ReasonByRest}},
		{Outcome: match.Unidentified, Row: odd, Date: asOf, Amount: 777, Reason: match.Reason{Code: match.ReasonNoSettlement}},
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
		for bit := range match.NumFlags {
			if g.Flags&(1<<bit) != 0 {
				r.Flags[bit]++
			}
		}
	}
	r.Proof.Balanced = true
	for side, m := range map[parse.Side]*memory{parse.SidePos: d.pos, parse.SideClearing: d.clear, parse.SideBank: d.credit} {
		p := &r.Proof.Sides[side]
		p.Accepted = int64(len(m.rows))
		p.Skipped = 1
		for _, row := range m.rows {
			addTo(&p.Amount, "CNY", row.Amount)
		}
		p.Grouped, p.GroupedAmount = p.Accepted, p.Amount
	}
	r.Proof.Sides[parse.SidePos].Rejected = 2
	for side := range r.Proof.Sides {
		p := &r.Proof.Sides[side]
		p.Read = p.Accepted + p.Rejected + p.Skipped
	}
	for i := range 9 {
		for j, name := range []string{"拉卡拉", "微信支付", "支付宝"} {
			n := money.Fen((i*7+j*13)%11+4) * 1234_00
			r.Trend = append(r.Trend, match.TrendPoint{Day: yesterday - parse.Date(9-i), Acquirer: name, Matched: 300, Open: 3, MatchedAmount: n, OpenAmount: n / 9})
		}
	}
	r.Ages = []match.AgeBucket{{Count: 1, Amount: match.Sums{{Currency: "CNY", Amount: 12300}}}, {From: 1, To: 3, Count: 4, Amount: match.Sums{{Currency: "CNY", Amount: 103767}}}, {From: 4, To: -1}}
	r.Fees = []match.FeeLine{
		{FeeKey: match.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000001", Type: match.FeeDebit, Rate: 500_000, Cap: 2000}, FeeSums: match.FeeSums{Rows: 12, Checked: 10, Amount: 500000, Charged: 2522, Expected: 2500, OverRows: 1, Over: 22}},
		{FeeKey: match.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000001", Type: match.FeeUnknown}, FeeSums: match.FeeSums{Rows: 3}},
		{FeeKey: match.FeeKey{Acquirer: "拉卡拉", MerchantID: "898310000000002", Type: match.FeeQR, Rate: match.ZeroRate}, FeeSums: match.FeeSums{Rows: 2, Checked: 2, Amount: 1500}},
	}
	r.Money = match.MoneyProof{OK: true, Credits: match.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000 + 777}}, Allocated: match.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000}}, Unallocated: match.Sums{{Currency: "CNY", Amount: 777}},
		Net: match.Sums{{Currency: "CNY", Amount: 1300000_00 + 138267 + 15500}}, Credited: match.Sums{{Currency: "CNY", Amount: 1300000_00 + 50000}}, Outstanding: match.Sums{{Currency: "CNY", Amount: 88267 + 15500}}}
	r.Warnings = []match.Warning{{Code: "calendar_year", Args: []string{"2027"}}}
}

// quiet adds matched groups that are counted and not listed.
func (d *day) quiet(n int64) {
	t := &d.run.Result.Match[match.Matched]
	t.Groups, t.PosRows, t.ClearingRows = n, n, n
	addTo(&t.PosAmount, "CNY", money.Fen(n)*12345)
	addTo(&t.ClearingAmount, "CNY", money.Fen(n)*12345)
}

func (d *day) inputs() {
	digest := "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	d.run.Files = []File{
		{Path: "in/门店收款 2026-01-05.csv", Name: "门店收款 2026-01-05.csv", Side: parse.SidePos, Layout: "generic_pos", Encoding: "gb18030", SHA256: digest, Bytes: 123456, Rows: 1000, Accepted: 997, Rejected: 2, Skipped: 1, Amount: match.Sums{{Currency: "CNY", Amount: 13579_00}}},
		{Path: "in/JY_20260105.txt", Name: "JY_20260105.txt", Side: parse.SideClearing, Layout: "lakala_jy", Encoding: "utf-8", SHA256: digest, Bytes: 654321, Rows: 990, Accepted: 988, Skipped: 2, Amount: match.Sums{{Currency: "CNY", Amount: 13570_00}}, Control: &Control{DeclaredRows: 988, HasRows: true, DeclaredAmount: 13570_00, HasAmount: true, OK: true}},
		{Path: "in/副本.txt", Name: "副本.txt", Side: parse.SideClearing, Layout: "lakala_jy", Encoding: "utf-8", SHA256: digest, DuplicateOf: "JY_20260105.txt"},
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
