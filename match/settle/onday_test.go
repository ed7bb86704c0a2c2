package settle

import (
	"testing"

	"github.com/duizhang/duizhang/match/result"

	"github.com/google/go-cmp/cmp"
)

// What a remark says of a day must not be overheard: money of a day whose
// clearing file is not there yet is no part of another day's settlement.
func TestMoneyOfADayWithoutAFileIsNoPartOfAnother(t *testing.T) {
	for _, remark := range []string{"1110清算款", "20261110 划款", "商户号80001 20261110 划款"} {
		sc := scene{asOf: "2026-11-12", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-11", "900", kala, remark)}}
		_, credits := sc.settle(t).lines()
		if diff := cmp.Diff([]string{"unidentified"}, credits); diff != "" {
			t.Errorf("%s (-want +got)\n%s", remark, diff)
		}
	}
	sc := scene{asOf: "2026-11-12", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-11", "900", kala, "20261111 划款")}}
	if _, credits := sc.settle(t).lines(); credits[0] != "identified 拉卡拉/80001/2026-11-09" {
		t.Errorf("the day of the payout itself names no other day: %v", credits)
	}
}

// A search for hints that stops early says so: that nothing is near would not
// be true.
func TestHintsSayThatTheyGaveUp(t *testing.T) {
	sc := scene{asOf: "2026-11-12", clearing: []string{clears("80001", "2026-11-09", "1000")}, bank: []string{pays("2026-11-10", "999.99", kala, "A"), pays("2026-11-10", "1000.01", kala, "B")}}
	o := &Output{In: ptr(sc.input(t))}
	o.In.Patterns = sc.settle(t).In.Patterns
	if err := o.group(); err != nil {
		t.Fatal(err)
	}
	o.carry()
	a := newAllocator(o)
	a.hintSteps = 1
	if h := a.hint(a.lines[0]); h.GaveUp || h.Kind != result.HintFen {
		t.Errorf("within the bound: %+v", h)
	}
	if h := a.hint(a.lines[1]); !h.GaveUp || h.Kind != result.NoHint {
		t.Errorf("beyond the bound: %+v", h)
	}
}

func ptr[T any](v T) *T { return &v }
