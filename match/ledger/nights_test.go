package ledger

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// mute says nothing: what items are does not hang on words.
type mute struct{}

func (mute) Groups(_ context.Context, l []result.Group) ([][2]string, error) {
	return make([][2]string, len(l)), nil
}

func (mute) Settlements(_ context.Context, l []result.Settlement) ([][2]string, error) {
	return make([][2]string, len(l)), nil
}

func (mute) Credits(_ context.Context, l []result.Credit) ([][2]string, error) {
	return make([][2]string, len(l)), nil
}

var layouts = sync.OnceValues(func() (*layout.Layouts, error) { return layout.LoadLayouts("") })

// nightOf runs one night over some files and commits it.
func nightOf(t fataler, s Store, asOf record.Date, rules Rules, decisions []Decision, files ...parse.PathSide) (*Outcome, *result.Result) {
	t.Helper()
	ctx := context.Background()
	known, err := layouts()
	if err != nil {
		t.Fatal(err)
	}
	in, err := parse.Open(ctx, files, &parse.Options{Layouts: known, AsOf: asOf})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	rules.AsOf = asOf
	n, err := Begin(ctx, s, rules)
	if err != nil {
		t.Fatal(err)
	}
	n.Take(decisions)
	if err := n.Read(ctx, in); err != nil {
		t.Fatal(err)
	}
	for _, f := range in.Files {
		if !f.Used && f.DuplicateOf == "" {
			t.Fatal(f.Name, f.Problems)
		}
	}
	res, err := match.Run(ctx, n.Source(record.SidePos), n.Source(record.SideClearing), n.Source(record.SideBank),
		match.Options{AsOf: asOf, Before: n.Before(ctx), Workers: 2, Contracts: rules.Contracts})
	if err != nil {
		t.Fatal(err)
	}
	if !res.Proof.Balanced {
		t.Fatal(res.Proof.Failure)
	}
	out, err := n.Finish(ctx, res, decisions, mute{})
	if err != nil {
		t.Fatal(err)
	}
	if !n.Balanced() {
		t.Fatal("what was owed, opened, closed and changed is not what is owed")
	}
	if out.Carried+out.Opened-out.Closed != out.Open {
		t.Fatalf("carried %d + opened %d − closed %d ≠ open %d", out.Carried, out.Opened, out.Closed, out.Open)
	}
	if s != nil {
		if _, err := n.Commit(ctx, &NightRecord{Files: Files(in.Files)}); err != nil {
			t.Fatal(err)
		}
	}
	return out, res
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// world is a few days of sales with what became of them.
type world struct {
	dir   string
	files []arrival
	last  record.Date
}

type arrival struct {
	file  parse.PathSide
	night record.Date
}

const firstDay = record.Date(20514) // Monday 2026-03-02

const (
	posHead      = "收银机,订单号,交易时间,交易类型,金额,支付方式\n"
	clearingHead = "商户号,商户订单号,交易时间,交易类型,交易金额,手续费,结算金额,清算日期\n"
	bankHead     = "账号,交易日期,借方金额,贷方金额,余额,对方户名,摘要\n"
)

// draw makes a world: sales that are cleared late, short or never, payouts that
// come late, in two parts or never, files that come nights after their day.
func draw(t *rapid.T, dir string) *world {
	w := &world{dir: dir}
	days := rapid.IntRange(2, 5).Draw(t, "days")
	clearing, credits := map[record.Date][]string{}, map[record.Date][]string{}
	nets := map[record.Date]money.Fen{}
	lag := rapid.SampledFrom([]int{0, 0, 0, 1, 2})
	order := 0
	for d := range days {
		day := firstDay + record.Date(d)
		var pos []string
		for range rapid.IntRange(1, 4).Draw(t, "sales") {
			order++
			amount := money.Fen(rapid.IntRange(1000, 99999).Draw(t, "amount"))
			at := fmt.Sprintf("%s %02d:%02d:00", day, 9+order%10, order%60)
			pos = append(pos, fmt.Sprintf("A1,DD%08d,%s,消费,%s,微信\n", order, at, amount))
			if rapid.IntRange(0, 9).Draw(t, "fate") == 0 {
				continue // never cleared
			}
			cleared := amount
			if rapid.IntRange(0, 9).Draw(t, "short") == 0 {
				cleared -= 100
			}
			on := day + record.Date(lag.Draw(t, "clearing lag"))
			fee := cleared * 6 / 1000
			clearing[on] = append(clearing[on], fmt.Sprintf("822290000000001,DD%08d,%s,消费,%s,%s,%s,%s\n", order, at, cleared, fee, cleared-fee, on))
			nets[on] += cleared - fee
		}
		w.file(t, record.SidePos, "pos", day, posHead, pos, lag)
	}
	for on := firstDay; on < firstDay+10; on++ {
		if rows := clearing[on]; len(rows) > 0 {
			w.file(t, record.SideClearing, "clearing", on, clearingHead, rows, rapid.Just(0)) // a credit never comes before its clearing file: nothing competes later
		}
	}
	var on []record.Date
	for d := range nets {
		on = append(on, d)
	}
	slices.Sort(on)
	for _, d := range on {
		net := nets[d]
		came := d + 1 + record.Date(rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "credit lag"))
		line := func(day record.Date, v money.Fen) {
			credits[day] = append(credits[day], fmt.Sprintf("6222000012345678,%s,,%s,,财付通支付科技有限公司,822290000000001 %s 结算款\n", day, v, strings.ReplaceAll(d.String(), "-", "")))
		}
		switch rapid.IntRange(0, 5).Draw(t, "payout") {
		case 0: // never
		case 1:
			line(came, net/2)
			line(came+2, net-net/2)
		default:
			line(came, net)
		}
	}
	// The bank's own statement of every day says that it covers the account.
	for d := range 12 {
		day := firstDay + record.Date(d)
		rows := append([]string{fmt.Sprintf("6222000012345678,%s,,%d.01,,张三,往来\n", day, 100+d)}, credits[day]...)
		w.file(t, record.SideBank, "bank", day, bankHead, rows, rapid.Just(0))
	}
	w.last = firstDay + 13
	return w
}

func (w *world) file(t *rapid.T, side record.Side, what string, day record.Date, head string, rows []string, lag *rapid.Generator[int]) {
	name := filepath.Join(w.dir, fmt.Sprintf("%s-%s.csv", what, day))
	if err := os.WriteFile(name, []byte(head+strings.Join(rows, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	w.files = append(w.files, arrival{parse.PathSide{Path: name, Side: side}, day + 1 + record.Date(lag.Draw(t, "file lag"))})
	w.last = max(w.last, day+5)
}

// told is what is open, an item a line. An item keeps the id that it was opened
// with, so that it is named by its rows here.
func told(items []Item) string {
	var lines []string
	for i := range items {
		it := &items[i]
		lines = append(lines, fmt.Sprintln(it.Type, sourcesOf(it), it.State, it.Timing, it.DaysLate, it.DueDate, it.Owed, it.SettlementID))
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}

func sourcesOf(it *Item) (names []string) {
	for _, s := range it.Sources {
		names = append(names, s.Source)
	}
	return names
}

// N nights leave open what one run over all the files leaves open.
func TestNightsAreOneRun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "nights")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		w := draw(t, dir)
		sort.Slice(w.files, func(i, j int) bool { return cmp.Less(w.files[i].night, w.files[j].night) })
		var all []parse.PathSide
		for _, a := range w.files {
			all = append(all, a.file)
		}
		rules := Rules{FileGrace: -1} // the one exception
		one, _ := nightOf(t, NewMemory(), w.last, rules, nil, all...)
		many := NewMemory()
		var last *Outcome
		var waiting []parse.PathSide
		i := 0
		for night := firstDay; night <= w.last; night++ {
			for i < len(w.files) && w.files[i].night <= night {
				waiting = append(waiting, w.files[i].file)
				i++
			}
			if night < w.last && rapid.IntRange(0, 2).Draw(t, "no run") == 0 {
				continue // a night without a run
			}
			last, _ = nightOf(t, many, night, rules, nil, waiting...)
			waiting = nil
		}
		if a, b := told(one.Items), told(last.Items); a != b {
			t.Fatalf("one run leaves open:\n%snights leave open:\n%s", a, b)
		}
		if _, err := Check(context.Background(), many); err != nil {
			t.Fatal(err)
		}
	})
}

// TestMain keeps the suite small: DUIZHANG_NIGHTS says how many worlds are
// drawn where a person wants more.
func TestMain(m *testing.M) {
	flag.Parse()
	few := cmp.Or(os.Getenv("DUIZHANG_NIGHTS"), "12")
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set(few)
	}
	os.Exit(m.Run())
}

// save writes a file of a test.
func save(t *testing.T, dir, name, text string, side record.Side) parse.PathSide {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return parse.PathSide{Path: path, Side: side}
}

// A copy of a sale that an earlier night has matched is a duplicate, though it
// comes in a file that does not repeat the first one.
func TestALaterRowMeetsWhatIsSettled(t *testing.T) {
	dir, s := t.TempDir(), NewMemory()
	pos := save(t, dir, "p1.csv", posHead+"A1,DD00000001,2026-03-02 10:00:00,消费,100.00,微信\nA1,DD00000002,2026-03-02 11:00:00,消费,50.00,微信\nA1,DD00000004,2026-03-02 12:00:00,消费,1.00,微信\n", record.SidePos)
	clearing := save(t, dir, "c1.csv", clearingHead+"822290000000001,DD00000001,2026-03-02 10:00:00,消费,100.00,0.60,99.40,2026-03-02\n"+
		"822290000000001,DD00000002,2026-03-02 11:00:00,消费,50.00,0.30,49.70,2026-03-02\n"+
		"822290000000001,DD00000004,2026-03-02 12:00:00,消费,1.00,0.00,1.00,2026-03-02\n", record.SideClearing)
	one, _ := nightOf(t, s, firstDay+1, Rules{}, nil, pos, clearing)
	if len(one.Items) != 1 || one.Items[0].Type != Settlement {
		t.Fatalf("the first night leaves open\n%s", told(one.Items))
	}
	again := save(t, dir, "p2.csv", posHead+"A1,DD00000001,2026-03-02 10:00:00,消费,100.00,微信\nA1,DD00000003,2026-03-03 10:00:00,消费,7.00,微信\n"+
		"A1,DD00000002,2026-03-02 11:30:00,消费,20.00,微信\n", record.SidePos)
	two, res := nightOf(t, s, firstDay+2, Rules{}, nil, again)
	states := map[string]int{}
	for i := range two.Items {
		states[two.Items[i].State]++
	}
	if states["duplicate"] != 1 || states["pos_only"] != 1 {
		t.Errorf("a copy and a further sale: %v\n%s", states, told(two.Items))
	}
	if res.Match[result.Matched].Groups == 0 {
		t.Error("the settled sale was not matched again beside its copy")
	}
	if _, err := Check(context.Background(), s); err != nil {
		t.Fatal(err)
	}
}

// A payout that comes back opens its settlement again, with its id and its
// first night.
func TestAReturnedPayoutReopens(t *testing.T) {
	dir, s := t.TempDir(), NewMemory()
	pos := save(t, dir, "p.csv", posHead+"A1,DD00000001,2026-03-02 10:00:00,消费,100.00,微信\n", record.SidePos)
	clearing := save(t, dir, "c.csv", clearingHead+"822290000000001,DD00000001,2026-03-02 10:00:00,消费,100.00,0.60,99.40,2026-03-02\n", record.SideClearing)
	first, _ := nightOf(t, s, firstDay+1, Rules{}, nil, pos, clearing)
	id := first.Items[0].ID
	paid := save(t, dir, "b1.csv", bankHead+"6222000012345678,2026-03-03,,99.40,1099.40,财付通支付科技有限公司,822290000000001 20260302 结算款\n", record.SideBank)
	second, _ := nightOf(t, s, firstDay+2, Rules{}, nil, paid)
	if len(second.Items) != 0 || len(second.Closings) != 1 || second.Closings[0].ID != id || second.Closings[0].By != "credit" {
		t.Fatalf("after the payout: %s%v", told(second.Items), second.Closings)
	}
	back := save(t, dir, "b2.csv", bankHead+"6222000012345678,2026-03-04,99.40,,1000.00,财付通支付科技有限公司,退票 822290000000001 20260302 结算款\n", record.SideBank)
	third, _ := nightOf(t, s, firstDay+3, Rules{}, nil, back)
	if len(third.Items) != 1 || third.Items[0].ID != id || third.Items[0].FirstNight != firstDay+1 || third.Items[0].Owed != 9940 {
		t.Fatalf("after the return:\n%s%v", told(third.Items), third.Items)
	}
}

// A copy of the shop's own that nobody explains closes by its age.
func TestACopyOfTheShopClosesByAge(t *testing.T) {
	dir, s := t.TempDir(), NewMemory()
	row := "A1,DD00000001,2026-03-02 10:00:00,消费,100.00,微信\n"
	pos := save(t, dir, "p.csv", posHead+row+row, record.SidePos)
	clearing := save(t, dir, "c.csv", clearingHead+"822290000000001,DD00000001,2026-03-02 10:00:00,消费,100.00,0.60,99.40,2026-03-02\n", record.SideClearing)
	out, _ := nightOf(t, s, firstDay+1, Rules{}, nil, pos, clearing)
	for night := firstDay + 2; night < firstDay+8; night++ {
		out, _ = nightOf(t, s, night, Rules{}, nil)
		if out.Closed != 0 {
			t.Fatalf("%s closed %v", night, out.Closings)
		}
	}
	if out, _ = nightOf(t, s, firstDay+8, Rules{}, nil); out.Closed != 1 || out.Closings[0].By != "age" || out.Closings[0].State != "duplicate" {
		t.Fatalf("after seven days: %v", out.Closings)
	}
	if out, _ = nightOf(t, s, firstDay+9, Rules{}, nil); out.Opened != 0 {
		t.Fatalf("it came back: %s", told(out.Items))
	}
}

// What a person decides: claimed is followed and recovered, a suggested pair is
// accepted or never proposed again.
func TestDecisionsTakeEffect(t *testing.T) {
	dir, s := t.TempDir(), NewMemory()
	pos := save(t, dir, "p.csv", posHead+"A1,DD00000001,2026-03-02 10:00:00,消费,100.00,微信\n", record.SidePos)
	clearing := save(t, dir, "c.csv", clearingHead+"822290000000001,DD00000009,2026-03-02 12:00:00,消费,5.00,0.03,4.97,2026-03-02\n", record.SideClearing)
	one, _ := nightOf(t, s, firstDay+1, Rules{}, nil, pos, clearing)
	var sale string
	for i := range one.Items {
		if one.Items[i].State == "pos_only" {
			sale = one.Items[i].ID
		}
	}
	two, _ := nightOf(t, s, firstDay+2, Rules{}, []Decision{{ItemID: sale, Word: Claimed, By: "老王"}, {ItemID: "T-NONE", Word: Hold}})
	if two.Applied != 1 || two.Problems != 1 || two.Refused[0].Why != "unknown_item" {
		t.Fatalf("applied %d, problems %d, %v", two.Applied, two.Problems, two.Refused)
	}
	late := save(t, dir, "c2.csv", clearingHead+"822290000000001,DD00000001,2026-03-02 10:00:00,消费,100.00,0.60,99.40,2026-03-04\n", record.SideClearing)
	three, _ := nightOf(t, s, firstDay+3, Rules{}, []Decision{{ItemID: sale, Word: WrittenOff}}, late)
	if three.Closed != 1 || three.Closings[0].Final != "recovered" || three.Closings[0].By != "row" {
		t.Fatalf("a row of the night wins over a decision: %+v", three.Closings)
	}
	if len(three.Refused) != 1 || three.Refused[0].Why != "closed" || three.Problems != 0 {
		t.Errorf("a decision for what closed meanwhile is no problem: %v", three.Refused)
	}
}
