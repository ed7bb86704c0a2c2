package terms

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Anyone in the merchant column makes a row the acquirer's default; in the
// acquirer column, the default of all.
const Anyone = "*"

const DaySeconds = 86400

// DefaultCutOff is where the card day ends if no contract says otherwise:
// UnionPay's 23:00:00, itself already the next day.
const DefaultCutOff = 23 * 3600

// Contract is one dated row of the contract table: what an acquirer promised
// a merchant number from one day to another.
type Contract struct {
	Acquirer   string
	MerchantID string // "*": every merchant of the acquirer without a row of its own
	From, To   record.Date
	Cycle      Cycle
	// DebitCycle, CreditCycle and QRCycle overrule Cycle for their rows; nil:
	// not said.
	DebitCycle, CreditCycle, QRCycle *Cycle
	// CutOff and QRCutOff are seconds of the day: a sale at or after it
	// belongs to the next clearing day. 0 is the natural day.
	CutOff, QRCutOff int
	// Account is the settlement account or its last digits; empty: not said.
	Account string
	// Debit, Credit and QR are the agreed rates.
	Debit, Credit, QR Rate
	DebitCap          money.Fen // 0: no cap
	PayoutFee         money.Fen // charged once per payout
	Limit             money.Fen // of one transaction; 0: none
	RefundDays        int       // business days that a refund may take; 0: not said
	// Where is the row in the table, for messages; empty for the default.
	Where string
}

// Rate is a share of an amount in hundred-millionths, exact to 0.000001 %.
// The zero Rate says that the contract names none; free of charge is ZeroRate.
type Rate int64

// ZeroRate is an agreed rate of nothing, as opposed to no agreed rate.
const ZeroRate Rate = -1

const rateUnit = 100_000_000

// Known says whether the contract names the rate.
func (r Rate) Known() bool { return r != 0 }

// Of is |amount| × rate rounded half up to the fen, with the amount's sign,
// without any cap. FORMATS: rows are rounded one by one, to the nearest fen.
func (r Rate) Of(amount money.Fen) money.Fen {
	if r <= 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(amount.Abs()), uint64(r))
	lo, carry := bits.Add64(lo, rateUnit/2, 0)
	q, _ := bits.Div64(hi+carry, lo, rateUnit)
	if amount < 0 {
		return -money.Fen(q)
	}
	return money.Fen(q)
}

// String is the rate as a percentage, such as 0.6%.
func (r Rate) String() string {
	if !r.Known() {
		return ""
	}
	v := max(int64(r), 0)
	s := fmt.Sprintf("%d.%06d", v/1_000_000, v%1_000_000)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") + "%"
}

var DefaultContract = Contract{MerchantID: Anyone, Acquirer: Anyone, Cycle: DefaultCycle, CutOff: DefaultCutOff}

// ClearingDay is the day whose clearing file a sale at t belongs to: a card
// sale at or after the cut-off belongs to the next day, QR and wallet sales
// follow the natural day unless the contract sets their cut-off. A time
// without a clock is a natural day: nothing says that it was after the
// cut-off. Payments of unknown kind follow the card rule, other ones (cash)
// the natural day.
func (c *Contract) ClearingDay(t record.Time, hasClock bool, ch record.Channel) record.Date {
	cut := 0
	switch ch {
	case record.ChannelCard, record.ChannelUnknown:
		cut = c.CutOff
	case record.ChannelQR:
		cut = c.QRCutOff
	}
	if hasClock && cut > 0 && t.Clock() >= cut {
		return t.Date() + 1
	}
	return t.Date()
}

// covers says whether the row is in force on a day.
func (c *Contract) covers(day record.Date) bool {
	return (c.From == 0 || day >= c.From) && (c.To == 0 || day <= c.To)
}

// Contracts is the contract table. A nil *Contracts is the empty table, where
// the default contract applies: T+1, 23:00, fees unchecked.
type Contracts struct {
	rows     []*Contract
	merchant map[contractKey][]*Contract // dated rows, oldest first
	owner    map[string]string           // merchant number → its acquirer, "" if several
	names    map[string]string           // acquirer's group → the table's name for it
	patterns *Patterns                   // which names are one acquirer's; nil: the built-in ones
}

type contractKey struct{ acquirer, merchant string } // acquirer's group

// Rows are the table's rows in its order.
func (c *Contracts) Rows() []*Contract {
	if c == nil {
		return nil
	}
	return c.rows
}

// For is the contract in force for a merchant on a day: its own dated row,
// else the acquirer's "*" row, else the "*" row of all acquirers, else the
// default. An acquirer that the files do not name is found by a merchant
// number that only one acquirer has.
func (c *Contracts) For(acquirer, merchant string, day record.Date) *Contract {
	if c == nil {
		return &DefaultContract
	}
	group := c.patterns.Group(c.Name(acquirer, merchant))
	for _, key := range []contractKey{{group, merchant}, {group, Anyone}, {Anyone, Anyone}} {
		for _, row := range c.merchant[key] {
			if row.covers(day) {
				return row
			}
		}
	}
	return &DefaultContract
}

// Name is what the table calls an acquirer: its own spelling of it (拉卡拉 for
// lakala), or the acquirer of a merchant number where the file names none or
// one that the table does not know; else the name unchanged.
func (c *Contracts) Name(acquirer, merchant string) string {
	if c == nil {
		return acquirer
	}
	if name, ok := c.names[c.patterns.Group(acquirer)]; ok && acquirer != "" {
		return name
	}
	if owner := c.owner[merchant]; owner != "" && merchant != "" {
		return owner
	}
	return acquirer
}

// Add puts a checked row into the indexes.
func (c *Contracts) Add(row *Contract) {
	c.rows = append(c.rows, row)
	key := contractKey{c.patterns.Group(row.Acquirer), row.MerchantID}
	c.merchant[key] = append(c.merchant[key], row)
	if _, ok := c.names[key.acquirer]; !ok {
		c.names[key.acquirer] = row.Acquirer
	}
	if row.MerchantID == Anyone {
		return
	}
	if owner, ok := c.owner[row.MerchantID]; ok && c.patterns.Group(owner) != key.acquirer {
		c.owner[row.MerchantID] = ""
	} else if !ok {
		c.owner[row.MerchantID] = c.names[key.acquirer]
	}
}

// NewContracts builds a table from rows made in code; the rows must be
// consistent as LoadContracts checks it.
func NewContracts(rows ...Contract) (*Contracts, error) {
	c := EmptyContracts(nil)
	for i := range rows {
		row := rows[i]
		if row.Where == "" {
			row.Where = "row " + strconv.Itoa(i+1)
		}
		c.Add(&row)
	}
	return c, c.Check().OrNil()
}

func EmptyContracts(patterns *Patterns) *Contracts {
	return &Contracts{patterns: patterns, merchant: map[contractKey][]*Contract{}, owner: map[string]string{}, names: map[string]string{}}
}

// Check sorts the dated rows and refuses two that are in force on one day. A
// row without an end is in force until the next one begins: that is how clerks
// note a new card or rate.
func (c *Contracts) Check() TableErrors {
	var errs TableErrors
	for _, rows := range c.merchant {
		slices.SortStableFunc(rows, func(a, b *Contract) int { return int(a.From) - int(b.From) })
		for i := 1; i < len(rows); i++ {
			a, b := rows[i-1], rows[i]
			if a.To == 0 && a.From < b.From {
				a.To = b.From - 1
			}
			if a.To == 0 || b.From <= a.To {
				errs = append(errs, &TableError{Where: b.Where, Column: "生效日期", Value: DayText(b.From),
					ZH: "与 " + a.Where + " 的有效期重叠，请更正其中一行的生效日期或失效日期",
					EN: "in force at the same time as " + a.Where + "; correct the first or last day of one of them"})
			}
		}
	}
	slices.SortFunc(errs, func(a, b *TableError) int { return strings.Compare(a.Where, b.Where) })
	return errs
}

// Bounds of what is taken for a rate. A bare number beyond MaxBareRate could be
// meant as a percentage (0.6 for 0.6 %) and is refused; no acquirer charges
// more than MaxRate.
const (
	MaxBareRate Rate = rateUnit / 20
	MaxRate     Rate = rateUnit / 5
)

// OverLimit says whether one sale is larger than the contract allows.
func (c *Contract) OverLimit(kind record.Kind, amount money.Fen) bool {
	return c.Limit > 0 && amount > c.Limit && (kind == record.Sale || kind == record.PreauthComplete)
}

// RefundLate says whether a refund took longer than the contract's business
// days: from the day it was asked for until the day it cleared, or, where it
// has not (done is 0), until the as-of day.
func RefundLate(cal *Calendar, c *Contract, asked, done, asOf record.Date) bool {
	if c.RefundDays == 0 || asked == 0 {
		return false
	}
	if done == 0 {
		done = asOf
	}
	return cal.Workdays(asked, done) > int32(c.RefundDays)
}
