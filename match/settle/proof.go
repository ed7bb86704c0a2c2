package settle

import (
	"fmt"
	"maps"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
)

// ProveMoney accounts for the settlement leg's money: its left sides come from
// the input, its right sides from the finished settlements, credits and
// payments; nothing is shared with the allocation.
func ProveMoney(in *Input, settlements []result.Settlement, credits []result.Credit, payments []result.Payment) result.MoneyProof {
	p := moneyAccount{OK: true}
	p.bank(in.Bank, credits)
	p.clearing(in.Sums, settlements)
	p.placed(settlements, credits, payments)
	return result.MoneyProof(p)
}

// moneyAccount is a MoneyProof in the making.
type moneyAccount result.MoneyProof

func (p *moneyAccount) fail(format string, args ...any) {
	if p.OK {
		p.OK, p.Failure = false, fmt.Sprintf(format, args...)
	}
}

// bag sums amounts per currency, and says so if a sum does not fit.
type bag struct {
	sums map[string]money.Fen
	over bool
}

func newBag() *bag { return &bag{sums: map[string]money.Fen{}} }

func (b *bag) add(currency string, amounts ...money.Fen) {
	for _, v := range amounts {
		sum, ok := money.Add(b.sums[currency], v)
		b.sums[currency], b.over = sum, b.over || !ok
	}
}

func (b *bag) list() result.Sums {
	var list result.Sums
	for currency, v := range b.sums {
		list = list.Plus(currency, v)
	}
	return list
}

func (b *bag) equals(o *bag) bool { return !b.over && !o.over && maps.Equal(b.sums, o.sums) }

// bank: every bank row is one credit, and its amount is allocated or not.
func (p *moneyAccount) bank(rows []BankRow, credits []result.Credit) {
	read, listed, allocated, rest := newBag(), newBag(), newBag(), newBag()
	for i := range rows {
		read.add(rows[i].Currency, rows[i].Amount)
	}
	for i := range credits {
		c := &credits[i]
		listed.add(c.Currency, c.Amount)
		allocated.add(c.Currency, c.Allocated)
		rest.add(c.Currency, c.Amount-c.Allocated)
		if c.Allocated.Abs() > c.Amount.Abs() || c.Allocated != 0 && (c.Allocated < 0) != (c.Amount < 0) {
			p.fail("bank line %d of %s: %s allocated", i, c.Amount, c.Allocated)
		}
	}
	if len(rows) != len(credits) || !read.equals(listed) {
		p.fail("bank rows %d, sum %v; credits %d, sum %v", len(rows), read.list(), len(credits), listed.list())
	}
	p.Credits, p.Allocated, p.Unallocated = read.list(), allocated.list(), rest.list()
}

// clearing: what the settling rows bring is the settlements' nets, and each net
// is credited or outstanding once what is carried is counted.
func (p *moneyAccount) clearing(sums []ClearingSum, settlements []result.Settlement) {
	read, net, carried, credited, outstanding := newBag(), newBag(), newBag(), newBag(), newBag()
	rows, counted := int64(0), int64(0)
	for i := range sums {
		if c := &sums[i]; settles(c.Kind, c.Status) {
			read.add(c.Currency, c.Amount, -c.Fee)
			rows += c.Rows
		}
	}
	for i := range settlements {
		s := &settlements[i]
		counted += s.Transactions
		read.add(s.Currency, -s.PayoutFee, -s.Repeated)
		net.add(s.Currency, s.Net)
		carried.add(s.Currency, s.Carried)
		credited.add(s.Currency, s.Credited)
		outstanding.add(s.Currency, s.Outstanding)
		if s.Gross-s.Fee-s.PayoutFee != s.Net || s.Net+s.Carried != s.Credited+s.Outstanding {
			p.fail("settlement %s: gross %s, fee %s, payout fee %s, net %s, carried %s, credited %s, outstanding %s",
				s.ID, s.Gross, s.Fee, s.PayoutFee, s.Net, s.Carried, s.Credited, s.Outstanding)
		}
	}
	if rows != counted || !read.equals(net) {
		p.fail("clearing rows %d, net %v; settlements' rows %d, net %v", rows, read.list(), counted, net.list())
	}
	for currency, v := range carried.sums {
		if v != 0 {
			p.fail("carried nets of %s leave %s", currency, v)
		}
		if net.sums[currency] != credited.sums[currency]+outstanding.sums[currency] {
			p.fail("net of %s: %s, credited %s, outstanding %s", currency, net.sums[currency], credited.sums[currency], outstanding.sums[currency])
		}
	}
	p.Net, p.Credited, p.Outstanding = net.list(), credited.list(), outstanding.list()
}

// placed: the payments are what the credits gave and what the settlements got.
func (p *moneyAccount) placed(settlements []result.Settlement, credits []result.Credit, payments []result.Payment) {
	given, got := make([]money.Fen, len(credits)), make([]money.Fen, len(settlements))
	for _, part := range payments {
		given[part.Credit] += part.Amount
		got[part.Settlement] += part.Amount
		if credits[part.Credit].Currency != settlements[part.Settlement].Currency {
			p.fail("bank line %d and settlement %s differ in currency", part.Credit, settlements[part.Settlement].ID)
		}
	}
	for i := range credits {
		if given[i] != credits[i].Allocated {
			p.fail("bank line %d: payments of %s, allocated %s", i, given[i], credits[i].Allocated)
		}
	}
	for i := range settlements {
		if got[i] != settlements[i].Credited {
			p.fail("settlement %s: payments of %s, credited %s", settlements[i].ID, got[i], settlements[i].Credited)
		}
	}
}
