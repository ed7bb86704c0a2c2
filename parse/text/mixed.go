package text

import (
	"bytes"
	"slices"
	"unicode/utf8"
)

// GB18030 reads nearly any UTF-8 without complaint, as other words: 商户 as
// 鍟嗘埛. A line of UTF-8 in a file of GBK is found by what each of the two
// would make of it, and rejected by name.

// surelyChinese is how many characters of Chinese a line of UTF-8 must hold to
// be believed whatever GBK says: bytes of GBK that spell so many by chance are
// not to be met with.
const surelyChinese = 4

// looksUTF8 says whether b, a line of a file in GB18030, is in UTF-8: all of it
// is valid UTF-8, mostly Chinese, and as GBK it would be words that nobody
// writes. Pairs of GBK are often valid UTF-8 of two bytes (联通 is the famous
// one) but that is not Chinese; nearly every line of GBK is found out at its
// first characters.
func looksUTF8(b []byte) bool {
	first := FirstHigh(b)
	if first < 0 {
		return false
	}
	chinese, foreign := 0, 0
	for i := first; i < len(b); {
		if b[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(b[i:])
		switch {
		case size == 1:
			return false
		case r >= 0x2010 && r <= 0x9FFF, r >= 0xFE30 && r <= 0xFFE6, r >= 0x20000 && r <= 0x3FFFF:
			chinese++
		case r < 0x10000:
			foreign++
		}
		i += size
	}
	if chinese <= 2*foreign {
		return false
	}
	return chinese >= surelyChinese || !plainGB2312(b[first:]) || hasUsualWord(b[first:])
}

// usualInUTF8 are the words of two characters that our files are full of and
// whose bytes in UTF-8 are plain GB2312 too: nobody writes 澶辫触, which is 失败.
var usualInUTF8 = func() (words [][]byte) {
	for _, w := range []string{
		"成功", "失败", "消费", "撤销", "退货", "退款", "冲正", "微信", "支付", "现金", "刷卡", "银行", "银联", "借记", "贷记", "交易", "处理", "关闭", "完成",
		"门店", "商户", "终端", "金额", "手续", "结算", "清算", "划款", "提现", "转账", "收入", "支出", "合计", "备注", "旗舰", "公司",
	} {
		if b := []byte(w); plainGB2312(b) {
			words = append(words, b)
		}
	}
	return words
}()

func hasUsualWord(b []byte) bool {
	return slices.ContainsFunc(usualInUTF8, func(w []byte) bool { return bytes.Contains(b, w) })
}

// plainGB2312 says whether b as GBK keeps to the marks and characters of GB2312,
// as names and words of every day do. UTF-8 taken for GBK hardly ever does:
// every other byte of it is below 0xA1.
func plainGB2312(b []byte) bool {
	for i := 0; i < len(b); i++ {
		if b[i] < utf8.RuneSelf {
			continue
		}
		mark, word := b[i] >= 0xA1 && b[i] <= 0xA9, b[i] >= 0xB0 && b[i] <= 0xF7
		if i++; !mark && !word || i == len(b) || b[i] < 0xA1 || b[i] == 0xFF {
			return false
		}
	}
	return true
}

// mostlyUTF8 says whether most of the lines that are not ASCII are in UTF-8, in
// a text that is valid GB18030 as a whole: a line of GBK somewhere makes it
// invalid UTF-8.
func mostlyUTF8(text []byte) bool {
	are, not := 0, 0
	for len(text) > 0 {
		line := text
		if i := bytes.IndexAny(text, "\n\r"); i >= 0 {
			line, text = text[:i], text[i+1:]
		} else {
			text = nil
		}
		switch {
		case FirstHigh(line) < 0:
		case looksUTF8(line):
			are++
		default:
			not++
		}
	}
	return are > not
}

// MixedByte begins a line of a transcoded document that was in UTF-8 before.
// Like badByte it is never valid, so that the line is rejected.
const MixedByte = 0xFE

// TranscodeLines is transcode of GB18030 for whole lines as far as src has
// them, with those marked that are in UTF-8.
func (e Encoding) TranscodeLines(dst, src []byte, last bool) (out, rest []byte) {
	for len(src) > 0 {
		n := bytes.IndexByte(src, '\n') + 1
		if n == 0 && (last || len(src) == TranscodeBytes) {
			break // the last line, or one too long to be seen as a whole
		}
		if n == 0 {
			return dst, src
		}
		dst = e.transcodeLine(dst, src[:n])
		src = src[n:]
	}
	if last && len(src) > 0 {
		return e.transcodeLine(dst, src), nil
	}
	return e.Transcode(dst, src, last)
}

func (e Encoding) transcodeLine(dst, line []byte) []byte {
	if looksUTF8(line) {
		return append(append(dst, MixedByte), line...)
	}
	dst, _ = e.AppendText(dst, line)
	return dst
}
