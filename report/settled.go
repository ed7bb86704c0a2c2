package report

import (
	"context"
	"fmt"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// settled is a settlement with the bank rows that pay it.
type settled struct {
	*result.Settlement
	credits []*record.Record
	asOf    record.Date
	lang    problem.Lang
	decided Decided
}

// feeSum is a line of the sums of fees.
type feeSum struct {
	*result.FeeLine
	lang problem.Lang
}

// feeSums are the lines whose fees could be checked, if the fees of any differ
// from the contract.
func (r *Run) feeSums() (list []*feeSum) {
	differs := false
	for i := range r.Result.Fees {
		l := &r.Result.Fees[i]
		if l.Checked > 0 {
			list = append(list, &feeSum{l, r.Lang})
			differs = differs || l.OverRows+l.UnderRows > 0
		}
	}
	if !differs {
		return nil
	}
	return list
}

func (s *feeSum) rate() string {
	if !s.Rate.Known() {
		return ""
	}
	return s.Rate.String()
}

func (s *feeSum) cap() string {
	if s.Cap == 0 {
		return ""
	}
	return grouped(s.Cap)
}

// credited is a bank row with the settlements that it pays.
type credited struct {
	*result.Credit
	row         *record.Record
	other       *record.Record // the credit that a return reverses
	settlements []string
	near        []*result.Settlement // of the hint
	lang        problem.Lang
	decided     Decided
}

// settlements reads the bank rows of some settlements again.
func (r *Run) settlements(ctx context.Context, list []result.Settlement) ([]settled, error) {
	var at []record.Pos
	for i := range list {
		at = append(at, list[i].CreditSources...)
	}
	rows, err := load(ctx, r.Bank, at)
	if err != nil {
		return nil, err
	}
	out := make([]settled, len(list))
	for i := range list {
		out[i] = settled{&list[i], findAll(&rows, list[i].CreditSources), r.Result.AsOf, r.Lang, r.Ledger.decided(list[i].ItemID)}
	}
	return out, nil
}

// credits reads the rows of some bank lines again.
func (r *Run) credits(ctx context.Context, list []result.Credit) ([]credited, error) {
	var at []record.Pos
	for i := range list {
		at = append(at, list[i].Row)
		if list[i].Reason.HasOther {
			at = append(at, list[i].Reason.Other)
		}
	}
	rows, err := load(ctx, r.Bank, at)
	if err != nil {
		return nil, err
	}
	out := make([]credited, len(list))
	for i := range list {
		c := &list[i]
		out[i] = credited{Credit: c, row: rows.find(c.Row), lang: r.Lang, decided: r.Ledger.decided(c.ItemID)}
		if out[i].row == nil {
			return nil, fmt.Errorf("report: bank row %d of credit %d is gone", c.Row, i)
		}
		if c.Reason.HasOther {
			out[i].other = rows.find(c.Reason.Other)
		}
		for _, s := range c.Settlements {
			out[i].settlements = append(out[i].settlements, r.Result.Settlements[s].ID)
		}
		for _, s := range c.Hint.Settlements {
			out[i].near = append(out[i].near, &r.Result.Settlements[s])
		}
	}
	return out, nil
}

func (s *settled) say(zh, en string, args ...any) string {
	return fmt.Sprintf(text{zh, en}.in(s.lang), args...)
}

// claim says whether what the acquirer says of the money is what the bank shows.
func (s *settled) claim() string {
	switch {
	case s.ClaimDiffers():
		return s.say("不符", "differs")
	case s.Unsettled > 0 && s.Credit != result.CreditUnchecked:
		return s.say("相符", "agrees")
	case s.Claimed == 0 || s.Credit == result.CreditUnchecked || s.CreditedDate == 0:
		return ""
	}
	return s.say("相符", "agrees")
}

// reason is the sentence that explains a settlement.
func (s *settled) reason() string {
	said := s.stateReason()
	for i := range s.Evidence {
		said = joinSentences(said, s.evidence(&s.Evidence[i]), s.lang)
	}
	if s.Unsettled > 0 {
		return joinSentences(said, s.say("收单文件称其中 %d 笔未结算", "the clearing file calls %d of its rows not settled", s.Unsettled), s.lang)
	}
	if !s.ClaimDiffers() || s.Reason.Code == result.ReasonClaimDiffers {
		return said
	}
	if s.CreditedDate == 0 {
		return joinSentences(said, s.say("收单文件称已于 %s 到账", "the clearing file says it was credited on %s", dateText(s.Claimed)), s.lang)
	}
	return joinSentences(said, s.say("收单文件称 %s 到账，银行为 %s", "the clearing file says %s, the bank %s", dateText(s.Claimed), dateText(s.CreditedDate)), s.lang)
}

// evidence explains a flag of a settlement.
func (s *settled) evidence(r *result.Reason) string {
	named := s.NamedAccount
	if named == "" {
		named = s.Account
	}
	switch r.Code {
	case result.ReasonDueDiffers:
		return s.say("收单方预计 %s 付款，按合同应为 %s", "the acquirer promises the money for %s, by the contract it is due on %s", dateText(r.Day), dateText(record.Date(r.N)))
	case result.ReasonFileAccount:
		return s.say("收单文件写的结算账户是 %s，合同约定 %s", "the clearing file pays to account %s, the contract names %s", s.Account, named)
	case result.ReasonPaidAccount:
		for _, c := range s.credits {
			if c.Pos == r.Other {
				return s.say("%s 的款项进了账户 %s，合同约定 %s", "the money of %s went to account %s, the contract names %s", c.Source, c.Text[record.Account], named)
			}
		}
	}
	return ""
}

// stateReason explains how much of the money is there.
func (s *settled) stateReason() string {
	r := &s.Reason
	switch r.Code {
	case result.ReasonUnchecked:
		return s.say("没有覆盖该账户的银行流水，到账未核对", "no bank statement covers the account, the credit is unchecked")
	case result.ReasonPaid:
		return s.say("%s已于 %s 全额到账", "%s was credited in full on %s", s.net(), dateText(s.LastCredit))
	case result.ReasonPaidLate:
		return s.say("应于 %s 到账，实际 %s 到齐，迟 %s", "due on %s, complete on %s, %s late", dateText(s.DueDate), dateText(s.LastCredit), s.days(r.N))
	case result.ReasonNotPaid:
		if seen := s.lastSeen(); seen < s.DueDate {
			return s.say("应于 %s 到账 %s 元，未见入账；流水只到 %s，请补充之后的流水", "%[2]s due on %[1]s has not come; the statement stops on %[3]s, add the later days", dateText(s.DueDate), grouped(s.due()), dateText(seen))
		}
		return s.say("应于 %s 到账 %s 元，至 %s 未到", "%[2]s due on %[1]s had not come by %[3]s", dateText(s.DueDate), grouped(s.due()), dateText(s.lastSeen()))
	case result.ReasonNotDue:
		return s.say("应于 %s 到账 %s 元，尚未到期", "%[2]s is due on %[1]s, not yet", dateText(s.DueDate), grouped(s.due()))
	case result.ReasonOverpaid:
		return s.say("%s，到账 %s 元，多 %s 元", "%s, credited %s, %s too much", s.net(), grouped(s.Credited), grouped(abs(r.Amount)))
	case result.ReasonNegative:
		return s.say("净额为负，%s 元转入下一批次抵扣", "the net is negative, %s is carried into the next settlement", grouped(r.Amount))
	case result.ReasonReopened:
		return s.say("%s 的划款被退回，尚未重新划付", "the payout was returned on %s and not paid again", dateText(r.Day))
	case result.ReasonClaimDiffers:
		return s.say("收单机构称已于 %s 划付，银行流水中没有对应入账", "the acquirer says it paid on %s, the bank does not show it", dateText(r.Day))
	case result.ReasonStatementEnds:
		return s.say("应于 %s 到账 %s 元；流水只到 %s，之后的流水还没有，暂不算逾期", "%[2]s is due on %[1]s; the statement ends on %[3]s, so it is not called overdue yet", dateText(s.DueDate), grouped(s.due()), dateText(r.Day))
	case result.ReasonWithoutCopies:
		return s.say("已于 %s 全额到账：收单文件重复列出 %d 笔，共 %s 元，已从应结净额中扣除", "credited in full on %s: the clearing file lists %d rows twice, %s, which are taken out of the net", dateText(s.LastCredit), r.N, grouped(abs(r.Amount)))
	case result.ReasonMayBePaid:
		return s.say("尚有 %s 元未认定到账：有 %d 笔入账可能是它，但无法区分", "%s is not settled: %d bank lines could be it but cannot be told apart", grouped(r.Amount), r.N)
	case result.ReasonNetted:
		return s.say("前面批次转入的 %s 元抵扣后，本批次无需划付", "%s carried in from earlier settlements uses it up, nothing is due", grouped(r.Amount))
	}
	return s.shortReason()
}

// shortReason explains a settlement of which a part came.
func (s *settled) shortReason() string {
	r := &s.Reason
	short := s.say("%s，到账 %s 元，少 %s 元", "%s, credited %s, %s short", s.net(), grouped(s.Credited), grouped(abs(r.Amount)))
	switch r.Code {
	case result.ReasonShortHeld:
		return short + s.say("，恰好是其中 %d 笔的净额之和（已标记）", ": exactly the nets of %d of its rows (marked)", r.N)
	case result.ReasonShortMany:
		return short + s.say("，有 %d 组交易都能解释，不作标记", ": %d sets of rows would explain it, none is marked", r.N)
	case result.ReasonShortOpen:
		return short + s.say("，没有哪几笔交易的净额恰好等于它", ": no set of its rows adds up to it")
	case result.ReasonShortGaveUp:
		if r.N == 0 {
			return short + s.say("，笔数太多，没有查找是哪几笔", ": the rows are too many to look for those held back")
		}
		return short + s.say("，%d 笔以内没有恰好等于它的，更多笔的组合太多，不再查找", ": no set of up to %d rows adds up to it, larger ones are too many to look at", r.N)
	}
	return ""
}

// lastSeen is the last day on which the bank side would have shown the money.
func (s *settled) lastSeen() record.Date {
	if s.ShownTo != 0 {
		return s.ShownTo
	}
	return s.asOf
}

// due is what should come: the net, with what other settlements carried into it.
func (s *settled) due() money.Fen { return s.Net + s.Carried }

// net is what should come in words.
func (s *settled) net() string {
	if s.Carried == 0 {
		return s.say("应结净额 %s 元", "net %s", grouped(s.Net))
	}
	return s.say("应结净额 %s 元（净额 %s 元，前面批次转入 %s 元）", "net %s (%s, and %s carried in)", grouped(s.due()), grouped(s.Net), grouped(s.Carried))
}

// days counts as the cycle does: business days for T+n, calendar days for D+n.
func (s *settled) days(n int32) string {
	if strings.HasPrefix(s.Cycle, "D") {
		return s.say("%d 天", "%d calendar days", n)
	}
	return s.say("%d 个工作日", "%d business days", n)
}

// sources are the bank rows that pay it.
func (s *settled) sources() string { return all(s.credits, source) }

func (c *credited) say(zh, en string, args ...any) string {
	return fmt.Sprintf(text{zh, en}.in(c.lang), args...)
}

// reason is the sentence that explains a bank line.
func (c *credited) reason() string {
	said := c.outcomeReason()
	if hint := c.hint(); hint != "" {
		return joinSentences(said, hint, c.lang)
	}
	return said
}

// hint says which settlement an unplaced line is nearest to, and what the
// difference looks like.
func (c *credited) hint() string {
	if c.Hint.GaveUp {
		return c.say("入账太多，没有再找最接近的结算批次", "there are too many credits: the settlement nearest to it was not looked for")
	}
	if len(c.near) == 0 {
		return ""
	}
	ids, lack, apart := c.nearList(), c.nearLack(), grouped(abs(c.Hint.Amount))
	switch c.Hint.Kind {
	case result.HintEqual:
		return c.say("金额等于结算批次 %s 尚缺的 %s 元", "its amount is what the settlement %s lacks, %s", ids, lack)
	case result.HintTransposed:
		return c.say("最接近结算批次 %s，尚缺 %s 元：像是相邻两位数字颠倒", "nearest is the settlement %s, which lacks %s: it looks as if two digits changed places", ids, lack)
	case result.HintFen:
		return c.say("最接近结算批次 %s，尚缺 %s 元：只差 %s 元", "nearest is the settlement %s, which lacks %s: only %s apart", ids, lack, apart)
	case result.HintGross:
		return c.say("最接近结算批次 %s，尚缺 %s 元：像是按总额到账，没有扣 %s 元手续费", "nearest is the settlement %s, which lacks %s: it looks like the gross amount, fees of %s not taken off", ids, lack, apart)
	case result.HintFee:
		return c.say("最接近结算批次 %s，尚缺 %s 元：少 %s 元，像是扣了转账手续费", "nearest is the settlement %s, which lacks %s: %s less, which looks like a transfer fee", ids, lack, apart)
	case result.HintSeveral:
		return c.say("最接近结算批次 %s，合计尚缺 %s 元：少 %s 元，像是合并划款并扣了手续费", "nearest are the settlements %s, which lack %s together: %s less, which looks like one payout less a fee", ids, lack, apart)
	case result.HintPaid:
		return c.say("金额等于结算批次 %s 的应结净额，但它已全额到账", "its amount is that of the settlement %s, which is paid already", ids)
	}
	return c.say("金额最接近的结算批次是 %s，尚缺 %s 元，相差 %s 元", "nearest in amount is the settlement %s, which lacks %s, %s apart", ids, lack, apart)
}

func (c *credited) nearList() string {
	var ids []string
	for _, s := range c.near {
		ids = append(ids, s.ID)
	}
	return strings.Join(ids, "、")
}

func (c *credited) nearLack() string {
	return grouped(c.Amount - c.Hint.Amount)
}

// outcomeReason explains what became of a bank line.
func (c *credited) outcomeReason() string {
	n, list := c.Reason.N, c.settlementList()
	switch c.Reason.Code {
	case result.ReasonByReference:
		return c.say("附言写明了结算批次 %s", "the remark names the settlement %s", list)
	case result.ReasonOneToOne:
		return c.say("金额等于结算批次 %s 应到的金额，日期相符", "amount and date fit the settlement %s", list)
	case result.ReasonOneOfEqual:
		return c.say("%d 个金额相同的结算批次都有入账，这笔记在 %s；哪笔对应哪个批次无法区分，不影响结果", "%d settlements of this amount are all paid, this one is put on %s; which line pays which cannot be told and changes nothing", n, list)
	case result.ReasonOneToMany:
		return c.say("等于 %d 个结算批次的净额之和：%s", "equals the nets of %d settlements: %s", len(c.settlements), list)
	case result.ReasonManyToOne:
		return c.say("与其他入账共 %d 笔合成结算批次 %s", "one of %d credits that make up the settlement %s", n, list)
	case result.ReasonNamedPart:
		return c.say("附言写明了商户，是结算批次 %s 的一部分", "the remark names the merchant: a part of the settlement %s", list)
	case result.ReasonByRest:
		return c.say("没有写明批次，按到账日前三个工作日内到期的未清批次记作 %s 的一部分", "it names no settlement: taken for a part of %s, the one unpaid settlement that fell due within three business days", list)
	case result.ReasonNotAcquirer:
		return c.say("付款方和附言都不是收单机构", "neither payer nor remark names an acquirer")
	case result.ReasonNoSettlement:
		return c.say("来自收单机构，但附近没有与它金额相符的未清批次", "from an acquirer, but no open settlement near it has this amount")
	case result.ReasonNetOfCopies:
		return c.say("等于结算批次 %s 扣除重复行后尚缺的金额", "it is what the settlement %s lacks without the rows that stand twice in the clearing file", list)
	case result.ReasonStranger:
		return c.say("附言写的商户号不在收单文件和合同里", "the remark names a merchant number that neither the clearing files nor the contracts know")
	case result.ReasonStray:
		return c.say("附言说明它不是交易结算款", "its remark says that it is no payout of sales")
	case result.ReasonChance:
		return c.say("有结算批次的合计等于它，但金额太整，可能只是巧合，不作认定", "a set of settlements has this sum, but among amounts so round that may be chance, none is chosen")
	case result.ReasonTwoWays:
		return c.say("有 %d 种分配都说得通，不作猜测", "%d allocations would fit, none is chosen", n)
	case result.ReasonSearchGaveUp:
		return c.say("组合太多，查找已停止，请人工认领", "the search was stopped at its limit: please allocate by hand")
	case result.ReasonReturnedPayout:
		if c.other == nil {
			return c.say("退票/冲账，找不到被冲的入账", "a returned payout, the credit it reverses is not here")
		}
		return c.say("退票/冲账，冲回 %s 的 %s 元", "a returned payout, reverses %s (%s)", c.other.Source, grouped(c.other.Amount))
	default:
		return c.lineReason()
	}
}

// lineReason explains a bank line that is no payout of the period.
func (c *credited) lineReason() string {
	switch c.Reason.Code {
	case result.ReasonOutgoing:
		return c.say("支出，不是入账", "money going out, no credit")
	case result.ReasonAfterAsOf:
		return c.say("晚于对账日期，本次不计", "after the as-of day, not counted in this run")
	case result.ReasonOldAccount:
		return c.say("按金额和日期归到结算批次 %s，但入账账户不是该批次的结算账户", "placed in the settlement %s by amount and day, though it came to another account than the settlement's", c.settlementList())
	case result.ReasonPayoutList:
		return c.say("收单机构自己的出款记录；是否到账以该账户的银行流水为准", "a line of the acquirer's own payout list; the account's statement decides what came")
	case result.ReasonFailedPayout:
		return c.say("收单机构出款失败，没有到账", "the acquirer's payout failed, nothing came")
	}
	return ""
}

// maxListed bounds the settlements that a sentence names.
const maxListed = 5

func (c *credited) settlementList() string {
	list := c.settlements
	if len(list) <= maxListed {
		return strings.Join(list, "、")
	}
	return strings.Join(list[:maxListed], "、") + " …"
}

// settlementLines are the settlements of a credit, one below the other.
func (c *credited) settlementLines() string { return strings.Join(c.settlements, "\n") }
