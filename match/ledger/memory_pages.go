package ledger

import (
	"context"
	"fmt"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Kinds of pages that are for matching on, beside the items themselves.
const (
	kindSettle    Kind = "settle"    // settlements that are still followed; the key is keyText
	kindRows      Kind = "rows"      // matched rows of an open settlement; keyText, night and part
	kindBank      Kind = "bank"      // a night's new bank lines
	kindTerminals Kind = "terminals" // whose clearing rows show which terminal
	kindRejected  Kind = "rejected"  // pairs that are not the same transaction
	kindFile      Kind = "file"      // a file that was used; the key is side and digest
	kindClearing  Kind = "clearing"  // the days of which a merchant's clearing files came
)

// settleRec is a settlement that later nights may still hear of.
type settleRec struct {
	key  result.SettlementKey
	sums []result.SettledSum
	paid []paidPart
	// closed is the night on which it was found complete; 0: it is open.
	closed record.Date
	state  string
	body   []byte // as it stands in the store
}

// paidPart is a part of a bank line that is placed on a settlement.
type paidPart struct {
	line   rowName
	amount money.Fen
	why    result.ReasonCode
	lines  int32
}

func codeKey(c *codec, k *result.SettlementKey) {
	for _, v := range [...]*string{&k.Acquirer, &k.MerchantID, &k.Currency, &k.Account} {
		c.text(v)
	}
	c.date(&k.ClearingDate)
}

func codeSettle(c *codec, s *settleRec) {
	codeKey(c, &s.key)
	list(c, &s.sums, func(c *codec, m *result.SettledSum) {
		// Terms go beside the kind: a sum without any is written as before
		// there were terms.
		const termsAt = 4
		kind, promised := int64(m.Kind)|int64(m.Under)<<termsAt, m.Promised != 0
		if promised {
			kind |= 1 << 7
		}
		c.int(&kind)
		m.Kind, m.Under, promised = record.Kind(kind&0xf), terms.CycleOf(kind>>termsAt&7), kind&(1<<7) != 0
		if promised {
			c.date(&m.Promised)
		}
		c.date(&m.Settled)
		c.date(&m.Credited)
		c.int(&m.Rows)
		c.fen(&m.Amount)
		c.fen(&m.Fee)
	})
	for i := range s.sums {
		s.sums[i].Key = s.key
	}
	list(c, &s.paid, func(c *codec, p *paidPart) {
		c.fixed(&p.line.digest)
		number(c, &p.line.ordinal)
		c.fen(&p.amount)
		number(c, &p.why)
		number(c, &p.lines)
	})
	c.date(&s.closed)
	c.text(&s.state)
}

// keyText is a settlement's name among pages.
func keyText(k result.SettlementKey) string {
	return fmt.Sprintf("%06d/%s/%s/%s/%s", int32(k.ClearingDate), k.Acquirer, k.MerchantID, k.Currency, k.Account)
}

// formed is a matched group of a settlement that is not paid.
type formed struct {
	match         result.Match
	key           result.KeyType
	flags         result.Flags
	expected      money.Fen
	hasExpected   bool
	pos, clearing []Row
}

func codeFormed(c *codec, f *formed) {
	number(c, &f.match)
	number(c, &f.key)
	number(c, &f.flags)
	c.fen(&f.expected)
	c.bools(&f.hasExpected)
	list(c, &f.pos, codeRow)
	list(c, &f.clearing, codeRow)
}

// memory is everything beside the items that a night starts from.
type memory struct {
	settles   map[result.SettlementKey]*settleRec
	bank      map[string]*bankPage // by key
	terminals map[match.TerminalOf]bool
	rejected  map[[2]rowName]bool
	files     map[string]File // by side and digest
	days      map[result.ClearingDayOf]bool
}

type bankPage struct{ rows []Row }

// clearingDay says that clearing rows of a merchant's day have come.
type clearingDay struct {
	acquirer, merchant string
	day                record.Date
}

func codeClearingDay(c *codec, d *result.ClearingDayOf) {
	c.text(&d.Acquirer)
	c.text(&d.MerchantID)
	c.date(&d.Day)
	number(c, &d.Channels)
	c.bools(&d.Trade)
}

func codeTerminal(c *codec, t *match.TerminalOf) {
	c.text(&t.TerminalID)
	c.text(&t.Acquirer)
	c.text(&t.MerchantID)
}

type rejectedPair struct{ pos, clearing rowName }

func codeRejected(c *codec, r *rejectedPair) {
	for _, n := range [...]*rowName{&r.pos, &r.clearing} {
		c.fixed(&n.digest)
		number(c, &n.ordinal)
	}
}

// remember reads the memory of a night.
func remember(ctx context.Context, s Store, seq int64) (*memory, error) {
	m := &memory{settles: map[result.SettlementKey]*settleRec{}, bank: map[string]*bankPage{}, terminals: map[match.TerminalOf]bool{},
		rejected: map[[2]rowName]bool{}, files: map[string]File{}, days: map[result.ClearingDayOf]bool{}}
	if s == nil || seq == 0 {
		return m, nil
	}
	err := s.Pages(ctx, kindSettle, "", seq, func(p *Page) error {
		rec := &settleRec{body: p.Body}
		if err := unpack(p.Body, rec, codeSettle); err != nil {
			return &Error{Code: Damaged, Detail: fmt.Sprintf("page %s %s", p.Kind, p.Key), Err: err}
		}
		m.settles[rec.key] = rec
		return nil
	})
	if err == nil {
		err = eachList(ctx, s, kindBank, "", seq, codeRow, func(p *Page, rows []Row) { m.bank[p.Key] = &bankPage{rows} })
	}
	if err == nil {
		err = eachList(ctx, s, kindTerminals, "", seq, codeTerminal, func(_ *Page, all []match.TerminalOf) {
			for _, t := range all {
				m.terminals[t] = true
			}
		})
	}
	if err == nil {
		err = eachList(ctx, s, kindRejected, "", seq, codeRejected, func(_ *Page, all []rejectedPair) {
			for _, r := range all {
				m.rejected[[2]rowName{r.pos, r.clearing}] = true
			}
		})
	}
	if err == nil {
		err = eachList(ctx, s, kindFile, "", seq, codeFile, func(p *Page, all []File) {
			for _, f := range all {
				m.files[fileKey(f.Side, f.SHA256)] = f
			}
		})
	}
	if err == nil {
		err = eachList(ctx, s, kindClearing, "", seq, codeClearingDay, func(_ *Page, all []result.ClearingDayOf) {
			for _, d := range all {
				m.days[d] = true
			}
		})
	}
	return m, err
}

func fileKey(side record.Side, sha string) string { return fmt.Sprintf("%d/%s", side, sha) }
