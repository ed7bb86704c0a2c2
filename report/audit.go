package report

import (
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
)

// waterfall is a settlement with the steps from what was sold to what came.
type waterfall struct {
	*settled
	result.Waterfall
}

var waterfallColumns = []column[*waterfall]{
	{text{"收单机构", "Acquirer"}, kText, 14, func(c *cells, s *waterfall) { c.text(s.Acquirer) }},
	{text{"商户号", "Merchant"}, kText, 18, func(c *cells, s *waterfall) { c.text(s.MerchantID) }},
	{text{"清算日期", "Clearing date"}, kDate, 10, func(c *cells, s *waterfall) { c.date(s.ClearingDate) }},
	{text{"销售(元)", "Sales (CNY)"}, kMoney, 20, func(c *cells, s *waterfall) { c.money(s.Sales) }},
	{text{"＋退款(元)", "+ refunds"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(s.Refunds, s.Refunds != 0) }},
	{text{"＋调账(元)", "+ adjustments"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(s.Adjustments, s.Adjustments != 0) }},
	{text{"－手续费(元)", "- fees"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Fees, s.Fees != 0) }},
	{text{"－付款手续费(元)", "- payout fee"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Waterfall.PayoutFee, s.Waterfall.PayoutFee != 0) }},
	{text{"－重复行(元)", "- repeated rows"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Waterfall.Repeated, s.Waterfall.Repeated != 0) }},
	{text{"±结转(元)", "± carried"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(s.Waterfall.Carried, s.Waterfall.Carried != 0) }},
	{text{"－扣留(元)", "- held"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Waterfall.Held, s.Waterfall.Held != 0) }},
	{text{"＋释放(元)", "+ released"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(s.Waterfall.Released, s.Waterfall.Released != 0) }},
	{text{"－未到(元)", "- unpaid"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Unpaid, s.Unpaid != 0) }},
	{text{"＋多到(元)", "+ overpaid"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(s.Overpaid, s.Overpaid != 0) }},
	{text{"－未解释(元)", "- unexplained"}, kMoney, 16, func(c *cells, s *waterfall) { c.moneyIf(-s.Unexplained, s.Unexplained != 0) }},
	{text{"＝到账(元)", "= credited"}, kMoney, 20, func(c *cells, s *waterfall) { c.money(s.Waterfall.Credited) }},
	{text{"核对", "Check"}, kCode, 8, func(c *cells, s *waterfall) { c.text(s.check()) }},
	{text{"结算批次", "Settlement"}, kText, 34, func(c *cells, s *waterfall) { c.text(s.ID) }},
}

// check says whether the steps lead to what was credited.
func (s *waterfall) check() string {
	if s.Sum() == s.Waterfall.Credited {
		return s.say("相符", "agrees")
	}
	return s.say("不符", "DIFFERS")
}

// audited is a line of the audit page: what went into the run and what came out
// of it, with digests, so that somebody else can do it again and compare.
type audited struct {
	group, item, detail string
	rows, in            int64 // of a file: what it holds, and what was used
	counted             bool
	amount              result.Sums
	asked               bool
	digest              string
}

var auditColumns = []column[*audited]{
	{text{"类别", "Group"}, kCode, 14, func(c *cells, a *audited) { c.text(a.group) }},
	{text{"项目", "Item"}, kLog, 40, func(c *cells, a *audited) { c.text(a.item) }},
	{text{"内容", "Detail"}, kLog, 60, func(c *cells, a *audited) { c.text(a.detail) }},
	{text{"行数", "Rows"}, kInt, 10, func(c *cells, a *audited) { a.number(c, a.rows) }},
	{text{"采用行数", "Rows used"}, kInt, 10, func(c *cells, a *audited) { a.number(c, a.in) }},
	{text{"采用金额(元)", "Amount used (CNY)"}, kMoney, 20, func(c *cells, a *audited) { c.moneyIf(base(a.amount), a.asked) }},
	{text{"SHA-256", "SHA-256"}, kID, 50, func(c *cells, a *audited) { c.text(a.digest) }},
}

func (a *audited) number(c *cells, n int64) {
	if !a.counted {
		c.blank()
		return
	}
	c.int(n)
}

// audit is what an auditor asks of a report: what it was made from, by which
// rules and program, that nothing was lost on the way, and who decided what.
func (r *Run) audit() (list []audited) {
	add := func(group text, item, detail string) *audited {
		list = append(list, audited{group: group.in(r.Lang), item: item, detail: detail})
		return &list[len(list)-1]
	}
	program := text{"程序与参数", "Program"}
	add(program, "duizhang", r.Version)
	add(program, text{"对账日期", "as of"}.in(r.Lang), dateText(r.Result.AsOf))
	for _, s := range r.Settings {
		add(program, s.Name, s.Value)
	}
	r.auditFiles(add)
	r.auditSides(add)
	r.auditNight(add)
	return list
}

type adder func(group text, item, detail string) *audited

func (r *Run) auditFiles(add adder) {
	input := text{"输入文件", "Input file"}
	for i := range r.Files {
		f := &r.Files[i]
		parts := []string{sideNames[f.Side].in(r.Lang), f.Layout, f.Encoding, strconv.FormatInt(f.Bytes, 10) + r.say(" 字节", " bytes"), f.Path}
		for _, n := range []struct {
			n      int64
			zh, en string
		}{{f.Rejected, "拒绝 %d 行", "%d rejected"}, {f.Skipped, "跳过 %d 行", "%d skipped"}, {f.Seen, "此前已有 %d 行", "%d seen before"}, {f.Gone, "较早文件另有 %d 行", "%d gone"}} {
			if n.n > 0 {
				parts = append(parts, r.say(n.zh, n.en, n.n))
			}
		}
		for _, c := range f.Checks {
			ok := text{"不符", "DIFFERS"}
			if c.OK {
				ok = text{"相符", "agrees"}
			}
			parts = append(parts, r.say("核对 %s %s（%d 行）", "check %s %s (%d rows)", c.Check, ok.in(r.Lang), c.Lines))
		}
		if f.DuplicateOf != "" {
			parts = append(parts, r.say("内容与 %s 相同，未用", "same content as %s, not used", f.DuplicateOf))
		}
		a := add(input, strings.TrimSpace(r.names[f.Name]+" "+f.Name), strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "；"))
		a.rows, a.in, a.counted, a.amount, a.asked, a.digest = f.Rows, f.Accepted, true, f.Amount, true, f.SHA256
	}
}

// auditSides holds what went in against what the groups, settlements and credits
// account for.
func (r *Run) auditSides(add adder) {
	proof := text{"进出核对", "Proof"}
	for side := record.SidePos; side <= record.SideBank; side++ {
		p := &r.Result.Proof.Sides[side]
		if p.Read+p.Accepted+p.Carried == 0 {
			continue
		}
		a := add(proof, sideNames[side].in(r.Lang), r.say("读入 %d ＝ 接受 %d ＋ 此前已有 %d ＋ 拒绝 %d ＋ 跳过 %d；归组 %d ＝ 接受 ＋ 往日 %d；归组金额 %s",
			"read %d = accepted %d + seen %d + rejected %d + skipped %d; in groups %d = accepted + carried %d, %s", p.Read, p.Accepted, p.Seen, p.Rejected, p.Skipped, p.Grouped, p.Carried, sumsText(p.GroupedAmount)))
		a.rows, a.in, a.counted = p.Read, p.Grouped, true
	}
	o := &r.Result.Owed
	add(proof, text{"收单欠款", "owed"}.in(r.Lang), r.say("合计 %s ＝ 销售 %s（其中逾期 %s）－ 多清算或多付 %s ＋ 退款 %s；另有待认领 %s", "total %s = sales %s (%s of it overdue) - cleared or paid and not sold %s + refunds %s; to be claimed beside: %s",
		grouped(o.Total), grouped(o.Sales+o.Excess), grouped(o.Overdue), grouped(o.Excess), grouped(o.Refunds), grouped(o.Unplaced)))
}

// auditNight is the ledger's part: the chain, and who decided what.
func (r *Run) auditNight(add adder) {
	l := r.Ledger
	if l == nil {
		return
	}
	chain := text{"账本", "Ledger"}
	add(chain, text{"当晚", "night"}.in(r.Lang), dateText(l.Night))
	if l.Base != 0 {
		a := add(chain, text{"上一晚的链尾", "head of the night before"}.in(r.Lang), dateText(l.Base))
		a.digest = l.Head
	}
	add(chain, text{"事项", "items"}.in(r.Lang), r.say("昨日 %d ＋ 新增 %d － 了结 %d ＝ 现有 %d；净欠 %s", "carried %d + opened %d - closed %d = open %d; owed net %s",
		l.Carried, l.Opened, l.Closed, l.Open, grouped(l.Owed)))
	for i := range l.Decisions {
		d := &l.Decisions[i]
		by := d.By
		if by == "" {
			by = text{"未署名", "unsigned"}.in(r.Lang)
		}
		add(text{"处理结果", "Decision"}, d.ItemID, by+"："+d.Effect+"（"+d.Source+"）")
	}
}

// fileDay is whether the files of an acquirer's day are there.
type fileDay uint8

const (
	dayUnknown fileDay = iota
	dayCame
	dayMissing
)

// fileCalendar arranges days × acquirers: of which days files came, and where
// there is a hole.
func (r *Run) fileCalendar() (days []record.Date, acquirers []string, at func(day record.Date, acquirer string) fileDay) {
	type key struct {
		day      record.Date
		acquirer string
	}
	known := map[key]fileDay{}
	for i := range r.Result.Trend {
		if p := &r.Result.Trend[i]; p.Matched > 0 {
			known[key{p.Day, p.Acquirer}] = dayCame
		}
	}
	for i := range r.Result.Settlements {
		s := &r.Result.Settlements[i]
		known[key{s.ClearingDate, s.Acquirer}] = dayCame
	}
	for _, w := range r.Result.Warnings {
		if w.Code == result.WarningMissingDay && len(w.Args) > 2 {
			if day, ok := readDate(w.Args[2]); ok {
				known[key{day, w.Args[0]}] = dayMissing
			}
		}
	}
	if r.Ledger != nil {
		for _, m := range r.Ledger.Missing {
			known[key{m.Day, m.Acquirer}] = dayMissing
		}
	}
	for k := range known {
		days, acquirers = append(days, k.day), append(acquirers, k.acquirer)
	}
	slices.Sort(days)
	slices.Sort(acquirers)
	days, acquirers = slices.Compact(days), slices.Compact(acquirers)
	return days, acquirers, func(day record.Date, acquirer string) fileDay { return known[key{day, acquirer}] }
}

// readDate reads 2006-01-02, as dateText writes it.
func readDate(s string) (record.Date, bool) {
	var n [3]int
	for i, part := range strings.SplitN(s, "-", 3) {
		v, err := strconv.Atoi(part)
		if err != nil {
			return 0, false
		}
		n[i] = v
	}
	return record.DateOf(n[0], n[1], n[2])
}
