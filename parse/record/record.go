package record

import (
	"github.com/duizhang/duizhang/parse/money"
)

// Side is whose word a file is.
type Side uint8

const (
	SideUnknown  Side = iota
	SidePos           // what the shop says it sold
	SideClearing      // what the acquirer says it cleared
	SideBank          // what really reached the account
)

// Kind is what a row does (SPEC: kind).
type Kind uint8

const (
	KindUnknown     Kind = iota
	Sale                 // 消费
	Void                 // 撤销
	Reversal             // 冲正
	Refund               // 退货/退款
	Preauth              // 预授权: moves no money
	PreauthComplete      // 预授权完成
	Adjustment           // 调账
	Fee                  // 费用/提现费
	Payout               // 划款
)

// Status is whether a row happened. Only OK moves money.
type Status uint8

const (
	StatusUnknown Status = iota
	OK
	Failed
	Pending
)

// CardType decides which rate of a contract applies.
type CardType uint8

const (
	CardUnknown CardType = iota
	Debit                // 借记卡
	Credit               // 贷记卡 (also 准贷记卡)
)

// Channel is how the customer paid, as far as cut-offs and rates care.
type Channel uint8

const (
	ChannelUnknown Channel = iota
	ChannelCard            // a card at a terminal
	ChannelQR              // QR code or wallet: 微信, 支付宝, 云闪付, 数字人民币 …
	ChannelOther           // cash and the like
)

// Date is a calendar day in Asia/Shanghai as days since 1970-01-01; 0 means
// that the file does not say.
type Date int32

// Time is a wall-clock moment in Asia/Shanghai as seconds since
// 1970-01-01 00:00:00 of that wall clock; 0 means that the file does not say.
type Time int64

// Date is the calendar day of t.
func (t Time) Date() Date { return Date(t / 86400) }

// Clock is the time of day of t in seconds.
func (t Time) Clock() int { return int(t % 86400) }

// Field names a canonical field (SPEC section 2).
type Field uint8

const (
	FieldNone Field = iota
	// Text fields, in the order of Row.Text.
	Acquirer
	MerchantID
	Store
	TerminalID
	BatchNo
	TraceNo
	RefNo
	AuthCode
	OrderNo
	ChannelNo
	CardTail
	CardTypeText
	PayMethod
	OrigKey
	Account
	Payer
	Remark
	Currency
	numText
	// Typed fields.
	FieldKind
	FieldStatus
	FieldTime
	FieldClearingDate
	FieldSettleDate
	FieldCreditedDate
	FieldPromisedDate
	FieldAmount
	FieldFee
	FieldNet
	FieldCredited
	numFields
)

// NumText is the length of Row.Text, NumFields the number of all fields.
const (
	NumText   = int(numText)
	NumFields = int(numFields)
)

var fieldNames = [NumFields]string{
	Acquirer: "acquirer", MerchantID: "merchant_id", Store: "store", TerminalID: "terminal_id", BatchNo: "batch_no", TraceNo: "trace_no",
	RefNo: "ref_no", AuthCode: "auth_code", OrderNo: "order_no", ChannelNo: "channel_no", CardTail: "card_tail", CardTypeText: "card_type",
	PayMethod: "pay_method", OrigKey: "orig_key", Account: "account", Payer: "payer", Remark: "remark", Currency: "currency",
	FieldKind: "kind", FieldStatus: "status", FieldTime: "time", FieldClearingDate: "clearing_date", FieldSettleDate: "settle_date",
	FieldCreditedDate: "credited_date", FieldPromisedDate: "promised_date", FieldAmount: "amount", FieldFee: "fee", FieldNet: "net", FieldCredited: "credited",
}

// String is the field's name in SPEC section 2.
func (f Field) String() string {
	if f < numFields {
		return fieldNames[f]
	}
	return ""
}

// Pos is where a row stands within its Set: the set's documents are laid end
// to end in one address space (below 1<<40), and a Pos is the address of the
// row's first byte. Sorting by Pos is reading order.
type Pos uint64

// Row is one accepted row as the scan sees it. It is only valid until the
// visitor returns: Text points into the scanner's buffers.
type Row struct {
	Pos      Pos
	Doc      int // index of the document in the set
	Kind     Kind
	Status   Status
	CardType CardType
	Channel  Channel
	// HasClock says that Time carries a time of day, not only a date.
	HasClock bool
	// HasFee, HasNet and HasCredited say that the file gives the amount; a
	// zero without it means "not said".
	HasFee, HasNet, HasCredited bool
	// Unsettled: the row is OK, but the acquirer says itself that it has not
	// paid it out (未结算), whatever day stands beside it.
	Unsettled bool

	Time         Time
	ClearingDate Date
	SettleDate   Date // the day the acquirer says it settles or settled
	CreditedDate Date // the day the acquirer says the money arrived
	PromisedDate Date // the day the acquirer says it will pay: a due date, no sign that money came

	// Amount is signed: voids, reversals and refunds are negative.
	Amount, Fee, Net, Credited money.Fen

	// Text holds the canonical text fields, indexed by Field (Text[OrderNo]),
	// in UTF-8, without guards, blanks and invisible characters; nil = absent.
	// Fields that the scan was not asked for may be nil too. CardTail is
	// already masked.
	Text [NumText][]byte
}

// Record is a Row that can be kept.
type Record struct {
	Pos                         Pos
	Doc                         int
	Kind                        Kind
	Status                      Status
	CardType                    CardType
	Channel                     Channel
	HasClock                    bool
	HasFee, HasNet, HasCredited bool
	Unsettled                   bool
	Time                        Time
	ClearingDate                Date
	SettleDate                  Date
	CreditedDate                Date
	PromisedDate                Date
	Amount, Fee, Net, Credited  money.Fen
	Text                        [NumText]string
	// Source is basename:line, basename:sheet!row or archive.zip/entry:line.
	Source string
}

// FieldSet is a set of text fields.
type FieldSet uint32

// With adds fields.
func (s FieldSet) With(fs ...Field) FieldSet {
	for _, f := range fs {
		s |= 1 << f
	}
	return s
}

// Has says whether f is in s.
func (s FieldSet) Has(f Field) bool { return s&(1<<f) != 0 }

// String is the side's name in flags and results.
func (s Side) String() string {
	return [...]string{"unknown", "pos", "clearing", "bank"}[s]
}

// NetFits says whether net = amount - fee where a row has them. Preauthorisations
// and what failed move no money, whatever stands beside them. A sale below zero
// has a net below zero: only of what is called a refund the net may be printed
// without a sign.
func (row *Row) NetFits(fee, saleBelow bool) (fits, checked bool) {
	if !fee || !row.HasNet || row.Status != OK || row.Kind == Preauth {
		return true, false
	}
	if row.Amount-row.Fee == row.Net {
		return true, true
	}
	switch {
	case row.Amount == 0 && row.Fee.Abs() == row.Net.Abs(): // a charge of its own
		return true, true
	case !saleBelow && row.Amount < 0 && row.Net > 0 && row.Amount-row.Fee == -row.Net:
		row.Net = -row.Net // a refund printed with a sign, its net without
		return true, true
	}
	return false, true
}

// AllFields is every text field.
const AllFields FieldSet = 1<<NumText - 1
