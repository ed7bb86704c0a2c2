package parse_test

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
)

// TestMutants changes files of the corpus at random and holds the reading
// against an oracle that reads each line on its own: whatever the reader says
// nothing about must be what the lines say. MUTANTS is how many are tried (500
// by default, `make mutants` tries 15,000), SEED which ones.
func TestMutants(t *testing.T) {
	n, seed := setting("MUTANTS", 500), uint64(setting("SEED", 1))
	bench := newMutantBench(t)
	var silent []string
	told, same, worst := 0, 0, int64(0)
	for i := range n {
		m := bench.mutant(rand.New(rand.NewPCG(seed, uint64(i))))
		complaint, spoke, spent := bench.within(m)
		if spent != "" {
			keep(t, i, m)
			t.Fatalf("mutant %d (%s): %s", i, m.what, spent)
		}
		worst = max(worst, bench.peak)
		switch {
		case complaint != "":
			silent = append(silent, fmt.Sprintf("mutant %d, %s: %s", i, m.what, complaint))
			keep(t, i, m)
		case spoke:
			told++
		default:
			same++
		}
	}
	t.Logf("%d mutants: %d told, %d read as their lines say, %d silent; at most %d MiB for one", n, told, same, len(silent), worst>>20)
	for i, s := range silent {
		if i == 40 {
			t.Errorf("… and %d more", len(silent)-i)
			break
		}
		t.Error(s)
	}
}

// What one mutant may take: reading it, and each of its lines alone.
const (
	mutantTime   = time.Minute
	mutantMemory = 512 << 20
)

// within judges a mutant and says what it took too much of: time, also if it
// would never end, or memory, counting what is thrown away meanwhile.
func (b *mutantBench) within(m *mutant) (complaint string, spoke bool, spent string) {
	held := func() int64 {
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(sample)
		return int64(sample[0].Value.Uint64())
	}
	before := held()
	b.peak = 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		complaint, spoke = b.judge(m)
	}()
	look, late := time.NewTicker(2*time.Millisecond), time.After(mutantTime)
	defer look.Stop()
	for {
		select {
		case <-done:
			b.peak = max(b.peak, held()-before)
			if b.peak > mutantMemory {
				spent = fmt.Sprintf("%d MiB", b.peak>>20)
			}
			return complaint, spoke, spent
		case <-look.C:
			b.peak = max(b.peak, held()-before)
		case <-late:
			return "", false, fmt.Sprintf("not done after %v", mutantTime)
		}
	}
}

// Lines that stand above a header say what they say below it too: an account's
// title that has slipped is still the account's, or somebody is told.
func TestTitlesBelowTheHeader(t *testing.T) {
	bench, tried := newMutantBench(t), 0
	for _, s := range bench.samples {
		g := bench.read(s, s.name, []byte(s.text))
		lines := strings.SplitAfter(s.text, "\n")
		header := int(g.files[0].Choice.Header)
		for i := 0; i < header-1 && header < len(lines); i++ {
			moved := slices.Concat(lines[:i], lines[i+1:header], []string{lines[i]}, lines[header:])
			m := &mutant{sample: s, name: s.name, text: strings.Join(moved, ""), what: fmt.Sprintf("%s/%s: line %d below the header", s.layout, s.name, i+1)}
			m.content = []byte(m.text)
			if complaint, _, spent := bench.within(m); complaint != "" || spent != "" {
				t.Errorf("%s: %s %s", m.what, complaint, spent)
			}
			tried++
		}
	}
	if tried < 20 {
		t.Errorf("only %d titles were moved", tried)
	}
}

// keep writes a mutant to the folder KEEP, to look at.
func keep(t *testing.T, i int, m *mutant) {
	if dir := os.Getenv("KEEP"); dir != "" {
		folder := filepath.Join(dir, fmt.Sprint(i))
		if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, m.name), m.content, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

func setting(name string, standard int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return standard
}

// A sample is a file of the corpus that is read without a word.
type sample struct {
	layout, name string
	explicit     bool
	side         record.Side
	text         string
}

// A mutant is a changed file, and the text that is in it as far as anybody can
// tell ("" where the change is below the text).
type mutant struct {
	*sample
	what    string
	text    string
	content []byte
	name    string
}

type mutantBench struct {
	t       *testing.T
	dir     string
	layouts *layout.Layouts
	samples []*sample
	alone   map[string][]string // what a file of one line reads as
	peak    int64               // memory of the mutant judged last
}

var asOf, _ = record.DateOf(2026, 3, 10)

func newMutantBench(t *testing.T) *mutantBench {
	ls, err := layout.LoadLayouts("")
	if err != nil {
		t.Fatal(err)
	}
	b := &mutantBench{t: t, dir: t.TempDir(), layouts: ls, alone: map[string][]string{}}
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		base := filepath.Base(f)
		if strings.HasSuffix(f, ".want") || strings.HasPrefix(base, "bad") {
			continue
		}
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s := &sample{layout: filepath.Base(filepath.Dir(f)), name: base, text: strings.ReplaceAll(string(content), "\r\n", "\n")}
		if l := ls.Get(s.layout); l != nil {
			s.explicit = l.Explicit
		}
		got := b.read(s, base, content)
		if got.clean() && len(got.rows) > 0 && len(got.files) == 1 {
			s.side = got.files[0].Side
			b.samples = append(b.samples, s)
		}
	}
	if len(b.samples) < 80 {
		t.Fatalf("only %d of the corpus are read without a word", len(b.samples))
	}
	return b
}

// A taking is what reading a file came to.
type taking struct {
	files    []*parse.File
	rows     map[string]*record.Record // by source
	rejected map[int64]bool            // lines
	problems []string
	rejects  []string
	broken   string // an invariant that does not hold
}

// clean says that nobody is told of anything.
func (g *taking) clean() bool { return len(g.problems)+len(g.rejects) == 0 }

func (b *mutantBench) read(s *sample, name string, content []byte) *taking {
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		b.t.Fatal(err)
	}
	defer os.Remove(path)
	opt := &parse.Options{Layouts: b.layouts, AsOf: asOf}
	if s.explicit {
		opt.Layout = parse.Overrides{{Value: s.layout}}
	}
	g := &taking{rows: map[string]*record.Record{}, rejected: map[int64]bool{}}
	ctx := context.Background()
	in, err := parse.Open(ctx, []parse.PathSide{{Path: path, Side: s.side}}, opt)
	if err != nil {
		g.broken = err.Error()
		return g
	}
	defer in.Close()
	g.files = in.Files
	for _, set := range in.Sets {
		if set != nil {
			g.take(ctx, set)
		}
	}
	for _, f := range in.Files {
		for i := range f.Problems {
			g.problems = append(g.problems, f.Problems[i].Text(problem.EN))
		}
		if f.Used && f.Rows != f.Accepted+f.Rejected+f.Skipped {
			g.broken = fmt.Sprintf("%d rows are not %d + %d + %d", f.Rows, f.Accepted, f.Rejected, f.Skipped)
		}
		if !f.Used && !f.Ignored && len(f.Problems) == 0 && f.DuplicateOf == "" {
			g.broken = "neither used nor told why not"
		}
	}
	return g
}

func (g *taking) take(ctx context.Context, set *parse.Set) {
	var mu sync.Mutex
	var at []record.Pos
	var err error
	for range 3 { // a file may turn out to be unusable halfway
		at = nil
		err = set.Scan(ctx, 1, 0, func(int) func(*record.Row) {
			return func(r *record.Row) {
				mu.Lock()
				defer mu.Unlock()
				at = append(at, r.Pos)
			}
		})
		if out := new(parse.OutcastError); !errors.As(err, &out) {
			break
		}
	}
	if err != nil {
		g.broken = err.Error()
		return
	}
	slices.Sort(at)
	records, err := set.Records(ctx, 1, at)
	if err != nil {
		g.broken = err.Error()
		return
	}
	for i := range records {
		g.rows[records[i].Source] = &records[i]
	}
	for _, r := range set.Rejects() {
		g.rejected[r.Line] = true
		g.rejects = append(g.rejects, r.Problem.Text(problem.EN))
	}
}

// judge says what is silently wrong with the reading of a mutant ("" if
// nothing), and whether the reader told of something.
func (b *mutantBench) judge(m *mutant) (complaint string, spoke bool) {
	g := b.read(m.sample, m.name, m.content)
	if g.broken != "" {
		return g.broken, true
	}
	if !g.clean() {
		return "", true
	}
	if m.text == "" {
		return "", false // nobody can say what is in it
	}
	if len(g.files) != 1 {
		return "", false
	}
	return b.compare(m, g), false
}

// compare holds the rows of a reading that says nothing against what each line
// says alone.
func (b *mutantBench) compare(m *mutant, g *taking) string {
	f := g.files[0]
	byLine := map[int64]*record.Record{}
	for source, r := range g.rows {
		n, err := strconv.ParseInt(source[strings.LastIndexAny(source, ":!")+1:], 10, 64)
		if err != nil {
			return "a source without a line: " + source
		}
		byLine[n] = r
	}
	if f.Used && len(byLine) == 0 && !declaresNothing(m.text) {
		return "no row, and no word"
	}
	lines := records(m.text)
	header := int(f.Choice.Header)
	head, above, titles := "", "", []string(nil)
	for _, l := range lines {
		if l.from == header {
			head = l.text + "\n"
		}
	}
	for _, l := range lines {
		if l.from < header && header > 0 {
			above += l.text + "\n"
			titles = append(titles, l.text+"\n")
		}
	}
	between := ""
	amount := amountColumns(f, b.layouts.Get(f.Layout))
	for _, l := range lines {
		r := byLine[int64(l.from)]
		if l.from == header || strings.TrimSpace(l.text) == "" {
			continue
		}
		if c := naiveAmount(l.text, f, amount, r); c != "" {
			return fmt.Sprintf("line %d: %s", l.from, c)
		}
		said := b.lineAlone(m, above+head, l.text)
		if r == nil {
			between += l.text + "\n"
		} else if said != nil && said[1] != digest(r) && between != "" {
			// What stands between the rows may govern those below it, as the
			// line with the account of each of several in one statement.
			said = or(b.lineAlone(m, above+head+between, l.text), said)
		}
		// A line above may say what is true of all lines alone, as a total.
		for k := 0; said == nil && k < len(titles); k++ {
			said = b.lineAlone(m, strings.Join(slices.Concat(titles[:k], titles[k+1:]), "")+head, l.text)
		}
		if said == nil && head != "" {
			said = b.lineAlone(m, head, l.text)
		}
		if said == nil || said[2] != f.Layout {
			continue // alone it is no row, or (as text that was a sheet) one of another layout
		}
		switch {
		case r == nil && said[0] != "0":
			return fmt.Sprintf("line %d is neither a row nor told, alone it is %s: %q", l.from, said[1], l.text)
		case r != nil && said[1] != digest(r):
			return fmt.Sprintf("line %d reads as\n%s\nalone as\n%s", l.from, digest(r), said[1])
		}
	}
	return ""
}

func or(a, b []string) []string {
	if a != nil {
		return a
	}
	return b
}

// declaresNothing says that a text itself says that it has no rows.
func declaresNothing(text string) bool {
	return regexp.MustCompile(`(笔数|单数)[^0-9]{0,3}0(\D|$)|共0笔|NO_STATEMENT`).MatchString(text) || strings.Contains(text, "`0,`0")
}

// lineAlone reads a line below what stands above it: the amount and the whole
// row, or nil if it is no row or something is said about it.
func (b *mutantBench) lineAlone(m *mutant, above, line string) []string {
	key := m.layout + "\x00" + m.sample.name + "\x00" + above + "\x00" + line
	if said, ok := b.alone[key]; ok {
		return said
	}
	var said []string
	s := *m.sample
	if !strings.HasPrefix(filepath.Ext(m.sample.name), ".xls") {
		g := b.read(&s, m.sample.name, []byte(above+line+"\n"))
		if g.clean() && g.broken == "" && len(g.rows) == 1 {
			for _, r := range g.rows {
				said = []string{fmt.Sprint(int64(r.Amount)), digest(r), g.files[0].Layout}
			}
		}
	}
	b.alone[key] = said
	return said
}

// digest is a row without its place.
func digest(r *record.Record) string {
	return fmt.Sprint(r.Kind, r.Status, r.CardType, r.Channel, r.HasClock, r.HasFee, r.HasNet, r.HasCredited, r.Unsettled,
		r.Time, r.ClearingDate, r.SettleDate, r.CreditedDate, r.Amount, r.Fee, r.Net, r.Credited, fmt.Sprintf("%q", r.Text))
}

// A line is a record of a text: the physical line it begins on, from 1.
type line struct {
	from int
	text string
}

// records cuts a text into records: a line with an odd number of quotes goes on
// in the next, if that ends it.
func records(text string) []line {
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(text, "\ufeff"))
	physical := strings.Split(text, "\n")
	var out []line
	for i := 0; i < len(physical); i++ {
		l := line{i + 1, physical[i]}
		if strings.Count(l.text, `"`)%2 == 1 {
			for j := i + 1; j < min(i+4, len(physical)); j++ {
				if strings.Count(physical[j], `"`)%2 == 1 {
					l.text = strings.Join(physical[i:j+1], "\n")
					i = j
					break
				}
			}
		}
		out = append(out, l)
	}
	return out
}

// A summand is a column that counts in the amount.
type summand struct {
	at   int
	sign int64
}

// amountColumns are the columns whose sum is the amount: one, and those that the
// layout adds to it; none where rules choose among columns, or where a name does
// not tell a column.
func amountColumns(f *parse.File, l *layout.Layout) (sum []summand) {
	if slices.ContainsFunc(l.Rules, func(r layout.Rule) bool { return r.Take["amount"] != "" }) {
		return nil
	}
	headed := func(names []string) (at []int) {
		for i, c := range f.Columns {
			if slices.Contains(names, c.Header) {
				at = append(at, i)
			}
		}
		return at
	}
	for i, c := range f.Columns {
		if c.Field == "amount" {
			sum = append(sum, summand{i, 1})
		}
	}
	if len(sum) != 1 {
		return nil
	}
	for i := range l.Columns {
		if l.Columns[i].As != "amount" {
			continue
		}
		for _, name := range l.Columns[i].Add {
			added, sign := strings.TrimPrefix(name, "-"), int64(1)
			if added != name {
				sign = -1
			}
			for j := range l.Columns {
				if l.Columns[j].As != added {
					continue
				}
				at := headed(l.Columns[j].Names)
				if len(at) != 1 {
					return nil
				}
				sum = append(sum, summand{at[0], sign})
			}
		}
	}
	return sum
}

var plainAmount = regexp.MustCompile(`^[-+]?[0-9]{1,12}(\.[0-9]{1,2})?$`)

// naiveAmount reads the amount's cells with the standard library alone.
func naiveAmount(text string, f *parse.File, columns []summand, r *record.Record) string {
	if r == nil || len(columns) == 0 || strings.Contains(text, "\n") {
		return ""
	}
	cr := csv.NewReader(strings.NewReader(text))
	cr.Comma = rune(cutAt(text)[0])
	cells, err := cr.Read()
	if err != nil || len(cells) < len(f.Columns)-1 {
		return ""
	}
	var sum int64
	var seen []string
	for _, c := range columns {
		column := c.at
		if column >= len(cells) {
			return ""
		}
		cell := strings.TrimSpace(strings.TrimPrefix(cells[column], "`"))
		if cell == "" && len(columns) > 1 {
			continue // nothing is added
		}
		if !plainAmount.MatchString(cell) {
			return ""
		}
		whole, cents, point := strings.Cut(strings.TrimLeft(cell, "+-"), ".")
		fen, err := strconv.ParseInt(whole+(cents + "00")[:2], 10, 64)
		if err != nil {
			return ""
		}
		if f.Columns[column].Unit == "fen" {
			if point {
				return ""
			}
			fen /= 100
		}
		if strings.HasPrefix(cell, "-") {
			fen = -fen
		}
		sum += c.sign * fen
		seen = append(seen, cell)
	}
	if got := int64(r.Amount); len(seen) > 0 && got != sum && got != -sum {
		return fmt.Sprintf("%q is read as %d fen", seen, got)
	}
	return ""
}

// mutant makes a change, and puts the text into a container.
func (b *mutantBench) mutant(rnd *rand.Rand) *mutant {
	s := b.samples[rnd.IntN(len(b.samples))]
	m := &mutant{sample: s, name: s.name, text: s.text}
	var what []string
	for range 1 + rnd.IntN(2) {
		if m.text == "" {
			break
		}
		names := slices.Sorted(maps.Keys(textMutations))
		name := names[rnd.IntN(len(names))]
		m.text = textMutations[name](rnd, m.text, b)
		what = append(what, name)
	}
	names := slices.Sorted(maps.Keys(containers))
	name := names[rnd.IntN(len(names))]
	if rnd.IntN(3) > 0 {
		name = "utf-8"
	}
	m.content = []byte(m.text)
	containers[name](rnd, b, m)
	m.what = s.layout + "/" + s.name + ": " + strings.Join(append(what, name), ", ")
	return m
}

// cutAt is how a line is cut for changing it: by the delimiter that it has most of.
func cutAt(l string) string {
	best := ","
	for _, d := range []string{"|", "\t", ";"} {
		if strings.Count(l, d) > strings.Count(l, best) {
			best = d
		}
	}
	return best
}

// onLine changes one line that is not blank.
func onLine(change func(rnd *rand.Rand, l string) string) func(*rand.Rand, string, *mutantBench) string {
	return func(rnd *rand.Rand, text string, _ *mutantBench) string {
		lines := strings.SplitAfter(text, "\n")
		i := rnd.IntN(len(lines))
		body := strings.TrimRight(lines[i], "\r\n")
		lines[i] = change(rnd, body) + lines[i][len(body):]
		return strings.Join(lines, "")
	}
}

// onCell changes one cell of one line.
func onCell(change func(rnd *rand.Rand, cell string) string) func(*rand.Rand, string, *mutantBench) string {
	return onLine(func(rnd *rand.Rand, l string) string {
		d := cutAt(l)
		cells := strings.Split(l, d)
		i := rnd.IntN(len(cells))
		cells[i] = change(rnd, cells[i])
		return strings.Join(cells, d)
	})
}

// onColumns changes the cells of every line in the same way.
func onColumns(change func(rnd *rand.Rand, at int, cells []string) []string) func(*rand.Rand, string, *mutantBench) string {
	return func(rnd *rand.Rand, text string, _ *mutantBench) string {
		at, seed := rnd.IntN(30), rnd.Uint64()
		lines := strings.Split(text, "\n")
		for i, l := range lines {
			if d := cutAt(l); strings.Contains(l, d) {
				cells := strings.Split(l, d)
				lines[i] = strings.Join(change(rand.New(rand.NewPCG(seed, 1)), at%len(cells), cells), d)
			}
		}
		return strings.Join(lines, "\n")
	}
}

// onLines changes the list of lines.
func onLines(change func(rnd *rand.Rand, lines []string, b *mutantBench) []string) func(*rand.Rand, string, *mutantBench) string {
	return func(rnd *rand.Rand, text string, b *mutantBench) string {
		return strings.Join(change(rnd, strings.SplitAfter(text, "\n"), b), "")
	}
}

var textMutations = map[string]func(*rand.Rand, string, *mutantBench) string{
	"as it is": func(_ *rand.Rand, text string, _ *mutantBench) string { return text },
	"character": func(rnd *rand.Rand, text string, _ *mutantBench) string {
		runes := []rune(text)
		strange := []rune("0123456789O,|\"'`\t -+.;#年元￥\u3000\u200b")
		i := rnd.IntN(len(runes))
		switch rnd.IntN(3) {
		case 0:
			runes[i] = strange[rnd.IntN(len(strange))]
		case 1:
			runes = slices.Insert(runes, i, strange[rnd.IntN(len(strange))])
		default:
			runes = slices.Delete(runes, i, i+1)
		}
		return string(runes)
	},
	"cell emptied": onCell(func(*rand.Rand, string) string { return "" }),
	"cell quoted":  onCell(func(_ *rand.Rand, c string) string { return `"` + c + `"` }),
	"cell spaced":  onCell(func(_ *rand.Rand, c string) string { return " " + c + "\u3000" }),
	"cell with a letter O": onCell(func(_ *rand.Rand, c string) string {
		return strings.Replace(c, "0", "O", 1)
	}),
	"cell grouped":  onCell(func(_ *rand.Rand, c string) string { return strings.Replace(c, ".", ",", 1) }),
	"cell doubled":  onCell(func(_ *rand.Rand, c string) string { return c + c }),
	"cell negative": onCell(func(_ *rand.Rand, c string) string { return "-" + c }),
	"comma in cell": onCell(func(rnd *rand.Rand, c string) string {
		i := rnd.IntN(len(c) + 1)
		return c[:i] + "," + c[i:]
	}),
	"cells exchanged": onLine(func(rnd *rand.Rand, l string) string {
		d := cutAt(l)
		c := strings.Split(l, d)
		i, j := rnd.IntN(len(c)), rnd.IntN(len(c))
		c[i], c[j] = c[j], c[i]
		return strings.Join(c, d)
	}),
	"cell dropped": onLine(func(rnd *rand.Rand, l string) string {
		d := cutAt(l)
		c := strings.Split(l, d)
		i := rnd.IntN(len(c))
		return strings.Join(slices.Delete(c, i, i+1), d)
	}),
	"line quoted": onLine(func(_ *rand.Rand, l string) string {
		d := cutAt(l)
		if strings.Contains(l, `"`) || l == "" {
			return l
		}
		return `"` + strings.Join(strings.Split(l, d), `"`+d+`"`) + `"`
	}),
	"line cut": onLine(func(rnd *rand.Rand, l string) string {
		r := []rune(l)
		return string(r[:rnd.IntN(len(r)+1)])
	}),
	"lines quoted": func(_ *rand.Rand, text string, _ *mutantBench) string {
		if strings.Contains(text, `"`) {
			return text
		}
		lines := strings.Split(text, "\n")
		for i, l := range lines {
			if d := cutAt(l); strings.Contains(l, d) {
				lines[i] = `"` + strings.Join(strings.Split(l, d), `"`+d+`"`) + `"`
			}
		}
		return strings.Join(lines, "\n")
	},
	"line moved": onLines(func(rnd *rand.Rand, lines []string, _ *mutantBench) []string {
		i, j := rnd.IntN(len(lines)), rnd.IntN(len(lines))
		l := lines[i]
		lines = slices.Delete(lines, i, i+1)
		return slices.Insert(lines, min(j, len(lines)), strings.TrimRight(l, "\r\n")+"\n")
	}),
	"line dropped": onLines(func(rnd *rand.Rand, lines []string, _ *mutantBench) []string {
		i := rnd.IntN(len(lines))
		return slices.Delete(lines, i, i+1)
	}),
	"line doubled": onLines(func(rnd *rand.Rand, lines []string, _ *mutantBench) []string {
		i := rnd.IntN(len(lines))
		return slices.Insert(lines, i, strings.TrimRight(lines[i], "\r\n")+"\n")
	}),
	"blank line": onLines(func(rnd *rand.Rand, lines []string, _ *mutantBench) []string {
		return slices.Insert(lines, rnd.IntN(len(lines)), "\n")
	}),
	"cut short": func(rnd *rand.Rand, text string, _ *mutantBench) string {
		r := []rune(text)
		return string(r[:rnd.IntN(len(r))])
	},
	"cut at a line": onLines(func(rnd *rand.Rand, lines []string, _ *mutantBench) []string {
		return lines[:rnd.IntN(len(lines))]
	}),
	"another above": func(rnd *rand.Rand, text string, b *mutantBench) string {
		return strings.TrimRight(b.samples[rnd.IntN(len(b.samples))].text, "\r\n") + "\n" + text
	},
	"another below": func(rnd *rand.Rand, text string, b *mutantBench) string {
		return strings.TrimRight(text, "\r\n") + "\n" + b.samples[rnd.IntN(len(b.samples))].text
	},
	"itself below": func(_ *rand.Rand, text string, _ *mutantBench) string {
		return strings.TrimRight(text, "\r\n") + "\n" + text
	},
	"foreign line": onLines(func(rnd *rand.Rand, lines []string, b *mutantBench) []string {
		other := strings.Split(b.samples[rnd.IntN(len(b.samples))].text, "\n")
		return slices.Insert(lines, rnd.IntN(len(lines)), other[rnd.IntN(len(other))]+"\n")
	}),
	"column dropped": onColumns(func(_ *rand.Rand, at int, c []string) []string { return slices.Delete(c, at, at+1) }),
	"column doubled": onColumns(func(_ *rand.Rand, at int, c []string) []string { return slices.Insert(c, at, c[at]) }),
	"column moved": onColumns(func(rnd *rand.Rand, at int, c []string) []string {
		x, to := c[at], rnd.IntN(len(c))
		c = slices.Delete(c, at, at+1)
		return slices.Insert(c, min(to, len(c)), x)
	}),
	"column emptied": onColumns(func(_ *rand.Rand, at int, c []string) []string {
		c[at] = ""
		return c
	}),
	"column added": onColumns(func(_ *rand.Rand, at int, c []string) []string { return slices.Insert(c, at, "") }),
}

// containers put a mutant's text into bytes; some change these too.
var containers = map[string]func(*rand.Rand, *mutantBench, *mutant){
	"utf-8": func(*rand.Rand, *mutantBench, *mutant) {},
	"bom":   func(_ *rand.Rand, _ *mutantBench, m *mutant) { m.content = append([]byte("\ufeff"), m.content...) },
	"crlf": func(_ *rand.Rand, _ *mutantBench, m *mutant) {
		m.content = bytes.ReplaceAll(bytes.ReplaceAll(m.content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	},
	"gb18030": func(_ *rand.Rand, _ *mutantBench, m *mutant) {
		if out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(m.content); err == nil {
			m.content = out
		}
	},
	"utf-16": func(_ *rand.Rand, _ *mutantBench, m *mutant) {
		if out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Bytes(m.content); err == nil {
			m.content = out
		}
	},
	"a byte changed": func(rnd *rand.Rand, _ *mutantBench, m *mutant) {
		if len(m.content) > 0 {
			m.content[rnd.IntN(len(m.content))] = byte(rnd.IntN(256))
		}
		m.text = string(m.content)
		if !utf8.ValidString(m.text) || strings.Contains(m.text, "\x00") {
			m.text = ""
		}
	},
	"a line in another encoding": func(rnd *rand.Rand, _ *mutantBench, m *mutant) {
		lines := bytes.SplitAfter(m.content, []byte("\n"))
		i := rnd.IntN(len(lines))
		if out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(lines[i]); err == nil && !bytes.Equal(out, lines[i]) {
			lines[i] = out
			m.text = ""
		}
		m.content = bytes.Join(lines, nil)
	},
	"zip": func(rnd *rand.Rand, b *mutantBench, m *mutant) { m.zipped(b.t, map[string][]byte{m.name: m.content}) },
	"zip, a byte changed": func(rnd *rand.Rand, b *mutantBench, m *mutant) {
		m.zipped(b.t, map[string][]byte{m.name: m.content})
		m.content[rnd.IntN(len(m.content))] ^= byte(1 + rnd.IntN(255))
		m.text = ""
	},
	"zip, cut": func(rnd *rand.Rand, b *mutantBench, m *mutant) {
		m.zipped(b.t, map[string][]byte{m.name: m.content})
		m.content = m.content[:rnd.IntN(len(m.content))]
		m.text = ""
	},
	"xlsx": func(_ *rand.Rand, b *mutantBench, m *mutant) { m.workbook(b, nil) },
	"xlsx, a part changed": func(rnd *rand.Rand, b *mutantBench, m *mutant) {
		m.workbook(b, func(part []byte) []byte {
			part = slices.Clone(part)
			part[rnd.IntN(len(part))] = byte("<>&\"/ =0123456789rcsvt"[rnd.IntN(22)])
			return part
		})
	},
	"xlsx, a part cut": func(rnd *rand.Rand, b *mutantBench, m *mutant) {
		m.workbook(b, func(part []byte) []byte { return part[:rnd.IntN(len(part))] })
	},
}

func (m *mutant) zipped(t *testing.T, parts map[string][]byte) {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, NonUTF8: false})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(parts[name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	m.content, m.name = out.Bytes(), m.name+".zip"
}

// workbook makes the text a sheet of text cells; change alters its XML. The
// text is then what an ordinary XML parser finds in it.
func (m *mutant) workbook(b *mutantBench, change func([]byte) []byte) {
	if strings.ContainsAny(m.text, "\r\"") {
		return // cut otherwise by the reader of CSV
	}
	l := b.layouts.Get(m.layout)
	quotes := l == nil || l.Format.Quote == nil || *l.Format.Quote
	x := excelize.NewFile()
	defer x.Close()
	for i, l := range strings.Split(m.text, "\n") {
		for j, c := range strings.Split(l, cutAt(l)) {
			at, err := excelize.CoordinatesToCellName(j+1, i+1)
			if err != nil {
				b.t.Fatal(err)
			}
			if c != "" {
				if err := x.SetCellStr("Sheet1", at, c); err != nil {
					return // longer than a cell
				}
			}
		}
	}
	buf, err := x.WriteToBuffer()
	if err != nil {
		b.t.Fatal(err)
	}
	parts := unzip(b.t, buf.Bytes())
	const sheet = "xl/worksheets/sheet1.xml"
	if change != nil {
		parts[sheet] = change(parts[sheet])
	}
	m.text = gridText(parts[sheet], parts["xl/sharedStrings.xml"], quotes)
	m.zipped(b.t, parts)
	m.name = m.sample.name + ".xlsx"
}

func unzip(t *testing.T, content []byte) map[string][]byte {
	r, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string][]byte{}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if parts[f.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	return parts
}

// gridText is a sheet as CSV, by the standard library alone; "" if its XML is
// not well-formed, or not what a sheet is, or if lines without quotes cannot say
// what it says.
func gridText(sheet, shared []byte, quotes bool) string {
	var words struct {
		SI []struct {
			T string `xml:"t"`
		} `xml:"si"`
	}
	var grid struct {
		Rows []struct {
			R int `xml:"r,attr"`
			C []struct {
				R string `xml:"r,attr"`
				T string `xml:"t,attr"`
				V string `xml:"v"`
			} `xml:"c"`
		} `xml:"sheetData>row"`
	}
	if xml.Unmarshal(shared, &words) != nil || xml.Unmarshal(sheet, &grid) != nil {
		return ""
	}
	var out strings.Builder
	at := 0
	for _, row := range grid.Rows {
		if row.R <= at || row.R > 10_000 {
			return ""
		}
		for ; at < row.R-1; at++ {
			out.WriteString("\n")
		}
		at = row.R
		var cells []string
		for _, c := range row.C {
			col, r, err := excelize.CellNameToCoordinates(cmp.Or(c.R, "A0"))
			if err != nil || r != row.R || col <= len(cells) || col > 1000 {
				return ""
			}
			cells = append(cells, make([]string, col-1-len(cells))...)
			v := c.V
			if c.T == "s" {
				i, err := strconv.Atoi(v)
				if err != nil || i < 0 || i >= len(words.SI) {
					return ""
				}
				v = words.SI[i].T
			} else if c.T != "str" && c.V != "" {
				return "" // a number or a code: what it means hangs on its style
			}
			cells = append(cells, v)
		}
		for i, c := range cells {
			if strings.ContainsAny(c, ",\"\n") {
				if !quotes {
					return ""
				}
				cells[i] = `"` + strings.ReplaceAll(c, `"`, `""`) + `"`
			}
		}
		out.WriteString(strings.Join(cells, ",") + "\n")
	}
	return out.String()
}
