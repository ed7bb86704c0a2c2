package layout

import (
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// A statement with a running balance says itself whether a line is missing,
// doubled or changed: each balance is the one before it and the line's amount,
// whether the file goes forwards or backwards in time. A chain is what is left
// of the lines of one account in a piece of the file; the pieces are joined in
// their order.
//
// Exports put lines of the same second in any order, and people sort them by
// something else. So where the lines do not follow one another as they stand,
// they are put in the order of their times, and those of one moment may follow
// one another in any order (see momentChain). Which of two lines comes first is
// free only there: over a whole file a line with the opposite sign would find
// another order in which everything follows.
type chain struct {
	account, currency string

	rows        int64 // with a balance
	first, last ChainRow
	lead, tail  money.Fen // amounts without a balance before the first and behind the last
	bare        bool      // there are such lines

	// The links that do not hold: forwards and backwards in time, and the same
	// with every sign turned round.
	up, down, upTurned, downTurned broken
	later, earlier                 bool // some line is later, earlier than the one above it
	// Lines that say nothing of a balance and were not understood stand before
	// the first, behind the last: the link over them is not known.
	looseLead, looseTail bool
	unread               bool // there are lines that were not understood
	flat                 bool // all balances are the same
	idle                 bool // no amount was ever anything but zero

	lines []ChainRow // all with a balance, where they are kept
}

// A ChainRow is one line with its balance.
type ChainRow struct {
	balance, change money.Fen
	unread          bool // change is not known
	at              record.Time
	clock           bool // at is more than a day
	Chunk           int
	Line            int64 // from the chunk's first record
}

// A broken counts the links that do not hold and keeps the first.
type broken struct {
	n        int64
	at       ChainRow
	expected money.Fen
}

// newChain is that of one line; without a balance its amount counts for the
// lines around it.
func newChain(account, currency string, row ChainRow, has bool) chain {
	c := chain{account: account, currency: currency, flat: true, idle: row.change == 0}
	if !has {
		c.bare, c.lead = true, row.change
		return c
	}
	c.rows, c.first, c.last, c.unread = 1, row, row, row.unread
	return c
}

// join puts the chain of what follows behind c.
func (c *chain) join(o *chain) {
	c.bare, c.idle, c.unread = c.bare || o.bare, c.idle && o.idle, c.unread || o.unread
	switch {
	case o.rows == 0 && c.rows == 0:
		c.lead += o.lead
		c.looseLead = c.looseLead || o.looseLead
		return
	case o.rows == 0:
		c.tail += o.lead
		c.looseTail = c.looseTail || o.looseLead
		return
	case c.rows == 0:
		lead, bare, idle, unread := c.lead+o.lead, c.bare, c.idle, c.unread
		account, currency, loose := c.account, c.currency, c.looseLead || o.looseLead
		*c = *o
		c.lead, c.bare, c.idle, c.unread, c.looseLead = lead, bare, idle, unread, loose
		c.account, c.currency = account, currency
		return
	}
	a, b, between := &c.last, &o.first, c.tail+o.lead
	loose := c.looseTail || o.looseLead
	c.up.link(&o.up, b, a.balance+between+b.change, loose || b.unread)
	c.down.link(&o.down, b, a.balance-a.change-between, loose || a.unread)
	c.upTurned.link(&o.upTurned, b, a.balance-between-b.change, loose || b.unread)
	c.downTurned.link(&o.downTurned, b, a.balance+a.change+between, loose || a.unread)
	c.flat = c.flat && o.flat && a.balance == b.balance
	c.later = c.later || o.later || b.at > a.at
	c.earlier = c.earlier || o.earlier || b.at < a.at
	c.rows += o.rows
	c.last, c.tail, c.looseTail = o.last, o.tail, o.looseTail
	c.lines = append(c.lines, o.lines...)
}

// link takes the link to a line whose balance should be the expected one, and
// those behind it. What an open link is like is not known.
func (b *broken) link(o *broken, at *ChainRow, expected money.Fen, open bool) {
	if at.balance != expected && !open {
		if b.n++; b.n == 1 {
			b.at, b.expected = *at, expected
		}
	}
	if b.n == 0 {
		*b = *o
		return
	}
	b.n += o.n
}

// verdictOfChain is what the balances of an account say.
type verdictOfChain uint8

const (
	chainHolds  verdictOfChain = iota
	chainSilent                // the column is no running balance
	chainTurned                // it holds with all signs turned round
	chainBroken
)

// judge says whether the chain holds.
func (c *chain) judge() (v verdictOfChain, at broken) {
	up, down := c.directions()
	worst := c.up
	if !up || down && c.down.n < c.up.n {
		worst = c.down
	}
	switch {
	case worst.n == 0:
		return chainHolds, at
	case c.flat && !c.idle:
		return chainSilent, at
	}
	if !c.bare && !c.unread && len(c.lines) > 0 {
		if at = c.inMoments(); at.n == 0 {
			return chainHolds, at
		}
		worst = at
	}
	switch {
	case up && c.upTurned.n == 0:
		return chainTurned, c.up
	case down && c.downTurned.n == 0:
		return chainTurned, c.down
	}
	return chainBroken, worst
}

// directions are those in which the lines may follow one another as they stand:
// where every line is as late as the one above it or later, the file does not go
// backwards.
func (c *chain) directions() (up, down bool) {
	return c.later || !c.earlier, c.earlier || !c.later
}

// inDoubt says that the lines have to be kept to judge the chain.
func (c *chain) inDoubt() bool {
	up, down := c.directions()
	return c.rows > 1 && !c.unread && !c.bare && (!c.flat || c.idle) && !(up && c.up.n == 0) && !(down && c.down.n == 0)
}

// ends are the balances before the first line and after the last one in time;
// ok is false where the lines do not say which those are.
func (c *chain) ends() (opening, closing money.Fen, ok bool) {
	switch {
	case c.rows == 0 || c.up.n > 0 && c.down.n > 0:
		return 0, 0, false
	case c.up.n == 0 && c.down.n == 0 && c.rows > 1:
		// Both directions hold: amounts of zero, or the same ones to and fro.
		if o := c.first.balance - c.first.change - c.lead; c.last.balance-c.last.change-c.tail == o {
			return o, c.last.balance + c.tail, c.last.balance+c.tail == c.first.balance+c.lead
		}
		return 0, 0, false
	case c.up.n == 0:
		return c.first.balance - c.first.change - c.lead, c.last.balance + c.tail, true
	}
	return c.last.balance - c.last.change - c.tail, c.first.balance + c.lead, true
}
