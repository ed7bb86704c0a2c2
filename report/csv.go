package report

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// The names of the CSV files.
const (
	transactionsCSV = "transactions.csv"
	settlementsCSV  = "settlements.csv"
	creditsCSV      = "credits.csv"
	rejectsCSV      = "rejects.csv"
)

// csvHeads are the column names of SPEC section 7.
var csvHeads = map[string]string{
	transactionsCSV: "match,timing,days_late,flags,acquirer,merchant_id,store,terminal_id,kind,pay_method,key_type,key,pos_time,pos_amount," +
		"clearing_date,clearing_amount,difference,fee,expected_fee,net,due_date,credited_date,credited_amount,settlement_id,pos_source,clearing_source,reason",
	settlementsCSV: "settlement_id,credit,timing,days_late,flags,acquirer,merchant_id,account,clearing_date,cycle,due_date,transactions," +
		"gross,fee,net,credited,outstanding,first_credit_date,last_credit_date,credit_sources,reason",
	creditsCSV: "outcome,date,amount,allocated,account,payer,remark,settlement_ids,source,reason",
	rejectsCSV: "source,column,value,reason",
}

// bom is the mark by which spreadsheets know UTF-8.
const bom = "\uFEFF"

// csvFile is one CSV file in the making.
type csvFile struct {
	temp *tempFile
	rows csvRows
}

// begin writes the header.
func (f *csvFile) begin(name string, ledger bool) error {
	_, err := f.temp.Write([]byte(bom + csvHead(name, ledger) + "\r\n"))
	return err
}

// csvRows are rendered lines, as encoding/csv would write them with CRLF. The
// values are appended in place: a row costs no allocation.
type csvRows struct {
	buf []byte
	// fresh is true at the beginning of a line.
	fresh bool
	// ledger: the lines end with their item's id.
	ledger bool
}

func (c *csvRows) reset() { c.buf, c.fresh = c.buf[:0], true }

func (c *csvRows) end() { c.buf, c.fresh = append(c.buf, "\r\n"...), true }

// next goes on to the next value of the line.
func (c *csvRows) next() {
	if !c.fresh {
		c.buf = append(c.buf, ',')
	}
	c.fresh = false
}

// code writes a word that needs no quotes: our own codes, and nothing.
func (c *csvRows) code(s string) {
	c.next()
	c.buf = append(c.buf, s...)
}

func (c *csvRows) int(n int64) {
	c.next()
	c.buf = strconv.AppendInt(c.buf, n, 10)
}

func (c *csvRows) yuan(f money.Fen) {
	c.next()
	c.buf = f.Append(c.buf)
}

func (c *csvRows) yuanIf(f money.Fen, ok bool) {
	if !ok {
		c.next()
		return
	}
	c.yuan(f)
}

func (c *csvRows) date(d record.Date) {
	c.next()
	c.buf = appendDate(c.buf, d)
}

// text writes the text of an input. An apostrophe in front of what begins like
// a formula keeps a spreadsheet from running it.
func (c *csvRows) text(s string) {
	c.next()
	s = plain(s)
	if s == "" {
		return
	}
	guard := ""
	switch s[0] {
	case '=', '+', '-', '@', '\t', '\r':
		guard = "'"
	}
	if !needsQuotes(guard, s) {
		c.buf = append(append(c.buf, guard...), s...)
		return
	}
	c.buf = append(append(c.buf, '"'), guard...)
	for i := range len(s) {
		switch s[i] {
		case '"':
			c.buf = append(c.buf, `""`...)
		case '\r': // only in line ends, which are CRLF throughout
		case '\n':
			c.buf = append(c.buf, "\r\n"...)
		default:
			c.buf = append(c.buf, s[i])
		}
	}
	c.buf = append(c.buf, '"')
}

// plain is a text as a CSV file holds it: always UTF-8, and without the zero
// byte, at which many programs stop reading. Bytes that are neither are shown by
// their value.
func plain(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == 0 || r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&b, `\x%02x`, s[0])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// needsQuotes follows encoding/csv: delimiters, quotes, line ends, and what
// begins with a space.
func needsQuotes(guard, s string) bool {
	if strings.ContainsAny(s, ",\"\r\n") || guard == "" && s == `\.` {
		return true
	}
	first, _ := utf8.DecodeRuneInString(s)
	return guard == "" && unicode.IsSpace(first)
}

// line writes a group as a line of transactions.csv.
func (c *csvRows) line(l *line) {
	g := l.group
	c.code(g.Match.String())
	c.code(g.Timing.String())
	c.int(int64(g.DaysLate))
	c.code(flagCodes(g.Flags))
	c.text(l.acquirer())
	c.text(l.merchant())
	c.text(l.field(record.Store))
	c.text(l.field(record.TerminalID))
	c.code(l.of(rowKindCode))
	c.text(l.field(record.PayMethod))
	c.code(g.KeyType.String())
	c.text(l.key())
	c.times(l.pos)
	c.yuanIf(g.PosAmount, len(l.pos) > 0)
	c.clearingDates(l)
	c.yuanIf(g.ClearingAmount, len(l.clearing) > 0)
	c.yuan(l.difference())
	c.yuanIf(l.fee())
	c.yuanIf(g.ExpectedFee, g.HasExpectedFee)
	c.yuanIf(l.net())
	c.date(g.DueDate)
	c.date(g.CreditedDate)
	c.yuanIf(g.Credited, g.HasCredited)
	c.text(l.settlementID())
	c.text(all(l.pos, source))
	c.text(all(l.clearing, source))
	c.text(l.reason())
	c.item(g.ItemID)
	c.end()
}

// times are the times of all rows, in their order.
func (c *csvRows) times(rows []*record.Record) {
	c.next()
	for i, r := range rows {
		if i > 0 {
			c.buf = append(c.buf, ';')
		}
		c.buf = appendTime(c.buf, r.Time, r.HasClock)
	}
}

// clearingDates are the different clearing dates of the rows, or the one day
// that the contract gives to rows without any.
func (c *csvRows) clearingDates(l *line) {
	if len(l.clearing) > 1 {
		if s := distinct(l.clearing, rowClearingDate); s != "" {
			c.code(s)
			return
		}
	}
	c.date(l.clearingDate())
}

// settlement writes a line of settlements.csv.
func (c *csvRows) settlement(s *settled) {
	c.text(s.ID)
	c.code(s.Credit.String())
	c.code(s.Timing.String())
	c.int(int64(s.DaysLate))
	c.code(flagCodes(s.Flags))
	c.text(s.Acquirer)
	c.text(s.MerchantID)
	c.text(s.Account)
	c.date(s.ClearingDate)
	c.text(s.Cycle)
	c.date(s.DueDate)
	c.int(s.Transactions)
	c.yuan(s.Gross)
	c.yuan(s.Fee)
	c.yuan(s.Net)
	c.yuan(s.Settlement.Credited)
	c.yuan(s.Outstanding)
	c.date(s.FirstCredit)
	c.date(s.LastCredit)
	c.text(s.sources())
	c.text(s.reason())
	c.item(s.ItemID)
	c.end()
}

// credit writes a line of credits.csv.
func (c *csvRows) credit(r *credited) {
	c.code(r.Outcome.String())
	c.date(r.Date)
	c.yuan(r.Amount)
	c.yuan(r.Allocated)
	c.text(r.row.Text[record.Account])
	c.text(r.row.Text[record.Payer])
	c.text(r.row.Text[record.Remark])
	c.text(strings.Join(r.settlements, ";"))
	c.text(r.row.Source)
	c.text(r.reason())
	c.item(r.ItemID)
	c.end()
}

// reject writes a line of rejects.csv.
func (c *csvRows) reject(r *Reject) {
	c.text(r.Source)
	c.text(r.Column)
	c.text(r.Value)
	c.text(r.Reason)
	c.end()
}

func flagCodes(f result.Flags) string {
	return flagList(f, ";", func(bit int) string { return result.FlagNames[bit] })
}
