package report

import (
	"bytes"
	"strconv"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// This file proves the sheets: what their rows must show is drawn from the result
// before anything is rendered, cell by cell with its place, and compared with
// what the cells of the written file hold.

// A sheetProof says which columns of a sheet are proved.
type sheetProof struct {
	sheet  int // of proof.sheets
	at     map[text]int
	proved []bool // by column
}

// newSheetProof proves the columns of the given heads, as far as a sheet has them.
func newSheetProof[T any](sheet int, columns []column[T], heads ...text) *sheetProof {
	p := &sheetProof{sheet, map[text]int{}, make([]bool, len(columns))}
	for i := range columns {
		for _, h := range heads {
			if columns[i].head == h {
				p.at[h], p.proved[i] = i, true
			}
		}
	}
	return p
}

// Heads of columns that are proved beside those of groups.
var (
	headCredit      = text{"到账情况", "Credit"}
	headOutcome     = text{"认领结果", "Outcome"}
	headAccount     = text{"结算账户", "Account"}
	headRows        = text{"笔数", "Rows"}
	headGross       = text{"交易金额(元)", "Gross (CNY)"}
	headFee         = text{"手续费(元)", "Fee (CNY)"}
	headNet         = text{"应结净额(元)", "Net (CNY)"}
	headPaid        = text{"已到账(元)", "Credited (CNY)"}
	headOutstanding = text{"未到账(元)", "Outstanding (CNY)"}
	headLastCredit  = text{"银行到账日", "At the bank"}
	headDate        = text{"入账日期", "Date"}
	headAmount      = text{"入账金额(元)", "Amount (CNY)"}
	headAllocated   = text{"已分配(元)", "Allocated (CNY)"}
	headUnallocated = text{"未分配(元)", "Unallocated (CNY)"}
	headBankAccount = text{"账户", "Account"}
	headPayer       = text{"付款方", "Payer"}
	headRemark      = text{"摘要/附言", "Remark"}
	headColumn      = text{"列", "Column"}
	headValue       = text{"值", "Value"}
	headRateOf      = text{"费率类型", "Rate of"}
	headChecked     = text{"核对笔数", "Rows checked"}
	headFeeAmount   = text{"交易金额(元)", "Amount (CNY)"}
	headCharged     = text{"实收手续费(元)", "Charged (CNY)"}
	headByContract  = text{"合同手续费(元)", "By contract (CNY)"}
	headOver        = text{"多收金额(元)", "Overcharged (CNY)"}
	headUnder       = text{"少收金额(元)", "Undercharged (CNY)"}
)

// newLineProof proves a sheet over groups: the outcome, whose it is, the amounts
// and the sources.
func newLineProof(sheet int, t *lineTable) *sheetProof {
	return newSheetProof(sheet, t.columns, colMatch.head, colTiming.head, colPosAmount.head, colClearingAmount.head,
		colCredited.head, colOwed.head, colDue.head, colSources.head, colItem.head)
}

// A provedCell is what a cell must hold; its row is added when its place is known.
type provedCell struct {
	column int
	hash   uint64
}

// provedRows are rows in the making, the cells of all of them in one list.
type provedRows struct {
	cells    []provedCell
	ends     []int
	proof    *sheetProof
	currency string
	buf      []byte
}

func (r *provedRows) reset(p *sheetProof) {
	r.cells, r.ends, r.proof = r.cells[:0], r.ends[:0], p
}

// begin begins a row whose money is of a currency.
func (r *provedRows) begin(currency string) {
	if r.currency = currency; currency == baseCurrency {
		r.currency = ""
	}
}

func (r *provedRows) end() { r.ends = append(r.ends, len(r.cells)) }

func (r *provedRows) add(head text) {
	if column, ok := r.proof.at[head]; ok && len(r.buf) > 0 {
		r.cells = append(r.cells, provedCell{column, xxh3.Hash(r.buf)})
	}
}

func (r *provedRows) text(head text, s string) {
	r.buf = appendXML(r.buf[:0], clip(s))
	r.add(head)
}

// money is an amount as cells show it: of another currency, or with more digits
// than a spreadsheet keeps, it is text.
func (r *provedRows) money(head text, f money.Fen, ok bool) {
	switch {
	case !ok:
		return
	case r.currency != "":
		r.text(head, r.currency+" "+yuan(f))
	case f.Abs() > exactFen:
		r.text(head, yuan(f))
	default:
		r.buf = f.Append(r.buf[:0])
		r.add(head)
	}
}

func (r *provedRows) int(head text, n int64) {
	r.buf = strconv.AppendInt(r.buf[:0], n, 10)
	r.add(head)
}

func (r *provedRows) date(head text, d record.Date) {
	if d != 0 {
		r.int(head, int64(d)+serial)
	}
}

// group is a row of a sheet over groups.
func (r *provedRows) group(l *line) {
	g := l.group
	r.begin(l.currency())
	r.text(colMatch.head, matchNames[g.Match].in(l.lang))
	r.text(colTiming.head, l.timingWord())
	r.money(colPosAmount.head, g.PosAmount, len(g.Pos) > 0)
	r.money(colClearingAmount.head, g.ClearingAmount, len(g.Clearing) > 0)
	r.money(colCredited.head, g.Credited, g.HasCredited)
	r.money(colOwed.head, g.Owed, g.Owed != 0)
	r.date(colDue.head, g.DueDate)
	r.text(colSources.head, l.shortSources())
	r.text(colItem.head, g.ItemID)
	r.end()
}

var settlementHeads = []text{headCredit, colTiming.head, colAcquirer.head, colMerchant.head, headAccount, colClearingDate.head, colDue.head, headRows,
	headGross, headFee, headNet, headPaid, headOutstanding, headLastCredit, colItem.head}

func (r *provedRows) settlement(s *result.Settlement, run *Run) {
	r.begin(s.Currency)
	r.text(headCredit, creditNames[s.Credit].in(run.Lang))
	r.text(colTiming.head, timingNames[s.Timing].in(run.Lang))
	r.text(colAcquirer.head, s.Acquirer)
	r.text(colMerchant.head, s.MerchantID)
	r.text(headAccount, s.Account)
	r.date(colClearingDate.head, s.ClearingDate)
	r.date(colDue.head, s.DueDate)
	r.int(headRows, s.Transactions)
	r.money(headGross, s.Gross, true)
	r.money(headFee, s.Fee, true)
	r.money(headNet, s.Net, true)
	r.money(headPaid, s.Credited, true)
	r.money(headOutstanding, s.Outstanding, true)
	r.date(headLastCredit, s.LastCredit)
	r.text(colItem.head, s.ItemID)
	r.end()
}

var creditHeads = []text{headOutcome, headDate, headAmount, headAllocated, headUnallocated, headBankAccount, headPayer, headRemark, colSources.head, colItem.head}

func (r *provedRows) credit(c *result.Credit, row *record.Record, run *Run) {
	r.begin(c.Currency)
	r.text(headOutcome, outcomeNames[c.Outcome].in(run.Lang))
	r.date(headDate, c.Date)
	r.money(headAmount, c.Amount, true)
	r.money(headAllocated, c.Allocated, true)
	r.money(headUnallocated, c.Amount-c.Allocated, true)
	r.text(headBankAccount, row.Text[record.Account])
	r.text(headPayer, row.Text[record.Payer])
	r.text(headRemark, row.Text[record.Remark])
	r.text(colSources.head, row.Source)
	r.text(colItem.head, c.ItemID)
	r.end()
}

var rejectHeads = []text{colSources.head, headColumn, headValue, colReason.head}

func (r *provedRows) reject(j *Reject) {
	r.begin("")
	r.text(colSources.head, j.Source)
	r.text(headColumn, j.Column)
	r.text(headValue, j.Value)
	r.text(colReason.head, j.Reason)
	r.end()
}

var feeHeads = []text{colAcquirer.head, colMerchant.head, headRateOf, headChecked, headFeeAmount, headCharged, headByContract, headOver, headUnder}

func (r *provedRows) fee(f *result.FeeLine, run *Run) {
	r.begin(f.Currency)
	r.text(colAcquirer.head, f.Acquirer)
	r.text(colMerchant.head, f.MerchantID)
	r.text(headRateOf, feeNames[f.Type].in(run.Lang))
	r.int(headChecked, f.Checked)
	r.money(headFeeAmount, f.Amount, true)
	r.money(headCharged, f.Charged, true)
	r.money(headByContract, f.Expected, true)
	r.money(headOver, f.Over, true)
	r.money(headUnder, f.Under, true)
	r.end()
}

// placed adds rows whose first has the given place in its sheet. Behind most
// places, if it is not negative, the sheet ends.
func (d *rowsDigest) placed(r *provedRows, first, most int) {
	from := 0
	for i, end := range r.ends {
		if most >= 0 && first+i >= most {
			return
		}
		row := (first+i)%capacity() + firstRow
		d.n++
		for _, c := range r.cells[from:end] {
			d.addCell(row, c.column, c.hash)
		}
		from = end
	}
}

func (d *rowsDigest) addCell(row, column int, hash uint64) {
	d.sum += mixed(mixed(uint64(row)<<8|uint64(column)) ^ hash)
}

// mixed spreads a number over 64 bits (the finaliser of splitmix64).
func mixed(z uint64) uint64 {
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

var cellStart = []byte(`<c r="`)

// read adds the proved cells of all rows in xml.
func (p *sheetProof) read(d *rowsDigest, xml []byte) {
	for {
		i := bytes.Index(xml, cellStart)
		if i < 0 {
			return
		}
		xml = xml[i+len(cellStart):]
		column, row, n := reference(xml)
		if row < firstRow {
			continue // a title or the header; of a row of data it would be missed
		}
		if column == 0 {
			d.n++
		}
		if column < 0 || column >= len(p.proved) || !p.proved[column] {
			continue
		}
		if v := cellValue(xml[n:]); len(v) > 0 {
			d.addCell(row, column, xxh3.Hash(v))
		}
	}
}

// reference reads AB12 at the beginning of b: the column from 0 on, the row, and
// its length; column is -1 and row 0 where there is none.
func reference(b []byte) (column, row, n int) {
	for ; n < len(b) && b[n] >= 'A' && b[n] <= 'Z' && column < 1<<20; n++ {
		column = column*26 + int(b[n]-'A') + 1
	}
	for ; n < len(b) && b[n] >= '0' && b[n] <= '9' && row < 1<<30; n++ {
		row = row*10 + int(b[n]-'0')
	}
	return column - 1, row, n
}

// cellValue is what stands in a cell, as it is written: b begins behind its
// reference. Neither texts nor attributes hold a bare < or >.
func cellValue(b []byte) []byte {
	for depth := 0; depth < 3; depth++ { // <c>, <is>, <t>, or <c>, <v>
		i := bytes.IndexByte(b, '>')
		if i < 0 || i > 0 && b[i-1] == '/' {
			return nil
		}
		if b = b[i+1:]; len(b) > 0 && b[0] != '<' {
			return b[:max(bytes.IndexByte(b, '<'), 0)]
		}
	}
	return nil
}
