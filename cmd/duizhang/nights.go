package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"

	"github.com/spf13/cobra"
)

// recorded are the nights of a ledger with what they say of themselves.
func recorded(ctx context.Context, s ledger.Store) ([]ledger.Night, []*ledger.NightRecord, error) {
	nights, err := s.Nights(ctx)
	if err != nil {
		return nil, nil, ledgerFailure(err)
	}
	recs := make([]*ledger.NightRecord, len(nights))
	for i := range nights {
		if recs[i], err = ledger.DecodeNight(&nights[i]); err != nil {
			return nil, nil, ledgerFailure(err)
		}
	}
	return nights, recs, nil
}

type nightLine struct {
	Night        string        `json:"night"`
	Hash         string        `json:"hash"`
	Report       string        `json:"report"`
	ReportSHA256 string        `json:"report_sha256"`
	Carried      int64         `json:"carried"`
	Opened       int64         `json:"opened"`
	Closed       int64         `json:"closed"`
	Open         int64         `json:"open"`
	Owed         report.Amount `json:"owed"`
	Files        []nightFile   `json:"files"`
}

type nightFile struct {
	Path   string `json:"path"`
	Side   string `json:"side"`
	SHA256 string `json:"sha256"`
	Rows   int64  `json:"rows"`
	Seen   int64  `json:"seen"`
}

// newNights lists the committed nights. EXIT STATUS: 0 listed, 2 usage, 5 the
// ledger cannot be used.
func newNights(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use: "nights", Short: say(lang, msgNightsShort), Args: exactly(0, 0, message{}),
		Annotations: map[string]string{"exit": say(lang, msgExitShown)},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return listNights(cmd.Context(), e, languageFlag(cmd), &f)
		},
	}
	f.register(cmd, lang)
	f.registerJSON(cmd, lang)
	return cmd
}

func listNights(ctx context.Context, e *env, lang language, f *ledgerFlags) error {
	s, err := f.open(ctx, e, false)
	if err != nil {
		return err
	}
	defer s.Close()
	nights, recs, err := recorded(ctx, s)
	if err != nil {
		return err
	}
	list := make([]nightLine, len(nights))
	for i, r := range recs {
		l := nightLine{Night: r.Day.String(), Hash: nights[i].Hash.String(), Report: r.Report, ReportSHA256: r.ReportSHA256,
			Carried: r.Carried, Opened: r.Opened, Closed: r.Closed, Open: r.Open, Owed: report.Amount(r.Owed), Files: []nightFile{}}
		for j := range r.Files {
			n := &r.Files[j]
			l.Files = append(l.Files, nightFile{n.Path, n.Side.String(), n.SHA256, n.Rows, n.Seen})
		}
		list[i] = l
	}
	if f.json {
		return report.WriteJSON(e.stdout, map[string]any{"schema": "duizhang.nights/1", "nights": list})
	}
	for i, r := range recs {
		line(e.stdout, say(lang, msgNightLine, r.Day.String(), nights[i].Hash.Short(), r.Opened, r.Closed, r.Open, r.Owed.String()))
		line(e.stdout, visible(fmt.Sprintf("  %s  sha256 %s", r.Report, r.ReportSHA256)))
		for _, n := range list[i].Files {
			line(e.stdout, visible(fmt.Sprintf("  %s  %s  sha256 %s", n.Side, n.Path, n.SHA256)))
		}
	}
	return nil
}

// lives reads what has become of items.
type lives struct {
	s    ledger.Store
	last map[string]*ledger.Closing
	err  error
}

// closed is how an item closed last; nil if it never did.
func (l *lives) closed(ctx context.Context, id string) *ledger.Closing {
	if l.last == nil {
		l.last = map[string]*ledger.Closing{}
		nights, err := l.s.Nights(ctx)
		for i := 0; i < len(nights) && err == nil; i++ {
			var all []ledger.Closing
			all, err = ledger.Closings(ctx, l.s, nights[i].Seq)
			for j := range all {
				l.last[all[j].ID] = &all[j]
			}
		}
		l.err = err
	}
	return l.last[id]
}

type itemLife struct {
	Schema string        `json:"schema"`
	Item   string        `json:"item_id"`
	Type   string        `json:"type"`
	State  string        `json:"state"`
	Open   bool          `json:"open"`
	First  string        `json:"first_night"`
	Due    string        `json:"due_date"`
	Owed   report.Amount `json:"owed"`
	Rows   []itemRow     `json:"rows"`
	Events []itemEvent   `json:"events"`
	// Decision stands now; a closed item has the one that it closed with.
	Decision  string `json:"decision"`
	By        string `json:"by"`
	Note      string `json:"note"`
	DecidedOn string `json:"decided_on"`
	ClaimedOn string `json:"claimed_on"`
	ClosedBy  string `json:"closed_by"`
	ClosedOn  string `json:"closed_on"`
	Into      string `json:"goes_on_as"`
	Reason    string `json:"reason"`
}

type itemRow struct {
	Source string `json:"source"`
	SHA256 string `json:"sha256"`
	Night  string `json:"night"`
}

type itemEvent struct {
	Night  string        `json:"night"`
	What   string        `json:"what"`
	State  string        `json:"state"`
	Detail string        `json:"detail"`
	By     string        `json:"by"`
	Owed   report.Amount `json:"owed"`
}

// newShow tells an item's life. EXIT STATUS: 0 told, 2 usage or no such item,
// 5 the ledger cannot be used.
func newShow(e *env, lang language) *cobra.Command {
	var f ledgerFlags
	cmd := &cobra.Command{
		Use: "show ITEM", Short: say(lang, msgItemShort), Args: exactly(1, 1, msgOneItem),
		Annotations: map[string]string{"exit": say(lang, msgExitShown)},
		RunE: func(cmd *cobra.Command, args []string) error {
			return showItem(cmd.Context(), e, languageFlag(cmd), &f, strings.ToUpper(strings.TrimSpace(args[0])))
		},
	}
	f.register(cmd, lang)
	f.registerAsOf(cmd, lang)
	f.registerJSON(cmd, lang)
	return cmd
}

func showItem(ctx context.Context, e *env, lang language, f *ledgerFlags, id string) error {
	s, err := f.open(ctx, e, false)
	if err != nil {
		return err
	}
	defer s.Close()
	st, waiting, _, err := f.state(ctx, s)
	if err != nil {
		return err
	}
	life := &itemLife{Schema: "duizhang.item/1", Item: id, Rows: []itemRow{}, Events: []itemEvent{}}
	if it := st.Find(id); it != nil {
		life.of(it, lang)
		life.Open = true
	} else {
		past := lives{s: s}
		c := past.closed(ctx, id)
		if past.err != nil {
			return ledgerFailure(past.err)
		}
		if c == nil {
			return usage(msgNoSuchItem, id)
		}
		life.of(&c.Item, lang)
		life.State, life.Owed, life.ClosedBy, life.ClosedOn, life.Into, life.Reason = c.Final, report.Amount(c.WasOwed), c.By, c.On.String(), c.Into, closingReason(c, lang)
	}
	if err := life.events(ctx, s, waiting); err != nil {
		return ledgerFailure(err)
	}
	if f.json {
		return report.WriteJSON(e.stdout, life)
	}
	life.print(e, lang)
	return nil
}

func (l *itemLife) of(it *ledger.Item, lang language) {
	l.Type, l.State, l.First, l.Due, l.Owed = it.Type.String(), it.State, it.FirstNight.String(), dateOrEmpty(it.DueDate), report.Amount(it.Owed)
	d := &it.Decision
	l.Decision, l.By, l.Note, l.DecidedOn, l.ClaimedOn, l.Reason = d.Word, d.By, d.Note, dateOrEmpty(d.On), dateOrEmpty(it.ClaimedOn), it.Reason[lang]
	add := func(o *ledger.Origin) {
		l.Rows = append(l.Rows, itemRow{o.Source, o.SHA256, dateOrEmpty(o.Night)})
	}
	for i := range it.Rows {
		add(&it.Rows[i].Origin)
	}
	for i := range it.Sources {
		if len(it.Rows) == 0 {
			add(&it.Sources[i])
		}
	}
}

func (l *itemLife) events(ctx context.Context, s ledger.Store, waiting []ledger.Decision) error {
	nights, err := s.Nights(ctx)
	if err != nil {
		return err
	}
	add := func(day record.Date, ev *ledger.Event) {
		l.Events = append(l.Events, itemEvent{day.String(), ev.What, ev.State, strings.TrimSpace(strings.ReplaceAll(ev.Detail, "\x1f", " ")), ev.By, report.Amount(ev.Owed)})
	}
	for i := range nights {
		all, err := ledger.Events(ctx, s, nights[i].Seq)
		if err != nil {
			return err
		}
		for j := range all {
			if all[j].ItemID == l.Item {
				add(nights[i].Day, &all[j])
			}
		}
	}
	for _, d := range waiting {
		if d.ItemID == l.Item {
			add(d.On, &ledger.Event{What: "waiting", State: l.State, Detail: d.Word + "\x1f" + d.Note, By: d.By})
		}
	}
	return nil
}

func (l *itemLife) print(e *env, lang language) {
	out := func(m message, args ...any) { line(e.stdout, visible(say(lang, m, args...))) }
	out(msgShowHead, l.Item, l.Type, l.State, money.Fen(l.Owed).String(), l.First, l.Due)
	for _, r := range l.Rows {
		out(msgShowRow, r.Source, r.SHA256, r.Night)
	}
	for _, ev := range l.Events {
		out(msgShowEvent, ev.Night, ev.What, ev.State, money.Fen(ev.Owed).String(), ev.Detail, ev.By)
	}
	if l.Decision+l.By+l.Note != "" {
		out(msgShowDecision, l.Decision, l.DecidedOn, l.By, l.Note)
	}
	if l.ClaimedOn != "" {
		out(msgShowClaimed, l.ClaimedOn)
	}
	line(e.stdout, visible(l.Reason))
}
