package report

import (
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
)

// warningTexts are the sentences of match.Warning, with its arguments.
var warningTexts = map[string]text{
	"statement_days":         {"%s 个逾期结算批次的应到账日在账户流水的起止日之外（涉及 %s 个账户，如 %s 的流水只有 %s 至 %s）；若流水不全，请补充后重跑", "%s overdue settlements fell due outside of the days that the statements show (%s accounts, such as %s: %s to %s); if days are missing, add them and run again"},
	result.WarningMissingDay: {"缺对账文件：收单机构 %s、商户 %s 前后各日都有对账数据，唯独缺 %s，商户当天有 %s 笔销售对不上；请补齐当天的文件后重跑", "a clearing file is missing: acquirer %s, merchant %s has rows of days before and after %s but none of that day; unanswered sales of the shop: %s; add that day's file and run again"},
	"calendar_year":          {"%s 年的放假安排尚未公布，应到账日暂按法定节假日推算（标记 provisional，过后 3 个工作日内不算逾期）；公布后请用 --calendar 补充", "the holidays of %s are not published yet: due dates rest on the law's own (flag provisional, not overdue for 3 business days); add them with --calendar once they are"},
}

// WarningText is a finding about the run in one language.
func WarningText(w result.Warning, l problem.Lang) string {
	t, ok := warningTexts[w.Code]
	if !ok {
		return w.Code + " " + strings.Join(w.Args, ";")
	}
	return sprintf(t.in(l), w.Args)
}

// writeLog fills 运行记录: what made the report and from what.
func (w *writer) writeLog() error {
	var list []logLine
	l := w.run.Lang
	add := func(group text, item, value string) { list = append(list, logLine{group.in(l), item, value}) }
	program, setting, input, warning := text{"程序", "Program"}, text{"参数", "Setting"}, text{"文件", "File"}, text{"提示", "Warning"}
	add(program, "duizhang", w.run.Version)
	add(program, text{"对账日期", "as of"}.in(l), dateText(w.run.Result.AsOf))
	for _, s := range w.run.Settings {
		add(setting, s.Name, s.Value)
	}
	for i := range w.run.Files {
		f := &w.run.Files[i]
		add(input, f.Name, text{"路径 ", "path "}.in(l)+f.Path)
		add(input, f.Name, "sha256 "+f.SHA256+", "+strconv.FormatInt(f.Bytes, 10)+text{" 字节", " bytes"}.in(l))
		if f.DuplicateOf != "" {
			add(input, f.Name, text{"内容与 ", "same content as "}.in(l)+f.DuplicateOf+text{" 相同，只用一次", ", used once"}.in(l))
		}
		for _, p := range f.Problems {
			add(input, f.Name, p)
		}
	}
	for _, v := range w.run.Result.Warnings {
		add(warning, v.Code, WarningText(v, l))
	}
	if led := w.run.Ledger; led != nil {
		if led.Head != "" {
			add(text{"账本", "Ledger"}, text{"前一晚的链头", "head of the night before"}.in(l), "ledger head "+led.Head)
		}
		decision := text{"处理结果", "Decision"}
		for i := range led.Decisions {
			d := &led.Decisions[i]
			add(decision, d.ItemID, d.Source+": "+d.Effect)
		}
	}
	return table(w, w.log, logColumns, noCurrency[*logLine], pointers(list))
}
