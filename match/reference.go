package match

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"duizhang/parse"
)

// from says whether a bank line comes from an acquirer, and from which if its
// text says so. own are the acquirers of this run.
func (p *Patterns) from(payer, remark string, own *payers) (group string, ok bool) {
	if group = cmp.Or(own.named(payer), own.named(remark)); group != "" {
		return group, true
	}
	if group = own.like(payer); group != "" {
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

// isStray says whether a remark calls the line money for something else than
// sales, such as a bonus or a deposit.
func (p *Patterns) isStray(remark string) bool {
	return anyMatch(p.stray, remark) && !anyMatch(p.payout, remark)
}

func anyMatch(list []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(list, func(re *regexp.Regexp) bool { return re.MatchString(text) })
}

// isReturn says whether a remark calls the line the return of a payout.
func (p *Patterns) isReturn(remark string) bool {
	return anyMatch(p.returned, remark)
}

// reference is what a bank line says about the settlements it pays.
type reference struct {
	merchants []string     // merchant numbers that the run knows
	days      []parse.Date // clearing days that are called so
	loose     []parse.Date // days that only stand there: a clearing day or any other
	payouts   []string     // payout numbers
	// stranger: it names a merchant number that the run does not know.
	stranger bool
}

// maxDayRange is the longest run of clearing days that one payout names.
const maxDayRange = 31

// idBook finds the numbers of a run (merchants, payouts) by how a remark writes
// them: folded, and also masked, since one long number in ten looks like a
// card's and comes masked from the reader.
type idBook map[string]string // way of writing → number; "": several

func (b idBook) add(id string) {
	for _, text := range []string{id, maskedID(id)} {
		if old, ok := b[text]; ok && old != id {
			b[text] = ""
		} else if text != "" {
			b[text] = id
		}
	}
}

// masked is the only number that one with stars in the middle can be, or "".
func (b idBook) masked(text string) string {
	head, rest, ok := strings.Cut(text, "*")
	tail := strings.TrimLeft(rest, "*")
	if !ok || len(head)+len(tail) < minAccountTail || strings.Contains(tail, "*") {
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

// maskedID is a number as the reader masks one that could be a card's: first
// six and last four digits. Numbers that cannot be a card's have none.
func maskedID(id string) string {
	if len(id) < 13 || len(id) > 19 || len(digitTail(id)) != len(id) {
		return ""
	}
	return id[:6] + "****" + id[len(id)-4:]
}

// read takes the references out of a folded remark. merchants are the merchant
// numbers of this run (folded), and paid is the day of the line, which gives
// dates without a year theirs.
func (p *Patterns) read(remark string, paid parse.Date, merchants idBook) reference {
	var r reference
	for _, re := range p.references {
		for _, m := range re.FindAllStringSubmatch(remark, -1) {
			r.take(re, m, paid, merchants)
		}
	}
	r.tokens(remark, paid, merchants)
	slices.Sort(r.merchants)
	slices.Sort(r.days)
	slices.Sort(r.loose)
	slices.Sort(r.payouts)
	r.merchants, r.days = slices.Compact(r.merchants), slices.Compact(r.days)
	r.loose, r.payouts = slices.Compact(r.loose), slices.Compact(r.payouts)
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
func isMerchantNo(id string, paid parse.Date) bool {
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
func (r *reference) take(re *regexp.Regexp, m []string, paid parse.Date, merchants idBook) {
	named := func(name string) string {
		if i := re.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	id := named("merchant")
	if merchants[id] != "" {
		r.merchants = append(r.merchants, merchants[id])
	} else if known := merchants.masked(id); known != "" {
		r.merchants = append(r.merchants, known)
	} else if isMerchantNo(id, paid) {
		r.stranger = true
	}
	if no := named("payout"); no != "" {
		r.payouts = append(r.payouts, no)
	}
	from, ok := remarkDay(named("date"), paid)
	if !ok {
		return
	}
	to, ok := remarkDay(named("to"), paid)
	if !ok || to < from || to-from >= maxDayRange {
		to = from
	}
	for d := from; d <= to; d++ {
		r.days = append(r.days, d)
	}
}

// tokens looks at the bare runs of digits and letters: known merchant numbers,
// also with a day glued to them, and days of eight digits.
func (r *reference) tokens(remark string, paid parse.Date, merchants idBook) {
	between := func(c rune) bool { return c != '*' && (c < '0' || c > '9' && c < 'A' || c > 'Z') }
	for _, tok := range strings.FieldsFunc(remark, between) {
		if merchants[tok] != "" {
			r.merchants = append(r.merchants, merchants[tok])
			continue
		}
		if d, ok := looseDay(tok, paid); ok {
			r.loose = append(r.loose, d)
			continue
		}
		if n := len(tok) - 8; n > 0 {
			if d, ok := looseDay(tok[n:], paid); ok && merchants[tok[:n]] != "" {
				r.merchants, r.loose = append(r.merchants, merchants[tok[:n]]), append(r.loose, d)
			} else if d, ok := looseDay(tok[:8], paid); ok && merchants[tok[8:]] != "" {
				r.merchants, r.loose = append(r.merchants, merchants[tok[8:]]), append(r.loose, d)
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
func looseDay(s string, paid parse.Date) (parse.Date, bool) {
	if len(s) != 8 {
		return 0, false
	}
	return remarkDay(s, paid)
}

// remarkDay reads a day of a remark. One without a year is the latest that is
// not after the line's own day, give or take refDaysAhead.
func remarkDay(s string, paid parse.Date) (parse.Date, bool) {
	if s == "" {
		return 0, false
	}
	d, ok := parseDay(s)
	if !ok {
		s = strings.NewReplacer("月", "-", "日", "", "/", "-").Replace(s)
		if len(s) == 4 && !strings.Contains(s, "-") {
			s = s[:2] + "-" + s[2:]
		}
		for _, year := range []int{yearOf(paid) + 1, yearOf(paid), yearOf(paid) - 1} {
			t, err := time.Parse("2006-1-2", fmt.Sprintf("%d-%s", year, s))
			if d = parse.Date(t.Unix() / daySeconds); err == nil && d <= paid+refDaysAhead {
				ok = true
				break
			}
		}
	}
	return d, ok && d >= paid-refDaysBack && d <= paid+refDaysAhead
}
