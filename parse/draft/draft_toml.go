package draft

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

// toml writes the draft.
func (d *drafting) toml(name, file string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	note := func(zh, en string, args ...any) {
		if d.lang == problem.EN {
			zh = en
		}
		line("# "+zh, args...)
	}
	note("按 %s 起草的版式，共 %d 行样本。请逐项核对后保存为 %s.toml，放在 --layouts 指定的文件夹里。", "Drafted from %s, %d rows of it. Check every line, save it as %s.toml in the folder named by --layouts.", commentSafe(file), d.t.rows, name)
	if d.Known != "" {
		note("此文件不起草也能读：版式 %s 已认得它。", "The file is read without a draft: layout %s knows it.", d.Known)
	}
	line("name = %s", tomlString(name))
	line("title = %s", tomlString(strings.TrimPrefix(name, "my-")))
	line("title_en = %s", tomlString(strings.TrimPrefix(name, "my-")))
	note("pos 商户 · clearing 收单对账 · bank 银行流水", "pos: the shop · clearing: the acquirer · bank: the bank")
	line("side = %s", tomlString(d.side.String()))
	line("grade = \"D\"\nsource = %s", tomlString("drafted from "+file))
	if d.side == record.SideClearing {
		note("收单机构的名称，与合同表一致", "the acquirer's name, as in the table of contracts")
		line("# acquirer = \"\"")
	}
	line("priority = 60\n")
	d.tomlDetect(line, note)
	d.tomlFormat(line, note)
	for i := range d.t.columns {
		d.tomlColumn(i, line, note)
	}
	if !slices.ContainsFunc(d.Guess, func(g ColumnGuess) bool { return g.Field == "amount" || g.Field == "amount_in" }) {
		note("没有找到金额列：请为其中一列写上 as = \"amount\"，否则版式不能用", "no amount was found: name one of the columns as = \"amount\", a layout cannot do without")
		line("")
	}
	d.tomlWords(line, note)
	return b.String()
}

type writeLine func(string, ...any)

type writeNote func(zh, en string, args ...any)

func (d *drafting) tomlDetect(line writeLine, note writeNote) {
	if d.t.Header < 0 {
		return
	}
	var signature []string
	for i, c := range d.t.columns {
		key := layout.NormHeader(c.header)
		doubled := slices.ContainsFunc(d.t.columns[:i], func(o draftColumn) bool { return layout.NormHeader(o.header).Key == key.Key })
		if key.Key != "" && !doubled && len(signature) < 6 {
			signature = append(signature, c.header)
		}
	}
	note("表头里同时有这些列名，就是这种文件", "a header with all of these names is this kind of file")
	line("[detect]\ncolumns = %s\n", tomlList(signature))
}

func (d *drafting) tomlFormat(line writeLine, note writeNote) {
	line("[format]")
	switch {
	case d.t.form == layout.FormFixed:
		line("form = \"fixed\"\nlength = %d\nline = %s", d.t.lengths[0], tomlString(d.t.fixedLine()))
	case d.t.Header < 0:
		line("header = \"none\"\ncells = [%d]", len(d.t.columns))
	}
	if d.t.form == layout.FormDelimited && d.t.delim != text.SpoolCell {
		line("delimiters = %s", tomlList([]string{string(d.t.delim)}))
	}
	unit, sure := d.unit()
	if !sure {
		note("金额都是整数：按%s起草，请核实", "all amounts are whole numbers: drafted as %s, make sure", map[string]string{"fen": "分 (fen)", "yuan": "元 (yuan)"}[unit])
	}
	line("unit = %s", tomlString(unit))
	line("absent = [\"-\", \"--\", \"*\", \"/\"]")
	line("")
	if d.side == record.SideBank && !slices.ContainsFunc(d.Guess, func(g ColumnGuess) bool { return g.Field == "account" }) {
		note("账号写在表头之前的行里", "the account stands in a line above the header")
		line("[[extract]]\nfrom = \"head\"\nmatch = '%s'\n", accountAbove)
	}
}

// accountAbove finds the account in the titles of bank statements.
const accountAbove = `(?:账号|账户|卡号)[：:]?\s*[,\t ]*\[?(?P<account>\d[\d*]{8,30})`

// unit is what bare numbers count. Decimals say yuan; whole numbers only are
// taken for fen where all of them are long and none is small.
func (d *drafting) unit() (unit string, sure bool) {
	whole := 0
	for i, g := range d.Guess {
		if !slices.Contains([]string{"amount", "amount_in", "amount_out", "net"}, g.Field) {
			continue
		}
		if n := layout.NormHeader(d.t.columns[i].header); n.HasUnit {
			return layout.UnitName(n.Unit), true
		}
		for _, v := range d.t.columns[i].values {
			if strings.ContainsAny(v, ".￥¥") {
				return "yuan", true
			}
			if len(strings.Trim(v, "+-0")) > 0 && len(strings.TrimLeft(v, "+-0")) >= 3 {
				whole++
			}
		}
	}
	if d.t.form == layout.FormFixed || whole*10 >= d.t.rows*9 {
		return "fen", d.t.form == layout.FormFixed
	}
	return "yuan", false
}

func (d *drafting) tomlColumn(i int, line writeLine, note writeNote) {
	c, g := &d.t.columns[i], &d.Guess[i]
	sample := ""
	for _, v := range c.values {
		if v != "" {
			sample = v
			break
		}
	}
	if digitsOnly.MatchString(sample) && len(sample) >= 13 { // perhaps a card's, whatever its column is called
		sample = sample[:6] + "****" + sample[len(sample)-4:]
	}
	head := c.header
	if head == "" {
		head = fmt.Sprintf("column %d", i+1)
	}
	why := map[guessReason][2]string{byName: {"列名", "by its name"}, byLikeName: {"列名相近", "by a like name"}, byValues: {"按内容", "by its values"}}[g.why]
	reason := why[0]
	if d.lang == problem.EN {
		reason = why[1]
	}
	if g.Field == "" {
		note("未读取：%s，例如 %s", "not read: %s, for example %s", commentSafe(head), commentSafe(problem.Quote(sample)))
		if len(g.also) > 0 {
			note("  也许是 %s", "  perhaps %s", strings.Join(g.also, ", "))
		}
		line("")
		return
	}
	note("%s → %s，把握 %d%%（%s），例如 %s", "%s → %s, %d%% sure (%s), for example %s", commentSafe(head), g.Field, int(g.Sure*100+0.5), reason, commentSafe(problem.Quote(sample)))
	if len(g.also) > 0 {
		note("  也可能是 %s", "  or %s", strings.Join(g.also, ", "))
	}
	line("[[column]]\nas = %s", tomlString(g.Field))
	switch {
	case d.t.form == layout.FormFixed:
		line("names = %s\nstart = %d\nlen = %d", tomlList([]string{g.Field}), c.start, c.len)
	case d.t.Header < 0:
		line("names = %s\nat = %d", tomlList([]string{g.Field}), i+1)
	default:
		line("names = %s", tomlList([]string{c.header}))
	}
	if g.Field == "remark" {
		if more := d.moreRemarks(i); len(more) > 0 {
			line("more = %s", tomlList(more))
		}
	}
	if formats, ambiguous := c.formats(g.Field); len(formats) > 0 {
		if ambiguous {
			note("日在前还是月在前看不出来，请留下对的一个", "whether days or months come first cannot be seen: keep the right one")
			line("# formats = %s", tomlList(formats))
		} else {
			line("formats = %s", tomlList(formats))
		}
	}
	if g.Field == "amount" || g.Field == "amount_in" || g.Field == "amount_out" || (g.Field == "time" || g.Field == "date") && c.filled == len(c.values) {
		line("required = true")
	}
	line("")
}

// moreRemarks are the other columns of a bank's line that may name the payout.
func (d *drafting) moreRemarks(remark int) (more []string) {
	for i, g := range d.Guess {
		if i != remark && d.side == record.SideBank && g.Field == "" && slices.Contains(g.also, "remark") {
			more = append(more, d.t.columns[i].header)
		}
	}
	return more
}

// draftFormats are tried on days that the common forms do not read.
var draftFormats = []string{
	"YYYYMMDDhhmmss", "MMDDhhmmss", "YYMMDDhhmmss", "YYYYMMDDhhmm", "YYMMDD", "MMDD",
	"DD/MM/YYYY", "MM/DD/YYYY", "D/M/YYYY", "M/D/YYYY", "DD/MM/YYYY hh:mm:ss", "MM/DD/YYYY hh:mm:ss", "D/M/YYYY h:mm", "M/D/YYYY h:mm",
	"DD-MM-YYYY", "MM-DD-YYYY", "DD.MM.YYYY", "DD.MM.YYYY hh:mm:ss", "M/D", "MM-DD hh:mm:ss", "MM/DD hh:mm",
}

// formats are the date formats that a column needs; none where the common forms
// read it all. ambiguous: several read all of it and differ.
func (c *draftColumn) formats(field string) (formats []string, ambiguous bool) {
	if !layout.TargetNamed[field].IsWhen() || c.filled == 0 {
		return nil, false
	}
	common := true
	for _, v := range c.values {
		if v == "" {
			continue
		}
		w, code := layout.ParseWhen([]byte(v))
		if field == "clock" {
			w, code = layout.ParseClock([]byte(v))
		}
		common = common && code == "" && (w.HasDay || field == "clock")
	}
	if common {
		return nil, false
	}
	for _, f := range draftFormats {
		df, err := layout.CompileDateFormat(f)
		if err == nil && !slices.ContainsFunc(c.values, func(v string) bool {
			_, ok := df.Match([]byte(v), record.Civil(2026, 7, 1))
			return v != "" && !ok
		}) {
			formats = append(formats, f)
		}
	}
	if len(formats) == 0 {
		return nil, false
	}
	days := regexp.MustCompile("[^DM]+")
	for _, f := range formats[1:] {
		if strings.Contains(f, "D") && strings.Compare(squeeze(days.ReplaceAllString(f, "")), squeeze(days.ReplaceAllString(formats[0], ""))) != 0 {
			return formats, true
		}
	}
	return formats[:1], false
}

// squeeze keeps the order of days and months only.
func squeeze(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "DD", "D"), "MM", "M")
}

// tomlWords lists the words that the file's vocabularies use.
func (d *drafting) tomlWords(line writeLine, note writeNote) {
	for _, v := range []struct {
		field  string
		names  map[string]layout.Meaning
		common func(string) layout.Meaning
		like   func(string) string
	}{
		{"kind", layout.KindNames, layout.CommonKind, likeKind},
		{"status", layout.StatusNames, layout.CommonStatus, likeStatus},
		{"direction", layout.DirectionNames, layout.CommonDirection, nil},
	} {
		i := slices.IndexFunc(d.Guess, func(g ColumnGuess) bool { return g.Field == v.field })
		if i < 0 {
			continue
		}
		byMeaning := map[string][]string{}
		var unknown []string
		for _, w := range d.t.columns[i].distinctWords() {
			switch m := v.common(layout.NormWord(w)); {
			case m == layout.MeansReject:
				unknown = append(unknown, w)
			default:
				n := meaningOf(m, v.names)
				byMeaning[n] = append(byMeaning[n], w)
			}
		}
		note("样本中 %s 列的词", "the words of %s in the sample", d.t.columns[i].header)
		line("[words.%s]", v.field)
		for _, m := range sortedKeys(byMeaning) {
			line("%s = %s", m, tomlList(byMeaning[m]))
		}
		for _, w := range unknown {
			guess := ""
			if v.like != nil {
				guess = v.like(layout.NormWord(w))
			}
			if guess == "" {
				guess = "?"
			}
			note("不认得，出现它的行会被拒绝；确定含义后去掉 #", "not known: its rows are rejected; remove the # when it is clear what it means")
			line("# %s = %s", guess, tomlList([]string{w}))
		}
		if d.t.columns[i].filled < len(d.t.columns[i].values) && v.field != "direction" {
			line("empty = %s", tomlString(map[string]string{"kind": "sale", "status": "ok"}[v.field]))
		}
		line("")
	}
}

// likeKind and likeStatus are what an unknown word may mean.
func likeKind(w string) string {
	switch {
	case strings.Contains(w, "退"):
		return "refund"
	case strings.Contains(w, "撤"), strings.Contains(w, "反"):
		return "void"
	case strings.Contains(w, "冲"):
		return "reversal"
	}
	return "sale"
}

func likeStatus(w string) string {
	switch {
	case strings.Contains(w, "未"), strings.Contains(w, "待"), strings.Contains(w, "中"):
		return "pending"
	case strings.Contains(w, "败"), strings.Contains(w, "消"), strings.Contains(w, "关"), strings.Contains(w, "拒"):
		return "failed"
	}
	return "ok"
}

func meaningOf(m layout.Meaning, names map[string]layout.Meaning) string {
	for _, n := range sortedKeys(names) {
		if names[n] == m {
			return n
		}
	}
	return "skip"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// distinctWords are the texts of a column, at most 40, in order.
func (c *draftColumn) distinctWords() (words []string) {
	for _, v := range c.values {
		if v != "" && !slices.Contains(words, v) && len(words) < 40 {
			words = append(words, v)
		}
	}
	slices.Sort(words)
	return words
}

// commentSafe keeps text on one line of a comment.
func commentSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, s)
}

// tomlString is a text as TOML writes it.
func tomlString(s string) string {
	if !strings.ContainsAny(s, "'\n\r\t") && strings.Contains(s, `\`) {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7F:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

func tomlList(list []string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		parts[i] = tomlString(s)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
