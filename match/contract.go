package match

import (
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"

	"duizhang/parse"
	"duizhang/parse/money"
)

// Anyone in the merchant column makes a row the acquirer's default; in the
// acquirer column, the default of all.
const Anyone = "*"

const daySeconds = 86400

// DefaultCutOff is where the card day ends if no contract says otherwise:
// UnionPay's 23:00:00, itself already the next day.
const DefaultCutOff = 23 * 3600

// Contract is one dated row of the contract table: what an acquirer promised
// a merchant number from one day to another.
type Contract struct {
	Acquirer   string
	MerchantID string // "*": every merchant of the acquirer without a row of its own
	From, To   parse.Date
	Cycle      Cycle
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

var defaultContract = Contract{MerchantID: Anyone, Acquirer: Anyone, Cycle: DefaultCycle, CutOff: DefaultCutOff}

// ClearingDay is the day whose clearing file a sale at t belongs to: a card
// sale at or after the cut-off belongs to the next day, QR and wallet sales
// follow the natural day unless the contract sets their cut-off. A time
// without a clock is a natural day: nothing says that it was after the
// cut-off. Payments of unknown kind follow the card rule, other ones (cash)
// the natural day.
func (c *Contract) ClearingDay(t parse.Time, hasClock bool, ch parse.Channel) parse.Date {
	cut := 0
	switch ch {
	case parse.ChannelCard, parse.ChannelUnknown:
		cut = c.CutOff
	case parse.ChannelQR:
		cut = c.QRCutOff
	}
	if hasClock && cut > 0 && t.Clock() >= cut {
		return t.Date() + 1
	}
	return t.Date()
}

// covers says whether the row is in force on a day.
func (c *Contract) covers(day parse.Date) bool {
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
func (c *Contracts) For(acquirer, merchant string, day parse.Date) *Contract {
	if c == nil {
		return &defaultContract
	}
	group := c.patterns.group(c.Name(acquirer, merchant))
	for _, key := range []contractKey{{group, merchant}, {group, Anyone}, {Anyone, Anyone}} {
		for _, row := range c.merchant[key] {
			if row.covers(day) {
				return row
			}
		}
	}
	return &defaultContract
}

// Name is what the table calls an acquirer: its own spelling of it (拉卡拉 for
// lakala), or the acquirer of a merchant number where the file names none or
// one that the table does not know; else the name unchanged.
func (c *Contracts) Name(acquirer, merchant string) string {
	if c == nil {
		return acquirer
	}
	if name, ok := c.names[c.patterns.group(acquirer)]; ok && acquirer != "" {
		return name
	}
	if owner := c.owner[merchant]; owner != "" && merchant != "" {
		return owner
	}
	return acquirer
}

// add puts a checked row into the indexes.
func (c *Contracts) add(row *Contract) {
	c.rows = append(c.rows, row)
	key := contractKey{c.patterns.group(row.Acquirer), row.MerchantID}
	c.merchant[key] = append(c.merchant[key], row)
	if _, ok := c.names[key.acquirer]; !ok {
		c.names[key.acquirer] = row.Acquirer
	}
	if row.MerchantID == Anyone {
		return
	}
	if owner, ok := c.owner[row.MerchantID]; ok && c.patterns.group(owner) != key.acquirer {
		c.owner[row.MerchantID] = ""
	} else if !ok {
		c.owner[row.MerchantID] = c.names[key.acquirer]
	}
}

// NewContracts builds a table from rows made in code; the rows must be
// consistent as LoadContracts checks it.
func NewContracts(rows ...Contract) (*Contracts, error) {
	c := emptyContracts(nil)
	for i := range rows {
		row := rows[i]
		if row.Where == "" {
			row.Where = "row " + strconv.Itoa(i+1)
		}
		c.add(&row)
	}
	return c, c.check().orNil()
}

func emptyContracts(patterns *Patterns) *Contracts {
	return &Contracts{patterns: patterns, merchant: map[contractKey][]*Contract{}, owner: map[string]string{}, names: map[string]string{}}
}

// check sorts the dated rows and refuses two that are in force on one day. A
// row without an end is in force until the next one begins: that is how clerks
// note a new card or rate.
func (c *Contracts) check() TableErrors {
	var errs TableErrors
	for _, rows := range c.merchant {
		slices.SortStableFunc(rows, func(a, b *Contract) int { return int(a.From) - int(b.From) })
		for i := 1; i < len(rows); i++ {
			a, b := rows[i-1], rows[i]
			if a.To == 0 && a.From < b.From {
				a.To = b.From - 1
			}
			if a.To == 0 || b.From <= a.To {
				errs = append(errs, &TableError{Where: b.Where, Column: "生效日期", Value: dayText(b.From),
					zh: "与 " + a.Where + " 的有效期重叠，请更正其中一行的生效日期或失效日期",
					en: "in force at the same time as " + a.Where + "; correct the first or last day of one of them"})
			}
		}
	}
	slices.SortFunc(errs, func(a, b *TableError) int { return strings.Compare(a.Where, b.Where) })
	return errs
}

var contractColumns = []column{
	{name: "收单机构", aliases: []string{"acquirer", "收单机构名称", "支付机构", "收单行"}},
	{name: "商户号", aliases: []string{"merchant_id", "商户编号", "商户代码", "mid"}},
	{name: "结算周期", aliases: []string{"cycle", "到账周期", "清算周期"}},
	{name: "切点", aliases: []string{"cut_off", "cutoff", "日切时间", "刷卡切点", "银行卡切点"}, kind: clockColumn},
	{name: "扫码切点", aliases: []string{"qr_cut_off", "qr_cutoff"}, kind: clockColumn},
	{name: "结算账户", aliases: []string{"account", "结算账号", "结算卡号", "结算帐户", "结算帐号"}},
	{name: "生效日期", aliases: []string{"valid_from", "from", "开始日期", "生效日"}, kind: dateColumn},
	{name: "失效日期", aliases: []string{"valid_to", "to", "截止日期", "结束日期", "失效日"}, kind: dateColumn},
	{name: "借记卡费率", aliases: []string{"debit_rate"}, kind: rateColumn},
	{name: "借记卡封顶", aliases: []string{"debit_cap", "封顶", "借记卡封顶值"}, kind: decimalColumn},
	{name: "贷记卡费率", aliases: []string{"credit_rate", "信用卡费率"}, kind: rateColumn},
	{name: "扫码费率", aliases: []string{"qr_rate"}, kind: rateColumn},
	{name: "付款手续费", aliases: []string{"payout_fee", "划款手续费", "出款手续费"}, kind: decimalColumn},
	{name: "单笔限额", aliases: []string{"limit", "限额"}, kind: decimalColumn},
	{name: "退款时限", aliases: []string{"refund_days", "退货时限"}, kind: decimalColumn},
}

// contractLine is one row as gocsv reads it. The cells keep their own error.
type contractLine struct {
	Acquirer   nameCell  `csv:"收单机构"`
	Merchant   idCell    `csv:"商户号"`
	Cycle      cycleCell `csv:"结算周期"`
	CutOff     clockCell `csv:"切点"`
	QRCutOff   clockCell `csv:"扫码切点"`
	Account    idCell    `csv:"结算账户"`
	From       dayCell   `csv:"生效日期"`
	To         dayCell   `csv:"失效日期"`
	Debit      rateCell  `csv:"借记卡费率"`
	DebitCap   moneyCell `csv:"借记卡封顶"`
	Credit     rateCell  `csv:"贷记卡费率"`
	QR         rateCell  `csv:"扫码费率"`
	PayoutFee  moneyCell `csv:"付款手续费"`
	Limit      moneyCell `csv:"单笔限额"`
	RefundDays countCell `csv:"退款时限"`
}

// LoadContracts reads the contract table of SPEC section 5 from CSV (UTF-8 or
// GBK) or XLSX. Missing columns and blank cells take their default. The error
// is TableErrors with every cell that is wrong, or says why the file cannot
// be read at all. patterns say which spellings are one acquirer's; nil is the
// built-in ones.
func LoadContracts(path string, patterns *Patterns) (*Contracts, error) {
	t, err := loadTable(path)
	if err != nil {
		return nil, err
	}
	return t.contracts(patterns)
}

// contractShape is the contract table's. A row without a header is told by its
// settlement cycle.
var contractShape = tableShape{columns: contractColumns, required: []string{"收单机构", "商户号"}, isRow: func(r tableRow) bool {
	return slices.ContainsFunc(r.cells, func(c tableCell) bool {
		_, err := ParseCycle(c.text)
		return err == nil && strings.Contains(squeeze(c.text), "+")
	})
}}

func (t table) contracts(patterns *Patterns) (*Contracts, error) {
	sheets, err := t.bind(contractShape)
	if err != nil {
		return nil, err
	}
	c := emptyContracts(patterns)
	var errs TableErrors
	for _, b := range sheets {
		var lines []contractLine
		if err := b.into(&lines); err != nil {
			return nil, err
		}
		for i := range lines {
			row, bad := lines[i].contract(b.where[i])
			if errs = append(errs, bad...); len(bad) == 0 {
				c.add(row)
			}
		}
	}
	if len(errs) == 0 {
		errs = c.check()
	}
	return c, errs.orNil()
}

func (l *contractLine) contract(where string) (*Contract, TableErrors) {
	var errs TableErrors
	note := func(column string, f fault) {
		if f.zh != "" {
			errs = append(errs, &TableError{Where: where, Column: column, Value: f.value, zh: f.zh, en: f.en})
		}
	}
	for _, c := range []struct {
		column string
		fault  fault
	}{
		{"收单机构", l.Acquirer.fault}, {"商户号", l.Merchant.fault}, {"结算周期", l.Cycle.fault}, {"切点", l.CutOff.fault},
		{"扫码切点", l.QRCutOff.fault}, {"结算账户", l.Account.fault}, {"生效日期", l.From.fault}, {"失效日期", l.To.fault},
		{"借记卡费率", l.Debit.fault}, {"借记卡封顶", l.DebitCap.fault}, {"贷记卡费率", l.Credit.fault}, {"扫码费率", l.QR.fault},
		{"付款手续费", l.PayoutFee.fault}, {"单笔限额", l.Limit.fault}, {"退款时限", l.RefundDays.fault},
	} {
		note(c.column, c.fault)
	}
	if l.Acquirer.text == "" {
		note("收单机构", fault{zh: "不能为空，请填写收单机构名称", en: "must not be blank; name the acquirer"})
	}
	if l.Merchant.text == "" && l.Merchant.zh == "" {
		note("商户号", fault{zh: "不能为空，请填写商户号，或用 * 表示该机构的默认值", en: "must not be blank; give the merchant number, or * for the acquirer's default"})
	}
	if l.Acquirer.text == Anyone && l.Merchant.text != Anyone && l.Merchant.text != "" {
		note("收单机构", fault{value: l.Acquirer.text, zh: "只有商户号也是 * 时才能用 *", en: "* is only allowed where the merchant number is * too"})
	}
	if l.From.value != 0 && l.To.value != 0 && l.From.value > l.To.value {
		note("失效日期", fault{value: dayText(l.To.value), zh: "早于生效日期 " + dayText(l.From.value), en: "before the first day " + dayText(l.From.value)})
	}
	if l.DebitCap.set && !l.Debit.value.Known() {
		note("借记卡封顶", fault{value: l.DebitCap.value.String(), zh: "有封顶却没有借记卡费率，请补上费率", en: "a cap without a debit rate; give the rate"})
	}
	row := &Contract{
		Acquirer: l.Acquirer.text, MerchantID: l.Merchant.text, From: l.From.value, To: l.To.value,
		Cycle: DefaultCycle, CutOff: DefaultCutOff, QRCutOff: l.QRCutOff.value % daySeconds,
		Account: parse.MaskCards(l.Account.text), Debit: l.Debit.value, Credit: l.Credit.value, QR: l.QR.value, DebitCap: l.DebitCap.value,
		PayoutFee: l.PayoutFee.value, Limit: l.Limit.value, RefundDays: l.RefundDays.value, Where: where,
	}
	if l.Cycle.set {
		row.Cycle = l.Cycle.value
	}
	if l.CutOff.set {
		row.CutOff = l.CutOff.value % daySeconds
	}
	return row, errs
}

// fault is what is wrong with a cell; none if zh is empty.
type fault struct{ value, zh, en string }

// nameCell is free text.
type nameCell struct {
	fault
	text string
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *nameCell) UnmarshalCSV(s string) error {
	c.text = parse.MaskCards(strings.TrimSpace(s))
	return nil
}

// idCell is an identifier: digits and letters, stars of a mask, no exponent.
type idCell struct {
	fault
	text string
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *idCell) UnmarshalCSV(s string) error {
	c.text = squeeze(s)
	if c.text == "＊" {
		c.text = Anyone
	}
	if strings.ContainsAny(c.text, ".+") {
		c.fault = fault{s, "号码被表格软件改成了数字，末尾几位已丢失，请把这一列设为文本后重新填写", "the spreadsheet turned the number into a figure and lost its last digits; make the column text and enter it again"}
	}
	return nil
}

// cell is a typed cell: blank, a value, or at fault.
type cell[T any] struct {
	fault
	set   bool
	value T
}

// read takes the cell's text; zh and en say what is wrong with one that is no T.
func (c *cell[T]) read(s string, parse func(string) (T, bool), zh, en string) error {
	if s == "" {
		return nil
	}
	value, ok := parse(s)
	if !ok {
		c.fault = fault{s, zh, en}
	}
	c.value, c.set = value, true
	return nil
}

type (
	cycleCell struct{ cell[Cycle] }
	clockCell struct{ cell[int] } // seconds of the day
	dayCell   struct{ cell[parse.Date] }
	rateCell  struct{ cell[Rate] }
	moneyCell struct{ cell[money.Fen] }
	countCell struct{ cell[int] }
)

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *cycleCell) UnmarshalCSV(s string) error {
	return c.read(s, func(s string) (Cycle, bool) {
		cycle, err := ParseCycle(s)
		return cycle, err == nil
	}, "不是结算周期，请写 T+1、T+0、D+1 或 D+0 这样的形式", "not a settlement cycle; write it as T+1, T+0, D+1 or D+0")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *clockCell) UnmarshalCSV(s string) error {
	return c.read(s, parseClock, "不是时刻，请写 23:00 这样的形式", "not a time of day; write it as 23:00")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *dayCell) UnmarshalCSV(s string) error {
	return c.read(s, parseDay, "不是日期，请写 2026-10-08 这样的形式", "not a date; write it as 2026-10-08")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *rateCell) UnmarshalCSV(s string) error {
	return c.read(s, parseRate, "不是费率，请带上百分号写成 0.6% 这样的形式（也可写 6‰、60‱ 或 0.006）", "not a rate; write it with its sign as 0.6% (or 6‰, 60‱, 0.006)")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *moneyCell) UnmarshalCSV(s string) error {
	return c.read(s, func(s string) (money.Fen, bool) {
		amount, err := money.Parse(s, money.Yuan)
		return amount, err == nil && amount >= 0
	}, "不是金额，请以元为单位写成 20 或 20.00", "not an amount; write it in yuan as 20 or 20.00")
}

// maxRefundDays is the longest time for a refund that is taken for one.
const maxRefundDays = 366

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *countCell) UnmarshalCSV(s string) error {
	return c.read(s, func(s string) (int, bool) {
		n, err := strconv.ParseUint(squeeze(s), 10, 16)
		return int(n), err == nil && n <= maxRefundDays
	}, "不是天数，请写工作日天数，如 3", "not a number of days; write business days, such as 3")
}

// Bounds of what is taken for a rate. A bare number beyond maxBareRate could be
// meant as a percentage (0.6 for 0.6 %) and is refused; no acquirer charges
// more than maxRate.
const (
	maxBareRate Rate = rateUnit / 20
	maxRate     Rate = rateUnit / 5
)

// parseRate reads 0.6%, 6‰, 60‱, 万分之60 and the bare share 0.006.
func parseRate(s string) (Rate, bool) {
	s = squeeze(s)
	shift, limit := 8, maxBareRate
	for _, u := range []struct {
		prefix, suffix string
		shift          int
	}{{"", "%", 6}, {"", "‰", 5}, {"", "‱", 4}, {"百分之", "", 6}, {"千分之", "", 5}, {"万分之", "", 4}} {
		if strings.HasPrefix(s, u.prefix) && strings.HasSuffix(s, u.suffix) {
			s, shift, limit = strings.TrimSuffix(strings.TrimPrefix(s, u.prefix), u.suffix), u.shift, maxRate
			break
		}
	}
	whole, frac, point := strings.Cut(s, ".")
	if len(whole) == 0 || len(whole) > 4 || len(frac) > 12 || point && frac == "" {
		return 0, false
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > shift {
		return 0, false
	}
	v, err := strconv.ParseUint(whole+frac+strings.Repeat("0", shift-len(frac)), 10, 62)
	if err != nil || Rate(v) > limit {
		return 0, false
	}
	if v == 0 {
		return ZeroRate, true
	}
	return Rate(v), true
}

// calendarLine is one row of a calendar table.
type calendarLine struct {
	Day  dayCell  `csv:"日期"`
	Type typeCell `csv:"类型"`
}

// typeCell is 休 (off) or 班 (worked).
type typeCell struct {
	fault
	worked bool
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *typeCell) UnmarshalCSV(s string) error {
	switch strings.ToLower(squeeze(s)) {
	case "休", "休息", "休假", "放假", "假", "节假日", "off", "holiday":
	case "班", "上班", "调休上班", "补班", "工作日", "work", "workday":
		c.worked = true
	default:
		c.fault = fault{s, "不认识，请写「休」或「班」", "unknown; write 休 (off) or 班 (worked)"}
	}
	return nil
}
