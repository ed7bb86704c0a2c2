package ledger

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
)

// expectedOf and lookBack: without contracts a merchant's file is expected if
// it came on so many of so many business days before.
const (
	expectedOf = 3
	lookBack   = 10
)

// missing are the clearing files that should have come: those of the days
// after the last night, and those that were missed then and are not given up.
func (n *AtWork) missing(ctx context.Context, res *result.Result) ([]MissingFile, error) {
	if n.prev.Head.Seq == 0 {
		return nil, nil
	}
	came := map[clearingDay]bool{}
	for d := range n.mem.days {
		if !d.Trade {
			came[clearingDay{d.Acquirer, d.MerchantID, d.Day}] = true
		}
	}
	for _, d := range res.Days {
		if !d.Trade {
			came[clearingDay{d.Acquirer, d.MerchantID, d.Day}] = true
		}
	}
	wanted := map[clearingDay]bool{}
	nights, err := n.store.Nights(ctx)
	if err != nil {
		return nil, err
	}
	for i := range nights {
		if nights[i].Seq == n.prev.Head.Seq {
			rec, err := DecodeNight(&nights[i])
			if err != nil {
				return nil, err
			}
			for _, m := range rec.Missing {
				wanted[clearingDay{m.Acquirer, m.MerchantID, m.Day}] = true
			}
		}
	}
	for day := max(n.prev.Head.Day+1, n.rules.AsOf-maxMissedDays); day <= n.rules.AsOf; day++ {
		for _, m := range n.expected(day, came) {
			wanted[m] = true
		}
	}
	var out []MissingFile
	for d := range wanted {
		if !came[d] && n.businessDays(d.day) <= n.rules.FileGrace {
			out = append(out, MissingFile{d.acquirer, d.merchant, d.day})
		}
	}
	slices.SortFunc(out, func(a, b MissingFile) int {
		return cmp.Or(cmp.Compare(a.Acquirer, b.Acquirer), cmp.Compare(a.MerchantID, b.MerchantID), cmp.Compare(a.Day, b.Day))
	})
	return out, nil
}

// maxMissedDays bounds what is expected after a long time without a night.
const maxMissedDays = 62

// expected are the files of a day.
func (n *AtWork) expected(day record.Date, came map[clearingDay]bool) (list []clearingDay) {
	if !n.rules.Calendar.Workday(day) {
		var before []record.Date
		for d := day - 1; len(before) < 2 && d > day-31; d-- {
			if !n.rules.Calendar.Workday(d) {
				before = append(before, d)
			}
		}
		return n.senders(day, before, 2, came)
	}
	if rows := n.rules.Contracts.Rows(); len(rows) > 0 {
		for _, c := range rows {
			if c.MerchantID != "*" && c.MerchantID != "" && (c.From == 0 || c.From <= day) && (c.To == 0 || day <= c.To) {
				list = append(list, clearingDay{c.Acquirer, c.MerchantID, day})
			}
		}
		return list
	}
	var before []record.Date
	for d := day - 1; len(before) < lookBack && d > day-62; d-- {
		if n.rules.Calendar.Workday(d) {
			before = append(before, d)
		}
	}
	return n.senders(day, before, expectedOf, came)
}

// senders are the merchants whose files came on at least so many of some days.
func (n *AtWork) senders(day record.Date, on []record.Date, least int, came map[clearingDay]bool) (list []clearingDay) {
	count := map[clearingDay]int{}
	for d := range came {
		if slices.Contains(on, d.day) {
			count[clearingDay{d.acquirer, d.merchant, day}]++
		}
	}
	for d, times := range count {
		if times >= least {
			list = append(list, d)
		}
	}
	return list
}
