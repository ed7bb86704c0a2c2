package report

import (
	"bytes"
	"encoding/csv"
	"strconv"

	"github.com/gocarina/gocsv"

	"duizhang/parse"
	"duizhang/parse/money"
)

// transactionRow is a line of transactions.csv. All fields are rendered
// already: gocsv gives the columns their names and order.
type transactionRow struct {
	Match          string `csv:"match"`
	Timing         string `csv:"timing"`
	DaysLate       string `csv:"days_late"`
	Flags          string `csv:"flags"`
	Acquirer       string `csv:"acquirer"`
	MerchantID     string `csv:"merchant_id"`
	Store          string `csv:"store"`
	TerminalID     string `csv:"terminal_id"`
	Kind           string `csv:"kind"`
	PayMethod      string `csv:"pay_method"`
	KeyType        string `csv:"key_type"`
	Key            string `csv:"key"`
	PosTime        string `csv:"pos_time"`
	PosAmount      string `csv:"pos_amount"`
	ClearingDate   string `csv:"clearing_date"`
	ClearingAmount string `csv:"clearing_amount"`
	Difference     string `csv:"difference"`
	Fee            string `csv:"fee"`
	ExpectedFee    string `csv:"expected_fee"`
	Net            string `csv:"net"`
	DueDate        string `csv:"due_date"`
	CreditedDate   string `csv:"credited_date"`
	CreditedAmount string `csv:"credited_amount"`
	SettlementID   string `csv:"settlement_id"`
	PosSource      string `csv:"pos_source"`
	ClearingSource string `csv:"clearing_source"`
	Reason         string `csv:"reason"`
}

func (l *line) csv() transactionRow {
	g := l.group
	return transactionRow{
		Match:          g.Match.String(),
		Timing:         g.Timing.String(),
		DaysLate:       strconv.Itoa(int(g.DaysLate)),
		Flags:          flagCodes(g.Flags),
		Acquirer:       csvText(l.field(parse.Acquirer)),
		MerchantID:     csvText(l.field(parse.MerchantID)),
		Store:          csvText(l.field(parse.Store)),
		TerminalID:     csvText(l.field(parse.TerminalID)),
		Kind:           l.of(rowKindCode),
		PayMethod:      csvText(l.field(parse.PayMethod)),
		KeyType:        g.KeyType.String(),
		Key:            csvText(l.key()),
		PosTime:        all(l.pos, rowTime),
		PosAmount:      csvYuan(g.PosAmount, len(l.pos) > 0),
		ClearingDate:   distinct(l.clearing, rowClearingDate),
		ClearingAmount: csvYuan(g.ClearingAmount, len(l.clearing) > 0),
		Difference:     yuan(l.difference()),
		Fee:            csvYuan(l.fee()),
		ExpectedFee:    csvYuan(g.ExpectedFee, g.HasExpectedFee),
		Net:            csvYuan(l.net()),
		DueDate:        dateText(g.DueDate),
		CreditedDate:   dateText(g.CreditedDate),
		CreditedAmount: csvYuan(g.Credited, g.HasCredited),
		SettlementID:   csvText(l.settlementID()),
		PosSource:      csvText(all(l.pos, source)),
		ClearingSource: csvText(all(l.clearing, source)),
		Reason:         csvText(l.reason()),
	}
}

// settlementRow is a line of settlements.csv.
type settlementRow struct {
	SettlementID    string `csv:"settlement_id"`
	Credit          string `csv:"credit"`
	Timing          string `csv:"timing"`
	DaysLate        string `csv:"days_late"`
	Flags           string `csv:"flags"`
	Acquirer        string `csv:"acquirer"`
	MerchantID      string `csv:"merchant_id"`
	Account         string `csv:"account"`
	ClearingDate    string `csv:"clearing_date"`
	Cycle           string `csv:"cycle"`
	DueDate         string `csv:"due_date"`
	Transactions    string `csv:"transactions"`
	Gross           string `csv:"gross"`
	Fee             string `csv:"fee"`
	Net             string `csv:"net"`
	Credited        string `csv:"credited"`
	Outstanding     string `csv:"outstanding"`
	FirstCreditDate string `csv:"first_credit_date"`
	LastCreditDate  string `csv:"last_credit_date"`
	CreditSources   string `csv:"credit_sources"`
	Reason          string `csv:"reason"`
}

func (s *settled) csv() settlementRow {
	return settlementRow{
		SettlementID:    csvText(s.ID),
		Credit:          s.Credit.String(),
		Timing:          s.Timing.String(),
		DaysLate:        strconv.Itoa(int(s.DaysLate)),
		Flags:           flagCodes(s.Flags),
		Acquirer:        csvText(s.Acquirer),
		MerchantID:      csvText(s.MerchantID),
		Account:         csvText(s.Account),
		ClearingDate:    dateText(s.ClearingDate),
		Cycle:           s.Cycle,
		DueDate:         dateText(s.DueDate),
		Transactions:    strconv.FormatInt(s.Transactions, 10),
		Gross:           yuan(s.Gross),
		Fee:             yuan(s.Fee),
		Net:             yuan(s.Net),
		Credited:        yuan(s.Settlement.Credited),
		Outstanding:     yuan(s.Outstanding),
		FirstCreditDate: dateText(s.FirstCredit),
		LastCreditDate:  dateText(s.LastCredit),
		CreditSources:   csvText(s.sources()),
		Reason:          csvText(s.reason()),
	}
}

// creditRow is a line of credits.csv.
type creditRow struct {
	Outcome       string `csv:"outcome"`
	Date          string `csv:"date"`
	Amount        string `csv:"amount"`
	Allocated     string `csv:"allocated"`
	Account       string `csv:"account"`
	Payer         string `csv:"payer"`
	Remark        string `csv:"remark"`
	SettlementIDs string `csv:"settlement_ids"`
	Source        string `csv:"source"`
	Reason        string `csv:"reason"`
}

func (c *credited) csv() creditRow {
	return creditRow{
		Outcome:       c.Outcome.String(),
		Date:          dateText(c.Date),
		Amount:        yuan(c.Amount),
		Allocated:     yuan(c.Allocated),
		Account:       csvText(c.row.Text[parse.Account]),
		Payer:         csvText(c.row.Text[parse.Payer]),
		Remark:        csvText(c.row.Text[parse.Remark]),
		SettlementIDs: csvText(joined(c.settlements)),
		Source:        csvText(c.row.Source),
		Reason:        csvText(c.reason()),
	}
}

// rejectRow is a line of rejects.csv.
type rejectRow struct {
	Source string `csv:"source"`
	Column string `csv:"column"`
	Value  string `csv:"value"`
	Reason string `csv:"reason"`
}

func (r *Reject) csv() rejectRow {
	return rejectRow{csvText(r.Source), csvText(r.Column), csvText(r.Value), csvText(r.Reason)}
}

// csvText keeps a spreadsheet from running text as a formula: an apostrophe in
// front of what begins like one.
func csvText(s string) string {
	if s == "" {
		return ""
	}
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r':
		return "'" + s
	}
	return s
}

func csvYuan(f money.Fen, ok bool) string {
	if !ok {
		return ""
	}
	return yuan(f)
}

func joined(list []string) string {
	var b []byte
	for i, s := range list {
		if i > 0 {
			b = append(b, ';')
		}
		b = append(b, s...)
	}
	return string(b)
}

// bom lets a spreadsheet take the file for UTF-8.
const bom = "\uFEFF"

// appendCSV renders rows behind what is in buf; header says whether the line
// of column names comes first.
func appendCSV[T any](buf *bytes.Buffer, rows []T, header bool) error {
	w := csv.NewWriter(buf)
	w.UseCRLF = true
	if header {
		return gocsv.MarshalCSV(rows, w)
	}
	return gocsv.MarshalCSVWithoutHeaders(rows, w)
}

// The names of the CSV files.
const (
	transactionsCSV = "transactions.csv"
	settlementsCSV  = "settlements.csv"
	creditsCSV      = "credits.csv"
	rejectsCSV      = "rejects.csv"
)

// csvFile is one CSV file in the making.
type csvFile struct {
	temp *tempFile
	buf  bytes.Buffer
}

// writeRows adds lines; the first call, which may bring none, writes the header.
func writeRows[T any](f *csvFile, rows []T) error {
	f.buf.Reset()
	first := f.temp.size == 0
	if first {
		f.buf.WriteString(bom)
	}
	if err := appendCSV(&f.buf, rows, first); err != nil {
		return err
	}
	_, err := f.temp.Write(f.buf.Bytes())
	return err
}
