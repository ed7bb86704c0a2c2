package terms

import "github.com/duizhang/duizhang/parse/record"

// CycleOf says under which of a contract's cycles a row falls.
type CycleOf uint8

// Rows under CycleCard are of cards whose type the file does not tell.
const (
	CycleAny CycleOf = iota
	CycleDebit
	CycleCredit
	CycleQR
	CycleCard
)

// CycleFor is the cycle that a row falls under by its card type and way of
// paying. It goes as for rates: a QR payment is one, whatever card stands
// behind it.
func CycleFor(card record.CardType, ch record.Channel) CycleOf {
	switch {
	case ch == record.ChannelQR:
		return CycleQR
	case ch == record.ChannelOther:
		return CycleAny
	case card == record.Debit:
		return CycleDebit
	case card == record.Credit:
		return CycleCredit
	case ch == record.ChannelCard:
		return CycleCard
	}
	return CycleAny
}

// CycleBy is the contract's cycle for rows: the one of their own, else the
// general one. A card whose type is not known has a cycle of its own only where
// debit and credit cards have the same.
func (c *Contract) CycleBy(of CycleOf) Cycle {
	own := [...]*Cycle{CycleAny: nil, CycleDebit: c.DebitCycle, CycleCredit: c.CreditCycle, CycleQR: c.QRCycle, CycleCard: nil}[of]
	if of == CycleCard && c.DebitCycle != nil && c.CreditCycle != nil && *c.DebitCycle == *c.CreditCycle {
		own = c.DebitCycle
	}
	if own == nil {
		return c.Cycle
	}
	return *own
}

// DueBy is what decides when the money of clearing rows is due.
type DueBy struct {
	Promised record.Date // the acquirer's own word, which goes before the contract; 0: none
	Under    CycleOf
}

// Tell is t as far as the contract tells them apart.
func (c *Contract) Tell(t DueBy) DueBy {
	if c.CycleBy(t.Under) == c.Cycle {
		t.Under = CycleAny
	}
	return t
}

// Differs says whether the acquirer promises another day than a contract that
// somebody wrote down.
func (c *Contract) Differs(cal *Calendar, t DueBy, day record.Date) bool {
	if t.Promised == 0 || day == 0 || c == &DefaultContract {
		return false
	}
	agreed, _ := cal.Due(c.CycleBy(t.Under), day)
	return agreed != t.Promised
}
