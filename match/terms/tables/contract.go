package tables

import (
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/problem"
)

var contractColumns = []column{
	{name: "收单机构", aliases: []string{"acquirer", "收单机构名称", "支付机构", "收单行"}},
	{name: "商户号", aliases: []string{"merchant_id", "商户编号", "商户代码", "mid"}},
	{name: "结算周期", aliases: []string{"cycle", "到账周期", "清算周期"}},
	{name: "借记卡周期", aliases: []string{"debit_cycle", "借记卡结算周期", "借记卡到账周期"}},
	{name: "贷记卡周期", aliases: []string{"credit_cycle", "信用卡周期", "贷记卡结算周期", "信用卡结算周期", "贷记卡到账周期"}},
	{name: "扫码周期", aliases: []string{"qr_cycle", "扫码结算周期", "扫码到账周期"}},
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
	Acquirer    nameCell  `csv:"收单机构"`
	Merchant    idCell    `csv:"商户号"`
	Cycle       cycleCell `csv:"结算周期"`
	DebitCycle  cycleCell `csv:"借记卡周期"`
	CreditCycle cycleCell `csv:"贷记卡周期"`
	QRCycle     cycleCell `csv:"扫码周期"`
	CutOff      clockCell `csv:"切点"`
	QRCutOff    clockCell `csv:"扫码切点"`
	Account     idCell    `csv:"结算账户"`
	From        dayCell   `csv:"生效日期"`
	To          dayCell   `csv:"失效日期"`
	Debit       rateCell  `csv:"借记卡费率"`
	DebitCap    moneyCell `csv:"借记卡封顶"`
	Credit      rateCell  `csv:"贷记卡费率"`
	QR          rateCell  `csv:"扫码费率"`
	PayoutFee   moneyCell `csv:"付款手续费"`
	Limit       moneyCell `csv:"单笔限额"`
	RefundDays  countCell `csv:"退款时限"`
}

// LoadContracts reads the contract table of SPEC section 5 from CSV (UTF-8 or
// GBK) or XLSX. Missing columns and blank cells take their default. The error
// is TableErrors with every cell that is wrong, or says why the file cannot
// be read at all. patterns say which spellings are one acquirer's; nil is the
// built-in ones.
func LoadContracts(path string, patterns *terms.Patterns) (*terms.Contracts, error) {
	t, err := loadTable(path)
	if err != nil {
		return nil, err
	}
	return t.Contracts(patterns)
}

// contractShape is the contract table's. A row without a header is told by its
// settlement cycle.
var contractShape = tableShape{columns: contractColumns, required: []string{"收单机构", "商户号"}, isRow: func(r tableRow) bool {
	return slices.ContainsFunc(r.cells, func(c tableCell) bool {
		_, err := terms.ParseCycle(c.text)
		return err == nil && strings.Contains(terms.Squeeze(c.text), "+")
	})
}}

func (t table) Contracts(patterns *terms.Patterns) (*terms.Contracts, error) {
	sheets, err := t.bind(contractShape)
	if err != nil {
		return nil, err
	}
	c := terms.EmptyContracts(patterns)
	var errs terms.TableErrors
	for _, b := range sheets {
		var lines []contractLine
		if err := b.into(&lines); err != nil {
			return nil, err
		}
		for i := range lines {
			row, bad := lines[i].contract(b.where[i])
			if errs = append(errs, bad...); len(bad) == 0 {
				c.Add(row)
			}
		}
	}
	if len(errs) == 0 {
		errs = c.Check()
	}
	return c, errs.OrNil()
}

func (l *contractLine) contract(where string) (*terms.Contract, terms.TableErrors) {
	var errs terms.TableErrors
	note := func(column string, f fault) {
		if f.zh != "" {
			errs = append(errs, &terms.TableError{Where: where, Column: column, Value: f.value, ZH: f.zh, EN: f.en})
		}
	}
	for _, c := range []struct {
		column string
		fault  fault
	}{
		{"收单机构", l.Acquirer.fault}, {"商户号", l.Merchant.fault}, {"结算周期", l.Cycle.fault},
		{"借记卡周期", l.DebitCycle.fault}, {"贷记卡周期", l.CreditCycle.fault}, {"扫码周期", l.QRCycle.fault}, {"切点", l.CutOff.fault},
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
	if l.Acquirer.text == terms.Anyone && l.Merchant.text != terms.Anyone && l.Merchant.text != "" {
		note("收单机构", fault{value: l.Acquirer.text, zh: "只有商户号也是 * 时才能用 *", en: "* is only allowed where the merchant number is * too"})
	}
	if l.From.value != 0 && l.To.value != 0 && l.From.value > l.To.value {
		note("失效日期", fault{value: terms.DayText(l.To.value), zh: "早于生效日期 " + terms.DayText(l.From.value), en: "before the first day " + terms.DayText(l.From.value)})
	}
	if l.DebitCap.set && !l.Debit.value.Known() {
		note("借记卡封顶", fault{value: l.DebitCap.value.String(), zh: "有封顶却没有借记卡费率，请补上费率", en: "a cap without a debit rate; give the rate"})
	}
	row := &terms.Contract{
		Acquirer: l.Acquirer.text, MerchantID: l.Merchant.text, From: l.From.value, To: l.To.value,
		Cycle: terms.DefaultCycle, CutOff: terms.DefaultCutOff, QRCutOff: l.QRCutOff.value % terms.DaySeconds,
		Account: problem.MaskCards(l.Account.text), Debit: l.Debit.value, Credit: l.Credit.value, QR: l.QR.value, DebitCap: l.DebitCap.value,
		PayoutFee: l.PayoutFee.value, Limit: l.Limit.value, RefundDays: l.RefundDays.value, Where: where,
	}
	if l.Cycle.set {
		row.Cycle = l.Cycle.value
	}
	row.DebitCycle, row.CreditCycle, row.QRCycle = l.DebitCycle.given(), l.CreditCycle.given(), l.QRCycle.given()
	if l.CutOff.set {
		row.CutOff = l.CutOff.value % terms.DaySeconds
	}
	return row, errs
}
