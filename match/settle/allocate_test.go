package settle

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// tuesday is a plain business day; what cleared the day before is due on it.
const tuesday = record.Date(20767) // 2026-11-10

func settlementOf(merchant string, day record.Date, amount money.Fen) ClearingSum {
	return ClearingSum{Acquirer: "拉卡拉", Merchant: merchant, Account: "6222020000001234", Kind: record.Sale, Status: record.OK, Day: day, Rows: 1, Amount: amount}
}

func payoutOf(pos int, day record.Date, amount money.Fen, remark string) BankRow {
	return BankRow{Pos: record.Pos(pos), date: day, Amount: amount, account: "6222020000001234", payer: kala, remark: remark, status: record.OK}
}

// unevenFen is what amounts are multiples of here: of round ones the sums are
// no evidence.
const unevenFen = 100_37

// One nameless credit on the day on which n settlements of as many merchants
// are due. What must happen follows from trying every set.
func TestOneCreditAgainstEverySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amounts := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 6).Draw(t, "settlements")
		credit := money.Fen(rapid.IntRange(1, 40).Draw(t, "credit")) * unevenFen
		in := Input{AsOf: tuesday, HasBank: true, Bank: []BankRow{payoutOf(1, tuesday, credit, "清算款")}}
		for i, v := range amounts {
			in.Sums = append(in.Sums, settlementOf(fmt.Sprint("8000", i), tuesday-1, money.Fen(v)*unevenFen))
		}
		singles, sets, room := 0, 0, 0
		for mask := 1; mask < 1<<len(amounts); mask++ {
			size, sum := 0, money.Fen(0)
			for i, v := range amounts {
				if mask>>i&1 != 0 {
					size, sum = size+1, sum+money.Fen(v)*unevenFen
				}
			}
			switch {
			case size == 1 && sum > credit && 2*credit >= sum && len(amounts) == 1:
				room++
			case sum != credit:
			case size == 1:
				singles++
			default:
				sets++
			}
		}
		want := result.Unidentified
		switch {
		case singles == 1, singles == 0 && sets == 1, singles == 0 && sets == 0 && room == 1:
			want = result.Identified
		case singles > 1, singles == 0 && sets > 1:
			want = result.Ambiguous
		}
		o, err := Run(in)
		if err != nil {
			t.Fatal(err)
		}
		c := o.Credits[0]
		if c.Outcome != want || want == result.Identified && c.Allocated != credit || want != result.Identified && c.Allocated != 0 {
			t.Fatalf("%s, %s allocated; want %s (%d singles, %d sets, %d with room)", c.Outcome, c.Allocated, want, singles, sets, room)
		}
		if p := ProveMoney(&in, o.Settlements, o.Credits, o.Payments); !p.OK {
			t.Fatal(p.Failure)
		}
	})
}

// Several nameless credits on the day on which one settlement is due: it is
// paid in full exactly if one of them, or only one set of them, has its sum.
func TestOneSettlementAgainstEverySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOfN(rapid.IntRange(1, 12), 1, 6).Draw(t, "credits")
		net := money.Fen(rapid.IntRange(1, 40).Draw(t, "net")) * unevenFen
		in := Input{AsOf: tuesday, HasBank: true, Sums: []ClearingSum{settlementOf("80001", tuesday-1, net)}}
		for i, v := range parts {
			in.Bank = append(in.Bank, payoutOf(i, tuesday, money.Fen(v)*unevenFen, fmt.Sprint("清算款 流水", i)))
		}
		singles, sets := 0, 0
		for mask := 1; mask < 1<<len(parts); mask++ {
			size, sum := 0, money.Fen(0)
			for i, v := range parts {
				if mask>>i&1 != 0 {
					size, sum = size+1, sum+money.Fen(v)*unevenFen
				}
			}
			if sum == net && size == 1 {
				singles++
			} else if sum == net {
				sets++
			}
		}
		o, err := Run(in)
		if err != nil {
			t.Fatal(err)
		}
		full := o.Settlements[0].Credit == result.CreditFull
		if want := singles == 1 || singles == 0 && sets == 1; full != want {
			t.Fatalf("full %v, want %v: %d singles, %d sets", full, want, singles, sets)
		}
		if o.Settlements[0].Credit == result.CreditOver {
			t.Fatal("more was placed than it lacked")
		}
	})
}

// randomLeg is a small settlement leg with everything in it: runs, splits,
// returns, negative nets, references, two accounts, noise.
func randomLeg(rng *rand.Rand) Input {
	in := Input{AsOf: tuesday + 8, HasBank: true}
	var nets []money.Fen
	for m := range 1 + rng.IntN(3) {
		for d := range 1 + rng.IntN(5) {
			v := money.Fen(rng.IntN(12)-2) * 25_00
			s := settlementOf(fmt.Sprint("8000", m), tuesday-1+record.Date(d), v)
			if rng.IntN(4) == 0 {
				s.Account = "6222020000009999"
			}
			in.Sums, nets = append(in.Sums, s), append(nets, v)
		}
	}
	for i := range rng.IntN(10) {
		v := nets[rng.IntN(len(nets))]
		for rng.IntN(3) == 0 {
			v += nets[rng.IntN(len(nets))]
		}
		if rng.IntN(4) == 0 {
			v /= 2
		}
		b := payoutOf(i, tuesday+record.Date(rng.IntN(8)), v, []string{"清算款", "商户80000清算", "80001 清算日期20261110", "退票", "货款"}[rng.IntN(5)])
		b.payer = []string{kala, kala, "", "王五"}[rng.IntN(4)]
		b.account = []string{"6222020000001234", "9999", ""}[rng.IntN(3)]
		in.Bank = append(in.Bank, b)
	}
	return in
}

// However the rows are ordered and the classes cut, the settlements and what
// became of every bank line are the same, and the money adds up.
func TestSettleIsConservedAndIgnoresOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 7))
		in := randomLeg(rng)
		want, wantCredits := legLines(t, in)
		rng.Shuffle(len(in.Sums), func(i, j int) { in.Sums[i], in.Sums[j] = in.Sums[j], in.Sums[i] })
		rng.Shuffle(len(in.Bank), func(i, j int) { in.Bank[i], in.Bank[j] = in.Bank[j], in.Bank[i] })
		for i := range in.Sums {
			// A class cut in two is the same settlement.
			if half := in.Sums[i].Amount / 2; rng.IntN(2) == 0 {
				rest := in.Sums[i]
				rest.Amount, rest.Rows = half, 0
				in.Sums[i].Amount -= half
				in.Sums = append(in.Sums, rest)
			}
		}
		got, gotCredits := legLines(t, in)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(wantCredits, gotCredits); diff != "" {
			t.Fatal(diff)
		}
	})
}

// legLines are the results by content: of equal bank lines it does not matter
// which is which.
func legLines(t *rapid.T, in Input) (settlements, credits []string) {
	o, err := Run(in)
	if err != nil {
		t.Fatal(err)
	}
	if p := ProveMoney(&in, o.Settlements, o.Credits, o.Payments); !p.OK {
		t.Fatal(p.Failure)
	}
	for i := range o.Settlements {
		s := o.Settlements[i]
		s.CreditSources = nil
		settlements = append(settlements, fmt.Sprintf("%+v", s))
	}
	rows := map[record.Pos]BankRow{}
	for _, b := range in.Bank {
		b.Pos, rows[b.Pos] = 0, b
		rows[b.Pos] = b
	}
	for _, c := range o.Credits {
		c.Reason.Other = 0
		credits = append(credits, fmt.Sprintf("%s %s %v %s %v %v", terms.DayText(c.Date), c.Amount, c.Outcome, c.Allocated, c.Settlements, c.Reason))
	}
	slices.Sort(credits)
	return settlements, credits
}

func TestSubsetSearchAgainstEverySet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := rapid.Custom(func(t *rapid.T) money.Fen { return money.Fen(rapid.IntRange(1, 30).Draw(t, "v")) * 1000 })
		vals := rapid.SliceOfN(draw, 0, 9).Draw(t, "vals")
		slices.SortFunc(vals, func(a, b money.Fen) int { return int(b - a) })
		target := money.Fen(rapid.IntRange(40, 120).Draw(t, "target")) * 1000
		sets := 0
		for mask := range 1 << len(vals) {
			size, sum := 0, money.Fen(0)
			for i, v := range vals {
				if mask>>i&1 != 0 {
					size, sum = size+1, sum+v
				}
			}
			if size >= 2 && sum == target {
				sets++
			}
		}
		budget := maxRunSteps
		r := findSubset(vals, make([]bool, len(vals)), target, &budget)
		if r.limited || r.gaveUp {
			t.Fatalf("nine amounts are few enough: %+v", r)
		}
		if r.sets != min(sets, 2) {
			t.Fatalf("%d sets, want %d", r.sets, sets)
		}
		sum := money.Fen(0)
		for _, i := range r.pick {
			sum += vals[i]
		}
		if r.sets > 0 && sum != target {
			t.Fatalf("%v adds up to %d", r.pick, sum)
		}
	})
}

func TestSubsetSearchCountsEqualLinesOnce(t *testing.T) {
	budget := maxRunSteps
	r := findSubset([]money.Fen{500_00, 500_00, 500_00, 120_00}, []bool{false, true, true, false}, 1120_00, &budget)
	if !r.only() || len(r.pick) != 3 {
		t.Errorf("two of three equal transfers and the rest: %+v", r)
	}
}

// The limits of the search: sets are tried only while there are few of them for
// the sum, and the steps are counted.
func TestSubsetSearchLimits(t *testing.T) {
	for _, c := range []struct {
		n      int
		target money.Fen
		size   int
	}{
		{2, 1, 2}, {6, 3_648, 6}, {6, 3_000, 3}, {9, 4_000_00, 9}, {10, 4_000_00, 3}, {30, 30_000_00, 3}, {100, 1_000_000_00, 3}, {1000, 1_000_00, 1}, {12, 10_000_000_00, 12}, {40, 1 << 50, 12},
	} {
		if got := admissibleSize(c.n, c.target); got != c.size {
			t.Errorf("%d amounts, sum %s: sets of up to %d, want %d", c.n, c.target, got, c.size)
		}
	}
	vals := make([]money.Fen, 60)
	for i := range vals {
		vals[i] = 1<<40 - money.Fen(i)*2 // even sums only: an odd target is never met
	}
	budget := maxRunSteps
	before := budget
	r := findSubset(vals, make([]bool, len(vals)), 8<<40-4001, &budget)
	if !r.gaveUp || r.sets != 0 || before-budget > maxSubsetSteps {
		t.Errorf("%+v after %d steps", r, before-budget)
	}
	budget = 0
	if r := findSubset(vals, make([]bool, len(vals)), 2<<40, &budget); !r.gaveUp {
		t.Error("without steps nothing is found, and it is said")
	}
}

// A credit that only a set too large to look for could explain says so.
func TestAllocationSaysThatItGaveUp(t *testing.T) {
	in := Input{AsOf: tuesday + 1, HasBank: true}
	sum := money.Fen(0)
	for i := range 40 {
		v := money.Fen(1000_00 + i*i*7_01)
		in.Sums = append(in.Sums, settlementOf(fmt.Sprint("8", 1000+i), tuesday-1, v))
		if i%5 == 0 {
			sum += v
		}
	}
	in.Bank = []BankRow{payoutOf(1, tuesday, sum, "清算款")}
	o := mustSettle(t, in)
	if c := o.Credits[0]; c.Outcome != result.Ambiguous || c.Reason.Code != result.ReasonSearchGaveUp {
		t.Errorf("%s, reason %d", c.Outcome, c.Reason.Code)
	}
}

// Two thousand settlements of one account against three thousand lines: paid
// one to one, by merchant for the weekend, in two parts, short, or not at all.
func bigLeg(seed uint64) Input {
	rng := rand.New(rand.NewPCG(seed, 4))
	in := Input{AsOf: tuesday + 30, HasBank: true}
	pos := 0
	add := func(day record.Date, v money.Fen, remark string) {
		pos++
		in.Bank = append(in.Bank, payoutOf(pos, day, v, remark))
	}
	cal := terms.BuiltinCalendar()
	for m := range 100 {
		id := fmt.Sprint("8983100000", 10000+m)
		weekend := money.Fen(0)
		for d := range 20 {
			day := tuesday - 1 + record.Date(d)
			v := money.Fen(100_00 + rng.IntN(2_000_000))
			in.Sums = append(in.Sums, settlementOf(id, day, v))
			due, _ := cal.Due(terms.DefaultCycle, day)
			switch w := terms.Weekday(day); {
			case w == 5 || w == 6:
				weekend += v
			case w == 0:
				add(due, weekend+v, "清算款")
				weekend = 0
			case rng.IntN(3) == 0:
				add(due, v, "商户号"+id+"清算日期"+terms.DayText(day))
			case rng.IntN(2) == 0:
				part := 1 + v/3
				add(due, part, fmt.Sprint("清算款", pos))
				add(due, v-part, fmt.Sprint("清算款", pos))
			case rng.IntN(8) == 0:
				add(due, v-50_00, "清算款")
			default:
				add(due, v, "清算款")
			}
		}
	}
	for pos < 3000 {
		add(tuesday+record.Date(rng.IntN(20)), money.Fen(rng.IntN(3_000_000)), fmt.Sprint("清算款", pos))
	}
	return in
}

func TestTwoThousandSettlementsOfOneAccount(t *testing.T) {
	in := bigLeg(3)
	start := time.Now()
	o := mustSettle(t, in)
	// Two or three seconds of one core; the rest is for a busy machine.
	if took := time.Since(start); took > time.Minute {
		t.Errorf("took %s", took)
	}
	count := map[result.CreditState]int{}
	for i := range o.Settlements {
		count[o.Settlements[i].Credit]++
	}
	outcomes := map[result.CreditOutcome]int{}
	for i := range o.Credits {
		outcomes[o.Credits[i].Outcome]++
	}
	t.Logf("%s: %d settlements %v, %d credits %v", time.Since(start), len(o.Settlements), count, len(o.Credits), outcomes)
}

// A chain's two months: 100 merchant numbers, 60 days.
func BenchmarkSixThousandSettlements(b *testing.B) {
	in := Input{AsOf: tuesday + 90, HasBank: true}
	for i := range 3 {
		leg, later := bigLeg(uint64(i)), record.Date(i*21)
		for _, s := range leg.Sums {
			s.Day += later
			in.Sums = append(in.Sums, s)
		}
		for _, l := range leg.Bank {
			l.Pos, l.date = record.Pos(len(in.Bank)), l.date+later
			if id, day, ok := strings.Cut(l.remark, "清算日期"); ok {
				l.remark = id + "清算日期" + terms.DayText(mustDay(b, day)+later)
			}
			in.Bank = append(in.Bank, l)
		}
	}
	for b.Loop() {
		if _, err := Run(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkTwoThousandSettlements(b *testing.B) {
	in := bigLeg(3)
	for b.Loop() {
		if _, err := Run(in); err != nil {
			b.Fatal(err)
		}
	}
}
