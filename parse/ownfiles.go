package parse

import (
	"path/filepath"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"
)

// The program's own results lie in the folder whose files are given again the
// next night. They are recognised by what they are, named, and never data.

// resultHeaders are the first columns of the CSVs that --csv writes.
var resultHeaders = [][]string{
	{"match", "timing", "days_late", "flags"},
	{"settlement_id", "credit", "timing", "days_late"},
	{"outcome", "date", "amount", "allocated"},
	{"source", "column", "value", "reason"},
	{"item_id", "type", "state", "timing"},
	{"item_id", "type", "settlement_id", "state"},
}

// reportMarks are pairs of columns that stand together only in the report's
// sheets: what the clerk fills in, and what the program says.
var reportMarks = [][]string{
	{"处理结果", "备注", "原因"}, {"decision", "note", "reason"},
}

// isOwnResult says whether a document is one of the program's results: a CSV, a
// sheet of the workbook, or such a sheet saved as text.
func isOwnResult(in layout.Sample) bool {
	s := layout.NewSight(in)
	delims := []byte(",\t;|")
	if in.Spooled {
		delims = []byte{text.SpoolCell}
	}
	for _, d := range s.Lines[:min(len(s.Lines), maxOwnTitle)] {
		if strings.Contains(d.Text, "← 返回汇总") || strings.Contains(d.Text, "← Summary") {
			return true
		}
		for _, delim := range delims {
			if strings.IndexByte(d.Text, delim) >= 0 && isOwnHeader(s.LineTexts(d, delim)) {
				return true
			}
		}
	}
	return false
}

// maxOwnTitle is how many lines may stand above the header of a result.
const maxOwnTitle = 12

func isOwnHeader(cells []string) bool {
	var names []string
	for _, c := range cells {
		if n := strings.ToLower(strings.TrimSpace(strings.Trim(c, "\uFEFF"))); n != "" {
			names = append(names, n)
		}
	}
	for _, h := range resultHeaders {
		if len(names) >= len(h) && slices.Equal(names[:len(h)], h) {
			return true
		}
	}
	return slices.ContainsFunc(reportMarks, func(marks []string) bool {
		return !slices.ContainsFunc(marks, func(m string) bool { return !slices.Contains(names, m) })
	})
}

// passOverReport takes all sheets of a workbook for the program's own of which
// one is: the summary and the fees are sums of the others.
func (o *opener) passOverReport(from int) {
	own := slices.ContainsFunc(o.files[from:], func(f *File) bool {
		return len(f.Problems) == 1 && f.Problems[0].Code == codeOwnResult
	})
	if !own {
		return
	}
	o.docs = slices.DeleteFunc(o.docs, func(d *document) bool { return slices.Contains(o.files[from:], d.file) })
	for _, f := range o.files[from:] {
		f.Used, f.Ignored, f.Side, f.Layout = false, true, o.in.Side, ""
		f.Problems = []problem.Problem{{Code: codeOwnResult, File: f.Name}}
	}
}

// isLockFile says whether a name is that of the note which a spreadsheet
// program leaves beside a workbook that somebody has open.
func isLockFile(name string) bool {
	name = filepath.Base(name)
	return strings.HasPrefix(name, "~$") || strings.HasPrefix(name, ".~lock.") && strings.HasSuffix(name, "#")
}

// passOver lists a document that is known and not used.
func (o *opener) passOver(name string, size int64, code problem.Code) {
	o.refused(name, size, problem.Problem{Code: code})
	o.files[len(o.files)-1].Ignored = true
}

const (
	codeOwnResult problem.Code = "own_result"
	codeLockFile  problem.Code = "lock_file"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeOwnResult: {ZH: "这是本程序自己写出的对账结果，不是数据；未使用", EN: "this is a result that this program wrote, not data; it was not used"},
	codeLockFile:  {ZH: "这是表格软件打开工作簿时留下的锁定文件，不是数据；已跳过", EN: "this is the lock file of a workbook that somebody has open, not data; it was skipped"},
})
