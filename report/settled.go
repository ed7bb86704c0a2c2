package report

import (
	"context"
	"fmt"
	"strings"

	"duizhang/match"
	"duizhang/parse"
	"duizhang/parse/money"
)

// settled is a settlement with the bank rows that pay it.
type settled struct {
	*match.Settlement
	credits []*parse.Record
	asOf    parse.Date
	lang    parse.Lang
}

// feeSum is a line of the sums of fees.
type feeSum struct {
	*match.FeeLine
	lang parse.Lang
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
	*match.Credit
	row         *parse.Record
	other       *parse.Record // the credit that a return reverses
	settlements []string
	lang        parse.Lang
}

// settlements reads the bank rows of some settlements again.
func (r *Run) settlements(ctx context.Context, list []match.Settlement) ([]settled, error) {
	var at []parse.Pos
	for i := range list {
		at = append(at, list[i].CreditSources...)
	}
	rows, err := load(ctx, r.Bank, at)
	if err != nil {
		return nil, err
	}
	out := make([]settled, len(list))
	for i := range list {
		out[i] = settled{&list[i], findAll(&rows, list[i].CreditSources), r.Result.AsOf, r.Lang}
	}
	return out, nil
}

// credits reads the rows of some bank lines again.
func (r *Run) credits(ctx context.Context, list []match.Credit) ([]credited, error) {
	var at []parse.Pos
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
		out[i] = credited{Credit: c, row: rows.find(c.Row), lang: r.Lang}
		if out[i].row == nil {
			return nil, fmt.Errorf("report: bank row %d of credit %d is gone", c.Row, i)
		}
		if c.Reason.HasOther {
			out[i].other = rows.find(c.Reason.Other)
		}
		for _, s := range c.Settlements {
			out[i].settlements = append(out[i].settlements, r.Result.Settlements[s].ID)
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
	case s.Unsettled > 0 && s.Credit != match.CreditUnchecked:
		return s.say("相符", "agrees")
	case s.Claimed == 0 || s.Credit == match.CreditUnchecked || s.CreditedDate == 0:
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
	if !s.ClaimDiffers() || s.Reason.Code == match.ReasonClaimDiffers {
		return said
	}
	if s.CreditedDate == 0 {
		return joinSentences(said, s.say("收单文件称已于 %s 到账", "the clearing file says it was credited on %s", dateText(s.Claimed)), s.lang)
	}
	return joinSentences(said, s.say("收单文件称 %s 到账，银行为 %s", "the clearing file says %s, the bank %s", dateText(s.Claimed), dateText(s.CreditedDate)), s.lang)
}

// evidence explains a flag of a settlement.
func (s *settled) evidence(r *match.Reason) string {
	named := s.NamedAccount
	if named == "" {
		named = s.Account
	}
	switch r.Code {
	case match.ReasonFileAccount:
		return s.say("收单文件写的结算账户是 %s，合同约定 %s", "the clearing file pays to account %s, the contract names %s", s.Account, named)
	case match.ReasonPaidAccount:
		for _, c := range s.credits {
			if c.Pos == r.Other {
				return s.say("%s 的款项进了账户 %s，合同约定 %s", "the money of %s went to account %s, the contract names %s", c.Source, c.Text[parse.Account], named)
			}
		}
	}
	return ""
}

// stateReason explains how much of the money is there.
func (s *settled) stateReason() string {
	r := &s.Reason
	switch r.Code {
	case match.ReasonUnchecked:
		return s.say("没有覆盖该账户的银行流水，到账未核对", "no bank statement covers the account, the credit is unchecked")
	case match.ReasonPaid:
		return s.say("%s已于 %s 全额到账", "%s was credited in full on %s", s.net(), dateText(s.LastCredit))
	case match.ReasonPaidLate:
		return s.say("应于 %s 到账，实际 %s 到齐，迟 %s", "due on %s, complete on %s, %s late", dateText(s.DueDate), dateText(s.LastCredit), s.days(r.N))
	case match.ReasonNotPaid:
		if seen := s.lastSeen(); seen < s.DueDate {
			return s.say("应于 %s 到账 %s 元，未见入账；流水只到 %s，请补充之后的流水", "%[2]s due on %[1]s has not come; the statement stops on %[3]s, add the later days", dateText(s.DueDate), grouped(s.due()), dateText(seen))
		}
		return s.say("应于 %s 到账 %s 元，至 %s 未到", "%[2]s due on %[1]s had not come by %[3]s", dateText(s.DueDate), grouped(s.due()), dateText(s.lastSeen()))
	case match.ReasonNotDue:
		return s.say("应于 %s 到账 %s 元，尚未到期", "%[2]s is due on %[1]s, not yet", dateText(s.DueDate), grouped(s.due()))
	case match.ReasonOverpaid:
		return s.say("%s，到账 %s 元，多 %s 元", "%s, credited %s, %s too much", s.net(), grouped(s.Credited), grouped(abs(r.Amount)))
	case match.ReasonNegative:
		return s.say("净额为负，%s 元转入下一批次抵扣", "the net is negative, %s is carried into the next settlement", grouped(r.Amount))
	case match.ReasonReopened:
		return s.say("%s 的划款被退回，尚未重新划付", "the payout was returned on %s and not paid again", dateText(r.Day))
	case match.ReasonClaimDiffers:
		return s.say("收单机构称已于 %s 划付，银行流水中没有对应入账", "the acquirer says it paid on %s, the bank does not show it", dateText(r.Day))
	case match.ReasonMayBePaid:
		return s.say("尚有 %s 元未认定到账：有 %d 笔入账可能是它，但无法区分", "%s is not settled: %d bank lines could be it but cannot be told apart", grouped(r.Amount), r.N)
	case match.ReasonNetted:
		return s.say("前面批次转入的 %s 元抵扣后，本批次无需划付", "%s carried in from earlier settlements uses it up, nothing is due", grouped(r.Amount))
	}
	return s.shortReason()
}

// shortReason explains a settlement of which a part came.
func (s *settled) shortReason() string {
	r := &s.Reason
	short := s.say("%s，到账 %s 元，少 %s 元", "%s, credited %s, %s short", s.net(), grouped(s.Credited), grouped(abs(r.Amount)))
	switch r.Code {
	case match.ReasonShortHeld:
		return short + s.say("，恰好是其中 %d 笔的净额之和（已标记）", ": exactly the nets of %d of its rows (marked)", r.N)
	case match.ReasonShortMany:
		return short + s.say("，有 %d 组交易都能解释，不作标记", ": %d sets of rows would explain it, none is marked", r.N)
	case match.ReasonShortOpen:
		return short + s.say("，没有哪几笔交易的净额恰好等于它", ": no few rows add up to it")
	case match.ReasonShortGaveUp:
		return short + s.say("，组合太多，查找已停止", ": the search for the rows was stopped at its limit")
	}
	return ""
}

// lastSeen is the last day on which the bank side would have shown the money.
func (s *settled) lastSeen() parse.Date {
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
	n, list := c.Reason.N, c.settlementList()
	switch c.Reason.Code {
	case match.ReasonByReference:
		return c.say("附言写明了结算批次 %s", "the remark names the settlement %s", list)
	case match.ReasonOneToOne:
		return c.say("金额与日期只对应结算批次 %s", "amount and date fit the settlement %s only", list)
	case match.ReasonOneToMany:
		return c.say("等于 %d 个结算批次的净额之和：%s", "equals the nets of %d settlements: %s", len(c.settlements), list)
	case match.ReasonManyToOne:
		return c.say("与其他入账共 %d 笔合成结算批次 %s", "one of %d credits that make up the settlement %s", n, list)
	case match.ReasonByRest:
		return c.say("该账户只有结算批次 %s 还能接收", "only the settlement %s of the account can take it", list)
	case match.ReasonNotAcquirer:
		return c.say("付款方和附言都不是收单机构", "neither payer nor remark names an acquirer")
	case match.ReasonNoSettlement:
		return c.say("来自收单机构，但没有结算批次需要这笔钱", "from an acquirer, but no settlement wants it")
	case match.ReasonTwoWays:
		return c.say("有 %d 种分配都说得通，不作猜测", "%d allocations would fit, none is chosen", n)
	case match.ReasonSearchGaveUp:
		return c.say("组合太多，查找已停止，请人工认领", "the search was stopped at its limit: please allocate by hand")
	case match.ReasonReturnedPayout:
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
	case match.ReasonOutgoing:
		return c.say("支出，不是入账", "money going out, no credit")
	case match.ReasonAfterAsOf:
		return c.say("晚于对账日期，本次不计", "after the as-of day, not counted in this run")
	case match.ReasonOldAccount:
		return c.say("按金额和日期归到结算批次 %s，但入账账户不是合同约定的账户", "placed in the settlement %s by amount and day, on an account that the contract does not name", c.settlementList())
	case match.ReasonPayoutList:
		return c.say("收单机构自己的出款记录；是否到账以该账户的银行流水为准", "a line of the acquirer's own payout list; the account's statement decides what came")
	case match.ReasonFailedPayout:
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
