package ledger

import (
	"cmp"
	"slices"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
)

// Take looks at decisions before the match: a rejected pair is not proposed
// again, and a bank line that a person accepts goes to the settlement that its
// hint names. Everything else is decided by Finish, since a row or credit of
// the night that settles an item wins.
func (n *AtWork) Take(decisions []Decision) {
	for _, d := range n.valid(decisions, nil) {
		it := n.prev.Find(d.ItemID)
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
		case d.Word == Accept && it.Type == Credit && it.Hint != "":
			for key, rec := range n.mem.settles {
				if keyText(key) == it.Hint && len(it.Rows) > 0 {
					row := &it.Rows[0]
					rec.paid = append(rec.paid, paidPart{rowName{row.Digest, row.Ordinal}, row.Record.Amount, result.ReasonByReference, 0})
				}
			}
		}
	}
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
			it := n.prev.Find(id)
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
		d.On = n.rules.AsOf
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
	switch d.Word {
	case Claimed:
		if it.ClaimedOn == 0 {
			it.ClaimedOn = n.rules.AsOf
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
