package tables

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

func writeFile(t testing.TB, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const contractCSV = `收单机构,商户号,结算周期,切点,结算账户,扫码切点,生效日期,失效日期,借记卡费率,借记卡封顶,贷记卡费率,扫码费率,付款手续费,单笔限额,退款时限
拉卡拉,*,T+1,23:00,,,,,0.5%,20,0.6%,0.38%,,,
拉卡拉,898310000000001,D+1,22:30,6222****1234,23:00,2026-01-01,2026-06-30,0.5%,20,0.6%,0.38%,1.00,50000,3
拉卡拉,898310000000001,t1,23点,5678,,2026-07-01,,0.45%,18,0.55%,38‱,,"50,000.00",
`

func TestContractsAreDated(t *testing.T) {
	gbk, err := simplifiedchinese.GB18030.NewEncoder().String(contractCSV)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"u.csv": contractCSV, "bom.csv": "\uFEFF" + contractCSV, "gbk.csv": gbk, "tab.txt": strings.ReplaceAll(strings.ReplaceAll(contractCSV, `"50,000.00"`, "50000"), ",", "\t")} {
		c, err := LoadContracts(writeFile(t, name, text), nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkDatedContracts(t, c)
	}
}

func checkDatedContracts(t *testing.T, c *terms.Contracts) {
	t.Helper()
	const id = "898310000000001"
	for _, want := range []struct {
		why, acquirer, merchant, day string
		cycle                        string
		cut                          int
		account                      string
		limit                        money.Fen
	}{
		{"first row on its last day", "拉卡拉", id, "2026-06-30", "D+1", 22*3600 + 1800, "6222****1234", 5_000_000},
		{"second row on its first day", "拉卡拉", id, "2026-07-01", "T+1", 23 * 3600, "5678", 5_000_000},
		{"before any row of its own: the acquirer's default", "拉卡拉", id, "2025-12-31", "T+1", 23 * 3600, "", 0},
		{"another merchant: the acquirer's default", "拉卡拉", "898310000000002", "2026-07-01", "T+1", 23 * 3600, "", 0},
		{"another spelling of the acquirer", "lakala", id, "2026-06-30", "D+1", 22*3600 + 1800, "6222****1234", 5_000_000},
		{"a file that does not name its acquirer", "", id, "2026-06-30", "D+1", 22*3600 + 1800, "6222****1234", 5_000_000},
		{"an acquirer that the table does not know", "银河支付", "777", "2026-06-30", "T+1", 23 * 3600, "", 0},
	} {
		got := c.For(want.acquirer, want.merchant, mustDay(t, want.day))
		if got.Cycle.String() != want.cycle || got.CutOff != want.cut || got.Account != want.account || got.Limit != want.limit {
			t.Errorf("%s: %+v", want.why, *got)
		}
	}
	if r := c.For("拉卡拉", id, mustDay(t, "2026-07-01")); r.QR.String() != "0.38%" || r.DebitCap != 1800 || r.Debit.String() != "0.45%" {
		t.Errorf("rates of the second row: %+v", *r)
	}
	if c.Name("lakala", id) != "拉卡拉" || c.Name("", id) != "拉卡拉" || c.Name("银河支付", "777") != "银河支付" {
		t.Error("an acquirer should bear the table's name")
	}
}

// Excel keeps 0.6% as 0.006 (or 6.0000000000000001E-3), a time as a share of
// the day, a date as a count of days, and a long number as a float.
func TestContractsFromWorkbook(t *testing.T) {
	f := excelize.NewFile()
	defer f.Close()
	rows := [][]any{
		{"本公司收单合同一览"},
		{"收单机构", "商户号", "结算周期", "切点", "结算账户", "生效日期", "失效日期", "借记卡费率", "借记卡封顶", "贷记卡费率", "单笔限额", "备注"},
		{"拉卡拉", "*", "T+1"},
		{"拉卡拉", 898310000000001, "D+1", 22.5 / 24, "6222****1234", 46023, 46203, 0.005, 20, 0.006, 50000, "旧卡"},
		{"拉卡拉", "898310000000001", "T1", 23.0 / 24, 5678, 46204, nil, 0.0045, 18, 0.0055, 50000, "新卡"},
	}
	for i, row := range rows {
		for j, v := range row {
			at, _ := excelize.CoordinatesToCellName(j+1, i+1)
			if err := f.SetCellValue("Sheet1", at, v); err != nil {
				t.Fatal(err)
			}
		}
	}
	path := filepath.Join(t.TempDir(), "合同.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	c, err := LoadContracts(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	a, b := c.For("拉卡拉", "898310000000001", mustDay(t, "2026-01-01")), c.For("拉卡拉", "898310000000001", mustDay(t, "2026-07-01"))
	if a.CutOff != 22*3600+1800 || terms.DayText(a.From) != "2026-01-01" || terms.DayText(a.To) != "2026-06-30" || a.Credit.String() != "0.6%" {
		t.Errorf("first row: %+v", *a)
	}
	if b.CutOff != 23*3600 || b.Account != "5678" || b.Debit.String() != "0.45%" || b.DebitCap != 1800 || b.Limit != 5_000_000 {
		t.Errorf("second row: %+v", *b)
	}
	if b.Where != "合同.xlsx:Sheet1!5" {
		t.Errorf("where: %s", b.Where)
	}
}

func TestContractErrorsTeach(t *testing.T) {
	const head = "收单机构,商户号,结算周期,切点,生效日期,失效日期,借记卡费率,借记卡封顶,退款时限\n"
	for _, c := range []struct{ why, text, zh, en string }{
		{"cycle", head + "拉卡拉,1001,T+一,,,,,,\n",
			`c.csv:2: 结算周期: "T+一": 不是结算周期，请写 T+1、T+0、D+1 或 D+0 这样的形式`, `c.csv:2: 结算周期: "T+一": not a settlement cycle; write it as T+1, T+0, D+1 or D+0`},
		{"every error of a row at once, and the line is the physical one", head + "\n拉卡拉,1001,,25:00,,,0.6,,x\n",
			"c.csv:3: 切点: \"25:00\": 不是时刻，请写 23:00 这样的形式\nc.csv:3: 借记卡费率: \"0.6\": 不是费率，请带上百分号写成 0.6% 这样的形式（也可写 6‰、60‱ 或 0.006）\nc.csv:3: 退款时限: \"x\": 不是天数，请写工作日天数，如 3",
			"c.csv:3: 切点: \"25:00\": not a time of day; write it as 23:00\nc.csv:3: 借记卡费率: \"0.6\": not a rate; write it with its sign as 0.6% (or 6‰, 60‱, 0.006)\nc.csv:3: 退款时限: \"x\": not a number of days; write business days, such as 3"},
		{"overlap", head + "拉卡拉,1001,T+1,,2026-01-01,2026-07-01,,,\n拉卡拉,1001,T+1,,2026-07-01,,,,\n",
			`c.csv:3: 生效日期: "2026-07-01": 与 c.csv:2 的有效期重叠，请更正其中一行的生效日期或失效日期`, `c.csv:3: 生效日期: "2026-07-01": in force at the same time as c.csv:2; correct the first or last day of one of them`},
		{"two spellings of one acquirer overlap too", head + "拉卡拉,1001,T+1,,,,,,\nlakala,1001,D+1,,,,,,\n",
			`c.csv:3: 生效日期: 与 c.csv:2 的有效期重叠，请更正其中一行的生效日期或失效日期`, `c.csv:3: 生效日期: in force at the same time as c.csv:2; correct the first or last day of one of them`},
		{"ends before it begins", head + "拉卡拉,1001,T+1,,2026-07-01,2026-01-01,,,\n",
			`c.csv:2: 失效日期: "2026-01-01": 早于生效日期 2026-07-01`, `c.csv:2: 失效日期: "2026-01-01": before the first day 2026-07-01`},
		{"a cap without its rate", head + "拉卡拉,1001,T+1,,,,,20,\n",
			`c.csv:2: 借记卡封顶: "20.00": 有封顶却没有借记卡费率，请补上费率`, `c.csv:2: 借记卡封顶: "20.00": a cap without a debit rate; give the rate`},
		{"no merchant", head + "拉卡拉,,T+1,,,,,,\n",
			`c.csv:2: 商户号: 不能为空，请填写商户号，或用 * 表示该机构的默认值`, `c.csv:2: 商户号: must not be blank; give the merchant number, or * for the acquirer's default`},
		{"a merchant number that a spreadsheet broke", head + "拉卡拉,8.9831E+14,T+1,,,,,,\n",
			`c.csv:2: 商户号: "8.9831E+14": 号码被表格软件改成了数字，末尾几位已丢失，请把这一列设为文本后重新填写`, `c.csv:2: 商户号: "8.9831E+14": the spreadsheet turned the number into a figure and lost its last digits; make the column text and enter it again`},
		{"a slip in a header is not a column to ignore", "收单机构,商户号,借记卡费\n拉卡拉,1001,0.5%\n",
			`c.csv:1: 借记卡费: 不认识的列，是不是「借记卡费率」？`, `c.csv:1: 借记卡费: unknown column; is it 借记卡费率?`},
		{"a column twice", "收单机构,商户号,商户编号\n拉卡拉,1001,1001\n",
			`c.csv:1: 商户编号: 这一列出现了两次，请删去一列`, `c.csv:1: 商户编号: the column is there twice; delete one`},
		{"not a contract table", "门店,金额\n东门店,1\n",
			`c.csv: 找不到表头，需要有列：收单机构、商户号`, `c.csv: no header found; it needs the columns 收单机构, 商户号`},
		{"an open quote", "收单机构,商户号\n\"拉卡拉,1001\n",
			`c.csv:2: 引号不成对，无法按 CSV 读取；请补上或删去多余的引号`, `c.csv:2: quotes do not pair, so it cannot be read as CSV; add the missing one or delete the odd one`},
	} {
		t.Run(c.why, func(t *testing.T) {
			_, err := LoadContracts(writeFile(t, "c.csv", c.text), nil)
			checkTexts(t, err, c.zh, c.en)
		})
	}
}

// A new card is a new row; that the old one ends the day before goes without saying.
func TestARowWithoutAnEndLastsUntilTheNext(t *testing.T) {
	c, err := LoadContracts(writeFile(t, "c.csv", "收单机构,商户号,结算账户,生效日期\n拉卡拉,1001,2222,2026-07-01\n拉卡拉,1001,1111,\n拉卡拉,1001,3333,2026-09-01\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for day, account := range map[string]string{"2020-01-01": "1111", "2026-06-30": "1111", "2026-07-01": "2222", "2026-08-31": "2222", "2026-09-01": "3333", "2030-01-01": "3333"} {
		if got := c.For("拉卡拉", "1001", mustDay(t, day)).Account; got != account {
			t.Errorf("%s: %s, want %s", day, got, account)
		}
	}
}

// A header that says % makes bare numbers percentages, unless they are so
// small that they must be shares already: that is asked back.
func TestRateColumnsInPercent(t *testing.T) {
	c, err := LoadContracts(writeFile(t, "c.csv", "收单机构,商户号,借记卡费率（%）,贷记卡费率(%)\n拉卡拉,1001,0.5,0.6%\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if r := c.For("拉卡拉", "1001", 0); r.Debit.String() != "0.5%" || r.Credit.String() != "0.6%" {
		t.Errorf("%s %s", r.Debit, r.Credit)
	}
	if _, err := LoadContracts(writeFile(t, "c.csv", "收单机构,商户号,借记卡费率(%)\n拉卡拉,1001,0.005\n"), nil); err == nil {
		t.Error("0.005 under % could be 0.005% or 0.5%")
	}
}

func TestParseRate(t *testing.T) {
	for in, want := range map[string]string{
		"0.6%": "0.6%", "0.60 %": "0.6%", "０．６％": "0.6%", "6‰": "0.6%", "60‱": "0.6%", "万分之38": "0.38%", "百分之0.5": "0.5%", "千分之3": "0.3%", "0.006": "0.6%",
		"0": "0%", "0%": "0%", "0.380000%": "0.38%", "0.0325%": "0.0325%", "2.5%": "2.5%", "0.05": "5%",
		"": "", "0.6": "", "6": "", "60%": "", "-0.6%": "", "0.6%%": "", "abc": "", "0.1234567%": "", "%": "", ".5%": "",
	} {
		r, ok := ParseRate(in)
		if ok != (want != "") || r.String() != want {
			t.Errorf("parseRate(%q) = %v, %v; want %q", in, r, ok, want)
		}
	}
}

func TestRateRoundsHalfUpWithTheSign(t *testing.T) {
	for _, c := range []struct {
		rate         string
		amount, want money.Fen
	}{
		{"0.6%", 10000, 60},
		{"0.38%", 500, 2},  // 1.9 fen
		{"0.5%", 100, 1},   // 0.5 fen rounds up
		{"0.5%", 99, 0},    // 0.495
		{"0.5%", -100, -1}, // half up on the absolute value
		{"0.6%", -10000, -60},
		{"0.6%", money.Max, 216172782113784}, // no overflow: (2^55 − 1) × 0.006 = 216172782113783.8
		{"0%", 10000, 0},
	} {
		r, ok := ParseRate(c.rate)
		if got := r.Of(c.amount); !ok || got != c.want {
			t.Errorf("%s of %d = %d, want %d", c.rate, c.amount, got, c.want)
		}
	}
}

func TestClearingDayCutOffs(t *testing.T) {
	set := terms.DefaultContract
	set.CutOff, set.QRCutOff = 0, 22*3600
	for _, c := range []struct {
		why      string
		contract *terms.Contract
		at       string
		clock    bool
		channel  record.Channel
		want     string
	}{
		{"a card sale a second before the cut-off", &terms.DefaultContract, "2026-11-10 22:59:59", true, record.ChannelCard, "2026-11-10"},
		{"exactly at the cut-off is the next day", &terms.DefaultContract, "2026-11-10 23:00:00", true, record.ChannelCard, "2026-11-11"},
		{"the last second of a year", &terms.DefaultContract, "2026-12-31 23:59:59", true, record.ChannelCard, "2027-01-01"},
		{"QR follows the natural day", &terms.DefaultContract, "2026-11-10 23:59:59", true, record.ChannelQR, "2026-11-10"},
		{"cash follows the natural day", &terms.DefaultContract, "2026-11-10 23:59:59", true, record.ChannelOther, "2026-11-10"},
		{"an unknown method follows the card rule", &terms.DefaultContract, "2026-11-10 23:00:00", true, record.ChannelUnknown, "2026-11-11"},
		{"a date without a clock stays", &terms.DefaultContract, "2026-11-10 23:00:00", false, record.ChannelCard, "2026-11-10"},
		{"cut-off 00:00 is the natural day", &set, "2026-11-10 23:30:00", true, record.ChannelCard, "2026-11-10"},
		{"the contract sets the QR cut-off", &set, "2026-11-10 22:00:00", true, record.ChannelQR, "2026-11-11"},
	} {
		if got := c.contract.ClearingDay(clockTime(t, c.at), c.clock, c.channel); terms.DayText(got) != c.want {
			t.Errorf("%s: %s, want %s", c.why, terms.DayText(got), c.want)
		}
	}
}
