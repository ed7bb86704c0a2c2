package layout

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/text"
)

// A title says what the document is, in words and in pairs of a word and its
// value (账号, 6217…, 期初余额, 1,000.00). A row has values without such words: an
// amount beside a number or a moment of its own. What stands above a header and
// is like a row belongs to another table, and is never passed over.

// Cells of rows.
var (
	BareMoney  = regexp.MustCompile(`^[(（]?[-+]?[¥￥$]?[-+]?\d[\d,]*\.\d{1,2}[)）]?$`)
	BareWhole  = regexp.MustCompile(`^[-+]?(?:0|[1-9]\d{0,8})$`)
	dayAlone   = regexp.MustCompile(`^(0?[1-9]|1[0-2])[-/](0?[1-9]|[12]\d|3[01])$`)
	bareNumber = regexp.MustCompile(`^[A-Za-z0-9*_#/-]+$`)
)

// labelWords are parts of the words that stand before a value in a title.
var labelWords = []string{
	"余额", "金额", "合计", "总计", "小计", "共计", "总额", "总笔", "笔数", "总数", "条数", "账号", "账户", "卡号", "户名", "名称", "姓名", "日期", "时间", "期间", "区间", "周期", "起始", "截止", "终止", "开始", "结束",
	"自", "从", "至", "到", "编号", "代码", "商户号", "终端号", "批次", "币种", "币别", "收入", "支出", "结余", "期初", "期末", "上期", "本期", "手续费", "净额", "单位", "版本", "序号", "页",
	"balance", "amount", "total", "account", "number", "date", "period", "from", "to", "currency", "opening", "closing", "count", "name", "fee",
}

// isLabel says whether a cell is the word for the value behind it.
func isLabel(cell string) bool {
	w := NormWord(cell)
	if w == "" {
		return false
	}
	if strings.HasSuffix(w, ":") || strings.HasSuffix(w, "=") {
		return true
	}
	digits := strings.IndexFunc(w, func(r rune) bool { return r >= '0' && r <= '9' }) >= 0
	for _, l := range labelWords {
		if strings.Contains(w, l) && (!digits || strings.ContainsRune(w, ':')) && utf8.RuneCountInString(w) <= 24 {
			return true
		}
	}
	return false
}

// isLikeRow says whether cells hold money beside an identifier or a moment,
// none of them a value that a word before it explains.
func isLikeRow(cells []string) bool {
	money, whole, number, moment, filled := 0, 0, 0, 0, 0
	before := ""
	for _, c := range cells {
		c = strings.TrimSpace(string(Unguard([]byte(c))))
		if c == "" {
			continue
		}
		filled++
		label := before
		before = c
		if isLabel(label) {
			continue
		}
		switch {
		case BareMoney.MatchString(c):
			money++
		case isMoment(c):
			moment++
		case BareWhole.MatchString(c):
			whole++
		case isBareNumber(c):
			number++
		}
	}
	if filled < 3 {
		return false
	}
	return money > 0 && moment+number > 0 || moment > 0 && whole > 0
}

// isMoment says whether a cell is a day, with or without a year or a time.
func isMoment(c string) bool {
	if len(c) < 8 {
		return dayAlone.MatchString(c)
	}
	w, code := ParseWhen([]byte(c))
	return code == "" && w.HasDay
}

// isBareNumber says whether a cell is somebody's number: six signs or more, or
// letters and digits.
func isBareNumber(c string) bool {
	if !bareNumber.MatchString(c) {
		return false
	}
	digits, letters := 0, 0
	for _, r := range c {
		digits += Btoi(r >= '0' && r <= '9')
		letters += Btoi(r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z')
	}
	return digits >= 6 || digits > 0 && letters > 0
}

// isLikeRow is the same for the cells of a row that is being bound.
func (b *Binder) isLikeRow(cells [][]byte) bool {
	text := make([]string, len(cells))
	for i, c := range cells {
		text[i] = b.Show(c)
	}
	return isLikeRow(text)
}

// fitsCells says whether a row matches the expression of a layout that finds
// its cells by their place.
func (b *Binder) fitsCells(cells [][]byte) bool {
	b.key = b.key[:0]
	for i, c := range cells {
		if i > 0 {
			b.key = append(b.key, b.p.Layout.Compiled.Delims[0])
		}
		b.key = append(b.key, Trim(c)...)
	}
	return b.p.rowLine.Match(b.key)
}

// fitsSpans is fitsCells for a row that is not cut yet.
func (b *Binder) fitsSpans(raw *text.Record) bool {
	b.key = b.key[:0]
	for i, s := range raw.Spans {
		if i > 0 {
			b.key = append(b.key, b.p.Layout.Compiled.Delims[0])
		}
		b.key = append(b.key, raw.Text[s.From:s.To]...)
	}
	return b.p.rowLine.Match(b.key)
}
