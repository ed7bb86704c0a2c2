package parse

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"golang.org/x/text/encoding/unicode"
)

// said is what reading an input comes to, in short: how many rows were accepted,
// which codes were said about rows and files, and the total.
func said(t *testing.T, name string, content []byte, opt *Options) string {
	t.Helper()
	if opt == nil {
		opt = &Options{AsOf: record.Civil(2026, 3, 10), Layouts: builtin(t)}
	}
	path := store(t, name, content)
	text := readAll(t, path, opt)
	if plain := strings.NewReplacer(" ", "", "-", "").Replace(text); strings.Contains(plain, secretCard) {
		t.Errorf("%s: a card number came through:\n%s", name, text)
	}
	var codes []string
	for _, p := range problemsOf(t, path, record.SideUnknown, opt) {
		for _, l := range []problem.Lang{problem.ZH, problem.EN} {
			if s := p.Text(l); strings.Contains(s, secretCard) || strings.ContainsAny(s, "\x1b\x00\n\u202e") {
				t.Errorf("%s: unsafe message %q", name, s)
			}
		}
		codes = append(codes, fmt.Sprint(string(p.Code), ":", p.Line))
	}
	rows := strings.Count(text, "{Pos:0")
	sum := "-"
	if i := strings.Index(text, "[{CNY "); i >= 0 && rows > 0 {
		sum = strings.Trim(strings.Fields(text[i+6:])[1], "}]")
	}
	return strings.TrimSpace(fmt.Sprintf("%d rows %s %s", rows, sum, strings.Join(codes, " ")))
}

// secretCard is a number with a right check digit that belongs to nobody.
const secretCard = "6222029999999999992"

// A badInput is a file and what comes of it.
type badInput struct{ what, name, content, want string }

// Every kind of bad input that concerns reading, and what comes of it. "N rows
// SUM" with codes after it is never silent: a code makes the run end with 3.
func TestBadInput(t *testing.T) {
	for _, c := range badInputs(t) {
		if got := said(t, c.name, []byte(c.content), nil); got != c.want {
			t.Errorf("%s: %s, want %s", c.what, got, c.want)
		}
	}
}

// Whatever is wrong with a file, and on whatever side it is given, the file
// beside it is read as if it were alone, and what is wrong is not missed.
func TestAGoodFileBesideBadInputIsRead(t *testing.T) {
	t.Parallel()
	layouts := builtin(t)
	good := map[record.Side]string{
		record.SidePos:      tillHead + "G1,2026-03-01 10:00:00,消费,成功,5.00\nG2,2026-03-01 10:00:00,消费,成功,6.00\n",
		record.SideClearing: "清算日期,交易时间,参考号,手续费,金额\n2026-03-01,2026-03-01 10:00:00,G1,0.03,5.00\n2026-03-01,2026-03-01 10:00:00,G2,0.03,6.00\n",
		record.SideBank:     "交易日期,收入金额,支出金额,余额,对方户名,摘要\n2026-03-02,5.00,,105.00,甲,G1\n2026-03-03,6.00,,111.00,甲,G2\n",
	}
	for _, c := range badInputs(t) {
		path := store(t, c.name, []byte(c.content))
		for side, text := range good {
			beside := store(t, "good.csv", []byte(text))
			in, err := Open(t.Context(), []PathSide{{Path: path, Side: side}, {Path: beside, Side: side}}, &Options{AsOf: record.Civil(2026, 3, 10), Layouts: layouts})
			if err != nil {
				t.Errorf("%s as %v: %v", c.what, side, err)
				continue
			}
			rows := 0
			for try := 0; ; try++ {
				rows = 0
				var out *OutcastError
				err := in.Sets[side].Scan(t.Context(), 1, 0, func(int) func(*record.Row) {
					return func(r *record.Row) {
						if in.Sets[side].docs[r.Doc].file.Path == beside {
							rows++
						}
					}
				})
				if err == nil || !errors.As(err, &out) || try > 2 {
					if err != nil {
						t.Errorf("%s as %v: %v", c.what, side, err)
					}
					break
				}
			}
			missed := false
			for _, f := range in.Files {
				if f.Path == beside && (!f.Used || f.Accepted != 2 || len(f.Problems) > 0) || rows != 2 {
					t.Errorf("%s as %v: the good file has %d rows, %v", c.what, side, rows, texts(f.Problems))
				}
				missed = missed || f.Path != beside && f.Incomplete()
			}
			if told := strings.Contains(c.want, ":") && !strings.Contains(c.want, "odd_dates"); told && !missed {
				t.Errorf("%s as %v: nobody is told", c.what, side)
			}
			in.Close()
		}
	}
}

func badInputs(t *testing.T) []badInput {
	h := tillHead
	row := func(id, amount string) string { return id + ",2026-03-01 10:00:00,消费,成功," + amount + "\n" }
	two := row("A1", "5.00") + row("A2", "6.00")
	tab := func(cell string) string {
		return "小票号\t交易时间\t金额\nA1\t2026-03-01 10:00:00\t" + cell + "\n"
	}
	at := func(cell string) string { return "小票号\t交易时间\t金额\nA1\t" + cell + "\t5.00\n" }
	utf16 := func(s string, e unicode.Endianness) string { return string(utf16Text(t, []byte(s), e)) }
	xlsx := string(workbookOf(t, [][]any{{"小票号", "交易时间", "金额"}, {"A1", "2026-03-01 10:00:00", 5}}))
	long := strings.Repeat("长", 20<<10)
	return []badInput{
		{"as it should be", "a.csv", h + two, "2 rows 11.00"},
		// truncated
		{"cut at a line's end", "a.csv", strings.TrimSuffix(h+two, "\n"), "2 rows 11.00"},
		{"cut in the middle of a row", "a.csv", h + two + "A3,2026-03-01 10:0", "0 rows - file_cut_off:0"},
		{"cut in the middle of a character", "a.csv", h + two + "A3,2026-03-01 10:00:00,\xE6\xB6", "0 rows - file_cut_off:0"},
		{"cut in the last amount", "a.csv", h + two + two + row("A5", "7.00") + "A3,2026-03-01 10:00:00,消费,成功,1", "0 rows - file_cut_off:0"},
		{"cut before the last amount", "a.csv", h + two + two + "A3,2026-03-01 10:00:00,消费,成功,", "4 rows 22.00 empty_required:6"},
		{"cut in a quoted cell", "a.csv", h + two + "A3,2026-03-01 10:00:00,\"消费", "0 rows - file_cut_off:0"},
		{"cut in the last number", "a.csv", "交易时间,金额,小票号\n" + strings.Repeat("2026-03-01 10:00:00,5.00,260301000001\n", 3) + "2026-03-01 10:00:00,5.00,26030", "0 rows - file_cut_off:0"},
		{"a short row within", "a.csv", h + "A3,2026-03-01 10:00:00\n" + two, "2 rows 11.00 short_row:2"},
		{"cut workbook", "a.xlsx", xlsx[:len(xlsx)/2], "0 rows - archive_damaged:0"},
		// encodings
		{"GB18030, four bytes", "a.csv", string(gbk(strings.Replace(h+two, "消费", "消费", 1) + "𠮷,2026-03-01 10:00:00,消费,成功,1.00\n")), "3 rows 12.00"},
		{"neither", "a.csv", "\xFF\xFF\xFD\xC0\xC1\x80\x81,\xFF\n\xFF,\xFF\n", "0 rows - unknown_encoding:0"},
		{"mixed", "a.csv", h + two + string(gbk(row("A3", "1.00"))), "2 rows 11.00 mixed_encoding:4"},
		{"mixed, UTF-8 that is valid GBK", "a.csv", string(gbk(h+two)) + row("A3", "1.00") + string(gbk(row("A4", "2.00"))), "3 rows 13.00 mixed_encoding:4"},
		{"mixed, with a delimiter within characters", "a.txt", strings.ReplaceAll(string(gbk(h+two))+row("A3", "1.00")+string(gbk(row("A4", "2.00"))), ",", "|"), "3 rows 13.00 mixed_encoding:4"},
		{"mixed, mostly UTF-8 that is valid GBK", "a.csv", h + two + row("A3", "1.00") + string(gbk(row("A4", "2.00"))), "3 rows 12.00 mixed_encoding:5"},
		{"GBK that is valid UTF-8", "a.csv", string(gbk("小票号,交易时间,金额,备注\nA1,2026-03-01 10:00:00,5.00,联通\n")), "1 rows 5.00"},
		{"garbled", "a.csv", string(mojibake(h + two)), "0 rows - garbled_text:1"},
		{"as Latin-1", "a.csv", "\u00c3\u00a8\u00c2\u00ae\u00c2\u00a2", "0 rows - unknown_layout:0"},
		{"NUL at the end", "a.csv", h + two + "\x00\x00\x00\x00", "0 rows - file_unfinished:0"},
		{"NUL within", "a.csv", h + row("A\x001", "5.00") + row("A2", "6.00"), "1 rows 6.00 nul_byte:2"},
		{"UTF-16 with tabs", "a.csv", utf16(strings.ReplaceAll(h+two, ",", "\t"), unicode.LittleEndian), "2 rows 11.00"},
		{"UTF-16 big-endian", "a.csv", utf16(h+two, unicode.BigEndian), "2 rows 11.00"},
		// shapes
		{"a field of 60 KiB", "a.csv", "小票号,交易时间,金额,备注\nA1,2026-03-01 10:00:00,5.00," + long + "\n", "1 rows 5.00"},
		{"a field above 64 KiB", "a.csv", "小票号,交易时间,金额,备注\nA1,2026-03-01 10:00:00,5.00," + long + long + "\nA2,2026-03-01 10:00:00,6.00,x\n", "1 rows 6.00 long_field:2"},
		{"an unbalanced quote", "a.csv", h + "\"A1,2026-03-01 10:00:00,消费,成功,5.00\n" + row("A2", "6.00"), "1 rows 6.00 lone_quote:2"},
		{"a separator in a value", "a.csv", h + row("A1", "1,234.00") + row("A2", "6.00"), "1 rows 6.00 long_row:2"},
		{"CR only", "a.csv", strings.ReplaceAll(h+two, "\n", "\r"), "2 rows 11.00"},
		{"header doubled", "a.csv", "小票号,交易时间,金额,金额\nA1,2026-03-01,5,6\n", "0 rows - doubled_column:1"},
		{"header lacks the amount", "a.csv", "小票号,交易时间\nA1,2026-03-01\n", "0 rows - unknown_layout:0"},
		{"the header again", "a.csv", h + row("A1", "5.00") + h + row("A2", "6.00"), "2 rows 11.00"},
		{"a row above the header", "a.csv", row("A1", "5.00") + h + row("A2", "6.00"), "0 rows - row_above_header:1"},
		{"a summary above the header", "a.csv", "笔数,金额\n2,11.00\n\n" + h + two, "2 rows 11.00"},
		{"no header", "a.csv", "A1,2026-03-01 10:00:00,5.00\nA2,2026-03-01 10:00:00,6.00\n", "0 rows - unknown_layout:0"},
		{"an order number that looks like a comment", "a.csv", h + row("#1001", "5.00"), "1 rows 5.00"},
		{"a terminal that looks like a total", "a.csv", "终端号,小票号,交易时间,金额\nTOTAL-01,A1,2026-03-01 10:00:00,5.00\n", "1 rows 5.00"},
		{"totals wrong by a fen", "a.csv", h + two + "合计,,,,11.01\n", "0 rows - control_amount:4"},
		{"totals right", "a.csv", h + two + "合计,,,,11.00\n", "2 rows 11.00"},
		{"totals in a sentence, wrong", "a.csv", h + two + "合计：2笔，金额11.01元\n", "0 rows - control_amount:4"},
		{"totals in a sentence, rows wrong", "a.csv", h + two + "合计：3笔，金额11.00元\n", "0 rows - control_rows:4"},
		{"totals in a sentence, right", "a.csv", h + two + "合计: 2 笔, 交易金额：11.00 元\n", "2 rows 11.00"},
		{"totals in a sentence, over cells", "a.csv", h + two + "共计2笔,金额：￥12.00,,,\n", "0 rows - control_amount:4"},
		{"totals of a part", "a.csv", h + two + "合计(微信)：1笔，金额5.00元\n", "2 rows 11.00"},
		{"totals in a sentence that begins otherwise", "a.csv", h + two + "总笔数：2 总金额：11.01\n", "0 rows - control_amount:4"},
		{"totals in two lines", "a.csv", h + two + "总笔数：2\n总金额：11.01元\n", "0 rows - control_amount:5"},
		{"totals as names and values", "a.csv", h + two + "总笔数,3,总金额,11.00\n", "0 rows - control_rows:4"},
		{"totals as names and values, right", "a.csv", h + two + "总笔数,2,总金额,11.00\n", "2 rows 11.00"},
		{"totals of the refunds alone", "a.csv", h + two + "总笔数：2\n退款总笔数：0\n", "2 rows 11.00"},
		{"totals with a sum together", "a.csv", h + two + "合计：2笔，共11.01元\n", "0 rows - control_amount:4"},
		{"only the number of rows", "a.csv", h + two + "共3笔\n", "0 rows - control_rows:4"},
		{"totals elsewhere than the amounts", "a.csv", h + two + "合计,2,11.01\n", "0 rows - control_amount:4"},
		{"totals elsewhere, rows wrong", "a.csv", h + two + "合计,3,11.00\n", "0 rows - control_rows:4"},
		{"totals elsewhere, right", "a.csv", h + two + "合计,2,11.00\n", "2 rows 11.00"},
		{"a number of rows beside the total", "a.csv", h + two + "合计,3,,,11.00\n", "0 rows - control_rows:4"},
		{"a number of rows with the word", "a.csv", h + two + "总计：2,,,,11.01\n", "0 rows - control_amount:4"},
		{"a total of one currency", "a.csv", h + two + "人民币合计,,,,11.01\n", "0 rows - control_amount:4"},
		{"totals of two currencies", "a.csv", h + two + "人民币合计,,,,5.00\n美元合计,,,,6.00\n", "2 rows 11.00"},
		{"a total in the title", "a.csv", "总笔数：2 总金额：12.00\n" + h + two, "0 rows - control_amount:1"},
		{"a count in the title", "a.csv", "总笔数：3\n" + h + two, "0 rows - control_rows:1"},
		// money
		{"thousands", "a.txt", tab("1,234.56"), "1 rows 1234.56"},
		{"yuan sign", "a.txt", tab("￥1,234.56"), "1 rows 1234.56"},
		{"full width", "a.txt", tab("１，２３４．５６"), "1 rows 1234.56"},
		{"brackets", "a.txt", tab("(100.00)"), "1 rows -100.00"},
		{"minus behind", "a.txt", tab("100-"), "1 rows -100.00"},
		{"three decimals", "a.txt", tab("1.005"), "0 rows - amount_decimals:2"},
		{"trailing zeros", "a.txt", tab("1.2300"), "1 rows 1.23"},
		{"float noise", "a.txt", tab("12.340000000000001"), "0 rows - amount_decimals:2"},
		{"exponent", "a.txt", tab("1e3"), "0 rows - amount_exponent:2"},
		{"NaN", "a.txt", tab("NaN"), "0 rows - bad_amount:2"},
		{"hexadecimal", "a.txt", tab("0x10"), "0 rows - bad_amount:2"},
		{"overflow", "a.txt", tab("99999999999999999999"), "0 rows - amount_range:2"},
		{"malformed thousands", "a.txt", tab("1,00.00"), "0 rows - bad_amount:2"},
		{"decimal comma", "a.txt", tab("1.234,56"), "0 rows - amount_decimals:2"},
		{"words", "a.txt", tab("免费"), "0 rows - bad_amount:2"},
		{"empty", "a.txt", tab(""), "0 rows - empty_required:2"},
		// identifiers
		{"lost digits", "a.csv", h + row("1.23457E+17", "5.00"), "0 rows - lost_precision:2"},
		{"guards", "a.csv", h + row("=\"00123\"", "5.00") + row("`00124", "5.00") + row("'00125", "5.00"), "3 rows 15.00"},
		// times
		{"24:00:00", "a.txt", at("2026-03-01 24:00:00"), "1 rows 5.00"},
		{"second 60", "a.txt", at("2026-03-01 10:00:60"), "0 rows - bad_time:2"},
		{"a serial day", "a.txt", at("46082.5"), "1 rows 5.00"},
		{"one digit", "a.txt", at("2026/1/5 9:03"), "1 rows 5.00"},
		{"one digit everywhere", "a.txt", at("2026-1-5 9:3:0"), "1 rows 5.00"},
		{"cut in the last time", "a.csv", "小票号,金额,交易时间\n" + strings.Repeat("A1,5.00,2026-03-01 10:30:00\n", 3) + "A2,6.00,2026-03-01 10:3", "0 rows - file_cut_off:0"},
		{"day or month", "a.txt", at("03/04/2026"), "0 rows - ambiguous_time:2"},
		{"no such day", "a.txt", at("2026-02-30"), "0 rows - bad_time:2"},
		{"the future", "a.txt", at("2031-01-01"), "1 rows 5.00 odd_dates:0"},
		{"two days after the day of the run", "a.txt", at("2026-03-12"), "1 rows 5.00 odd_dates:0"},
		{"the day after that of the run", "a.txt", at("2026-03-11 23:59:59"), "1 rows 5.00"},
		{"cleared before it was traded", "a.csv", "清算日期,结算日期,交易时间,参考号,手续费,金额\n2026-02-28,2026-03-02,2026-03-01 10:00:00,R1,0.03,5.00\n2026-03-01,2026-03-02,2026-03-01 10:00:00,R2,0.03,6.00\n", "2 rows 11.00 odd_dates:0"},
		{"settled before it was traded", "a.csv", "清算日期,结算日期,交易时间,参考号,手续费,金额\n2026-03-01,2026-02-02,2026-03-01 10:00:00,R1,0.03,5.00\n", "1 rows 5.00 odd_dates:0"},
		{"to be settled next month", "a.csv", "清算日期,结算日期,交易时间,参考号,手续费,金额\n2026-03-01,2026-04-02,2026-03-01 10:00:00,R1,0.03,5.00\n", "1 rows 5.00"},
		{"to be settled next year", "a.csv", "清算日期,结算日期,交易时间,参考号,手续费,金额\n2026-03-01,2027-03-02,2026-03-01 10:00:00,R1,0.03,5.00\n", "1 rows 5.00 odd_dates:0"},
		{"Unix time", "a.txt", at("1772330400"), "0 rows - bad_time:2"},
		// containers by their content
		{"CSV named .xlsx", "a.xlsx", h + two, "2 rows 11.00"},
		{"XLSX named .csv", "a.csv", xlsx, "1 rows 5.00"},
		{"XLSX named .xls", "a.xls", xlsx, "1 rows 5.00"},
		{"HTML named .xls", "a.xls", string(htmlOf([][]string{{"小票号", "交易时间", "金额"}, {"A1", "2026-03-01 10:00:00", "5.00"}})), "1 rows 5.00"},
		{"PDF", "a.csv", "%PDF-1.7\n%\xE2\xE3\xCF\xD3\n", "0 rows - not_data:0"},
		{"noise", "a.csv", "\x01\x02\x03\x04\x05\x06\x07\x08\x0e\x0f\x10\x11\x12\x13", "0 rows - not_data:0"},
		{"nothing", "a.csv", "", "0 rows - empty_file:0"},
		{"blanks", "a.csv", " \r\n \r\n", "0 rows - empty_file:0"},
		// what somebody put there to do harm
		{"a zip bomb", "a.gz", string(gzipped(bytes.Repeat([]byte{'0'}, 64<<20))), "0 rows - archive_ratio:0"},
		{"a path out of the folder", "a.zip", string(makeZip(t, zipEntry{name: "../../etc/passwd", data: h + two})), "2 rows 11.00"},
		{"escape sequences", "a.csv", "小票号,交易时间,金额,备注\nA1,\x1b[31m2026,5.00,\x1b]0;x\x07\u202e\n", "0 rows - bad_time:2"},
		{"a formula", "a.csv", "小票号,交易时间,金额,备注\nA1,2026-03-01 10:00:00,5.00,=cmd|' /C calc'!A0\n", "1 rows 5.00"},
		{"card numbers", "a.csv", "小票号,交易时间,金额,卡号,备注,顾客姓名,门店,支付方式,卡类型\nA1,2026-03-01 10:00:00,5.00," + secretCard + ",卡" + secretCard + "退," + secretCard + "," + secretCard + "," + secretCard + "," + secretCard + "\n", "1 rows 5.00"},
		{"a card number in groups", "a.csv", "小票号,交易时间,金额,备注\nA1,2026-03-01 10:00:00,5.00,卡6222-0299-9999-9999-992退\nA2,2026-03-01 10:00:00,5.00,6222 0299 9999 9999 992\n", "2 rows 10.00"},
		{"card numbers in rejects", "a.csv", "小票号,交易时间,金额,卡号\nA1," + secretCard + ",5.00,1\nA2,2026-03-01," + secretCard + ".123,1\n" + secretCard + "\n", "0 rows - bad_time:2 amount_range:3 short_row:4"},
	}
}
