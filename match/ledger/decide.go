package ledger

import (
	"cmp"
	"context"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Take looks at decisions before the match: a rejected pair is not proposed
// again, and a bank line that a person accepts goes to the settlement that its
// hint names. Everything else is decided by Finish, since a row or credit of
// the night that settles an item wins.
func (n *AtWork) Take(decisions []Decision) {
	words := map[string]bool{}
	for _, d := range n.valid(decisions, nil) {
		it := n.find(d.ItemID)
		words[d.ItemID] = words[d.ItemID] || d.Word != ""
		switch {
		case it == nil:
		case d.Word == Reject && it.State == result.Suggested.String():
			var p, c []rowName
			for i := range it.Rows {
				name := rowName{it.Rows[i].Digest, it.Rows[i].Ordinal}
				if it.Rows[i].Side == record.SidePos {
					p = append(p, name)
				} else {
					c = append(c, name)
				}
			}
			for _, x := range p {
				for _, y := range c {
					n.mem.rejected[[2]rowName{x, y}] = true
					n.rejects = append(n.rejects, rejectedPair{x, y})
				}
			}
		case d.Word == Accept && n.prev.Find(it.ID) != nil:
			n.place(it)
		}
	}
	for i := range n.prev.Items { // lines that were accepted in the night that brought them
		if it := &n.prev.Items[i]; it.Decision.Word == Accept && !words[it.ID] {
			n.place(it)
		}
	}
}

// place puts a bank line that a person accepts to the settlement of its hint.
func (n *AtWork) place(it *Item) {
	if it.Type != Credit || it.Hint == "" || len(it.Rows) == 0 {
		return
	}
	for key, rec := range n.mem.settles {
		if keyText(key) == it.Hint {
			row := &it.Rows[0]
			rec.paid = append(rec.paid, paidPart{rowName{row.Digest, row.Ordinal}, row.Record.Amount, result.ReasonByReference, 0})
		}
	}
}

// find is an item that a decision may name: one that was open after the night
// before, or that the replaced run of this night had opened and shown.
func (n *AtWork) find(id string) *Item {
	if it := n.prev.Find(id); it != nil || !n.replace {
		return it
	}
	last, err := n.last()
	if err != nil {
		return nil
	}
	return last.Find(id)
}

// Changed leaves of the rows of a report what a person has changed in them: they
// come back with everything that was said before. An item may stand on several
// sheets; where one of them says something new, the others do not contradict it.
func (n *AtWork) Changed(rows []Decision) ([]Decision, error) {
	last, err := n.last()
	if err != nil {
		return nil, err
	}
	var out []Decision
	for _, d := range rows {
		if it := last.Find(d.ItemID); it != nil {
			shown := &it.Decision
			for _, f := range [...]struct{ new, old *string }{{&d.Word, &shown.Word}, {&d.Note, &shown.Note}, {&d.By, &shown.By}} {
				if *f.new == *f.old {
					*f.new = ""
				}
			}
			if d.Word == "" && d.Note == "" && d.By == "" {
				continue
			}
		}
		out = append(out, d)
	}
	return out, nil
}

// Later are the decisions of a night that runs again: a later word for an item
// takes the place of the former.
func Later(former, later []Decision) []Decision {
	word := map[string]int{}
	for i, d := range later {
		if d.Word != "" && d.ItemID != "" {
			word[d.ItemID] = i + 1
		}
	}
	var out []Decision
	later = slices.Clone(later)
	for _, d := range former {
		if i := word[d.ItemID]; i > 0 && d.Word != "" {
			new := &later[i-1]
			new.Note, new.By = cmp.Or(new.Note, d.Note), cmp.Or(new.By, d.By)
			continue
		}
		out = append(out, d)
	}
	return append(out, later...)
}

// Foreseen is a decision before it is applied: the item as it stands, or why the
// decision will not be applied.
type Foreseen struct {
	Decision
	Type  Type
	State string
	Owed  money.Fen
	Why   string // as in Refused
}

// Foresee says what decisions will do, before anything is done.
func (n *AtWork) Foresee(decisions []Decision) (list []Foreseen) {
	add := func(d Decision, why string) {
		f := Foreseen{Decision: d, Why: why}
		if it := n.find(d.ItemID); it != nil {
			f.Type, f.State, f.Owed = it.Type, it.State, it.Owed
		}
		list = append(list, f)
	}
	good := n.valid(decisions, func(d Decision, why, _ string) {
		if why == "unknown_item" && n.everClosed(d.ItemID) {
			why = "closed"
		}
		add(d, why)
	})
	for _, d := range good {
		add(d, "")
	}
	return list
}

// LastReport is the report of the last night, and its digest.
func (n *AtWork) LastReport(ctx context.Context) (path, sha256 string, err error) {
	rec, err := n.lastRecord(ctx)
	if rec == nil {
		return "", "", err
	}
	return rec.Report, rec.ReportSHA256, err
}

// valid leaves out what cannot be applied, and notes why.
func (n *AtWork) valid(decisions []Decision, refuse func(Decision, string, string)) []Decision {
	if refuse == nil {
		refuse = func(Decision, string, string) {}
	}
	byItem := map[string][]Decision{}
	var order []string
	for _, d := range decisions {
		if d.Word == "" && d.Note == "" && d.By == "" {
			continue
		}
		if byItem[d.ItemID] == nil {
			order = append(order, d.ItemID)
		}
		if !slices.ContainsFunc(byItem[d.ItemID], func(o Decision) bool { return o.Word == d.Word && o.Note == d.Note && o.By == d.By }) {
			byItem[d.ItemID] = append(byItem[d.ItemID], d)
		}
	}
	var out []Decision
	for _, id := range order {
		list := byItem[id]
		words := map[string]bool{}
		for _, d := range list {
			if d.Word != "" {
				words[d.Word] = true
			}
		}
		for _, d := range list {
			it := n.find(id)
			switch {
			case it == nil:
				refuse(d, "unknown_item", "")
			case d.Word != "" && !slices.Contains(Words, d.Word):
				refuse(d, "unknown_word", it.State)
			case len(words) > 1:
				refuse(d, "contradiction", it.State)
			case !sensible(it, d.Word):
				refuse(d, "senseless", it.State)
			default:
				out = append(out, d)
			}
		}
	}
	return out
}

// sensible says whether a word makes sense for an item's state.
func sensible(it *Item, word string) bool {
	switch word {
	case Accept:
		switch it.State {
		case result.Suggested.String(), result.Partial.String(), result.Over.String(), result.Conflict.String():
			return it.Type == Transaction
		}
		return it.Type == Credit && it.Hint != ""
	case Reject:
		return it.Type == Transaction && it.State == result.Suggested.String() || it.Type == Credit && it.Hint != ""
	}
	return true
}

// decide applies the decisions to what is still open.
func (n *AtWork) decide(res *result.Result, f *fates, decisions []Decision) {
	n.out.Read = 0
	refuse := func(d Decision, why, state string) {
		if why == "unknown_item" && n.everClosed(d.ItemID) {
			why = "closed"
		}
		n.out.Refused = append(n.out.Refused, Refused{d, why, state})
		if why != "closed" {
			n.out.Problems++
		}
	}
	for _, d := range decisions {
		if d.Word != "" || d.Note != "" || d.By != "" {
			n.out.Read++
		}
	}
	for _, d := range n.valid(decisions, refuse) {
		if d.On == 0 || d.On > n.rules.AsOf { // one that was said between two nights has its day
			d.On = n.rules.AsOf
		}
		it := f.open[d.ItemID]
		if it == nil {
			if d.Word != Accept { // the line that it placed has closed by it
				refuse(d, "closed", "")
			} else {
				n.acceptedLine(f, d)
			}
			continue
		}
		n.out.Applied++
		n.apply(res, f, it, d)
	}
}

// acceptedLine: a bank line whose hint was accepted is identified by now.
func (n *AtWork) acceptedLine(f *fates, d Decision) {
	if c := f.closed[d.ItemID]; c != nil && c.Type == Credit {
		c.By, c.Decision = "decision", merged(c.Decision, d)
		n.out.Applied++
		n.decided(&c.Item, d)
	}
}

// merged is a decision on top of an older one: a note or a name without a
// word leaves the word.
func merged(old, d Decision) Decision {
	out := d
	out.Word = cmp.Or(d.Word, old.Word)
	out.Note, out.By = cmp.Or(d.Note, old.Note), cmp.Or(d.By, old.By)
	if d.Word == "" {
		out.On = cmp.Or(old.On, d.On)
	}
	if d.Word == Open {
		out.Word = ""
	}
	return out
}

func (n *AtWork) decided(it *Item, d Decision) {
	n.events = append(n.events, Event{ItemID: it.ID, What: "decided", State: it.State, Detail: d.Word + "\x1f" + d.Note, By: d.By, Owed: it.Owed})
}

func (n *AtWork) apply(res *result.Result, f *fates, it *Item, d Decision) {
	it.Decision = merged(it.Decision, d)
	n.decided(it, d)
	if d.Word == Accept && it.Type == Credit && n.prev.Find(it.ID) == nil {
		return // a line of this very night: the next one places it
	}
	switch d.Word {
	case Claimed:
		if it.ClaimedOn == 0 {
			it.ClaimedOn = it.Decision.On
		}
	case Accept, Adjusted, WrittenOff:
		final := d.Word
		if g, ok := f.group[it.ID]; ok && d.Word == Accept && it.State == result.Suggested.String() {
			res.Move(&res.Groups[g], result.Matched, res.Groups[g].Timing)
			final = result.Matched.String()
		}
		decision := it.Decision
		delete(f.open, it.ID)
		if c := n.closes(f, it.ID, "decision", final); c != nil {
			c.Decision = decision
		}
		for _, fate := range f.settled {
			if fate.id == it.ID {
				fate.open, fate.closed, fate.state = false, n.rules.AsOf, d.Word
			}
		}
	}
}

// everClosed says whether an item of that id was open once.
func (n *AtWork) everClosed(id string) bool {
	closed, err := n.life()
	return err == nil && closed[id] != nil
}
