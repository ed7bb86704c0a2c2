package layout

import (
	"math/bits"

	"github.com/duizhang/duizhang/parse/money"
)

// A statement with a running balance says itself whether a line is missing,
// doubled or changed: each balance is the one before it and the line's amount,
// whether the file goes forwards or backwards in time. A chain is what is left
// of the lines of one account in a piece of the file; the pieces are joined in
// their order.
//
// Exports put lines of the same second in any order, and people sort them by
// something else. So where the lines do not follow one another, it is enough
// that they do in some order: then the balances before the lines and those
// after them are the same but for the first and the last one, which power sums
// tell without keeping any line.
type chain struct {
	account, currency string

	rows        int64 // with a balance
	first, last ChainRow
	lead, tail  money.Fen // amounts without a balance before the first and behind the last
	bare        bool      // there are such lines

	// The links that do not hold: forwards and backwards in time, and the same
	// with every sign turned round.
	up, down, upTurned, downTurned broken
	flat                           bool // all balances are the same
	idle                           bool // no amount was ever anything but zero
	sums                           balanceSums
}

// A ChainRow is one line with its balance.
type ChainRow struct {
	balance, change money.Fen
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
	c.sums.add(row)
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
		*c = *o
		c.lead, c.bare, c.idle = lead, bare, idle
		return
	}
	a, b, between := &c.last, &o.first, c.tail+o.lead
	c.up.link(&o.up, b, a.balance+between+b.change)
	c.down.link(&o.down, b, a.balance-a.change-between)
	c.upTurned.link(&o.upTurned, b, a.balance-between-b.change)
	c.downTurned.link(&o.downTurned, b, a.balance+a.change+between)
	c.flat = c.flat && o.flat && a.balance == b.balance
	c.rows += o.rows
	c.last, c.tail = o.last, o.tail
	c.sums.join(&o.sums)
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
	worst := c.up
	if c.down.n < c.up.n {
		worst = c.down
	}
	switch {
	case worst.n == 0:
		return chainHolds, at
	case c.flat && !c.idle:
		return chainSilent, at
	case !c.bare && unread == 0 && c.sums.hold():
		return chainHolds, at
	case c.upTurned.n == 0 || c.downTurned.n == 0:
		if c.upTurned.n == 0 {
			worst = c.up
		}
		return chainTurned, worst
	case worst.n <= unread:
		return chainHolds, at
	}
	return chainBroken, worst
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

// balanceSums are sums over the balances after the lines less the same over
// those before them: the balances, their squares and their fingerprints.
type balanceSums struct {
	change  money.Fen
	squares uint64 // modulo balanceField
	prints  uint64
}

// balanceField is a prime (2^61-1) beyond every balance; in it one can divide.
const balanceField = 1<<61 - 1

func (s *balanceSums) add(r ChainRow) {
	before, after := r.balance-r.change, r.balance
	s.change += r.change
	s.squares = addIn(s.squares, subIn(square(after), square(before)))
	s.prints += printOf(after) - printOf(before)
}

func (s *balanceSums) join(o *balanceSums) {
	s.change += o.change
	s.squares = addIn(s.squares, o.squares)
	s.prints += o.prints
}

// hold says whether the lines follow one another in some order. All balances
// between cancel out; what is left is the last and the first, whose difference
// is the sum of the amounts. Their squares then tell both.
func (s *balanceSums) hold() bool {
	d := inField(s.change)
	if d == 0 {
		return s.change == 0 && s.squares == 0 && s.prints == 0
	}
	// closing² - opening² = d (2 opening + d)
	twice := subIn(mulIn(s.squares, inverse(d)), d)
	opening := outOfField(mulIn(twice, inverse(2)))
	return s.prints == printOf(opening+s.change)-printOf(opening)
}

// printOf is a fingerprint of an amount (the finaliser of SplitMix64).
func printOf(f money.Fen) uint64 {
	x := uint64(f) + 0x9E3779B97F4A7C15
	x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
	x = (x ^ x>>27) * 0x94D049BB133111EB
	return x ^ x>>31
}

// Arithmetic modulo balanceField.

func inField(f money.Fen) uint64 {
	if f < 0 {
		return subIn(0, uint64(-f)%balanceField)
	}
	return uint64(f) % balanceField
}

func outOfField(x uint64) money.Fen {
	if x > balanceField/2 {
		return -money.Fen(balanceField - x)
	}
	return money.Fen(x)
}

func addIn(a, b uint64) uint64 { return (a + b) % balanceField }

func subIn(a, b uint64) uint64 { return (a + balanceField - b) % balanceField }

func mulIn(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	_, r := bits.Div64(hi, lo, balanceField)
	return r
}

func square(f money.Fen) uint64 { x := inField(f); return mulIn(x, x) }

// inverse is 1/x, by Fermat's theorem.
func inverse(x uint64) uint64 {
	r := uint64(1)
	for e := uint64(balanceField - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			r = mulIn(r, x)
		}
		x = mulIn(x, x)
	}
	return r
}
