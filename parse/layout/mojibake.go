package layout

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Text that was once decoded by the wrong table is valid in its new encoding
// and means nothing: 商户 written in UTF-8 and read as GBK is 鍟嗘埛, GBK read as
// Latin-1 is ÉÌ»§. Such a file has no header that anybody knows; this finds out
// what it was.

// knownParts are what headers and titles of our files are made of.
var knownParts = []string{"交易", "商户", "金额", "订单", "时间", "日期", "终端", "支付", "流水", "状态", "类型", "手续费", "账号", "余额", "参考号", "清算"}

// garbled says what went wrong with a text: the encoding it was in and the one
// it was taken for. ok is false where nothing speaks for that.
func garbled(text string) (was, taken string, ok bool) {
	if partsIn(text) > 0 {
		return "", "", false
	}
	if b, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(text)); err == nil && partsIn(string(bytes.ToValidUTF8(b, nil))) > 1 {
		return "UTF-8", "GB18030 (GBK)", true
	}
	if strings.Contains(text, "锟斤拷") || strings.Count(text, "\uFFFD") > 1 {
		return "?", "?", true // characters were replaced: what they were is lost
	}
	b := latinBytes(text)
	if len(b) == 0 {
		return "", "", false
	}
	if partsIn(string(bytes.ToValidUTF8(b, nil))) > 1 {
		return "UTF-8", "Latin-1", true
	}
	if out, err := simplifiedchinese.GB18030.NewDecoder().Bytes(b); err == nil && partsIn(string(out)) > 1 {
		return "GB18030 (GBK)", "Latin-1", true
	}
	return "", "", false
}

// partsIn counts the known parts that are in a text.
func partsIn(text string) (n int) {
	for _, p := range knownParts {
		n += Btoi(strings.Contains(text, p))
	}
	return n
}

// latinBytes is a text as the bytes of Windows-1252, nil if it is not of it.
func latinBytes(text string) (out []byte) {
	high := false
	for _, r := range text {
		b, ok := charmap.Windows1252.EncodeRune(r)
		if !ok {
			if r > 0xFF {
				return nil
			}
			b = byte(r) // what 1252 leaves free, Latin-1 has as a control character
		}
		high = high || b >= utf8.RuneSelf
		out = append(out, b)
	}
	if !high {
		return nil
	}
	return out
}

// garbledProblem is the problem of a document that no layout fits because its
// text is garbled; nil if it is not.
func (s *View) garbledProblem() *problem.Problem {
	for i, d := range s.Lines[:min(len(s.Lines), MaxPreamble)] {
		if was, taken, ok := garbled(d.Text); ok {
			if was == "?" {
				return &problem.Problem{Code: CodeTextLost, Line: int64(i + 1), Value: cutRunes(d.Text, 60)}
			}
			return &problem.Problem{Code: CodeGarbled, Line: int64(i + 1), Value: cutRunes(d.Text, 60), Args: []string{was, taken}}
		}
	}
	return nil
}

const (
	CodeGarbled  problem.Code = "garbled_text"
	CodeTextLost problem.Code = "text_lost"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeGarbled:  {ZH: "文字 {value} 是乱码：原来是 {0}，曾被当作 {1} 解码后另存；请从来源重新导出，不要用出现乱码的程序另存", EN: "the text {value} is garbled: it was {0}, was decoded as {1} and saved again; export it from its source once more and do not save it in a program that shows it like this"},
	CodeTextLost: {ZH: "文字 {value} 里有替换字符（� 或 锟斤拷）：解码时内容已丢失，无法恢复；请从来源重新导出", EN: "the text {value} holds replacement characters (� or 锟斤拷): what they were was lost in decoding; export it from its source once more"},
})
