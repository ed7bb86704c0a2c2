package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// WriteTerminal writes the summary for a person, in about ten lines: what came
// in, what became of it, what is late, where the report is. It is plain text
// whatever the inputs were called.
func WriteTerminal(w io.Writer, s Summary, l problem.Lang) error {
	t := terminal{l: l}
	t.heading(&s)
	for _, side := range []record.Side{record.SidePos, record.SideClearing, record.SideBank} {
		if v := s.Sides[sideCodes[side]]; v.Rows > 0 {
			t.row(sideNames[side].in(l), t.count(v.Rows, "行", "rows"), t.amount(v.Amount), othersText(v.Others))
		}
	}
	for m := range result.NumMatch {
		v := s.Match[m.String()]
		if v.Groups == 0 && m != result.Matched {
			continue
		}
		amount := v.PosAmount
		if v.PosRows == 0 {
			amount = v.ClearingAmount
		}
		t.row(matchNames[m].in(l), t.count(v.Groups, "组", "groups"), t.amount(amount), t.against(m, v))
	}
	if v := s.Timing[result.Late.String()]; v.Groups > 0 {
		t.row(timingNames[result.Late].in(l), t.count(v.Groups, "组", "groups"), t.amount(v.Amount), othersText(v.Others))
	}
	t.credits(&s)
	t.footer(&s)
	return t.write(w)
}

// terminal is a table whose columns are aligned by the width of the text.
type terminal struct {
	l    problem.Lang
	head string
	rows [][4]string
	tail []string
}

func (t *terminal) word(zh, en string) string { return text{zh, en}.in(t.l) }

func (t *terminal) row(name, count, amount, more string) {
	t.rows = append(t.rows, [4]string{name, count, amount, more})
}

func (t *terminal) count(n int64, zh, en string) string {
	return commas(strconv.FormatInt(n, 10)) + " " + t.word(zh, en)
}

func (t *terminal) amount(a Amount) string { return grouped(money.Fen(a)) + t.word(" 元", "") }

func (t *terminal) heading(s *Summary) {
	state := t.word("账目平衡", "balanced")
	if !s.Balanced {
		state = t.word("账目不平衡，结果不可用", "NOT BALANCED, the results cannot be used")
	}
	t.head = fmt.Sprintf(t.word("对账日期 %s　%s　用时 %.1f 秒", "as of %s   %s   %.1f s"), s.AsOf, state, float64(s.ElapsedMS)/1000)
}

// against is what the clearing side has where the amounts differ.
func (t *terminal) against(m result.Match, v MatchSummary) string {
	if m != result.Partial && m != result.Over {
		return ""
	}
	return fmt.Sprintf(t.word("清算 %s，差 %s", "cleared %s, difference %s"), grouped(money.Fen(v.ClearingAmount)), grouped(money.Fen(v.ClearingAmount-v.PosAmount)))
}

func othersText(m map[string]Amount) string {
	var parts []string
	for _, code := range sortedKeys(m) {
		parts = append(parts, code+" "+grouped(money.Fen(m[code])))
	}
	return strings.Join(parts, "  ")
}

// credits says how many settlements are short of money and how many bank lines
// nobody knows.
func (t *terminal) credits(s *Summary) {
	short := SettlementCount{}
	for _, state := range []result.CreditState{result.CreditPartial, result.CreditNone} {
		v := s.Settlements[state.String()]
		short.Count += v.Count
		short.Outstanding += v.Outstanding
	}
	if short.Count > 0 {
		t.row(t.word("结算未到齐", "Settlements short"), t.count(short.Count, "批", "settlements"), t.amount(short.Outstanding), "")
	}
	for _, outcome := range []result.CreditOutcome{result.Unidentified, result.Ambiguous} {
		if v := s.Credits[outcome.String()]; v.Count > 0 {
			t.row(t.word("入账", "Credits ")+outcomeNames[outcome].in(t.l), t.count(v.Count, "笔", "lines"), t.amount(v.Amount), "")
		}
	}
}

func (t *terminal) footer(s *Summary) {
	if s.Rejects > 0 {
		t.row(t.word("拒绝的行", "Rejected rows"), t.count(s.Rejects, "行", "rows"), "", "")
	}
	t.owed(s)
	t.tail = append(t.tail, s.Warnings...)
	if s.Report != "" {
		t.tail = append(t.tail, t.word("报告：", "Report: ")+s.Report)
	}
}

// owed says who owes how much since when: one figure for all that is owed, and a
// sentence an acquirer.
func (t *terminal) owed(s *Summary) {
	o := &s.Owed
	if o.Total != 0 || o.Unplaced != 0 {
		more := ""
		if o.Refunds != 0 {
			more = fmt.Sprintf(t.word("销售 %s，退款 %s", "sales %s, refunds %s"), grouped(money.Fen(o.Sales)), grouped(money.Fen(o.Refunds)))
		}
		items := int64(0)
		for _, b := range o.By {
			if b.Currency == "" {
				items += b.Items
			}
		}
		t.row(t.word("收单欠款", "Owed"), t.count(items, "笔", "items"), t.amount(o.Total), more)
	}
	for i, said := range s.owes {
		if i == maxSentences {
			t.tail = append(t.tail, "…")
			break
		}
		t.tail = append(t.tail, said)
	}
}

// maxSentences bounds the acquirers that the terminal tells of.
const maxSentences = 5

func (t *terminal) write(w io.Writer) error {
	var widths [3]int
	for _, r := range t.rows {
		for i := range widths {
			widths[i] = max(widths[i], width(r[i]))
		}
	}
	var b strings.Builder
	b.WriteString(t.head + "\n")
	for _, r := range t.rows {
		line := pad(r[0], widths[0], false) + "  " + pad(r[1], widths[1], true) + "  " + pad(r[2], widths[2], true) + "  " + r[3]
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, s := range t.tail {
		b.WriteString(visible(s) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// pad fills s with blanks up to a width, on the left where it is a number.
func pad(s string, to int, left bool) string {
	blanks := strings.Repeat(" ", max(to-width(s), 0))
	if left {
		return blanks + s
	}
	return s + blanks
}

// visible escapes what a terminal would act on: control characters, and the
// marks that turn the direction of text.
func visible(s string) string {
	odd := func(r rune) bool {
		return r == utf8.RuneError || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co)
	}
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if odd(r) {
			q := fmt.Sprintf("%+q", r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
