package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// owedSentences say of each acquirer how much it owes, since when, and what has
// come of it and is still to be claimed.
func owedSentences(o *result.Owed, asOf record.Date, l problem.Lang) (list []string) {
	all := o.ByAcquirer()
	for i := range all {
		if b := &all[i]; b.Sales != 0 || b.Refunds != 0 || b.Unplaced != 0 {
			s := owedSentence{b, asOf, l}
			list = append(list, s.String())
		}
	}
	return list
}

type owedSentence struct {
	*result.OwedBy
	asOf record.Date
	lang problem.Lang
}

func (s *owedSentence) say(zh, en string, args ...any) string {
	return fmt.Sprintf(text{zh, en}.in(s.lang), args...)
}

func (s *owedSentence) String() string {
	name := s.Acquirer
	if name == "" {
		name = s.say("未注明的收单机构", "An acquirer without a name")
	}
	parts := s.sales(nil)
	switch {
	case s.Refunds < 0:
		parts = append(parts, s.say("退款待扣 %s", "refunds of %s are still to be deducted", s.amount(-s.Refunds)))
	case s.Refunds > 0:
		parts = append(parts, s.say("退款多扣 %s", "%s too much was deducted for refunds", s.amount(s.Refunds)))
	}
	if s.Unplaced != 0 {
		if s.lang == problem.ZH {
			parts = append(parts, fmt.Sprintf("另有 %s已到、待认领（%d 笔）", s.amount(s.Unplaced), s.UnplacedLines))
		} else {
			parts = append(parts, fmt.Sprintf("%s has come and is to be claimed (%s)", s.amount(s.Unplaced), counted(s.UnplacedLines, "line")))
		}
	}
	if len(parts) > 1 {
		if net := s.Sales + s.Refunds - s.Unplaced; net >= 0 {
			parts = append(parts, s.say("相抵后欠 %s", "which leaves %s owed", s.amount(net)))
		} else {
			parts = append(parts, s.say("相抵后多付 %s", "which leaves %s paid too much", s.amount(-net)))
		}
	}
	return name + " " + strings.Join(parts, s.say("；", "; "))
}

// amount is an amount with its currency.
func (s *owedSentence) amount(f money.Fen) string {
	if s.Currency != baseCurrency {
		return s.Currency + " " + grouped(f)
	}
	return grouped(f) + s.say(" 元", "")
}

// sales says what is owed for sales, since when, and what was cleared or paid
// without a sale.
func (s *owedSentence) sales(parts []string) []string {
	owed := s.Sales + s.Excess
	switch {
	case owed == 0:
	case s.Overdue == 0 && s.Oldest == 0:
		parts = append(parts, s.say("欠 %s，未逾期", "owes %s, none of it overdue", s.amount(owed)))
	case s.Overdue == 0 && s.Oldest < s.asOf: // a file or a statement is missing
		parts = append(parts, s.say("欠 %s，最早应于 %s 到账，是否逾期看不出", "owes %s, the first due %s; whether it is overdue cannot be seen", s.amount(owed), s.day()))
	case s.Overdue == 0:
		parts = append(parts, s.say("欠 %s，未逾期，最早应于 %s 到账", "owes %s, none of it overdue, the first due %s", s.amount(owed), s.day()))
	case s.Overdue == owed:
		parts = append(parts, s.say("欠 %s，最早 %s（%s）", "owes %s, the oldest since %s (%s)", s.amount(owed), s.day(), s.extent()))
	default:
		parts = append(parts, s.say("欠 %s，其中逾期 %s，最早 %s（%s）", "owes %s, %s of it overdue, the oldest since %s (%s)",
			s.amount(owed), s.amount(s.Overdue), s.day(), s.extent()))
	}
	if s.Excess != 0 {
		parts = append(parts, s.say("多清算或多付 %s", "has cleared or paid %s that was not sold", s.amount(s.Excess)))
	}
	return parts
}

// day is a day without its year where that is the as-of day's.
func (s *owedSentence) day() string {
	day, today := dateText(s.Oldest), dateText(s.asOf)
	if day[:4] == today[:4] {
		return day[5:]
	}
	return day
}

// extent is how many items are overdue, and for how long the oldest. Money that
// fell due at a weekend is late before a business day has passed.
func (s *owedSentence) extent() string {
	count := fmt.Sprintf("%d 笔", s.OverdueItems)
	if s.lang != problem.ZH {
		count = counted(s.OverdueItems, "item")
	}
	if s.Age == 0 {
		return count
	}
	return count + s.say("，", ", ") + daysText(s.Age, s.Business, s.lang)
}

// counted is an English count.
func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return commas(strconv.FormatInt(n, 10)) + " " + what + "s"
}

// daysText says whether days are business or calendar days.
func daysText(n int32, business bool, l problem.Lang) string {
	if business {
		return text{fmt.Sprintf("%d 个工作日", n), counted(int64(n), "business day")}.in(l)
	}
	return text{fmt.Sprintf("%d 个自然日", n), counted(int64(n), "calendar day")}.in(l)
}
