package ledger

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// Kinds of pages.
const (
	kindItem   Kind = "item"   // open items
	kindClosed Kind = "closed" // what a night closed; the key is its number
	kindEvent  Kind = "event"  // what a night did; the key is its number
)

// State is what is open after a night.
type State struct {
	Head  Head
	Items []Item // in the order of open.csv: by type, then id

	pages map[string]*itemPage // by key
	index map[string]int       // of Items by id
	page  map[string]string    // of an item by id
}

// itemPage is how a page of items stands in the store.
type itemPage struct {
	body []byte
	ids  []string
}

// Load reads what is open after the night seq, which is the last one or one of
// the KeepNights before it.
func Load(ctx context.Context, s Store, seq int64) (*State, error) {
	st := &State{pages: map[string]*itemPage{}, page: map[string]string{}}
	nights, err := s.Nights(ctx)
	if err != nil {
		return nil, err
	}
	for i := range nights {
		if nights[i].Seq == seq {
			st.Head = nights[i].Head()
		}
	}
	if st.Head.Seq != seq {
		return nil, &Error{Code: Damaged, Detail: fmt.Sprintf("there is no night %d", seq)}
	}
	err = eachList(ctx, s, kindItem, "", seq, codeItem, func(p *Page, items []Item) {
		page := &itemPage{body: p.Body}
		for i := range items {
			st.page[items[i].ID] = p.Key
			page.ids = append(page.ids, items[i].ID)
		}
		st.pages[p.Key] = page
		st.Items = append(st.Items, items...)
	})
	if err != nil {
		return nil, err
	}
	st.sort()
	return st, nil
}

// eachList visits the pages of a kind that hold lists.
func eachList[T any](ctx context.Context, s Store, kind Kind, prefix string, seq int64, code func(*codec, *T), visit func(*Page, []T)) error {
	return s.Pages(ctx, kind, prefix, seq, func(p *Page) error {
		var all []T
		if err := unpack(p.Body, &all, func(c *codec, v *[]T) { list(c, v, code) }); err != nil {
			return &Error{Code: Damaged, Detail: fmt.Sprintf("page %s %s", p.Kind, p.Key), Err: err}
		}
		visit(p, all)
		return nil
	})
}

func (st *State) sort() {
	slices.SortFunc(st.Items, compareItems)
	st.index = make(map[string]int, len(st.Items))
	for i := range st.Items {
		st.index[st.Items[i].ID] = i
	}
}

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.Type, b.Type), strings.Compare(a.ID, b.ID))
}

// Find is the open item of an id; nil if there is none.
func (st *State) Find(id string) *Item {
	if i, ok := st.index[id]; ok {
		return &st.Items[i]
	}
	return nil
}

// Owed is the sum over all items, of the base currency.
func (st *State) Owed() (sum money.Fen) {
	for i := range st.Items {
		if st.Items[i].Currency == "" {
			sum += st.Items[i].Owed
		}
	}
	return sum
}

// Judge works out timing, days late and age of all items for a day. Nothing
// else changes by a day's passing alone.
func (st *State) Judge(cal *terms.Calendar, asOf record.Date) {
	for i := range st.Items {
		st.Items[i].judge(cal, asOf)
	}
}

// judge: age is business days since the due date for T+n, calendar days for
// D+n, and 0 while it is not due or has no due date.
func (it *Item) judge(cal *terms.Calendar, asOf record.Date) {
	it.Age = result.Age(cal, it.Cycle, it.DueDate, asOf)
	switch it.Timing {
	case result.PendingTiming, result.Overdue:
		if it.Timing, it.DaysLate = result.PendingTiming, 0; it.DueDate != 0 && it.DueDate < asOf {
			it.Timing, it.DaysLate = result.Overdue, it.Age
		}
	default:
		it.DaysLate = 0
	}
}

func nightKey(seq int64) string { return fmt.Sprintf("%08d", seq) }

// Closings are the items that a night closed: the lines of its closed.csv.
func Closings(ctx context.Context, s Store, seq int64) (all []Closing, err error) {
	err = eachList(ctx, s, kindClosed, nightKey(seq), seq, codeClosing, func(_ *Page, some []Closing) { all = append(all, some...) })
	return all, err
}

// Events are what a night did to items.
func Events(ctx context.Context, s Store, seq int64) (all []Event, err error) {
	err = eachList(ctx, s, kindEvent, nightKey(seq), seq, codeEvent, func(_ *Page, some []Event) { all = append(all, some...) })
	return all, err
}
