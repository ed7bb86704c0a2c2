package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// kindSaid are decisions that were said between two nights. Such a page is added
// to the last night and is not part of its seal; the next night reads it, keeps
// its decisions in its record, and ends it under its own seal.
const kindSaid Kind = "said"

// saidTries bounds how often two who speak at once get into each other's way.
const saidTries = 8

// Keep keeps decisions until the next night reads them. They are applied to what
// is open after the night head; where another night was committed meanwhile the
// error is Moved and nothing is kept.
func Keep(ctx context.Context, s Store, head Head, decisions []Decision) error {
	if head.Seq == 0 || len(decisions) == 0 {
		return nil
	}
	body, err := pack(&decisions, func(c *codec, v *[]Decision) { list(c, v, codeDecision) })
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		refs, _, err := saidAt(ctx, s, head.Seq)
		if err != nil {
			return err
		}
		n := 0
		for _, r := range refs {
			var seq int64
			var at int
			if _, err := fmt.Sscanf(r.Key, "%d-%d", &seq, &at); err == nil && seq == head.Seq {
				n = max(n, at)
			}
		}
		p := Page{Ref: Ref{kindSaid, fmt.Sprintf("%s-%06d", nightKey(head.Seq), n+1)}, Body: body, Since: head.Seq}
		p.Hash = PageHash(p.Ref, body)
		err = s.Add(ctx, head, p)
		var e *Error
		if try < saidTries && errors.As(err, &e) && e.Code == Moved && e.Head == head {
			continue // somebody else took the name
		}
		return err
	}
}

// saidAt are the decisions that wait after a night, in the order in which they
// were said.
func saidAt(ctx context.Context, s Store, seq int64) (refs []Ref, all []Decision, err error) {
	err = eachList(ctx, s, kindSaid, "", seq, codeDecision, func(p *Page, some []Decision) {
		refs = append(refs, p.Ref)
		all = append(all, some...)
	})
	return refs, all, err
}

// Waiting are the decisions that were said after the last night, a later word
// for an item in place of the former.
func Waiting(ctx context.Context, s Store, head Head) ([]Decision, error) {
	_, all, err := saidAt(ctx, s, head.Seq)
	return latest(all), err
}

// latest leaves of all that was said of an item one decision: the last word, the
// last note and the last name.
func latest(all []Decision) (out []Decision) {
	at := map[string]int{}
	for _, d := range all {
		i, ok := at[d.ItemID]
		if !ok {
			at[d.ItemID] = len(out)
			out = append(out, d)
			continue
		}
		old := out[i]
		d.Note, d.By = cmp.Or(d.Note, old.Note), cmp.Or(d.By, old.By)
		if d.Word == "" {
			d.Word, d.On = old.Word, cmp.Or(old.On, d.On)
		}
		out[i] = d
	}
	return out
}

// Said are the decisions of Waiting when the night begins. Where it replaces the
// last one, those said after that are among them, and what that had read before
// is in Earlier.
func (n *AtWork) Said(ctx context.Context) ([]Decision, error) {
	if n.store == nil {
		return nil, nil
	}
	return Waiting(ctx, n.store, n.head)
}

// dropSaid ends what the night reads. Of a replaced night that is what that had
// read; what was added to it goes with it, and is in this night's record.
func (n *AtWork) dropSaid(ctx context.Context) error {
	if n.store == nil {
		return nil
	}
	refs, _, err := saidAt(ctx, n.store, n.prev.Head.Seq)
	if err != nil {
		return err
	}
	for _, r := range refs {
		n.drop(r.Kind, r.Key)
	}
	return nil
}

// Overlay shows what waits on the open items as the next night will read it:
// word, note, name and the day of a claim. Nothing is closed by it.
func (st *State) Overlay(waiting []Decision) {
	for _, d := range waiting {
		it := st.Find(d.ItemID)
		if it == nil {
			continue
		}
		if it.Decision = merged(it.Decision, d); d.Word == Claimed && it.ClaimedOn == 0 {
			it.ClaimedOn = d.On
		}
	}
}

// Judged says of decisions what would become of them if they were applied to
// the state now: the good ones, and the others with the reason. closed says
// whether an item was open once.
func (st *State) Judged(decisions []Decision, closed func(id string) bool) (good []Decision, refused []Refused) {
	n := &AtWork{prev: st}
	good = n.valid(decisions, func(d Decision, why, state string) {
		if why == "unknown_item" && closed(d.ItemID) {
			why = "closed"
		}
		refused = append(refused, Refused{d, why, state})
	})
	return slices.Clone(good), refused
}
