package parse

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/unpack"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// errorCase is a minimal input that causes one message.
type errorCase struct {
	name    string
	content []byte
	opt     Options
	side    record.Side
}

// notByAFile are the codes that no file can cause, and why.
var notByAFile = map[problem.Code]string{
	unpack.CodeSpool:      "the temporary folder is full",
	unpack.CodeUnreadable: "the disk or its permissions",
	codeChanged:           "somebody writes to the file meanwhile",
	codeNotFound:          "there is no file",
	codeNotRegular:        "a folder",
	codeTooLarge:          "a terabyte",

	codeSeveralTables:       "of contracts and days off, which are no data files",
	codeTableCoding:         "of contracts and days off, which are no data files",
	codeTableLine:           "of contracts and days off, which are no data files",
	codeTableQuote:          "of contracts and days off, which are no data files",
	layout.CodeNoSuchLayout: "a flag",
	codeNoTable:             "only drafting says so",
}

const (
	tillHead = "小票号,交易时间,交易类型,状态,金额\n"
	tillRow  = "A1,2026-03-01 10:00:00,消费,成功,5.00\n"
)

func till(cells string) []byte { return []byte(tillHead + cells + "\n") }

func errorCases(t *testing.T) map[problem.Code]errorCase {
	text := func(s string) []byte { return []byte(s) }
	bank := func(row string) []byte {
		return []byte("交易日期,收入金额,支出金额,账户余额,币种\n" + row + "\n")
	}
	sheet := func(rows string) []byte { return bookOf(t, rows) }
	rel := func(target string) string {
		return `<Relationships ` + nsRels + `><Relationship Id="rId1" Type="` + relTyp + `officeDocument" Target="` + target + `"/></Relationships>`
	}
	inSheet := func(row string) string {
		return `<row r="1"><c r="A1" t="inlineStr"><is><t>小票号</t></is></c><c r="B1" t="inlineStr"><is><t>交易时间</t></is></c><c r="C1" t="inlineStr"><is><t>金额</t></is></c></row>` + row
	}
	cases := map[problem.Code]errorCase{
		// the side
		layout.CodeSideUnknown:  {content: text("商户号,终端号,交易时间,参考号,金额\n898310000000001,10000001,2026-03-01 09:00:00,000000000001,10.00\n")},
		codeUnusedMoney:         {name: "a.xlsx", content: workbookOf(t, [][]any{{"小票号", "交易时间", "金额"}, {"A1", "2026-03-01 10:00:00", "5.00"}}, [][]any{{"门店", "笔数", "金额"}, {"一店", 1, 5}})},
		codeOwnResult:           {name: "settlements.csv", content: text("settlement_id,credit,timing,days_late,flags,acquirer\na/1/2026-03-01,full,on_time,0,,a\n")},
		codeLockFile:            {name: "~$a.xlsx", content: text("somebody")},
		layout.CodeSideOpen:     {content: text("门店,订单号,交易时间,支付方式,金额,手续费\nA店,A1,2026-03-01 09:00:00,微信,10.00,0.06\n")},
		layout.CodePersonalBill: {content: text("交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n2026-03-01 10:00:00,商户消费,某店,早餐,支出,￥5.00,零钱,支付成功,4200,A1,/\n")},
		// rows
		layout.CodeEmptyRequired:  {content: till("A1,2026-03-01 10:00:00,消费,成功,")},
		layout.CodeBadAmount:      {content: till("A1,2026-03-01 10:00:00,消费,成功,五元")},
		layout.CodeAmountExponent: {content: till("A1,2026-03-01 10:00:00,消费,成功,1e3")},
		layout.CodeAmountDecimals: {content: till("A1,2026-03-01 10:00:00,消费,成功,1.005")},
		layout.CodeAmountRange:    {content: till("A1,2026-03-01 10:00:00,消费,成功,999999999999999.00")},
		layout.CodeAmountUnit:     {content: text("小票号,交易时间,金额(分)\nA1,2026-03-01 10:00:00,5.00\n")},
		layout.CodeBothSides:      {content: bank("2026-03-01,5.00,6.00,100.00,人民币")},
		layout.CodeNoAmount:       {content: bank("2026-03-01,,,100.00,人民币")},
		layout.CodeEmptyWord:      {content: till("A1,2026-03-01 10:00:00,消费,成功,5.00\nA2,2026-03-01 11:00:00,,成功,6.00")},
		layout.CodeSplitAmount:    {content: []byte("小票号,交易时间,金额,备注,门店\nA1,2026-03-01 10:00:00,5.00,无,一店\nA2,2026-03-01 11:00:00,1,234.00,一店\n")},
		layout.CodeBadCurrency:    {content: bank("2026-03-01,5.00,,100.00,贝壳")},
		layout.CodeBadTime:        {content: till("A1,2026-02-30 10:00:00,消费,成功,5.00")},
		layout.CodeAmbiguousTime:  {content: till("A1,03/04/2026,消费,成功,5.00")},
		layout.CodeClockOnly:      {content: till("A1,10:00:00,消费,成功,5.00")},
		layout.CodeLostPrecision:  {content: till("1.23457E+17,2026-03-01 10:00:00,消费,成功,5.00")},
		layout.CodeBadIdentifier:  {content: till(strings.Repeat("A", 201) + ",2026-03-01 10:00:00,消费,成功,5.00")},
		layout.CodeUnknownKind:    {content: till("A1,2026-03-01 10:00:00,赠送,成功,5.00")},
		layout.CodeUnknownStatus:  {content: till("A1,2026-03-01 10:00:00,消费,也许,5.00")},
		layout.CodeUnknownWord:    {content: text("交易日期,借贷标志,交易金额,账户余额\n2026-03-01,平,5.00,100.00\n")},
		layout.CodeShortRow:       {content: till("A1,2026-03-01 10:00:00,消费")},
		layout.CodeLongRow:        {content: till("A1,2026-03-01 10:00:00,消费,成功,1,234.00")},
		layout.CodeLineShape:      {name: "IND26030101ACOMN", content: text(acomnLine + "\n" + acomnLine[:80] + "\n" + acomnLine + "\n"), opt: Options{Layout: Overrides{{Value: "unionpay-acomn"}}}},
		layout.CodeTwoInOne:       {content: text("小票号,交易时间,金额,退款金额\nA1,2026-03-01 10:00:00,5.00,2.00\n")},
		layout.CodeUnreadColumn:   {content: text("小票号,交易时间,金额,收银动作\nA1,2026-03-01 10:00:00,5.00,退款\n")},
		codeFormula:               {name: "book.xlsx", content: sheet(inSheet(`<row r="2"><c r="A2"><f>1+1</f></c></row>`))},
		// records
		codeLoneQuote:   {content: till("\"A1,2026-03-01 10:00:00,消费,成功,5.00\n" + tillRow)},
		codeLongRecord:  {content: till(strings.Repeat("A1,", 60) + "5.00"), opt: Options{Limits: problem.Limits{Record: 100}}},
		codeLongField:   {content: till(strings.Repeat("A", 60) + ",2026-03-01 10:00:00,消费,成功,5.00"), opt: Options{Limits: problem.Limits{Field: 50}}},
		codeManyColumns: {content: till(strings.Repeat("1,", 20) + "5.00"), opt: Options{Limits: problem.Limits{Columns: 10}}},
		codeNUL:         {content: till("A\x001,2026-03-01 10:00:00,消费,成功,5.00\n" + tillRow)},
		codeCoding:      {content: append(till("A1,2026-03-01 10:00:00,消费,成功,5.00"), "A2\xFF\xFF,2026-03-01 10:00:00,x,x,5.00\n"...), opt: Options{Encoding: Overrides{{Value: "utf-8"}}}},
		codeMixedCoding: {content: append(till("A1,2026-03-01 10:00:00,消费,成功,5.00"), gbk("A2,2026-03-01 10:00:00,消费,成功,5.00\n")...)},
		// files
		codeUnknownCoding:          {content: text("\xFF\xFF\xFF\xFF\xC0\xC1,\xFE\xFE\n")},
		codeMisnamed:               {content: text(tillHead + tillRow), opt: Options{Encoding: Overrides{{Value: "gbk"}}}},
		codeUnfinished:             {content: text(tillHead + tillRow + "\x00\x00\x00\x00")},
		codeCutOff:                 {content: text(tillHead + tillRow + "A2,2026-03-01 10:0")},
		codeSumRange:               {content: till(strings.Repeat("A1,2026-03-01 10:00:00,消费,成功,300000000000000.00\n", 320))},
		codeTooManyRejects:         {content: text(tillHead + strings.Repeat("A1,x,x,x,x\n", maxRejects+2))},
		layout.CodeGarbled:         {content: mojibake("小票号,交易时间,交易类型,状态,金额\nA1,2026-03-01 10:00:00,消费,成功,5.00\n")},
		layout.CodeTextLost:        {content: text("锟斤拷,锟斤拷,锟斤拷\nA1,2026-03-01 10:00:00,5.00\n")},
		layout.CodeUnknownLayout:   {content: text("姓名,年龄,城市\n张三,30,上海\n")},
		layout.CodeMissingColumns:  {content: text("交易时间,商户号,微信订单号,商户订单号,交易状态,手续费\n")},
		layout.CodeDoubledColumn:   {content: text("小票号,交易时间,金额,金额\nA1,2026-03-01 10:00:00,5.00,6.00\n")},
		layout.CodeAmbiguousLayout: {content: text("单,时,额\nA1,2026-03-01,5\n"), opt: Options{Layouts: own(t, basis("one", "pos")+"format.unit = \"yuan\"\n"+someColumns, basis("two", "pos")+"format.unit = \"yuan\"\n"+someColumns)}},
		layout.CodeWrongSide:       {name: "JS_20260301.txt", content: text("商户编号|交易日期|交易时间|终端号|拉卡拉流水号|交易金额(分)|手续费(分)|结算金额(分)|结算日期|结算状态\n"), side: record.SidePos},
		layout.CodeUnitConflict:    {content: text("单,时,额(元)\nA1,2026-03-01,5\n"), opt: Options{Layouts: own(t, basis("three", "pos")+strings.Replace(someColumns, "names = [\"额\"]", "names = [\"额\"]\nunit = \"fen\"", 1))}},
		layout.CodeEmptyFile:       {content: text("")},
		codeNoRows:                 {content: text("小票号,交易时间,支付方式,金额\n")},
		layout.CodeBalanceBroken:   {content: bank("2026-03-01,5.00,,105.00,人民币\n2026-03-02,6.00,,111.00,人民币\n2026-03-03,7.00,,119.00,人民币")},
		layout.CodeBalanceTurned:   {content: bank("2026-03-01,5.00,,95.00,人民币\n2026-03-02,6.00,,89.00,人民币\n2026-03-03,7.00,,82.00,人民币")},
		layout.CodeOpeningBalance:  {content: append([]byte("期初余额：90.00\n"), bank("2026-03-01,5.00,,105.00,人民币\n2026-03-02,6.00,,111.00,人民币")...)},
		layout.CodeClosingBalance:  {content: append([]byte("期末余额：117.00\n"), bank("2026-03-01,5.00,,105.00,人民币\n2026-03-02,6.00,,111.00,人民币")...)},
		layout.CodeNetDiffers:      {content: text("交易时间,终端号,参考号,交易金额,手续费,结算金额\n2026-03-01 10:00:00,10000001,123456789012,100.00,0.60,99.00\n")},
		layout.CodeNetUnread:       {content: text("交易时间,终端号,参考号,交易金额,手续费,增值费,结算金额\n2026-03-01 10:00:00,10000001,123456789012,100.00,0.60,0.40,99.00\n")},
		layout.CodeMoneyUnread:     {content: text("交易时间,终端号,参考号,交易金额,增值费,结算金额\n2026-03-01 10:00:00,10000001,123456789012,100.00,1.00,99.00\n")},
		layout.CodeIdentityBroken:  {content: text("通联订单号|订单类型|交易金额(分)|平台抽佣(分)|交易时间|商户订单号|原商户订单号|原通联订单号|支付模式|扩展参数|结算金额|预留1|预留2|预留3|渠道金额|渠道流水号|渠道手续费(分)|渠道交易类型|卡号|卡类别|渠道商户号|门店名称|终端号|\n20260301000001|ZF|10000|100|20260301103045|A001|||微信扫码||9800||||10000|112600000001|60|VSP501|||560290000000001|一店|10000001|\n")},
		layout.CodeBatchOpen:       {content: text("Company Account,Merchant Account,Psp Reference,Creation Date,TimeZone,Type,Gross Currency,Gross Debit (GC),Gross Credit (GC),Net Currency,Net Debit (NC),Net Credit (NC),Batch Number\nG,S,8500000000000001,2026-03-01 10:30:45,CET,Settled,HKD,,5.00,HKD,,5.00,12\nG,S,,2026-03-03 00:00:00,CET,MerchantPayout,,,,HKD,4.00,,12\n")},
		layout.CodeControlRows:     {content: till("A1,2026-03-01 10:00:00,消费,成功,5.00\n合计：2笔,,,,")},
		layout.CodeControlAmount:   {content: till("A1,2026-03-01 10:00:00,消费,成功,5.00\n合计,,,,6.00")},
		layout.CodeControlMissing:  {content: cutTail(t, "testdata/layouts/wechat-trade/1600000001All20260301.csv", "总交易单数")},
		layout.CodeNoYear:          {content: text("交易日,记账日,交易摘要,人民币金额,卡号末四位,交易地金额\n12/29,12/30,还款,5.00,1234,5.00\n")},
		layout.CodeUnknownZone:     {content: text("订单号,交易时间,手续费,清算日期,金额\nA1,2026-03-01 10:00:00 XYZT,0.03,2026-03-01,5.00\n")},
		layout.CodeYearTwice:       {content: text("交易日期,摘要,收入,支出,余额\n01月05日,划款,5.00,,5.00\n06月01日,划款,5.00,,10.00\n10月09日,划款,5.00,,15.00\n02月03日,划款,5.00,,20.00\n")},
		layout.CodeOtherHeader:     {content: text("订单号,交易时间,手续费,清算日期,金额\nA1,2026-03-01 10:00:00,0.03,2026-03-01,5.00\n订单号,交易时间,金额,清算日期,手续费\nA2,2026-03-01 10:00:00,6.00,2026-03-01,0.04\n")},
		layout.CodeRowAbove:        {content: text(tillRow + tillHead + tillRow)},
		codeOddDates:               {content: till("A1,2026-03-01 10:00:00,消费,成功,5.00\nA2,2031-03-01 10:00:00,消费,成功,6.00")},
		codeFeesJoined: {name: "IND260301.zip", content: makeZip(t, zipEntry{name: "IND26030101ACOMN", data: acomnRow("000001", "0301103045", "01080209", feeMerchant, "10000", "0200", "000000")},
			zipEntry{name: "IND26030199ALFEE", data: alfeeRow("000001", "0301103045", "01080209", feeMerchant, "D3") + alfeeRow("000002", "0301103045", "01080209", feeMerchant, "D3")})},
		// containers
		unpack.CodePackDamaged:   {name: "a.gz", content: gzipped(till("A1"))[:20]},
		unpack.CodePackEncrypted: {name: "a.zip", content: makeZip(t, zipEntry{name: "a.csv", data: tillHead, head: func(h *zip.FileHeader) { h.Flags |= 1 }})},
		unpack.CodePackMethod:    {name: "a.zip", content: withMethod(makeZip(t, zipEntry{name: "a.csv", data: tillHead}), 97)},
		unpack.CodePackSplit:     {name: "a.zip", content: splitZip(makeZip(t, zipEntry{name: "a.csv", data: tillHead}))},
		unpack.CodePackLink:      {name: "a.zip", content: makeZip(t, zipEntry{name: "a.csv", data: "/etc/passwd", head: func(h *zip.FileHeader) { h.SetMode(os.ModeSymlink | 0o777) }})},
		unpack.CodePackedOther:   {name: "a.rar", content: text("Rar!\x1A\x07\x01\x00")},
		unpack.CodeArchiveDeep:   {name: "a.zip", content: nested(t, 4, till("A1"))},
		unpack.CodeArchiveEmpty:  {name: "a.zip", content: makeZip(t)},
		unpack.CodeArchiveMany:   {name: "a.zip", content: makeZip(t, zipEntry{name: "a.csv", data: tillHead}, zipEntry{name: "b.csv", data: tillHead}), opt: Options{Limits: problem.Limits{Entries: 1}}},
		unpack.CodeUnpackLarge:   {name: "a.gz", content: gzipped(till(strings.Repeat("A", 2000))), opt: Options{Limits: problem.Limits{Inflated: 1000}}},
		unpack.CodeUnpackRatio:   {name: "a.gz", content: gzipped(bytes.Repeat([]byte("0"), 1<<20)), opt: Options{Limits: problem.Limits{RatioFrom: 1 << 10}}},
		unpack.CodeNotData:       {name: "a.pdf", content: text("%PDF-1.7\n%\xE2\xE3\xCF\xD3\n")},
		unpack.CodeWebPage:       {name: "a.xls", content: text("<html><body><form>请登录</form></body></html>")},
		// workbooks
		unpack.CodeWorkbookOld:       {name: "a.xls", content: makeOLE(map[string][]byte{"Book": rec(0x0809, 0x0500, 5, 0, 0)}, "Book")},
		unpack.CodeWorkbookOther:     {name: "a.docx", content: makeBook(t, bookParts{rootRels: rel("word/document.xml")})},
		unpack.CodeWorkbookEncrypted: {name: "a.xlsx", content: makeOLE(map[string][]byte{"EncryptedPackage": make([]byte, 16), "EncryptionInfo": make([]byte, 16)}, "EncryptedPackage", "EncryptionInfo")},
		unpack.CodeWorkbookDamaged:   {name: "a.xlsx", content: makeBook(t, bookParts{strings: `<sst><si><t>a`})},
		unpack.CodeWorkbookEntity:    {name: "a.xlsx", content: makeBook(t, bookParts{workbook: `<!DOCTYPE x [<!ENTITY a "b">]><workbook/>`})},
		unpack.CodeWorkbookRows:      {name: "a.xlsx", content: sheet(inSheet(`<row r="2147483647"><c r="A2147483647"><v>1</v></c></row>`))},
		unpack.CodeWorkbookColumns:   {name: "a.xlsx", content: sheet(inSheet(`<row r="2"><c r="ZZ2"><v>1</v></c></row>`)), opt: Options{Limits: problem.Limits{Columns: 100}}},
		unpack.CodeWorkbookStrings:   {name: "a.xlsx", content: makeBook(t, bookParts{strings: `<sst><si><t>` + strings.Repeat("a", 200) + `</t></si></sst>`}), opt: Options{Limits: problem.Limits{Strings: 100}}},
		unpack.CodeWorkbookSheets:    {name: "a.xlsx", content: workbookOf(t, [][]any{{"a"}}, [][]any{{"b"}}), opt: Options{Limits: problem.Limits{Sheets: 1}}},
		codeNoSuchSheet:              {name: "a.xlsx", content: workbookOf(t, [][]any{{"a"}}), opt: Options{Sheet: Overrides{{Value: "三月"}}}},
		codeNotDataPart:              {name: "a.zip", content: makeZip(t, zipEntry{name: "a.csv", data: tillHead + tillRow}, zipEntry{name: "说明.txt", data: "本月账单\n"})},
		codeNoHeader:                 {name: "a.xlsx", content: workbookOf(t, [][]any{{"小票号", "交易时间", "金额"}, {"A1", "2026-03-01 10:00:00", "5.00"}}, [][]any{{"A2", "2026-03-01 11:00:00", "6.00"}})},
	}
	return cases
}

// acomnLine is one row of a UnionPay file, cut to its first 34 fields.
var acomnLine = func() string {
	b := []byte(strings.Repeat(" ", 300))
	for at, v := range map[int]string{0: "48379219", 12: "00049992", 24: "747302", 31: "0301162152", 42: "622262******4809", 62: "000000000100", 75: "000000000000", 88: " 00000000000",
		101: "0200", 106: "000000", 113: "5398", 118: "01080209", 127: "777290058160810", 143: "215228025551", 156: "00", 159: "028658", 166: "00049992", 185: "00", 188: "012"} {
		copy(b[at:], v)
	}
	return string(b)
}()

// mojibake is text in UTF-8 that was read as GB18030 and saved again.
func mojibake(s string) []byte {
	out, _ := simplifiedchinese.GB18030.NewDecoder().Bytes([]byte(s))
	return out
}

// cutTail is a file without what follows the last line that begins with a word.
func cutTail(t testing.TB, file, word string) []byte {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b[:bytes.LastIndex(b, []byte(word))]
}

func withMethod(z []byte, method byte) []byte {
	z = bytes.Clone(z)
	z[8] = method
	z[bytes.Index(z, []byte("PK\x01\x02"))+10] = method
	return z
}

// splitZip says that the directory is on the third disk.
func splitZip(z []byte) []byte {
	z[len(z)-18] = 2
	return z
}

func nested(t testing.TB, depth int, content []byte) []byte {
	name := "a.csv"
	for range depth {
		content = makeZip(t, zipEntry{name: name, data: string(content)})
		name = "a.zip"
	}
	return content
}

// TestErrorCorpus reads testdata/errors/<code>/<file> and compares what is said
// about it, in both languages, with <file>.want. With -update it writes both.
func TestErrorCorpus(t *testing.T) {
	for code, c := range errorCases(t) {
		t.Run(string(code), func(t *testing.T) {
			name := c.name
			if name == "" {
				name = "a.csv"
			}
			dir := filepath.Join("testdata/errors", string(code))
			path := filepath.Join(dir, name)
			if len(c.content) > 64<<10 {
				path = store(t, name, c.content) // too large to keep
			} else {
				keepFile(t, path, c.content)
			}
			if c.opt.Layouts == nil {
				c.opt.Layouts = builtin(t)
			}
			if c.opt.AsOf == 0 && code != layout.CodeNoYear {
				c.opt.AsOf = record.Civil(2026, 3, 10)
			}
			var said strings.Builder
			for _, p := range problemsOf(t, path, c.side, &c.opt) {
				if p.Code == code {
					fmt.Fprintf(&said, "%s\n%s\n", p.Text(problem.ZH), p.Text(problem.EN))
					break
				}
			}
			if said.Len() == 0 {
				t.Fatalf("says %v", texts(problemsOf(t, path, c.side, &c.opt)))
			}
			keepFile(t, filepath.Join(dir, name+".want"), []byte(said.String()))
		})
	}
}

// keepFile compares a file of the corpus with what it should be, or writes it.
func keepFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, content) {
		t.Errorf("%s is\n%.400q\nwant\n%.400q", path, have, content)
	}
}

// problemsOf is everything that is said about an input: of files and of rows.
func problemsOf(t *testing.T, path string, side record.Side, opt *Options) (out []problem.Problem) {
	t.Helper()
	in, err := Open(context.Background(), []PathSide{{Path: path, Side: side}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, s := range in.Sets {
		if s == nil {
			continue
		}
		if err := s.Scan(context.Background(), 1, 0, func(int) func(*record.Row) { return func(*record.Row) {} }); err == nil {
			for _, r := range s.Rejects() {
				out = append(out, r.Problem)
			}
		}
	}
	for _, f := range in.Files {
		out = append(out, f.Problems...)
	}
	return out
}

// Every message of the catalogue has a file in the corpus, or a reason why not;
// and it says in both languages what to do.
func TestEveryMessageHasItsFile(t *testing.T) {
	cases := errorCases(t)
	var missing []string
	for code, m := range problem.Catalogue {
		_, has := cases[code]
		if _, excused := notByAFile[code]; has == excused {
			missing = append(missing, string(code))
		}
		if m.ZH == "" || m.EN == "" {
			t.Errorf("%s is silent in one language", code)
		}
		if zh, en := m.ZH, m.EN; !strings.ContainsAny(zh, "；：，") && !strings.Contains(en, ";") {
			t.Errorf("%s does not say what to do: %s / %s", code, zh, en)
		}
	}
	slices.Sort(missing)
	if len(missing) > 0 {
		t.Errorf("without a file: %v", missing)
	}
	for code := range cases {
		if _, known := problem.Catalogue[code]; !known {
			t.Errorf("%s is no code", code)
		}
	}
	kept, err := os.ReadDir("testdata/errors")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range kept {
		if _, has := cases[problem.Code(e.Name())]; !has && e.IsDir() {
			t.Errorf("testdata/errors/%s is of no case", e.Name())
		}
	}
}

// Every message says what is wrong and, behind it, what to do or why nothing
// need be done.
func TestProblemsSayWhatToDo(t *testing.T) {
	for code := range errorCases(t) {
		p := problem.Problem{Code: code}
		if p.Code == codeOwnResult || p.Code == codeLockFile {
			continue // what was passed over is no fault
		}
		for l, mark := range map[problem.Lang]string{problem.ZH: "；", problem.EN: "; "} {
			wrong, todo, ok := strings.Cut(p.Text(l), mark)
			if !ok || len([]rune(wrong)) < 4 || len([]rune(todo)) < 4 {
				t.Errorf("%s: %q", code, p.Text(l))
			}
		}
	}
}
