package settle

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/record"
)

// span is the days that a statement shows, from its first line to its last; a
// zero span is not known.
type span struct{ from, to record.Date }

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
func (s span) sees(day record.Date) bool { return s.to == 0 || s.from <= day && day <= s.to }

// days is how many calendar days it has.
func (s span) days() record.Date {
	if s.to == 0 {
		return 0
	}
	return s.to - s.from + 1
}

// DefaultStatementGrace is for how many calendar days at most money that is due
// after a statement ends is waited for.
const DefaultStatementGrace = 8

// shownSpan is what the bank side shows of an account: the days, and how many
// the longest of its statements has.
type shownSpan struct {
	span
	longest record.Date
}

func (s shownSpan) with(o shownSpan) shownSpan {
	return shownSpan{s.span.with(o.span), max(s.longest, o.longest)}
}

// statements are what the bank side shows, by account; accounts that have stood
// in one document are shown together. The lines of a payout list beside a
// statement show nothing of the account.
type statements map[string]shownSpan // "": lines that do not name their account

func (a *allocator) statements() statements {
	docs, together := map[int]span{}, family{}
	first := map[int]string{} // an account of each document
	for _, l := range a.lines {
		if l.claim {
			continue
		}
		doc, name := l.row.doc, l.row.account
		if day := l.row.date; day != 0 {
			docs[doc] = docs[doc].with(span{day, day})
		}
		together.find(name)
		if old := first[doc]; name != "" && old != "" {
			together.join(old, name)
		} else if name != "" || first[doc] == "" {
			first[doc] = name
		}
	}
	roots := statements{}
	for doc, name := range first {
		root := together.find(name)
		roots[root] = roots[root].with(shownSpan{docs[doc], docs[doc].days()})
	}
	s := statements{}
	for name := range together {
		s[name] = roots[together.find(name)]
	}
	return s
}

// family puts names together that belong together.
type family map[string]string

// find is the name that stands for all that belong to one.
func (f family) find(name string) string {
	up, ok := f[name]
	if !ok {
		f[name] = name
		return name
	}
	if up == name {
		return name
	}
	root := f.find(up)
	f[name] = root
	return root
}

func (f family) join(a, b string) {
	if a, b = f.find(a), f.find(b); a != b {
		f[max(a, b)] = min(a, b)
	}
}

// shelved are the accounts of the statements by their shelf: what can be the
// same account stands on one.
func (s statements) shelved() map[string][]string {
	shelves := map[string][]string{}
	for name := range s {
		shelf := newAccount(name).shelf
		shelves[shelf] = append(shelves[shelf], name)
	}
	return shelves
}

// of is whether some statement is of an account, and the days that it shows.
// Where either side does not name the account, it may be the same.
func (s statements) of(account string, shelves map[string][]string) (shown shownSpan, ok bool) {
	for shelf, names := range oneShelf(newAccount(account).shelf, shelves) {
		for _, name := range names {
			if shelf == "" || account == "" || sameAccount(name, account) {
				ok = true
				shown = shown.with(s[name])
			}
		}
	}
	return shown, ok || len(s) == 0
}

// oneShelf is the part of the shelves on which an account can stand: its own
// and that of no name; all for an account without a name.
func oneShelf(shelf string, shelves map[string][]string) map[string][]string {
	if shelf == "" {
		return shelves
	}
	return map[string][]string{shelf: shelves[shelf], "": shelves[""]}
}

// cover says of which settlements the bank side could show the money, and on
// which days: their account is one that it is of. An empty statement shows
// that nothing came to any account.
func (o *Output) cover(a *allocator) {
	o.Covered, o.shown = make([]bool, len(o.Settlements)), make([]shownSpan, len(o.Settlements))
	if !o.In.HasBank {
		return
	}
	bank := a.statements()
	shelves := bank.shelved()
	type answer struct {
		shown shownSpan
		ok    bool
	}
	known := map[string]answer{}
	for i := range o.Settlements {
		account := o.Settlements[i].Account
		k, ok := known[account]
		if !ok {
			k.shown, k.ok = bank.of(account, shelves)
			known[account] = k
		}
		o.Covered[i], o.shown[i] = k.ok, k.shown
		if k.ok {
			o.Settlements[i].ShownTo = min(k.shown.to, o.In.AsOf)
		}
	}
}

// awaited says whether money that is overdue is only not seen for want of a
// statement: it fell due after the last day that the account is shown, no
// longer ago than the account's longest statement spans.
func (o *Output) awaited(i int, due record.Date) bool {
	shown := &o.shown[i]
	if !o.Covered[i] || shown.to == 0 || due <= shown.to {
		return false
	}
	return o.In.AsOf <= due+min(shown.longest, o.In.statementGrace())
}

// statementGrace is the setting, or its default.
func (in *Input) statementGrace() record.Date {
	switch {
	case in.Grace < 0:
		return 0
	case in.Grace == 0:
		return DefaultStatementGrace
	}
	return in.Grace
}

// unseen says whether the statement stops before the day on which a
// settlement's money should have come, or begins after it: the money is overdue
// all the same, but perhaps only the statement is too short.
func (o *Output) unseen(i int) bool {
	s := &o.Settlements[i]
	return s.Timing == result.Overdue && o.Covered[i] && !o.shown[i].sees(s.DueDate)
}

// warnUnseen says how many settlements are overdue that their account's
// statement is too short for: one warning, whatever the number of accounts, with
// the account that comes first and the days that it shows.
func (o *Output) warnUnseen() {
	count, first := 0, -1
	accounts := map[string]bool{}
	for i := range o.Settlements {
		if !o.unseen(i) {
			continue
		}
		count++
		accounts[o.Settlements[i].Account] = true
		if first < 0 || o.Settlements[i].Account < o.Settlements[first].Account {
			first = i
		}
	}
	if count == 0 {
		return
	}
	shown := o.shown[first].span
	o.Warnings = append(o.Warnings, result.Warning{Code: "statement_days", Args: []string{
		strconv.Itoa(count), strconv.Itoa(len(accounts)), cmp.Or(o.Settlements[first].Account, "-"), terms.DayText(shown.from), terms.DayText(shown.to)}})
	slices.SortFunc(o.Warnings, CompareWarnings)
}

func CompareWarnings(a, b result.Warning) int {
	return cmp.Or(cmp.Compare(a.Code, b.Code), slices.Compare(a.Args, b.Args))
}
