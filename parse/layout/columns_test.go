package layout

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// A shuffled file is one of the corpus whose columns a test moves about.
type shuffled struct {
	before, after []string // lines around the table's full-width rows
	between       []string // remarks between the header and the first row
	rows          [][]string
	delim         byte
}

// shuffledOf takes the table out of a file of the corpus; ok is false where
// columns are found by their place.
func shuffledOf(t *testing.T, g *got, content string) (f shuffled, ok bool) {
	p := g.plan
	if p == nil || p.Form != FormDelimited || p.Why.Header == 0 || len(g.rejects) > 0 {
		return f, false
	}
	f.delim = p.Delim
	lines := strings.Split(strings.TrimSuffix(content, "\n"), "\n")
	width := 0
	for i, l := range lines {
		var cells []string
		for _, c := range cutRow([]byte(strings.TrimRight(l, "\r")), p) {
			cells = append(cells, string(c))
		}
		switch {
		case int64(i)+1 < p.Why.Header:
			f.before = append(f.before, l)
		case int64(i)+1 == p.Why.Header:
			width = len(cells)
			f.rows = append(f.rows, cells)
		case len(cells) == width-1: // it lacks its last cell
			f.rows = append(f.rows, append(cells, ""))
		case len(cells) != width && len(f.rows) == 1:
			f.between = append(f.between, l)
		case len(cells) != width:
			f.after = append(f.after, l)
		case len(f.after) > 0:
			return f, false
		default:
			f.rows = append(f.rows, cells)
		}
	}
	return f, true
}

// text writes the file with its columns in the order given.
func (f shuffled) text(order []int, quote bool) string {
	var b strings.Builder
	for _, l := range f.before {
		b.WriteString(l + "\n")
	}
	for n, row := range f.rows {
		for i, k := range order {
			if i > 0 {
				b.WriteByte(f.delim)
			}
			c := row[k]
			if quote && strings.IndexByte(c, f.delim) >= 0 {
				c = `"` + c + `"`
			}
			b.WriteString(c)
		}
		b.WriteString("\n")
		if n == 0 {
			for _, l := range f.between {
				b.WriteString(l + "\n")
			}
		}
	}
	for _, l := range f.after {
		b.WriteString(l + "\n")
	}
	return b.String()
}

// with is the table with one more column, whose name stands in each of the
// header's rows.
func (f shuffled) with(column string, headerRows int) shuffled {
	rows := make([][]string, len(f.rows))
	for i, r := range f.rows {
		v := "x"
		if i < headerRows {
			v = column
		}
		rows[i] = append(slices.Clone(r), v)
	}
	f.rows = rows
	return f
}

// totalAbove says whether a line above the header has the table's columns, so
// that it would have to be moved with them.
func (f shuffled) totalAbove() bool {
	return slices.ContainsFunc(f.before, func(l string) bool { return strings.Count(l, string(f.delim)) == len(f.rows[0])-1 })
}

// without is a file without the lines that were rejected.
func without(content []byte, rejects []problem.Problem) []byte {
	lines := strings.SplitAfter(string(content), "\n")
	for _, p := range rejects {
		lines[p.Line-1] = ""
	}
	return []byte(strings.Join(lines, ""))
}

func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func shown(g *got) (out []string) {
	for _, r := range g.rows {
		r.Text[record.Remark] = "" // joined of several columns in the order they stand
		out = append(out, show(r))
	}
	return out
}

// isTyped says that a layout's lines are of several types, totals among them: they
// have no common columns to move.
func isTyped(l *Layout) bool {
	return len(l.Control) > 0 && len(l.Skips) > 0 && l.Skips[0].When["record"] != nil
}

// TestColumnsOfTheCorpusMayMove feeds every file with its columns reversed, with
// one more, and each renamed to another of its names: it reads the same. With a
// required column twice, or without it, it is refused by name, unless a generic
// layout can do without.
func TestColumnsOfTheCorpusMayMove(t *testing.T) {
	files, err := filepath.Glob("../testdata/layouts/*/*.want")
	if err != nil {
		t.Fatal(err)
	}
	tried := map[string]bool{}
	for _, file := range files {
		file = strings.TrimSuffix(file, ".want")
		base := filepath.Base(file)
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		layout := filepath.Base(filepath.Dir(file))
		r := reading{name: base, asOf: record.Civil(2026, 3, 10)}
		if builtin(t).Get(layout).Explicit {
			r.layout = layout
		}
		if layout == "generic-pos" { // a till is not known by every name that its columns may have
			r.side = record.SidePos
		}
		g := r.read(t, content)
		if len(g.rejects) > 0 && len(g.rows) > 0 && g.control == nil {
			content = without(content, g.rejects)
			g = r.read(t, content)
		}
		if isTyped(builtin(t).Get(layout)) {
			continue
		}
		f, ok := shuffledOf(t, g, string(content))
		if !ok || len(g.rows) > len(f.rows)-1 || strings.HasPrefix(base, "bad") || len(g.problems) > 0 || len(g.rows) == 0 {
			continue
		}
		tried[layout] = true
		n, quote := len(f.rows[0]), g.plan.Quote
		want := shown(g)
		same := func(how string, text string) {
			if h := r.read(t, []byte(text)); h.plan == nil || h.plan.Layout.Name != layout || !slices.Equal(shown(h), want) || len(h.problems) > 0 {
				t.Errorf("%s %s: problems %v, reads\n%s\nwant\n%s", file, how, texts(h.problems), strings.Join(shown(h), "\n"), strings.Join(want, "\n"))
			}
		}
		if strings.TrimSpace(f.rows[0][n-1]) != "" {
			back := seq(n)
			slices.Reverse(back)
			same("reversed", f.text(back, quote))
			for seed := range uint64(3 * Btoi(!f.totalAbove())) {
				same("shuffled", f.text(rand.New(rand.NewPCG(seed, uint64(n))).Perm(n), quote))
			}
			same("with one more column", f.with("附加栏", 1).text(seq(n+1), quote))
		}
		for i := range g.plan.Uses {
			if name := ownOtherName(g.plan, i); name != "" {
				rows := slices.Clone(f.rows)
				rows[0] = slices.Clone(rows[0])
				rows[0][g.plan.Uses[i].Cell] = name
				same("with "+name, shuffled{before: f.before, after: f.after, between: f.between, rows: rows, delim: f.delim}.text(seq(n), quote))
			}
		}
		checkRequired(t, r, g, f, file)
	}
	for _, l := range builtin(t).List() {
		if l.Complete().Form == FormDelimited && !l.Complete().Headerless && !l.Ignore && !isTyped(l) && !tried[l.Name] {
			t.Errorf("%s was not tried", l.Name)
		}
	}
}

// ownOtherName is another name of a column that no other column has, and that
// does not state another unit.
func ownOtherName(p *Plan, use int) string {
	u := &p.Uses[use]
	if u.Cell < 0 {
		return ""
	}
	now := NormHeader(p.Columns[u.Cell].Header)
	for i, c := range p.Columns {
		if i != u.Cell && slices.Contains(u.spec.Keys, NormHeader(c.Header).Key) {
			return "" // the file has several of its names: the best counts
		}
	}
	for _, n := range slices.Backward(u.spec.Names) {
		h := NormHeader(n)
		if h.Key == now.Key || h.HasUnit != now.HasUnit || eventOf(n) != eventOf(p.Columns[u.Cell].Header) {
			continue // also where it is a moment of something else
		}
		shared := slices.ContainsFunc(p.Columns, func(c ColumnUse) bool { return NormHeader(c.Header).Key == h.Key })
		for i := range p.Uses {
			shared = shared || i != use && (slices.Contains(p.Uses[i].spec.Keys, h.Key) || slices.Contains(p.Uses[i].spec.More, h.Key))
		}
		if !shared {
			if now.HasUnit {
				n += map[bool]string{true: "(分)", false: "(元)"}[now.Unit == money.UnitFen]
			}
			return n
		}
	}
	return ""
}

// checkRequired doubles and drops each required column of a file.
func checkRequired(t *testing.T, r reading, g *got, f shuffled, file string) {
	n := len(f.rows[0])
	for i := range g.plan.Uses {
		u := &g.plan.Uses[i]
		if !u.spec.Required || u.Cell < 0 {
			continue
		}
		title := g.plan.Columns[u.Cell].Header
		h := r.read(t, []byte(f.with(title, int(g.plan.FirstLine-g.plan.Why.Header)).text(seq(n+1), g.plan.Quote)))
		if h.plan != nil || len(h.problems) != 1 || h.problems[0].Code != CodeDoubledColumn || h.problems[0].Args[0] != title {
			t.Errorf("%s with %s twice: %v", file, title, texts(h.problems))
		}
		if n < 4 {
			continue
		}
		less := slices.Delete(seq(n), u.Cell, u.Cell+1)
		h = r.read(t, []byte(f.text(less, g.plan.Quote)))
		named := len(h.problems) == 1 && (h.problems[0].Code == CodeMissingColumns || h.problems[0].Code == CodeUnknownLayout || h.problems[0].Code == CodeSideUnknown || h.problems[0].Code == CodeControlMissing)
		if h.plan != nil && h.plan.Layout.Priority >= genericPriority && h.plan.Layout.Name == g.plan.Layout.Name && !oneOfItsNames(u, h) || h.plan == nil && !named {
			t.Errorf("%s without %s: read as %v, %v", file, title, h.plan != nil, texts(h.problems))
		}
	}
}

// oneOfItsNames says that another column of the file took the dropped one's part.
func oneOfItsNames(u *columnUse, h *got) bool {
	for i := range h.plan.Uses {
		if h.plan.Uses[i].spec.As == u.spec.As && h.plan.Uses[i].Cell >= 0 {
			return true
		}
	}
	return false
}
