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
	flat                           bool // all balances are the same
	idle                           bool // no amount was ever anything but zero

	lines []ChainRow // all with a balance, where they are kept
}

// A ChainRow is one line with its balance.
type ChainRow struct {
	balance, change money.Fen
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
	c.rows, c.first, c.last = 1, row, row
	return c
}

// join puts the chain of what follows behind c.
func (c *chain) join(o *chain) {
	c.bare, c.idle = c.bare || o.bare, c.idle && o.idle
	switch {
	case o.rows == 0 && c.rows == 0:
		c.lead += o.lead
		return
	case o.rows == 0:
		c.tail += o.lead
		return
	case c.rows == 0:
		lead, bare, idle := c.lead+o.lead, c.bare, c.idle
		account, currency := c.account, c.currency
		*c = *o
		c.lead, c.bare, c.idle = lead, bare, idle
		c.account, c.currency = account, currency
		return
	}
	a, b, between := &c.last, &o.first, c.tail+o.lead
	c.up.link(&o.up, b, a.balance+between+b.change)
	c.down.link(&o.down, b, a.balance-a.change-between)
	c.upTurned.link(&o.upTurned, b, a.balance-between-b.change)
	c.downTurned.link(&o.downTurned, b, a.balance+a.change+between)
	c.flat = c.flat && o.flat && a.balance == b.balance
	c.later = c.later || o.later || b.at > a.at
	c.earlier = c.earlier || o.earlier || b.at < a.at
	c.rows += o.rows
	c.last, c.tail = o.last, o.tail
	c.lines = append(c.lines, o.lines...)
}

// link takes the link to a line whose balance should be the expected one, and
// those behind it.
func (b *broken) link(o *broken, at *ChainRow, expected money.Fen) {
	if at.balance != expected {
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

// judge says whether the chain holds. unread is how many lines of the file were
// not understood: each may be the reason for one link that does not hold.
func (c *chain) judge(unread int64) (v verdictOfChain, at broken) {
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
	if !c.bare && unread == 0 && len(c.lines) > 0 {
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
	case worst.n <= unread:
		return chainHolds, at
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
func (c *chain) inDoubt(unread int64) bool {
	up, down := c.directions()
	return c.rows > 1 && unread == 0 && !c.bare && (!c.flat || c.idle) && !(up && c.up.n == 0) && !(down && c.down.n == 0)
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
