package tables

import (
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// fault is what is wrong with a cell; none if zh is empty.
type fault struct{ value, zh, en string }

// nameCell is free text.
type nameCell struct {
	fault
	text string
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *nameCell) UnmarshalCSV(s string) error {
	c.text = problem.MaskCards(strings.TrimSpace(s))
	return nil
}

// idCell is an identifier: digits and letters, stars of a mask, no exponent.
type idCell struct {
	fault
	text string
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *idCell) UnmarshalCSV(s string) error {
	c.text = terms.Squeeze(s)
	if c.text == "＊" {
		c.text = terms.Anyone
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
	cycleCell struct{ cell[terms.Cycle] }
	clockCell struct{ cell[int] } // seconds of the day
	dayCell   struct{ cell[record.Date] }
	rateCell  struct{ cell[terms.Rate] }
	moneyCell struct{ cell[money.Fen] }
	countCell struct{ cell[int] }
)

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *cycleCell) UnmarshalCSV(s string) error {
	return c.read(s, func(s string) (terms.Cycle, bool) {
		cycle, err := terms.ParseCycle(s)
		return cycle, err == nil
	}, "不是结算周期，请写 T+1、T+0、D+1 或 D+0 这样的形式", "not a settlement cycle; write it as T+1, T+0, D+1 or D+0")
}

// given is the cycle, or nil of a blank cell.
func (c *cycleCell) given() *terms.Cycle {
	if !c.set {
		return nil
	}
	return &c.value
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *clockCell) UnmarshalCSV(s string) error {
	return c.read(s, terms.ParseClock, "不是时刻，请写 23:00 这样的形式", "not a time of day; write it as 23:00")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *dayCell) UnmarshalCSV(s string) error {
	return c.read(s, terms.ParseDay, "不是日期，请写 2026-10-08 这样的形式", "not a date; write it as 2026-10-08")
}

// UnmarshalCSV implements gocsv's TypeUnmarshaller.
func (c *rateCell) UnmarshalCSV(s string) error {
	return c.read(s, ParseRate, "不是费率，请带上百分号写成 0.6% 这样的形式（也可写 6‰、60‱ 或 0.006）", "not a rate; write it with its sign as 0.6% (or 6‰, 60‱, 0.006)")
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
		n, err := strconv.ParseUint(terms.Squeeze(s), 10, 16)
		return int(n), err == nil && n <= maxRefundDays
	}, "不是天数，请写工作日天数，如 3", "not a number of days; write business days, such as 3")
}

// ParseRate reads 0.6%, 6‰, 60‱, 万分之60 and the bare share 0.006.
func ParseRate(s string) (terms.Rate, bool) {
	s = terms.Squeeze(s)
	shift, limit := 8, terms.MaxBareRate
	for _, u := range []struct {
		prefix, suffix string
		shift          int
	}{{"", "%", 6}, {"", "‰", 5}, {"", "‱", 4}, {"百分之", "", 6}, {"千分之", "", 5}, {"万分之", "", 4}} {
		if strings.HasPrefix(s, u.prefix) && strings.HasSuffix(s, u.suffix) {
			s, shift, limit = strings.TrimSuffix(strings.TrimPrefix(s, u.prefix), u.suffix), u.shift, terms.MaxRate
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
	if err != nil || terms.Rate(v) > limit {
		return 0, false
	}
	if v == 0 {
		return terms.ZeroRate, true
	}
	return terms.Rate(v), true
}
