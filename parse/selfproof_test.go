package parse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
)

// A damage is what somebody does to one row of a file.
type damage string

const (
	amountChanged damage = "amount changed"
	signTurned    damage = "sign turned"
	rowDropped    damage = "row dropped"
	rowDoubled    damage = "row doubled"
)

// A damaged file is one of the corpus, as cells, with one row damaged.
type damaged struct {
	damage
	rows [][]string
	line int // of the damage
}

// damages are the ways to damage the row at index i. Money is that of the cells
// which the layout takes for the amount.
func damages(rows [][]string, i int, p *layout.Plan) (all []damaged) {
	add := func(d damage, rows [][]string) { all = append(all, damaged{d, rows, i + 1}) }
	add(rowDropped, slices.Delete(slices.Clone(rows), i, i+1))
	add(rowDoubled, slices.Insert(slices.Clone(rows), i, rows[i]))
	with := func(cells []string) [][]string {
		out := slices.Clone(rows)
		out[i] = cells
		return out
	}
	in, out := -1, -1
	for k, c := range p.Columns {
		if k >= len(rows[i]) {
			break
		}
		cells := slices.Clone(rows[i])
		switch c.Field {
		case "amount_in":
			in = k
		case "amount_out":
			out = k
		case "amount":
			if turned, ok := turnedNumber(cells[k]); ok {
				cells[k] = turned
				add(signTurned, with(cells))
			}
		default:
			continue
		}
		if changed, ok := changedNumber(rows[i][k]); ok {
			cells = slices.Clone(rows[i])
			cells[k] = changed
			add(amountChanged, with(cells))
		}
	}
	if in >= 0 && out >= 0 && in != out && rows[i][in] != rows[i][out] {
		cells := slices.Clone(rows[i])
		cells[in], cells[out] = cells[out], cells[in]
		add(signTurned, with(cells))
	}
	return all
}

var numberInCell = regexp.MustCompile(`^([^\d.+-]*)([+-]?)([\d,]*\d(?:\.\d+)?)(\D*)$`)

// changedNumber is a number with another first digit.
func changedNumber(cell string) (string, bool) {
	m := numberInCell.FindStringSubmatch(cell)
	i := strings.IndexAny(cell, "123456789")
	if m == nil || i < 0 {
		return "", false
	}
	return cell[:i] + string('1'+(cell[i]-'0')%9) + cell[i+1:], true
}

func turnedNumber(cell string) (string, bool) {
	m := numberInCell.FindStringSubmatch(cell)
	if m == nil || strings.Trim(m[3], "0.,") == "" {
		return "", false
	}
	if m[2] == "-" {
		return m[1] + m[3] + m[4], true
	}
	return m[1] + "-" + m[3] + m[4], true
}

// A verdict on a damaged file.
type proof struct {
	refused, rejected bool
	line              int64 // the first that is told; 0: none
	file              *File
}

func (g proof) told() bool { return g.refused || g.rejected }

// proofOf reads a file as a run does.
func proofOf(t *testing.T, path string, content []byte, opt *Options) proof {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := Open(context.Background(), []PathSide{{Path: path, Side: givenSide[filepath.Base(filepath.Dir(path))+"/"+filepath.Base(path)]}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var g proof
	for _, s := range in.Sets {
		if s == nil {
			continue
		}
		if err := s.Scan(context.Background(), 1, 0, nil); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.Rejects() {
			if g.rejected = true; g.line == 0 {
				g.line = r.Line
			}
		}
	}
	g.file = in.Files[0]
	if f := g.file; !f.Used || f.Incomplete() {
		g.refused = g.refused || !f.Used
		g.rejected = g.rejected || f.Incomplete()
		for _, p := range f.Problems {
			if g.line == 0 {
				g.line = p.Line
			}
		}
	}
	return g
}

// held says whether a damage to a row has to be told, by what the whole file was
// held against itself by. first and last are the rows at the ends of a running
// balance, of which nothing says what was before and after.
func (d damaged) held(f *File, identity, ends bool) bool {
	for _, c := range f.Checks {
		switch c.Kind {
		case layout.CheckBalance:
			if !ends && f.Checks[0].Lines == f.Accepted && len(f.Sums) == 1 {
				return true
			}
		case layout.CheckTotals:
			if d.damage == rowDropped || d.damage == rowDoubled {
				return f.Control.HasRows
			}
		case layout.CheckIdentity:
			if identity && d.damage == amountChanged {
				return true
			}
		}
	}
	return false
}

// grown is a statement of two lines with further ones, so that there are lines
// between two others: the later line again and again, with the balances that
// follow. Others are left as they are.
func grown(t *testing.T, rows [][]string, p *layout.Plan, f *File, money []record.Record) [][]string {
	t.Helper()
	at := slices.IndexFunc(p.Columns, func(c layout.ColumnUse) bool { return c.Field == "balance" })
	if at < 0 || len(f.Checks) != 1 || len(money) != 2 || len(f.Sums) != 1 {
		return rows
	}
	line := func(i int) int {
		n, _ := strconv.Atoi(money[i].Source[strings.LastIndexByte(money[i].Source, ':')+1:])
		return n - 1
	}
	balance := func(i int) int64 {
		whole, fen, _ := strings.Cut(strings.NewReplacer(",", "", "\t", "", " ", "", "￥", "").Replace(rows[line(i)][at]), ".")
		n, err := strconv.ParseInt(whole+(fen + "00")[:2], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	later, up := 0, balance(0)+int64(money[1].Amount) == balance(1)
	if up {
		later = 1
	}
	b, k := balance(later), line(later)
	for range 3 {
		b += int64(money[later].Amount)
		cells := slices.Clone(rows[k])
		cells[at] = fmt.Sprintf("%d.%02d", b/100, b%100)
		if up {
			k++
		}
		rows = slices.Insert(slices.Clone(rows), k, cells)
	}
	return rows
}

// damagesTried is how many files of the corpus are damaged; DUIZHANG_DAMAGES=all
// takes every one.
const damagesTried = 40

// TestEveryDamageIsTold damages each row of the files of the corpus that say more
// of themselves than their rows: an amount changed, a sign turned, a row dropped
// or doubled is told with a line, or it leaves the money as it was.
func TestEveryDamageIsTold(t *testing.T) {
	files, err := filepath.Glob("testdata/layouts/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no corpus", err)
	}
	files = slices.DeleteFunc(files, func(f string) bool {
		return strings.HasSuffix(f, ".want") || strings.HasPrefix(filepath.Base(f), "bad")
	})
	step := 1
	if os.Getenv("DUIZHANG_DAMAGES") != "all" {
		step = max(1, len(files)/damagesTried)
	}
	n := 0
	for i := 0; i < len(files); i += step {
		n += damageFile(t, files[i])
	}
	t.Logf("%d damages", n)
	if n < 100 {
		t.Errorf("only %d damages tried", n)
	}
}

func damageFile(t *testing.T, file string) (tried int) {
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	ls := builtin(t)
	l := ls.Get(filepath.Base(filepath.Dir(file)))
	opt := &Options{Layouts: ls, AsOf: record.Civil(2026, 3, 10)}
	r := reading{name: filepath.Base(file), asOf: opt.AsOf, layouts: ls, side: givenSide[l.Name+"/"+filepath.Base(file)]}
	if l.Explicit {
		opt.Layout = Overrides{{Value: l.Name}}
		r.layout = l.Name
	}
	p, rows := shapeOfFile(t, opt, file, content)
	if p == nil {
		return 0
	}
	folder := filepath.Join(t.TempDir(), l.Name)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, filepath.Base(file))
	whole := proofOf(t, path, content, opt)
	if len(whole.file.Checks) == 0 || whole.told() {
		return 0
	}
	money := slices.DeleteFunc(r.read(t, content).rows, func(r record.Record) bool { return r.Status != record.OK || r.Kind == record.Preauth })
	if more := grown(t, rows, p, whole.file, money); len(more) > len(rows) {
		rows = more
		if content, _ = (shape{eol: "\n"}).write(t, rows, p); content == nil {
			t.Fatalf("%s: more lines cannot be written", file)
		}
		money = slices.DeleteFunc(r.read(t, content).rows, func(r record.Record) bool { return r.Status != record.OK })
		if whole = proofOf(t, path, content, opt); whole.told() || len(money) != 5 {
			t.Fatalf("%s: with further lines: %d, %v\n%s", file, len(money), whole.file.Problems, content)
		}
	}
	identity := slices.ContainsFunc(whole.file.Checks, func(c layout.Check) bool { return c.Kind == layout.CheckIdentity && c.Lines == int64(len(money)) })
	for k, rec := range money {
		n, err := strconv.Atoi(rec.Source[strings.LastIndexByte(rec.Source, ':')+1:])
		if err != nil || n > len(rows) {
			t.Fatalf("%s: %s", file, rec.Source)
		}
		for _, d := range damages(rows, n-1, p) {
			out, ok := shape{eol: "\n"}.write(t, d.rows, p)
			if !ok {
				continue
			}
			tried++
			g := proofOf(t, path, out, opt)
			name := fmt.Sprintf("%s:%d %s", strings.TrimPrefix(filepath.ToSlash(file), "testdata/layouts/"), n, d.damage)
			same := !g.told() && slices.Equal(g.file.Sums, whole.file.Sums)
			switch {
			case g.told() && g.line == 0 && g.file.Accepted+g.file.Rejected > 0:
				t.Errorf("%s is told without a place: %v", name, g.file.Problems)
			case !g.told() && !same && d.held(whole.file, identity, k == 0 || k == len(money)-1):
				t.Errorf("%s is read without a word", name)
			case !g.told() && !same && os.Getenv("DUIZHANG_DAMAGES") == "all":
				t.Logf("SILENT %s %v", name, whole.file.Checks)
			}
		}
	}
	return tried
}

// The layouts that are listed as not self-checking are those whose files are held
// against nothing, and each other one has a file in the corpus that is held against
// what its layout says.
func TestWhichLayoutsCheckThemselves(t *testing.T) {
	ls, dir := builtin(t), t.TempDir()
	for _, l := range ls.List() {
		if l.Ignore {
			continue
		}
		opt := &Options{Layouts: ls, AsOf: record.Civil(2026, 3, 10)}
		if l.Explicit {
			opt.Layout = Overrides{{Value: l.Name}}
		}
		files, _ := filepath.Glob("testdata/layouts/" + l.Name + "/*")
		made := map[layout.CheckKind]bool{}
		for _, f := range files {
			if strings.HasSuffix(f, ".want") || strings.HasPrefix(filepath.Base(f), "bad") {
				continue
			}
			content, err := os.ReadFile(f)
			folder := filepath.Join(dir, l.Name)
			if err := errors.Join(err, os.MkdirAll(folder, 0o700)); err != nil {
				t.Fatal(err)
			}
			g := proofOf(t, filepath.Join(folder, filepath.Base(f)), content, opt)
			for _, c := range g.file.Checks {
				made[c.Kind] = true
			}
		}
		said := l.SelfChecks()
		for _, k := range said {
			if !made[k] && !thin[l.Name+" "+string(k)] {
				t.Errorf("%s is said to be checked by %s, and no file of the corpus is", l.Name, k)
			}
		}
		for k := range made {
			if !slices.Contains(said, k) && k != layout.CheckTotals {
				t.Errorf("%s is checked by %s and does not say so", l.Name, k)
			}
		}
	}
}

// thin are the checks for which the corpus has no file: most of those files lack
// the column.
var thin = map[string]bool{"plain-statement balance": true}
