package terms

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/duizhang/duizhang/parse/record"
)

// From says whether a bank line comes from an acquirer, and from which if its
// text says so. own are the acquirers of this run.
func (p *Patterns) From(payer, remark string, own *Payers) (group string, ok bool) {
	if group = cmp.Or(own.Named(payer), own.Named(remark)); group != "" {
		return group, true
	}
	if group = own.Like(payer); group != "" {
		return group, true
	}
	// The payer's name weighs more than a word in the remark.
	for _, o := range p.origins {
		if o.payer != nil && o.payer.MatchString(payer) && (o.group != "" || !ok) {
			if group, ok = o.group, true; group != "" {
				return group, true
			}
		}
	}
	for _, o := range p.origins {
		if o.remark != nil && o.remark.MatchString(remark) && (o.group != "" || !ok) {
			if group, ok = o.group, true; group != "" {
				return group, true
			}
		}
	}
	return "", ok
}

// IsStray says whether a remark calls the line money for something else than
// sales, such as a bonus or a deposit.
func (p *Patterns) IsStray(remark string) bool {
	return anyMatch(p.stray, remark) && !anyMatch(p.payout, remark)
}

func anyMatch(list []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// IsReturn says whether a remark calls the line the return of a payout.
func (p *Patterns) IsReturn(remark string) bool {
	return anyMatch(p.returned, remark)
}

// Reference is what a bank line says about the settlements it pays.
type Reference struct {
	Merchants []string      // merchant numbers that the run knows
	Days      []record.Date // clearing days that are called so
	Loose     []record.Date // days that only stand there: a clearing day or any other
	Payouts   []string      // payout numbers
	// stranger: it names a merchant number that the run does not know.
	Stranger bool
}

// maxDayRange is the longest run of clearing days that one payout names.
const maxDayRange = 31

// IDBook finds the numbers of a run (merchants, payouts) by how a remark writes
// them: folded, and also masked, since one long number in ten looks like a
// card's and comes masked from the reader.
type IDBook map[string]string // way of writing → number; "": several

func (b IDBook) Add(id string) {
	for _, text := range []string{id, MaskedID(id)} {
		if old, ok := b[text]; ok && old != id {
			b[text] = ""
		} else if text != "" {
			b[text] = id
		}
	}
}

// masked is the only number that one with stars in the middle can be, or "".
func (b IDBook) masked(text string) string {
	head, rest, ok := strings.Cut(text, "*")
	tail := strings.TrimLeft(rest, "*")
	if !ok || len(head)+len(tail) < MinAccountTail || strings.Contains(tail, "*") {
		return ""
	}
	only := ""
	for way, id := range b {
		if way == id && len(id) > len(head)+len(tail) && strings.HasPrefix(id, head) && strings.HasSuffix(id, tail) {
			if only != "" {
				return ""
			}
			only = id
		}
	}
	return only
}

// MaskedID is a number as the reader masks one that could be a card's: first
// six and last four digits. Numbers that cannot be a card's have none.
func MaskedID(id string) string {
	if len(id) < 13 || len(id) > 19 || len(DigitTail(id)) != len(id) {
		return ""
	}
	return id[:6] + "****" + id[len(id)-4:]
}

// Read takes the references out of a folded remark. merchants are the merchant
// numbers of this run (folded), and paid is the day of the line, which gives
// dates without a year theirs.
func (p *Patterns) Read(remark string, paid record.Date, merchants IDBook) Reference {
	var r Reference
	for _, re := range p.references {
		for _, m := range re.FindAllStringSubmatch(remark, -1) {
			r.take(re, m, paid, merchants)
		}
	}
	r.tokens(remark, paid, merchants)
	slices.Sort(r.Merchants)
	slices.Sort(r.Days)
	slices.Sort(r.Loose)
	slices.Sort(r.Payouts)
	r.Merchants, r.Days = slices.Compact(r.Merchants), slices.Compact(r.Days)
	r.Loose, r.Payouts = slices.Compact(r.Loose), slices.Compact(r.Payouts)
	return r
}

// minStranger is how long an unknown text behind 商户号 must be to be some other
// merchant's number: shorter ones are tails and serial numbers.
const minStranger = 8

// minStrangerDigits is how many of its signs are digits: words are no numbers.
const minStrangerDigits = 6

// isMerchantNo says whether an unknown text behind 商户号 can only be a merchant
// number: long enough, of digits, no day and none with a day glued to it, not
// cut short by stars.
func isMerchantNo(id string, paid record.Date) bool {
	digits := strings.Count(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return '0'
		}
		return r
	}, id), "0")
	if len(id) < minStranger || digits < minStrangerDigits || strings.Contains(id, "*") {
		return false
	}
	if _, isDay := looseDay(id, paid); isDay {
		return false
	}
	_, isDay := looseDay(id[len(id)-8:], paid)
	return !isDay || digits >= minStrangerDigits+8
}

// take reads the named groups of one match.
func (r *Reference) take(re *regexp.Regexp, m []string, paid record.Date, merchants IDBook) {
	named := func(name string) string {
		if i := re.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	id := named("merchant")
	if merchants[id] != "" {
		r.Merchants = append(r.Merchants, merchants[id])
	} else if known := merchants.masked(id); known != "" {
		r.Merchants = append(r.Merchants, known)
	} else if isMerchantNo(id, paid) {
		r.Stranger = true
	}
	if no := named("payout"); no != "" {
		r.Payouts = append(r.Payouts, no)
	}
	from, ok := RemarkDay(named("date"), paid)
	if !ok {
		return
	}
	to, ok := RemarkDay(named("to"), paid)
	if !ok || to < from || to-from >= maxDayRange {
		to = from
	}
	for d := from; d <= to; d++ {
		r.Days = append(r.Days, d)
	}
}

// tokens looks at the bare runs of digits and letters: known merchant numbers,
// also with a day glued to them, and days of eight digits.
func (r *Reference) tokens(remark string, paid record.Date, merchants IDBook) {
	between := func(c rune) bool { return c != '*' && (c < '0' || c > '9' && c < 'A' || c > 'Z') }
	for _, tok := range strings.FieldsFunc(remark, between) {
		if merchants[tok] != "" {
			r.Merchants = append(r.Merchants, merchants[tok])
			continue
		}
		if d, ok := looseDay(tok, paid); ok {
			r.Loose = append(r.Loose, d)
			continue
		}
		if n := len(tok) - 8; n > 0 {
			if d, ok := looseDay(tok[n:], paid); ok && merchants[tok[:n]] != "" {
				r.Merchants, r.Loose = append(r.Merchants, merchants[tok[:n]]), append(r.Loose, d)
			} else if d, ok := looseDay(tok[:8], paid); ok && merchants[tok[8:]] != "" {
				r.Merchants, r.Loose = append(r.Merchants, merchants[tok[8:]]), append(r.Loose, d)
			}
		}
	}
}

// Bounds of what a date in a remark may be, against the day of the line.
const (
	refDaysBack  = 120
	refDaysAhead = 3
)

// looseDay reads yyyymmdd near the day of the line.
func looseDay(s string, paid record.Date) (record.Date, bool) {
	if len(s) != 8 {
		return 0, false
	}
	return RemarkDay(s, paid)
}

// RemarkDay reads a day of a remark. One without a year is the latest that is
// not after the line's own day, give or take refDaysAhead.
func RemarkDay(s string, paid record.Date) (record.Date, bool) {
	if s == "" {
		return 0, false
	}
	d, ok := ParseDay(s)
	if !ok {
		s = strings.NewReplacer("月", "-", "日", "", "/", "-").Replace(s)
		if len(s) == 4 && !strings.Contains(s, "-") {
			s = s[:2] + "-" + s[2:]
		}
		for _, year := range []int{YearOf(paid) + 1, YearOf(paid), YearOf(paid) - 1} {
			t, err := time.Parse("2006-1-2", fmt.Sprintf("%d-%s", year, s))
			if d = record.Date(t.Unix() / DaySeconds); err == nil && d <= paid+refDaysAhead {
				ok = true
				break
			}
		}
	}
	return d, ok && d >= paid-refDaysBack && d <= paid+refDaysAhead
}

// SameDays: the clearing days are equal, or one of the two names none.
func (r *Reference) SameDays(o *Reference) bool {
	x, y := append(slices.Clone(r.Days), r.Loose...), append(slices.Clone(o.Days), o.Loose...)
	return len(x) == 0 || len(y) == 0 || slices.ContainsFunc(x, func(d record.Date) bool { return slices.Contains(y, d) })
}

// DigitTail is the digits at the end of an account number.
func DigitTail(account string) string {
	i := len(account)
	for i > 0 && account[i-1] >= '0' && account[i-1] <= '9' {
		i--
	}
	return account[i:]
}

// MinAccountTail is how many last digits stand for an account.
const MinAccountTail = 4
