package report

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"

	"github.com/google/go-cmp/cmp"
)

// What a report writes over its columns and into its list is understood when it
// comes back, in both languages.
func TestAReportUnderstandsItsOwnWords(t *testing.T) {
	for _, l := range []problem.Lang{problem.ZH, problem.EN} {
		titles := headingsOf([]column[*line]{colSure, colDecision, colNote, colBy, colItem}, l)
		var names []string
		for _, h := range titles {
			names = append(names, h.title)
		}
		want := map[string]int{"sure": 1, "decision": 2, "note": 3, "by": 4, "item_id": 5}
		if diff := cmp.Diff(want, decisionHead(names)); diff != "" {
			t.Error(diff)
		}
		together := 0
		for _, w := range decisionWords {
			if got := DecisionCode(" " + decisionWord(w.code, l)); got != w.code {
				t.Errorf("%s is %q", w.code, got)
			}
			together += len([]rune(w.in(l))) + 1
		}
		if together > 255 {
			t.Errorf("a list of %d characters is no list any more", together)
		}
		if !isSure(sureText.in(l)) {
			t.Error(sureText)
		}
	}
}

// One cell above the header accepts all rows of which the report is sure and
// that say nothing else themselves.
func TestOneCellAcceptsTheWholeTopBucket(t *testing.T) {
	var d DecisionReader
	for i, row := range []string{
		"← 返回|疑似匹配|||||", "合计||把握高的全部 →|确认匹配|||", "结果|把握|来源|处理结果|备注|处理人|编号",
		"疑似匹配|高|a:1||||T-000000000001", "疑似匹配|中|a:2||||T-000000000002", "疑似匹配|高|a:3|不是同一笔|||T-000000000003",
		"疑似匹配|高|a:4||看过|李|T-000000000004", "疑似匹配|中|a:5|挂起|||t-000000000005 ",
	} {
		var cells [][]byte
		for c := range strings.SplitSeq(row, "|") {
			cells = append(cells, []byte(c))
		}
		d.Row("r.xlsx:疑似匹配", int64(i+1), cells)
	}
	want := []DecisionRow{
		{"T-000000000001", "accept", "", "", "r.xlsx:疑似匹配!4"}, {"T-000000000003", "reject", "", "", "r.xlsx:疑似匹配!6"},
		{"T-000000000004", "accept", "看过", "李", "r.xlsx:疑似匹配!7"}, {"T-000000000005", "hold", "", "", "r.xlsx:疑似匹配!8"},
	}
	if diff := cmp.Diff(want, d.Rows); diff != "" {
		t.Error(diff)
	}
}
