package match

import (
	"cmp"
	"slices"
	"strconv"

	"duizhang/parse"
)

// span is the days that a statement shows, from its first line to its last; a
// zero span is not known.
type span struct{ from, to parse.Date }

// with is the span that takes another one in.
func (s span) with(o span) span {
	switch {
	case o.to == 0:
		return s
	case s.to == 0:
		return o
	}
	return span{min(s.from, o.from), max(s.to, o.to)}
}

// sees says whether money that is due on a day would stand within the span.
func (s span) sees(day parse.Date) bool { return s.to == 0 || s.from <= day && day <= s.to }

// statements are what the bank side shows: the days of every document, and the
// documents that have lines of an account. The lines of a payout list beside a
// statement show nothing of the account.
type statements struct {
	docs     map[int]span
	accounts map[string][]int // "": lines that do not name their account
}

func (a *allocator) statements() statements {
	s := statements{map[int]span{}, map[string][]int{}}
	for _, l := range a.lines {
		if l.claim {
			continue
		}
		if day := l.row.date; day != 0 {
			s.docs[l.row.doc] = s.docs[l.row.doc].with(span{day, day})
		}
		if docs := s.accounts[l.row.account]; !slices.Contains(docs, l.row.doc) {
			s.accounts[l.row.account] = append(docs, l.row.doc)
		}
	}
	return s
}

// of is whether some statement is of an account, and the days that it shows.
// Where either side does not name the account, it may be the same.
func (s statements) of(account string) (shown span, ok bool) {
	for name, docs := range s.accounts {
		if name != "" && account != "" && !sameAccount(name, account) {
			continue
		}
		ok = true
		for _, doc := range docs {
			shown = shown.with(s.docs[doc])
		}
	}
	return shown, ok || len(s.accounts) == 0
}

// cover says of which settlements the bank side could show the money, and on
// which days: their account is one that it is of. An empty statement shows
// that nothing came to any account.
func (o *settleOutput) cover(a *allocator) {
	o.covered, o.shown = make([]bool, len(o.settlements)), make([]span, len(o.settlements))
	if !o.in.hasBank {
		return
	}
	bank := a.statements()
	type answer struct {
		shown span
		ok    bool
	}
	known := map[string]answer{}
	for i := range o.settlements {
		account := o.settlements[i].Account
		k, ok := known[account]
		if !ok {
			k.shown, k.ok = bank.of(account)
			known[account] = k
		}
		o.covered[i], o.shown[i] = k.ok, k.shown
		if k.ok {
			o.settlements[i].ShownTo = min(k.shown.to, o.in.asOf)
		}
	}
}

// unseen says whether the statement stops before the day on which a
// settlement's money should have come, or begins after it: the money is overdue
// all the same, but perhaps only the statement is too short.
func (o *settleOutput) unseen(i int) bool {
	s := &o.settlements[i]
	return s.Timing == Overdue && o.covered[i] && !o.shown[i].sees(s.DueDate)
}

// warnUnseen says for each account how many settlements are overdue that its
// statement is too short for.
func (o *settleOutput) warnUnseen() {
	type key struct {
		account string
		shown   span
	}
	count := map[key]int{}
	for i := range o.settlements {
		if o.unseen(i) {
			count[key{o.settlements[i].Account, o.shown[i]}]++
		}
	}
	for k, n := range count {
		o.warnings = append(o.warnings, Warning{Code: "statement_days", Args: []string{cmp.Or(k.account, "-"), dayText(k.shown.from), dayText(k.shown.to), strconv.Itoa(n)}})
	}
	slices.SortFunc(o.warnings, compareWarnings)
}

func compareWarnings(a, b Warning) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), slices.Compare(a.Args, b.Args))
}
