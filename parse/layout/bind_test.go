package layout

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/simplifiedchinese"
)

var loaded = sync.OnceValues(func() (*Layouts, error) { return LoadLayouts("") })

// got is a document read to the end in a test.
type got struct {
	plan     *Plan
	problems []problem.Problem // of the file
	rows     []record.Record
	rejects  []problem.Problem
	skipped  int
	control  *Control
}

// reading is how a test reads a document.
type reading struct {
	name    string
	enc     text.Encoding
	side    record.Side
	layout  string // override
	asOf    record.Date
	layouts *Layouts
	spooled bool
}

// read analyses a document and binds its rows as the scan does.
func (r reading) read(t testing.TB, content []byte) *got {
	t.Helper()
	if r.layouts == nil {
		ls, err := loaded()
		if err != nil {
			t.Fatal(err)
		}
		r.layouts = ls
	}
	if r.enc == text.UnknownEncoding {
		r.enc = text.UTF8
	}
	in := Sample{Name: r.name, File: r.name, Head: content[:min(len(content), 256<<10)], Tail: content[max(0, len(content)-64<<10):], Size: int64(len(content)), Enc: r.enc, Side: r.side, Spooled: r.spooled, Layouts: r.layouts, Layout: r.layout, AsOf: r.asOf}
	g := &got{}
	g.plan, g.problems = Recognise(in)
	if g.plan == nil {
		return g
	}
	b := g.plan.NewBinder()
	b.Counting = true
	all := ^record.FieldSet(0)
	var row record.Row
	line := g.plan.FirstLine
	for _, l := range bytes.SplitAfter(content[g.plan.DataStart:g.plan.DataEnd], []byte{g.plan.EOL}) {
		if len(l) == 0 {
			continue
		}
		raw := text.Record{Cells: cutRow(bytes.TrimRight(l, "\r\n\x1e"), g.plan)}
		switch v, p := b.Bind(&raw, &row, all); v {
		case Accepted:
			g.rows = append(g.rows, keep(&row, line))
		case Rejected:
			p.Line = line
			g.rejects = append(g.rejects, *p)
		default:
			g.skipped++
		}
		line++
	}
	var problem *problem.Problem
	if g.control, problem = g.plan.Verify([]*Binder{b}); problem != nil {
		g.problems = append(g.problems, *problem)
	}
	return g
}

// cutRow is the scan's cutting, without its speed.
func cutRow(line []byte, p *Plan) (cells [][]byte) {
	if p.Form != FormDelimited {
		return [][]byte{line}
	}
	for {
		if p.Quote && len(line) > 0 && line[0] == '"' {
			if cell, rest, ok := cutQuoted(string(line[1:])); ok {
				cells = append(cells, []byte(cell))
				if rest = strings.TrimLeft(rest, "\t "); rest == "" {
					return cells
				}
				line = []byte(rest[1:])
				continue
			}
		}
		i := bytes.IndexByte(line, p.Delim)
		if i < 0 {
			return append(cells, line)
		}
		cells = append(cells, line[:i])
		line = line[i+1:]
	}
}

func keep(r *record.Row, line int64) record.Record {
	k := record.Record{Kind: r.Kind, Status: r.Status, CardType: r.CardType, Channel: r.Channel, HasClock: r.HasClock, HasFee: r.HasFee, HasNet: r.HasNet, HasCredited: r.HasCredited,
		Time: r.Time, ClearingDate: r.ClearingDate, SettleDate: r.SettleDate, CreditedDate: r.CreditedDate, Amount: r.Amount, Fee: r.Fee, Net: r.Net, Credited: r.Credited, Source: fmt.Sprint(line)}
	for i, v := range r.Text {
		k.Text[i] = string(v)
	}
	return k
}

// show is a record as tests write it: kind status time amount, then what else is there.
func show(r record.Record) string {
	names := [...]string{"?", "sale", "void", "reversal", "refund", "preauth", "preauth_complete", "adjustment", "fee", "payout"}
	out := []string{names[r.Kind], [...]string{"?", "ok", "failed", "pending"}[r.Status]}
	if r.HasClock {
		out = append(out, r.Time.String())
	} else {
		out = append(out, r.Time.Date().String())
	}
	out = append(out, r.Amount.String())
	if r.HasFee {
		out = append(out, "fee="+r.Fee.String())
	}
	if r.HasNet {
		out = append(out, "net="+r.Net.String())
	}
	if r.HasCredited {
		out = append(out, "credited="+r.Credited.String())
	}
	for _, d := range []struct {
		n string
		d record.Date
	}{{"clearing_date", r.ClearingDate}, {"settle_date", r.SettleDate}, {"credited_date", r.CreditedDate}} {
		if d.d != 0 {
			out = append(out, d.n+"="+d.d.String())
		}
	}
	if r.Channel != 0 {
		out = append(out, "channel="+[...]string{"", "card", "qr", "other"}[r.Channel])
	}
	if r.CardType != 0 {
		out = append(out, [...]string{"", "debit", "credit"}[r.CardType])
	}
	for f := record.Field(1); f < record.Field(record.NumText); f++ {
		if v := r.Text[f]; v != "" && !(f == record.Currency && v == "CNY") {
			out = append(out, f.String()+"="+v)
		}
	}
	return strings.Join(out, " ")
}

func gbk(s string) []byte {
	b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(s))
	if err != nil {
		panic(err)
	}
	return b
}

// want checks a whole reading: the layout, every row, every reject.
func (g *got) want(t *testing.T, layout string, skipped int, rows []string, rejects ...string) {
	t.Helper()
	if g.plan == nil {
		t.Fatalf("refused: %v", texts(g.problems))
	}
	if g.plan.Layout.Name != layout {
		t.Errorf("layout %s, want %s", g.plan.Layout.Name, layout)
	}
	if len(g.problems) > 0 {
		t.Errorf("problems: %v", texts(g.problems))
	}
	var have []string
	for _, r := range g.rows {
		have = append(have, show(r))
	}
	if !slices.Equal(have, rows) {
		t.Errorf("rows:\n  %s\nwant:\n  %s", strings.Join(have, "\n  "), strings.Join(rows, "\n  "))
	}
	bad := texts(g.rejects)
	if len(bad) != len(rejects) {
		t.Errorf("rejects %q, want %q", bad, rejects)
		return
	}
	for i := range bad {
		if !strings.HasPrefix(bad[i], rejects[i]) {
			t.Errorf("reject %q, want %q…", bad[i], rejects[i])
		}
	}
	if g.skipped != skipped {
		t.Errorf("%d rows skipped, want %d", g.skipped, skipped)
	}
}

func texts(ps []problem.Problem) (out []string) {
	for i := range ps {
		out = append(out, ps[i].Text(problem.EN))
	}
	return out
}

// cutQuoted is a quoted cell behind its first quote, and what follows it.
func cutQuoted(s string) (cell, rest string, ok bool) {
	var b strings.Builder
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return "", "", false
		}
		b.WriteString(s[:i])
		s = s[i+1:]
		if !strings.HasPrefix(s, `"`) {
			return b.String(), s, true
		}
		b.WriteByte('"')
		s = s[1:]
	}
}
