package layout

import (
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// Whose file it is needs evidence of its own. A time and a number are needed to
// match a sale, but stand in everybody's files; so do a status, a date and a
// name. For the shop speak a till's own words, for the acquirer what only he
// knows (fees, nets, clearing days), for the bank a balance, or money in and
// out with the other party.

// tillWords are parts of the names of columns that only a till has.
var tillWords = []string{
	"收银员", "收银机", "收银台", "收银流水", "收银单", "款台", "小票", "桌台", "桌号", "桌位", "台号", "会员", "班次",
	"cashier", "receipt", "tender",
}

// A till in English is a word of its own, not a part of one (until).
var tillNames = []string{"till", "tillno", "tillid", "tillnumber", "tillname"}

// storeWords and payWords speak for the shop together.
var (
	storeWords = []string{"门店", "店铺", "分店", "网店", "店号", "餐厅", "store", "shop", "branch"}
	payWords   = []string{"支付方式", "收款方式", "付款方式", "结算方式", "支付渠道", "收款渠道", "付款渠道", "支付类型", "付款类型", "paymethod", "paymentmethod", "paytype", "paymenttype"}
)

// settleWords are parts of the names of what an acquirer tells: they rule the
// shop out. feeWords do unless the shop's own words are there.
var (
	settleWords = []string{"结算状态", "结算日", "结算时间", "结算金额", "结算id", "结算单", "结算周期", "结算批次", "归属账期", "账期", "应结", "清算", "清分", "应划", "划款", "settledate", "settlementdate", "settlementstatus", "clearingdate", "payoutdate"}
	feeWords    = []string{"手续费", "服务费", "fee", "commission"}
)

// evidence is what a header says of whose file it is.
type evidence struct {
	till    bool // a till's own words
	shop    bool // the same, or a store with a way to pay
	settled bool // settlement words
	fee     bool
	clears  int // of fee, net, clearing and settle date
	balance int // cell of the running balance, -1 for none
	bank    bool
	own     bool // a person's own bill
}

// evidenceOf looks at a header.
func (s *View) evidenceOf(h *header) (e evidence) {
	has := func(parts []string) bool {
		return slices.ContainsFunc(h.names, func(n headerName) bool {
			return n.Key != "" && slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(n.Key, p) })
		})
	}
	e.till = has(tillWords) || slices.ContainsFunc(tillNames, func(n string) bool { return h.count[n] > 0 })
	e.shop = e.till || has(storeWords) && has(payWords)
	e.settled = has(settleWords)
	e.fee = has(feeWords)
	e.own = h.isPersonal()
	if l := s.In.Layouts.Get("generic-clearing"); l != nil {
		c := l.Complete()
		at := h.assign(c.Columns)
		bound := func(as string) bool { i := c.columnNamed(as); return i >= 0 && at[i] >= 0 }
		e.clears = Btoi(bound("fee")) + Btoi(bound("net")) + Btoi(bound("clearing_date") || bound("settle_date") || bound("promised_date"))
	}
	if l := s.In.Layouts.Get("generic-bank"); l != nil {
		c := l.Complete()
		at := h.assign(c.Columns)
		cell := func(as string) int {
			if i := c.columnNamed(as); i >= 0 {
				return at[i]
			}
			return -1
		}
		two := cell("amount_in") >= 0 && cell("amount_out") >= 0 || cell("direction") >= 0 && isDebitCredit(h.names[cell("direction")].Key)
		e.bank = two && (cell("payer") >= 0 || cell("counter_account") >= 0)
		e.balance = cell("balance")
	}
	return e
}

// isDebitCredit tells 借贷 from 收支, which wallets' bills have too.
func isDebitCredit(key string) bool {
	return strings.Contains(key, "借") || strings.Contains(key, "debit")
}

// isPersonal says whether a header is that of a consumer's own bill: what was
// received and what was paid, whom to, and by which card. Whose sales those are
// nobody can tell but the one who has it.
func (h *header) isPersonal() bool {
	has := func(keys ...string) bool {
		return slices.ContainsFunc(keys, func(k string) bool { return h.count[k] > 0 })
	}
	return has("收/支", "收支类型", "资金状态") && has("交易对方", "商户名称", "订单标题", "商品说明", "交易说明", "交易来源地") &&
		has("支付方式", "收/付款方式", "资金状态") && !has("余额", "账户余额", "手续费")
}

// certain is the side that the evidence leaves no doubt of.
func (s *View) certain(f *fit, e evidence) record.Side {
	switch {
	case e.own:
		return record.SideUnknown
	case e.bank || e.balance >= 0 && s.balanceAddsUp(f, e.balance):
		if !e.shop && e.clears < 2 {
			return record.SideBank
		}
	case e.clears >= 2 && !e.till:
		return record.SideClearing
	case e.shop && !e.settled && (e.till || !e.fee) && e.clears < 2:
		return record.SidePos
	}
	return record.SideUnknown
}

// balanceAddsUp says whether a column of the rows in sight is a running balance:
// from line to line it changes by an amount of the line.
func (s *View) balanceAddsUp(f *fit, balance int) bool {
	var last money.Fen
	known, good := false, 0
	for _, d := range s.Lines[min(f.line+1, len(s.Lines)):] {
		cells := s.LineTexts(d, f.delim)
		if balance >= len(cells) {
			continue
		}
		now, err := money.Parse(Unguard([]byte(cells[balance])), money.Yuan)
		if err != nil {
			continue
		}
		step := now - last
		if known {
			fits := slices.ContainsFunc(cells, func(c string) bool {
				a, err := money.Parse(Unguard([]byte(c)), money.Yuan)
				return err == nil && a != 0 && a.Abs() == step.Abs()
			})
			if !fits {
				return false
			}
			good++
		}
		last, known = now, true
	}
	return good > 0
}

// LineTexts is the cells of one line in sight.
func (s *View) LineTexts(d docLine, delim byte) []string {
	return textsOf(cutLine([]byte(d.Text), s.lineDialect(delim)), text.UTF8)
}

// likely says whether the header shows that the file is of a generic layout's
// side.
func (f *fit) likely(e evidence) bool {
	if e.own {
		return false
	}
	if f.layout.RecordSide() == record.SidePos {
		return e.shop && !e.settled
	}
	return f.tells()
}

// genericNames are the names that generic layouts know: none of them is a word
// of one file's own.
func (ls *Layouts) genericNames() map[string]bool {
	ls.once.Do(func() {
		ls.common = map[string]bool{}
		for _, l := range ls.All {
			if l.Priority >= genericPriority {
				continue
			}
			for i := range l.Columns {
				for _, n := range append(slices.Clone(l.Columns[i].Names), l.Columns[i].More...) {
					ls.common[NormHeader(n).Key] = true
				}
			}
		}
	})
	return ls.common
}

// hasOwnWords says whether a header shows a named layout by a word that is in no
// generic one.
func (s *View) hasOwnWords(f *fit) bool {
	common := s.In.Layouts.genericNames()
	own := func(n string) bool { return f.hdr.count[n] > 0 && !common[n] }
	return f.hdr != nil && (slices.ContainsFunc(f.layout.Sign.sig, func(names []string) bool { return slices.ContainsFunc(names, own) }) ||
		slices.ContainsFunc(f.layout.Complete().Columns, func(c *columnSpec) bool { return slices.ContainsFunc(c.Keys, own) }))
}
