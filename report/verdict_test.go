package report

import (
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// The top of the report does not say that all is well while something is
// missing, whatever adds up.
func TestTheBannerTellsTheTruth(t *testing.T) {
	clear := func(r *Run) {
		res := r.Result
		res.Groups, res.Settlements, res.Credits, res.Warnings, r.Files = nil, nil, nil, nil, nil
		for m := range result.NumMatch {
			if m != result.Matched {
				res.Match[m] = result.Total{}
			}
		}
		res.Proof.Sides[record.SidePos].Rejected = 0
		res.SumOwed(nil, nil)
	}
	for _, c := range []struct {
		name, says string
		want       verdictState
		change     func(*Run)
	}{
		{"all agrees", "全部对平", allClear, func(*Run) {}},
		{"something to do", "1 项", needsWork, func(r *Run) { r.Result.Match[result.PosOnly].Groups = 1 }},
		{"no bank side", "没有银行流水", needsWork, func(r *Run) { r.Result.Proof.Sides[record.SideBank] = result.SideProof{} }},
		{"one side only", "没有收单一方", notComplete, func(r *Run) { r.Result.Proof.Sides[record.SideClearing] = result.SideProof{} }},
		{"the other side only", "没有商户一方", notComplete, func(r *Run) { r.Result.Proof.Sides[record.SidePos] = result.SideProof{} }},
		{"no side", "都没有数据", notComplete, func(r *Run) {
			r.Result.Proof.Sides[record.SidePos], r.Result.Proof.Sides[record.SideClearing] = result.SideProof{}, result.SideProof{}
		}},
		{"sides that share nothing", "放反", notComplete, func(r *Run) { r.Result.Match[result.Matched] = result.Total{} }},
		{"a rejected row", "1 行读不懂", notComplete, func(r *Run) { r.Result.Proof.Sides[record.SidePos].Rejected = 1 }},
		{"a refused file", "坏.xlsx", notComplete, func(r *Run) { r.Files = []File{{Name: "坏.xlsx", Problems: []string{"有密码"}}} }},
		{"a missing day", "缺对账文件", notComplete, func(r *Run) {
			r.Result.Warnings = []result.Warning{{Code: result.WarningMissingDay, Args: []string{"拉卡拉", "8983", "2026-01-04", "5"}}}
		}},
		{"a file the ledger waits for", "还差 1 个", notComplete, func(r *Run) { r.Ledger = &Ledger{Missing: []MissingFile{{"拉卡拉", "8983", yesterday}}} }},
		{"a file given twice", "全部对平", allClear, func(r *Run) { r.Files = []File{{Name: "b", DuplicateOf: "a", Problems: []string{"与 a 相同"}}} }},
		{"a warning", "2027", needsWork, func(r *Run) { r.Result.Warnings = []result.Warning{{Code: "calendar_year", Args: []string{"2027"}}} }},
	} {
		run := sample(problem.ZH)
		clear(run)
		c.change(run)
		v := run.verdict()
		said := []string{v.words}
		for _, n := range v.notes {
			said = append(said, n.text)
		}
		if v.state != c.want || !slices.ContainsFunc(said, func(s string) bool { return strings.Contains(s, c.says) }) {
			t.Errorf("%s: state %d, want %d; it says %q", c.name, v.state, c.want, said)
		}
	}
}
