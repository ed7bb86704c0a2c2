package parse

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// drafted drafts a layout for content, saves it, and reads content by it.
func drafted(t *testing.T, name string, content []byte) (text string, rows []string, rejects []string) {
	t.Helper()
	path := store(t, name, content)
	opt := &Options{AsOf: record.Civil(2026, 3, 10)}
	d, err := DraftLayout(context.Background(), path, opt, problem.EN)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, d.Name+".toml"), []byte(d.Text), 0o644); err != nil {
		t.Fatal(err)
	}
	if opt.Layouts, err = layout.LoadLayouts(dir); err != nil {
		t.Fatalf("%v in\n%s", err, d.Text)
	}
	in, err := Open(context.Background(), []PathSide{{Path: path}}, opt)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, f := range in.Files {
		if !f.Used || f.Layout != d.Name {
			t.Errorf("%s is read by %q, problems %v, with\n%s", f.Name, f.Layout, texts(f.Problems), d.Text)
		}
	}
	for side, s := range in.Sets {
		if s == nil {
			continue
		}
		if record.Side(side) != d.Side {
			t.Errorf("side %s, drafted %s", record.Side(side), d.Side)
		}
		got := scanAll(t, s, 1)
		recs, err := s.Records(context.Background(), 1, got.pos)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recs {
			rows = append(rows, d.Side.String()+" "+show(r))
		}
		for _, r := range s.Rejects() {
			rejects = append(rejects, r.Text(problem.EN))
		}
	}
	return d.Text, rows, rejects
}

func TestDraftsReadWhatTheyWereDraftedFrom(t *testing.T) {
	for _, c := range draftCases(t) {
		t.Run(c.name, func(t *testing.T) {
			text, rows, rejects := drafted(t, c.name, c.content)
			if got := strings.Join(rows, "\n"); got != strings.TrimSpace(c.want) {
				t.Errorf("reads\n%s\nwant\n%s\nby\n%s", got, strings.TrimSpace(c.want), text)
			}
			if got := strings.Join(rejects, "\n"); got != c.rejects {
				t.Errorf("rejects %s, want %s\nby\n%s", got, c.rejects, text)
			}
		})
	}
}

type draftCase struct {
	name    string
	content []byte
	want    string
	rejects string
}

func draftCases(t testing.TB) []draftCase {
	return []draftCase{
		{name: "shengpay.csv", content: gbk("盛付通资金明细\r\n日切,机构,受理商编,机具,出单时刻,动账类型,卡片,出单额,扣收,净入,检索号\r\n" +
			"2026-03-01,盛付通,310000000000001,31000001,2026-03-01 10:30:45,消费,622262******4809,100.00,0.50,99.50,260301000001\r\n" +
			"2026-03-01,盛付通,310000000000001,31000001,2026-03-01 11:00:00,消费撤销,622262******4809,-100.00,-0.50,-99.50,260301000002\r\n" +
			"2026-03-01,盛付通,310000000000001,31000001,2026-03-01 12:00:00,消费,622262******4810,200.00,1.00,199.00,260301000003\r\n合计,,,,,,,200.00,1.00,199.00,\r\n"),
			want: `
clearing sale ok 2026-03-01 10:30:45 100.00 fee=0.50 net=99.50 channel=card acquirer=盛付通 merchant_id=310000000000001 terminal_id=31000001 ref_no=260301000001 card_tail=622262****4809
clearing void ok 2026-03-01 11:00:00 -100.00 fee=-0.50 net=-99.50 channel=card acquirer=盛付通 merchant_id=310000000000001 terminal_id=31000001 ref_no=260301000002 card_tail=622262****4809
clearing sale ok 2026-03-01 12:00:00 200.00 fee=1.00 net=199.00 channel=card acquirer=盛付通 merchant_id=310000000000001 terminal_id=31000001 ref_no=260301000003 card_tail=622262****4810
`},
		{name: "ruiyinxin.txt", content: []byte("商编|终端|日期|时刻|业务|金额(分)|费(分)|参考|结果\n" +
			"850290000000001|10000001|20260301|103045|刷卡消费|10000|50|260301000001|交易成功\n" +
			"850290000000001|10000001|20260301|110000|刷卡退货|3000|15|260301000002|交易成功\n" +
			"850290000000001|10000001|20260301|120000|刷卡消费|120000|720|260301000003|交易失败\n"),
			want: `
clearing sale ok 2026-03-01 10:30:45 100.00 fee=0.50 merchant_id=850290000000001 terminal_id=10000001 ref_no=260301000001
clearing refund ok 2026-03-01 11:00:00 -30.00 fee=-0.15 merchant_id=850290000000001 terminal_id=10000001 ref_no=260301000002
clearing sale failed 2026-03-01 12:00:00 1200.00 fee=7.20 merchant_id=850290000000001 terminal_id=10000001 ref_no=260301000003
`},
		{name: "umpay-2.csv", content: []byte("mer_no;mer_order;ump_trace;txn_amt;mer_charge;txn_day;func;rslt\n" +
			"6000001;A001;26030110000001;100.00;0.60;20260301103045;支付;SUCCESS\n" +
			"6000001;R001;26030110000002;20.00;0.12;20260301150000;退款;SUCCESS\n"),
			want: `
clearing sale ok 2026-03-01 10:30:45 100.00 fee=0.60 merchant_id=6000001 trace_no=26030110000001 order_no=A001
clearing refund ok 2026-03-01 15:00:00 -20.00 fee=-0.12 merchant_id=6000001 trace_no=26030110000002 order_no=R001
`},
		{name: "till.csv", content: []byte("门市,小票编号,开票时刻,收银方式,实收款,售货员\n" +
			"一店,X0001,2026/3/1 10:30,微信,100.00,张三\n一店,X0002,2026/3/1 11:30,现金,50.00,张三\n二店,X0003,2026/3/1 12:30,支付宝,12.50,李四\n"),
			want: `
pos sale ok 2026-03-01 10:30:00 100.00 channel=qr store=一店 order_no=X0001 pay_method=微信
pos sale ok 2026-03-01 11:30:00 50.00 channel=other store=一店 order_no=X0002 pay_method=现金
pos sale ok 2026-03-01 12:30:00 12.50 channel=qr store=二店 order_no=X0003 pay_method=支付宝
`},
		{name: "days-first.csv", content: []byte("Receipt,Sold on,Tender,Sum\nR1,13/03/2026,card,10.00\nR2,14/03/2026,alipay,20.50\n"),
			want: `
pos sale ok 2026-03-13 10.00 channel=card order_no=R1 pay_method=card
pos sale ok 2026-03-14 20.50 channel=qr order_no=R2 pay_method=alipay
`},
		{name: "ambiguous.csv", content: []byte("Receipt,Sold on,Tender,Sum\nR1,03/04/2026,card,10.00\nR2,05/04/2026,alipay,20.50\n"),
			want: `

`,
			rejects: `ambiguous.csv:2: Sold on: date or time "03/04/2026" can be read in more than one way; write it like 2006-01-02 15:04:05, or state its formats in the layout
ambiguous.csv:3: Sold on: date or time "05/04/2026" can be read in more than one way; write it like 2006-01-02 15:04:05, or state its formats in the layout`},
		{name: "bank.csv", content: []byte("某某银行对账单\n账号：1234567890123\n入账日,进账金额,付出金额,结余,往来户名,说明,用途说明\n" +
			"2026-03-02,9940.00,,12000.00,拉卡拉支付股份有限公司,代付,822290000000001结算\n2026-03-03,,100.00,11900.00,某某公司,转账,货款\n"),
			want: `
bank ? ok 2026-03-02 9940.00 account=1234567890123 payer=拉卡拉支付股份有限公司 remark=代付 822290000000001结算
bank ? ok 2026-03-03 -100.00 account=1234567890123 payer=某某公司 remark=转账 货款
`},
		{name: "words.csv", content: []byte("单据号,交易时刻,类别,金额,手续费用\nA1,2026-03-01 10:00:00,售出,100.00,0.60\nA2,2026-03-01 11:00:00,客退,20.00,0.12\n"),
			want: `

`,
			rejects: `words.csv:2: 类别: transaction kind "售出" is unknown; say what it is in [words.kind] of the layout
words.csv:3: 类别: transaction kind "客退" is unknown; say what it is in [words.kind] of the layout`},
		{name: "fixed.txt", content: []byte(
			"310000000000001 31000001 20260301103045 000000010000 260301000001 00\n" +
				"310000000000001 31000001 20260301110000 000000020050 260301000002 00\n" +
				"310000000000001 31000002 20260301120000 000000000001 260301000003 00\n"),
			want: `
pos sale ok 2026-03-01 10:30:45 100.00 merchant_id=310000000000001 terminal_id=31000001 ref_no=260301000001
pos sale ok 2026-03-01 11:00:00 200.50 merchant_id=310000000000001 terminal_id=31000001 ref_no=260301000002
pos sale ok 2026-03-01 12:00:00 0.01 merchant_id=310000000000001 terminal_id=31000002 ref_no=260301000003
`},
		{name: "book.xlsx", content: workbookOf(t, [][]any{{"门店销售日报"}, {"制表：财务部"}, {"门店", "销售单号码", "销售日", "付款渠道", "本单实收"}, {"一店", "S0001", "2026-03-01", "微信", 12.5}, {"一店", "S0002", "2026-03-01", "支付宝", 7}, {"合计", "", "", "", 19.5}}),
			want: `
pos sale ok 2026-03-01 12.50 channel=qr store=一店 order_no=S0001 pay_method=微信
pos sale ok 2026-03-01 7.00 channel=qr store=一店 order_no=S0002 pay_method=支付宝
`},
	}
}

// A draft of any file that is known is a layout that loads, or says that it
// lacks an amount.
func TestDraftsOfTheCorpusLoad(t *testing.T) {
	files, err := filepath.Glob("testdata/*/*/*")
	if err != nil {
		t.Fatal(err)
	}
	drafts := 0
	for _, file := range files {
		if strings.HasSuffix(file, ".want") {
			continue
		}
		d, err := DraftLayout(context.Background(), file, &Options{Layouts: builtin(t), AsOf: record.Civil(2026, 3, 10)}, problem.EN)
		var p *problem.Problem
		if errors.As(err, &p) {
			continue
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		drafts++
		if _, err := layout.ParseLayout(d.Text, "test"); err != nil && !strings.Contains(d.Text, "no amount was found") {
			t.Errorf("%s: %v in\n%s", file, err, d.Text)
		}
		if strings.Contains(d.Text, "6222620000004809") {
			t.Errorf("%s: a card number is in the draft", file)
		}
	}
	if drafts < 100 {
		t.Errorf("only %d drafts", drafts)
	}
}
