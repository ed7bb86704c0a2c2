package parse

import (
	"regexp"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// A file of a header alone, or cut in it, has no rows. That is told, unless the
// file itself declares that there were no transactions.

// saysNothing are the ways to declare it, in normalised words.
var saysNothing = regexp.MustCompile("(?:笔数|条数|单数|记录数|行数|共计?|合计|总计|总额|总金额|total|count|records)[^0-9\\p{Han}]{0,12}0(?:\\.0{1,2})?(?:$|[^0-9.])" +
	"|(?:^|[^0-9.])0(?:笔|条|行|单)" +
	"|(?:没有|无|暂无|未查询到|未找到)(?:符合条件的|相关|任何|当日)?(?:交易|数据|记录|账单|明细)" +
	"|no_?statement|nobill|no(?:transactions?|records?|data)")

// saysSome are the ways to declare that there were transactions.
var saysSome = regexp.MustCompile("(?:笔数|条数|单数|记录数|行数)[^0-9\\p{Han}]{0,12}[1-9]|[1-9][0-9,]*(?:笔|条)(?:$|[^\\p{Han}])")

// declaresNothing says whether a document without rows says itself that there
// are none: by a total of its layout's, or in words.
func (d *document) declaresNothing() bool {
	p := d.plan
	if p.Nothing || d.file.Skipped > 0 && p.Why.Header == 0 { // known lines that are no transactions
		return true
	}
	for i := range p.Controls {
		if c := &p.Controls[i]; c.HasRows && c.Rows == 0 || !c.HasRows && c.HasAmount && c.Amount == 0 {
			return true
		}
	}
	head := make([]byte, min(layout.TailBytes, d.src.Size()))
	if text.ReadFull(d.src, head, 0) != nil {
		return false
	}
	none := false
	for _, l := range layout.CutLines(head, 0, p.EOL, p.Enc, 0) {
		w := layout.NormWord(l.Text)
		if saysSome.MatchString(w) {
			return false
		}
		none = none || saysNothing.MatchString(w)
	}
	return none
}

const codeNoRows problem.Code = "no_rows"

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeNoRows: {ZH: "文件里没有一行交易，也没有声明笔数为 0：可能在表头处被截断，或导出时条件选错；请重新导出或下载，确实没有交易则不必给出此文件", EN: "the file holds not one row and does not declare that there are none: it may be cut off at its header, or exported for the wrong days; export or download it again, or leave it out if there really was nothing"},
})
