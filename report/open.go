package report

import (
	"path/filepath"
	"strings"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// OpenItem is a line of open.csv (SPEC section 10): codes as they are, amounts in
// fen.
type OpenItem struct {
	ItemID, Type, State, Timing      string
	DaysLate                         int32
	FirstNight, DueDate              record.Date
	Age                              int32
	Acquirer, MerchantID, TerminalID string
	SettlementID                     string
	Owed                             money.Fen
	Sources                          []string
	Decision                         string
	DecidedOn                        record.Date
	By, Note                         string
	ClaimedOn                        record.Date
	Reason                           string
}

const openHead = "item_id,type,state,timing,days_late,first_night,due_date,age,acquirer,merchant_id,terminal_id,settlement_id,owed,sources," +
	"decision,decided_on,by,note,claimed_on,reason"

// WriteOpen writes open.csv, as a whole or not at all.
func WriteOpen(path string, items []OpenItem) error {
	if err := tryName(path); err != nil {
		return err
	}
	t, err := newTemp(realDisk{}, path)
	if err != nil {
		return err
	}
	defer t.discard()
	if _, err = t.Write(openCSV(items)); err != nil {
		return err
	}
	if err = t.finish(); err != nil {
		return err
	}
	if err = t.disk.rename(t.name, path); err != nil {
		problem := WriteFailed
		if t.disk.held(err) {
			problem = HeldOpen
		}
		return asWriteError(err, path, 0, problem)
	}
	t.name = ""
	return t.disk.syncDir(filepath.Dir(path))
}

// openCSV is open.csv: UTF-8 with BOM and CRLF, as the other results.
func openCSV(items []OpenItem) []byte {
	c := csvRows{buf: []byte(bom + openHead + "\r\n"), fresh: true}
	for i := range items {
		it := &items[i]
		c.code(it.ItemID)
		c.code(it.Type)
		c.code(it.State)
		c.code(it.Timing)
		c.int(int64(it.DaysLate))
		c.date(it.FirstNight)
		c.date(it.DueDate)
		c.int(int64(it.Age))
		c.text(it.Acquirer)
		c.text(it.MerchantID)
		c.text(it.TerminalID)
		c.text(it.SettlementID)
		c.yuan(it.Owed)
		c.text(strings.Join(it.Sources, ";"))
		c.code(it.Decision)
		c.date(it.DecidedOn)
		c.text(it.By)
		c.text(it.Note)
		c.date(it.ClaimedOn)
		c.text(it.Reason)
		c.end()
	}
	return c.buf
}
