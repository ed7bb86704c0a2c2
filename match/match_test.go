package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// day0 is 2026-03-02, a Monday; noon of it is at0.
var (
	day0 = terms.DayOf(2026, 3, 2)
	at0  = record.Time(day0)*86400 + 12*3600
)

// result groups as text, in the oracle's form.
func groupTexts(res *result.Result) []string {
	var out []string
	for i := range res.Groups {
		g := &res.Groups[i]
		other := record.Pos(0)
		if g.Match == result.Duplicate || g.Match == result.Voided {
			other = g.Reason.Other
		}
		out = append(out, groupText(g.Match, g.KeyType, g.Flags&(result.Split|result.TimeDiff|result.NoFile|result.TerminalDiff), certain(g.Reason.Code), other, g.Pos, g.Clearing))
	}
	sort.Strings(out)
	return out
}

// certain is a reason whether or not it is known that nobody carries a number.
func certain(c result.ReasonCode) result.ReasonCode {
	if c == result.ReasonNotLeft {
		return result.ReasonNoCandidate
	}
	return c
}

func mustRun(t testing.TB, pos, clearing []record.Row, opt Options) *result.Result {
	t.Helper()
	res, err := Run(context.Background(), newMemory(pos), newMemory(clearing), nil, opt)
	if err != nil {
		t.Fatal(err)
	}
	if !res.Proof.Balanced {
		t.Fatalf("not balanced: %s", res.Proof.Failure)
	}
	return res
}

// randomRow draws a row from spaces so small that keys, amounts and times
// collide all the time.
func randomRow(rng *rand.Rand, clearing bool) record.Row {
	pick := func(of ...string) []byte { return []byte(of[rng.IntN(len(of))]) }
	var r record.Row
	r.Kind = []record.Kind{record.Sale, record.Sale, record.Sale, record.Sale, record.Refund, record.Void, record.Reversal, record.Preauth,
		record.PreauthComplete, record.Fee, record.Adjustment, record.Payout, record.KindUnknown}[rng.IntN(13)]
	r.Status = []record.Status{record.OK, record.OK, record.OK, record.OK, record.StatusUnknown, record.Failed, record.Pending}[rng.IntN(7)]
	r.Amount = money.Fen([]int{1000, 1000, 1000, 2000, 3000, 4500, 2500, 0, 5400, 1006, 994}[rng.IntN(11)])
	if r.Kind == record.Refund || r.Kind == record.Void || r.Kind == record.Reversal || rng.IntN(20) == 0 {
		r.Amount = -r.Amount
	}
	r.HasClock = rng.IntN(8) > 0
	r.Time = at0 + record.Time([]int{0, 0, 0, 1, 60, 599, 601, 3600, 39600, 43200, 86400, 3*86400 - 1, 3 * 86400, 3*86400 + 1, 5 * 86400, 6 * 86400, 30 * 86400}[rng.IntN(17)])
	if rng.IntN(10) == 0 {
		r.Time += record.Time(rng.IntN(200000))
	}
	if !r.HasClock {
		r.Time -= r.Time % 86400
	}
	if rng.IntN(12) == 0 {
		r.Time, r.HasClock = 0, false
	}
	r.Channel = []record.Channel{record.ChannelCard, record.ChannelQR, record.ChannelUnknown}[rng.IntN(3)]
	r.Text[record.OrderNo] = pick("", "", "", "7", "007", "A", "a", "SO-12345", "so12346", "#so12345")
	r.Text[record.ChannelNo] = pick("", "", "", "x", "y")
	r.Text[record.TerminalID] = pick("", "T1", "T1", "T2", "0T2")
	r.Text[record.RefNo] = pick("", "", "1", "01", "2", "12345678", "12345678", "012345678", "1234567890", "12345679", "1234567")
	r.Text[record.BatchNo] = pick("", "9")
	r.Text[record.TraceNo] = pick("", "5", "05", "6")
	r.Text[record.CardTail] = pick("", "", "1111", "622202******2222", "**")
	r.Text[record.MerchantID] = pick("", "M1", "M2")
	r.Text[record.Store] = pick("", "S1", "S2")
	r.Text[record.Remark] = pick("", "a", "b")
	r.Text[record.Currency] = pick("", "CNY", "CNY", "CNY", "USD")
	if r.Amount < 0 {
		r.Text[record.OrigKey] = pick("", "7", "1", "5", "x")
	}
	if clearing {
		r.Text[record.Acquirer] = pick("lakala", "lakala", "")
		if rng.IntN(2) == 0 {
			r.ClearingDate = r.Time.Date() + record.Date(rng.IntN(3))
		}
		randomMoney(rng, &r)
	}
	return r
}

// randomMoney draws what a clearing row says of its money.
func randomMoney(rng *rand.Rand, r *record.Row) {
	r.Text[record.Account] = [][]byte{nil, nil, []byte("6222000011112222"), []byte("2222"), []byte("3333")}[rng.IntN(5)]
	if rng.IntN(2) == 0 {
		r.HasFee, r.Fee = true, r.Amount*6/1000
	}
	if r.HasFee && rng.IntN(4) == 0 {
		r.Fee += 5
	}
	if rng.IntN(4) == 0 {
		r.HasNet, r.Net = true, r.Amount-r.Fee
	}
	if rng.IntN(3) == 0 {
		r.SettleDate = day0 + record.Date(rng.IntN(5))
	}
	if rng.IntN(4) == 0 {
		r.CreditedDate = day0 + record.Date(rng.IntN(5))
	}
	if rng.IntN(6) == 0 {
		r.HasCredited, r.Credited = true, r.Amount-r.Fee-money.Fen(rng.IntN(3)-1)*money.Fen(rng.IntN(200))
	}
}

// randomBank draws a statement; some lines pay what some clearing rows bring.
func randomBank(rng *rand.Rand, clearing []record.Row) (rows []record.Row) {
	for range rng.IntN(6) {
		r := record.Row{Kind: record.Sale, Status: record.OK, Amount: money.Fen(rng.IntN(5000))}
		for i := range clearing {
			if rng.IntN(3) == 0 {
				r.Amount += clearing[i].Amount - clearing[i].Fee
			}
		}
		r.Time, r.HasClock = at0+record.Time(rng.IntN(6)*86400), true
		r.Text[record.Payer] = [][]byte{nil, []byte("拉卡拉支付股份有限公司"), []byte("张三")}[rng.IntN(3)]
		r.Text[record.Remark] = [][]byte{nil, []byte("M1 清算款"), []byte("20260302")}[rng.IntN(3)]
		r.Text[record.Account] = [][]byte{nil, []byte("6222000011112222"), []byte("3333")}[rng.IntN(3)]
		rows = append(rows, r)
	}
	return rows
}

// randomContracts draws a table, or none.
func randomContracts(rng *rand.Rand) *terms.Contracts {
	if rng.IntN(2) == 0 {
		return nil
	}
	c, err := terms.NewContracts(
		terms.Contract{Acquirer: "lakala", MerchantID: "M1", Cycle: terms.Cycle{Days: rng.IntN(3)}, CutOff: rng.IntN(2) * 22 * 3600, Credit: 600_000, Debit: 600_000, QR: 380_000, Limit: 2500, RefundDays: 1},
		terms.Contract{Acquirer: "lakala", MerchantID: terms.Anyone, Cycle: terms.DefaultCycle, CutOff: terms.DefaultCutOff, QRCutOff: rng.IntN(2) * 20 * 3600, PayoutFee: 20},
	)
	if err != nil {
		panic(err)
	}
	return c
}

func randomDay(rng *rand.Rand) (pos, clearing []record.Row) {
	// Few key values make large buckets, rare ones make many.
	thin := rng.IntN(2) == 0
	draw := func(n int, clearing bool) (rows []record.Row) {
		for range n {
			r := randomRow(rng, clearing)
			if thin {
				for _, f := range []record.Field{record.OrderNo, record.ChannelNo, record.RefNo, record.TraceNo} {
					if len(r.Text[f]) > 0 && rng.IntN(2) == 0 {
						r.Text[f] = fmt.Append(nil, string(r.Text[f]), rng.IntN(6))
					}
				}
			}
			rows = append(rows, r)
			if rng.IntN(8) == 0 {
				rows = append(rows, r) // listed twice
			}
		}
		return rows
	}
	pos, clearing = draw(rng.IntN(14), false), draw(rng.IntN(14), true)
	for _, r := range pos {
		if rng.IntN(2) == 0 { // the same transaction as the acquirer saw it
			c := randomRow(rng, true)
			c.Kind, c.Amount, c.Status, c.Time, c.HasClock = r.Kind, r.Amount, r.Status, r.Time, r.HasClock
			copy(c.Text[:], r.Text[:])
			if rng.IntN(4) == 0 && c.Time != 0 && c.HasClock {
				c.Time += record.Time(rng.IntN(1500))
			}
			if rng.IntN(4) == 0 {
				c.Text[record.RefNo] = []byte("77")
			}
			clearing = append(clearing, c)
		}
	}
	// A side may lack a column altogether.
	for _, rows := range [][]record.Row{pos, clearing} {
		for _, f := range []record.Field{record.OrderNo, record.ChannelNo, record.TerminalID, record.BatchNo, record.MerchantID} {
			if rng.IntN(5) == 0 {
				for i := range rows {
					rows[i].Text[f] = nil
				}
			}
		}
	}
	rng.Shuffle(len(clearing), func(i, j int) { clearing[i], clearing[j] = clearing[j], clearing[i] })
	return pos, clearing
}

func tempFiles(t testing.TB) func() (*os.File, error) {
	dir := t.TempDir()
	return func() (*os.File, error) { return os.CreateTemp(dir, "facts") }
}

// planOptions are ways to run that must not matter.
func planOptions(rng *rand.Rand, opt Options, temp func() (*os.File, error)) Options {
	opt.Workers = 1 + rng.IntN(8)
	opt.seed = rng.Uint64()
	opt.partBits = rng.IntN(4)
	opt.chunkFacts = 1 + rng.IntN(4)
	opt.maxPartition = 1 + rng.IntN(6)
	if rng.IntN(2) == 0 {
		opt.Memory, opt.TempFile = 1, temp
	}
	return opt
}

// seeds calls f with n random generators, or as many as $DUIZHANG_SEEDS asks
// for; a failure names its seed.
func seeds(t *testing.T, n uint64, f func(t *testing.T, rng *rand.Rand)) {
	if text := os.Getenv("DUIZHANG_SEEDS"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 32); err != nil {
			t.Fatal(err)
		}
	}
	for seed := uint64(0); seed < n && !t.Failed(); seed++ {
		f(t, rand.New(rand.NewPCG(seed, 1)))
		if t.Failed() {
			t.Logf("seed %d", seed)
		}
	}
}

func TestRunAgreesWithPlainDefinition(t *testing.T) {
	temp := tempFiles(t)
	seeds(t, 1500, func(t *testing.T, rng *rand.Rand) {
		pos, clearing := randomDay(rng)
		opt := Options{AsOf: day0 + record.Date(rng.IntN(8)), All: true, Contracts: randomContracts(rng)}
		opt = planOptions(rng, opt, temp)
		opt.setDefaults()
		a, b := newMemory(pos), newMemory(clearing)
		res, err := Run(context.Background(), a, b, nil, opt)
		if err != nil {
			t.Fatal(err)
		}
		if !res.Proof.Balanced {
			t.Fatalf("not balanced: %s", res.Proof.Failure)
		}
		got, want := groupTexts(res), oracleRun(a.rows, b.rows, opt)
		if !slices.Equal(got, want) {
			t.Errorf("%s\nproduct:\n%s\noracle:\n%s", describe(a, b), only(got, want), only(want, got))
		}
	})
}

// only lists what is in a but not in b.
func only(a, b []string) (s string) {
	left := map[string]int{}
	for _, x := range b {
		left[x]++
	}
	for _, x := range a {
		if left[x]--; left[x] < 0 {
			s += "  " + x + "\n"
		}
	}
	return s
}

func describe(sources ...*memory) (s string) {
	for i, m := range sources {
		for j := range m.rows {
			r := &m.rows[j]
			s += fmt.Sprintf("%s %4d kind=%d status=%d amount=%d t=%d clock=%v clearing=%d", [...]string{"pos", "clr"}[i], r.Pos, r.Kind, r.Status, r.Amount, r.Time-at0, r.HasClock, r.ClearingDate)
			for f, t := range r.Text {
				if len(t) > 0 {
					s += fmt.Sprintf(" %d=%s", f, t)
				}
			}
			s += "\n"
		}
	}
	return s
}

func TestTempFilesAreRemoved(t *testing.T) {
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(1, 2))
	pos, clearing := randomDay(rng)
	opt := Options{AsOf: day0, Memory: 1, TempFile: func() (*os.File, error) { return os.CreateTemp(dir, "x") }, chunkFacts: 1}
	mustRun(t, pos, clearing, opt)
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Fatalf("left behind: %v %v", left, err)
	}
}

func TestTempFileErrorsEndTheRun(t *testing.T) {
	full := errors.New("no space left on device")
	readOnly := func() (*os.File, error) {
		name := filepath.Join(t.TempDir(), "facts")
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			return nil, err
		}
		return os.Open(name)
	}
	var rows []record.Row
	for i := range 50 {
		rows = append(rows, rowOf(fmt.Sprintf("%d o=%d", i+1, i)))
	}
	for _, temp := range []func() (*os.File, error){func() (*os.File, error) { return nil, full }, readOnly} {
		res, err := Run(context.Background(), newMemory(rows), newMemory(rows), nil, Options{AsOf: day0, Memory: 1, TempFile: temp, chunkFacts: 1})
		if err == nil || res != nil {
			t.Errorf("%v %v", res, err)
		}
	}
}
