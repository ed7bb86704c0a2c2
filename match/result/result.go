package result

import (
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Match is what became of a group of rows (SPEC section 3).
type Match uint8

const (
	Matched Match = iota
	Partial
	Over
	Conflict
	PosOnly
	ClearingOnly
	Duplicate
	Voided
	Suggested
	InTransit
	FailedMatch
	NumMatch
)

// String is the code of the machine-readable results.
func (m Match) String() string {
	return [...]string{"matched", "partial", "over", "conflict", "pos_only", "clearing_only", "duplicate", "voided", "suggested", "in_transit", "failed"}[m]
}

// Timing is whether expected money came in time.
type Timing uint8

const (
	TimingNone Timing = iota
	OnTime
	Late
	Overdue
	PendingTiming
	UnknownTiming
	NumTiming
)

// String is the code of the machine-readable results.
func (t Timing) String() string {
	return [...]string{"none", "on_time", "late", "overdue", "pending", "unknown"}[t]
}

// Flags are the marks a group or settlement may carry beside its outcome.
type Flags uint16

const (
	FeeDiff Flags = 1 << iota
	Split
	TimeDiff
	Held
	RefundLate
	AccountChanged
	OverLimit
	RepeatSwipe
	OffHours
	NoFile
	Carried
	DateOdd
	TerminalDiff
	Provisional
	DueDiffers
	NumFlags = 15
)

// FlagNames are the codes of the flags, lowest bit first.
var FlagNames = [NumFlags]string{"fee_diff", "split", "time_diff", "held", "refund_late", "account_changed", "over_limit", "repeat_swipe", "off_hours", "no_file", "carried", "date_odd", "terminal_diff", "provisional", "due_differs"}

// KeyType is which key brought a group together.
type KeyType uint8

const (
	NoKey KeyType = iota
	KeyOrder
	KeyChannel
	KeyRef
	KeyTrace
	// KeyRefAlone is a reference number without its terminal.
	KeyRefAlone
	KeySuggestion
)

// String is the code of the machine-readable results.
func (k KeyType) String() string {
	return [...]string{"", "order_no", "channel_no", "ref_no", "trace_no", "ref_no", "suggestion"}[k]
}

// Group is one line of transactions.csv: rows of either side that belong
// together, and what became of them. Rows are kept as positions; the report
// reads them again (Source.Records).
type Group struct {
	Match    Match
	Timing   Timing
	KeyType  KeyType
	Flags    Flags
	DaysLate int32 // business days for T+n, calendar days for D+n
	// Pos and Clearing are positions in reading order within the group; at
	// least one is not empty.
	Pos, Clearing []record.Pos
	// Amounts are the signed sums over the group's rows.
	PosAmount, ClearingAmount money.Fen
	// DueDate is the day the contract promises the money for; 0 where
	// nothing is expected or it cannot be known.
	DueDate      record.Date
	CreditedDate record.Date // 0: not (fully) credited or not known
	// Credited is what is known to have been credited; HasCredited tells
	// "nothing came" from "nobody says".
	Credited    money.Fen
	HasCredited bool
	// ExpectedFee is by contract, signed like the fee; HasExpectedFee is false
	// where the contract does not name a rate.
	ExpectedFee    money.Fen
	HasExpectedFee bool
	// Settlement is an index into Result.Settlements of the clearing rows'
	// settlement, or -1.
	Settlement int32
	// Owed is what the acquirer owes for the group by Match.Owes.
	Owed money.Fen
	// Acquirer and MerchantID are those of the contract of a group without a
	// clearing row; empty for the default contract.
	Acquirer, MerchantID string
	Currency             string // "" is CNY
	// ItemID names its item in the ledger; "" if it is none.
	ItemID string
	// Cycle is the contract's by which DueDate is counted; "" without one.
	Cycle  string
	Reason Reason
	// Evidence says of flags what the rows do not show: limits, counts.
	Evidence []Reason
}

// ReasonCode says which sentence explains a group, settlement or credit.
// The report renders it in its language with the evidence of Reason and the
// records of the group.
type ReasonCode uint8

// Reason is the evidence behind an outcome. Which fields mean something
// depends on the code; see the constants.
type Reason struct {
	Code ReasonCode
	// Other is the nearest candidate (a row of the other side, or of the
	// same side for duplicates and voids); 0 with HasOther false if none.
	Other    record.Pos
	HasOther bool
	// OtherSide says on which side Other stands.
	OtherSide record.Side
	// N counts (candidates, rows, business days …); Amount is a difference
	// or shortfall in fen; Seconds is a distance in time; Day is a day.
	N       int32
	Amount  money.Fen
	Seconds int64
	Day     record.Date
}

// Total sums the groups of one outcome. Amounts are per currency: a sum never
// mixes two.
type Total struct {
	Groups, PosRows, ClearingRows int64
	PosAmount, ClearingAmount     Sums
}

// Sums is an amount per currency, sorted by code; CNY is written "CNY".
type Sums []Sum

// Sum is an amount of one currency.
type Sum struct {
	Currency string
	Amount   money.Fen
}

// TimingTotal sums the groups of one timing: Amount is the clearing amount
// where there is one, else the POS amount.
type TimingTotal struct {
	Groups int64
	Amount Sums
}

// Result is everything a run found. It holds no rows, only positions.
type Result struct {
	AsOf record.Date
	// Thresholds are those that the flags were set by.
	Thresholds terms.Thresholds
	// Groups are the groups that a report lists, in their total order: all
	// but the quiet matched ones, or all of them with Options.All.
	Groups      []Group
	Match       [NumMatch]Total
	Timing      [NumTiming]TimingTotal
	Flags       [NumFlags]int64
	Proof       Proof
	Trend       []TrendPoint
	Settlements []Settlement
	Credits     []Credit
	// Payments say which part of which bank line went to which settlement.
	Payments []Payment
	Money    MoneyProof
	Fees     []FeeLine
	Owed     Owed
	// Warnings are findings about the run itself, such as a year without a
	// published calendar.
	Warnings []Warning
	// Quiet are the matched pairs that Groups does not list, and Sums what the
	// settlements are made of; both only with Options.Before, for a ledger.
	Quiet []QuietPair
	Sums  []SettledSum
	// Days are those of which this run has seen clearing rows.
	Days []ClearingDayOf

	// Rows tells of single rows, for a ledger.
	Rows RowJudge
}

// TrendPoint is one acquirer's day: what was sold and cleared, what is open.
type TrendPoint struct {
	Day                       record.Date
	Acquirer                  string
	Matched, Open             int64     // groups
	MatchedAmount, OpenAmount money.Fen // base currency only
}

// Proof is the account of every row, computed from the results apart from the
// join. Balanced is the conjunction of all of it.
type Proof struct {
	Balanced bool
	Sides    [4]SideProof // indexed by parse.Side
	// Failure says in words what does not add up, for a bug report.
	Failure string
}

// SideProof compares what a side holds with what the results account for.
type SideProof struct {
	// Read = Accepted + Seen + Rejected + Skipped.
	Read, Accepted, Seen, Rejected, Skipped int64
	// Carried are the rows of earlier nights that took part: read + carried =
	// grouped.
	Carried       int64
	Amount        Sums // of the accepted rows
	Grouped       int64
	GroupedAmount Sums
}

// WarningMissingDay: an acquirer has rows of days before and after a day, none
// of the day itself, and the shop sold through it: acquirer, merchant, day,
// number of sales. Its file is missing.
const WarningMissingDay = "missing_day"

// Warning is a finding about the run itself.
type Warning struct {
	Code string // stable; "calendar_year" …
	Args []string
}

// CreditState is whether a settlement's money came (SPEC section 4).
type CreditState uint8

const (
	CreditUnchecked CreditState = iota
	CreditFull
	CreditPartial
	CreditNone
	CreditOver
	CreditCarried
	NumCreditState
)

// String is the code of the machine-readable results.
func (c CreditState) String() string {
	return [...]string{"unchecked", "full", "partial", "none", "over", "carried"}[c]
}

// Settlement is one line of settlements.csv: the clearing rows of one
// (acquirer, merchant, clearing date, account).
type Settlement struct {
	ID string
	// ItemID names its item in the ledger; "" if it is none.
	ItemID       string
	Acquirer     string
	MerchantID   string
	Account      string
	Currency     string
	ClearingDate record.Date
	Cycle        string // T+1 …
	DueDate      record.Date
	Credit       CreditState
	Timing       Timing
	DaysLate     int32
	Flags        Flags
	Transactions int64
	// Net is Gross − Fee − PayoutFee. Outstanding is Net + Carried − Credited:
	// Carried is what negative nets moved in (negative) or out (positive), and
	// adds up to nothing over a merchant's settlements. Outstanding is negative
	// where too much came, or where a negative net found no settlement to go to.
	Gross, Fee, Net, Credited, Outstanding money.Fen
	PayoutFee, Carried                     money.Fen
	FirstCredit, LastCredit                record.Date
	// CreditedDate is the day of the credit that completed it; 0: it is not
	// complete, or nobody says.
	CreditedDate record.Date
	// Claimed is the day on which the clearing file itself says that it was
	// credited (or, failing that, settled); 0: it does not say.
	Claimed record.Date
	// Unsettled is how many of its rows the clearing file itself calls not
	// settled.
	Unsettled int64
	// NamedAccount is the account that the contract names on the clearing day.
	NamedAccount string
	// ShownTo is the last day that the bank side shows of its account, at most
	// the as-of day; 0: nothing shows it.
	ShownTo record.Date
	// Held are the clearing rows that explain a shortfall, if exactly one set
	// of the smallest size does.
	Held          []record.Pos
	CreditSources []record.Pos // positions on the bank side
	// RepeatedRows are clearing rows that repeat another one and that were
	// taken out of Gross, Fee and Net, since the credits are short by exactly
	// what they bring, Repeated. Transactions counts them.
	RepeatedRows []record.Pos
	Repeated     money.Fen
	// sales and refunds are of Gross, before repeated rows were taken out;
	// released is what came after the first day on which money came.
	sales, refunds, Released money.Fen
	Copies                   []Copied
	Reason                   Reason
	Evidence                 []Reason // of its flags
}

// MoneyProof is the account of the settlement leg's money, per currency:
// Credits = Allocated + Unallocated over all bank lines, and Net = Credited +
// Outstanding over all settlements. Returned payouts count with both their
// lines; carried nets move within a merchant and add up to nothing; what came
// too much is a negative outstanding.
type MoneyProof struct {
	OK                              bool
	Credits, Allocated, Unallocated Sums
	Net, Credited, Outstanding      Sums
	// Failure says in words what does not add up, for a bug report.
	Failure string
}

// Payment is a part of a bank line that went to a settlement; the part of a
// returned payout is taken back by a negative one.
type Payment struct {
	Credit, Settlement int32 // indexes into Result.Credits and Result.Settlements
	Amount             money.Fen
}

// CreditOutcome is what became of a bank line (SPEC section 4).
type CreditOutcome uint8

const (
	Identified CreditOutcome = iota
	Unidentified
	Ambiguous
	Returned
	Ignored
	NumCreditOutcome
)

// String is the code of the machine-readable results.
func (c CreditOutcome) String() string {
	return [...]string{"identified", "unidentified", "ambiguous", "returned", "ignored"}[c]
}

// Credit is one line of credits.csv: a row of the bank side.
type Credit struct {
	// ItemID names its item in the ledger; "" if it is none.
	ItemID string
	// Acquirer is whom an unplaced line is from: a name that the settlements
	// know where there is one, "" where nothing says.
	Acquirer    string
	Outcome     CreditOutcome
	Row         record.Pos
	Date        record.Date
	Amount      money.Fen
	Allocated   money.Fen
	Currency    string
	Settlements []int32 // indexes into Result.Settlements
	Reason      Reason
	// Hint is what an unidentified or ambiguous line is nearest to.
	Hint Hint
}

// Copied is a clearing row that repeats another one of its settlement: same
// key, amount, kind and time, and the shop does not have it as often.
type Copied struct {
	Pos         record.Pos
	Amount, Net money.Fen
}

// Fields are the text fields a row needs to carry the key. KeyTrace needs the
// trade day as well.
func (k KeyType) Fields() record.FieldSet {
	var s record.FieldSet
	switch k {
	case KeyOrder:
		return s.With(record.OrderNo)
	case KeyChannel:
		return s.With(record.ChannelNo)
	case KeyRef:
		return s.With(record.TerminalID, record.RefNo)
	case KeyTrace:
		return s.With(record.TerminalID, record.BatchNo, record.TraceNo)
	case KeyRefAlone:
		return s.With(record.RefNo)
	}
	return s
}

// BaseCurrency is what a row without a currency is in.
const BaseCurrency = "CNY"

// Short says that less was cleared or credited than sold: what did come does
// not make the sale fully credited.
func (g *Group) Short() bool {
	return g.Match == Partial || g.Reason.Code == ReasonKindConflict && g.ClearingAmount < g.PosAmount
}

// Payable is what a settlement should bring.
func (s *Settlement) Payable() money.Fen { return s.Net + s.Carried }

// ClaimDiffers says whether the clearing file's own word about the money is not
// what the bank shows: another day, no money at all, or all of it where the
// file calls rows not settled.
func (s *Settlement) ClaimDiffers() bool {
	if s.Unsettled > 0 {
		return s.Credit == CreditFull && s.CreditedDate != 0 || s.Credit == CreditOver
	}
	return s.Claimed != 0 && s.Credit != CreditUnchecked && s.Timing != TimingNone && s.Claimed != s.CreditedDate && !(s.CreditedDate == 0 && s.Timing == PendingTiming)
}

// Plus adds to one currency's sum and keeps the order.
func (s Sums) Plus(currency string, amount money.Fen) Sums {
	if currency == "" {
		currency = "CNY"
	}
	i, found := slices.BinarySearchFunc(s, currency, func(a Sum, c string) int { return strings.Compare(a.Currency, c) })
	if found {
		s[i].Amount += amount
		return s
	}
	return slices.Insert(s, i, Sum{currency, amount})
}
