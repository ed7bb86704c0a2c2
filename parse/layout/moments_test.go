package layout

import (
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// momentsOf reads a file of the acquirer's and gives the times of its rows.
func momentsOf(t testing.TB, r reading, header string, rows ...string) (out []string) {
	t.Helper()
	g := r.read(t, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"))
	for _, p := range append(g.problems, g.rejects...) {
		out = append(out, string(p.Code))
	}
	for _, row := range g.rows {
		s := row.Time.String()
		if !row.HasClock {
			s = row.Time.Date().String()
		}
		out = append(out, s)
	}
	return out
}

func TestZonesBecomeBeijingTime(t *testing.T) {
	const rest = ",10000001,260301000001,5.00,0.03"
	cases := []struct{ header, time, want string }{
		// in the cell
		{"交易时间", "2026-03-01 10:00:00 UTC", "2026-03-01 18:00:00"},
		{"交易时间", "2026-03-01 10:00:00 GMT", "2026-03-01 18:00:00"},
		{"交易时间", "2026-03-01 20:00:00Z", "2026-03-02 04:00:00"},
		{"交易时间", "2026-03-01T20:00:00.123Z", "2026-03-02 04:00:00"},
		{"交易时间", "2026-03-01 10:00:00 +0000", "2026-03-01 18:00:00"},
		{"交易时间", "2026-03-01 10:00:00 +05:30", "2026-03-01 12:30:00"},
		{"交易时间", "2026-03-01 10:00:00 UTC+8", "2026-03-01 10:00:00"},
		{"交易时间", "2026-03-01 10:00:00 (GMT-05:00)", "2026-03-01 23:00:00"},
		{"交易时间", "2026-03-01 10:00:00 PST", "2026-03-02 02:00:00"},
		{"交易时间", "2026-03-01 10:00:00 PDT", "2026-03-02 01:00:00"},
		{"交易时间", "2026-03-01 10:00:00 EST", "2026-03-01 23:00:00"},
		{"交易时间", "2026-03-01 10:00:00 EDT", "2026-03-01 22:00:00"},
		{"交易时间", "2026-03-01 10:00:00 CET", "2026-03-01 17:00:00"},
		{"交易时间", "2026-07-01 10:00:00 CEST", "2026-07-01 16:00:00"},
		{"交易时间", "2026-07-01 10:00:00 BST", "2026-07-01 17:00:00"},
		{"交易时间", "2026-03-01 10:00:00 JST", "2026-03-01 09:00:00"},
		{"交易时间", "2026-03-01 10:00:00 HKT", "2026-03-01 10:00:00"},
		{"交易时间", "2026-03-01 10:00:00 America/New_York", "2026-03-01 23:00:00"},
		{"交易时间", "2026-07-01 10:00:00 America/New_York", "2026-07-01 22:00:00"},
		{"交易时间", "2026-03-01 10:00 PM PST", "2026-03-02 14:00:00"},
		{"交易时间", "2026-03-01 10:00:00", "2026-03-01 10:00:00"},
		{"交易时间", "2026-03-01", "2026-03-01"},
		{"交易时间", "2026-03-01 10:00:00 XYZ", "unknown_zone"},
		{"交易时间", "2026-03-01 10:00:00 CST", "unknown_zone"},
		{"交易时间", "2026-03-01 10:00:00 Europe/Atlantis", "unknown_zone"},
		// in the header
		{"交易时间(UTC)", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"交易时间（GMT）", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"交易时间 UTC", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"time_utc", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"交易时间[UTC]", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"交易时间(UTC+9)", "2026-03-01 20:00:00", "2026-03-01 19:00:00"},
		{"交易时间(Europe/Berlin)", "2026-07-01 20:00:00", "2026-07-02 02:00:00"},
		{"交易时间(UTC)", "2026-03-01 20:00:00 PST", "2026-03-02 12:00:00"},
		{"交易时间(UTC)", "2026-03-01", "2026-03-01"},
		{"交易时间(北京时间)", "2026-03-01 20:00:00", "2026-03-01 20:00:00"},
		// above the table
		{"时区：UTC\n交易时间", "2026-03-01 20:00:00", "2026-03-02 04:00:00"},
		{"Time Zone,America/Los_Angeles\n交易时间", "2026-03-01 20:00:00", "2026-03-02 12:00:00"},
		{"时区：火星\n交易时间", "2026-03-01 20:00:00", "unknown_zone"},
	}
	for _, c := range cases {
		got := momentsOf(t, reading{name: "a.csv", side: record.SideClearing}, c.header+",终端号,参考号,金额,手续费", c.time+rest)
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s / %s: %v, want %s", c.header, c.time, got, c.want)
		}
	}
	// in a column, of a moment in one column and in two
	for _, c := range []struct{ zone, want string }{
		{"UTC", "2026-03-02 04:00:00"}, {"PST", "2026-03-02 12:00:00"}, {"Asia/Tokyo", "2026-03-01 19:00:00"}, {"+00:00", "2026-03-02 04:00:00"}, {"", "2026-03-01 20:00:00"}, {"somewhere", "unknown_zone"},
		{"Eastern Time (US & Canada)", "2026-03-02 09:00:00"},
	} {
		got := momentsOf(t, reading{name: "a.csv", side: record.SideClearing}, "交易时间,时区,终端号,参考号,金额,手续费", "2026-03-01 20:00:00,"+c.zone+rest, "2026-03-01 20:00:00,"+c.zone+rest)
		if got[0] != c.want {
			t.Errorf("column %s: %v, want %s", c.zone, got, c.want)
		}
		got = momentsOf(t, reading{name: "a.csv", side: record.SideClearing}, "Trade Date,Trade Time,TimeZone,终端号,参考号,金额,手续费", "2026-03-01,20:00:00,"+c.zone+rest)
		if got[0] != c.want {
			t.Errorf("column %s beside two: %v, want %s", c.zone, got, c.want)
		}
	}
}

// A moment is the same in whatever zone it is written.
func TestAMomentIsTheSameInEveryZone(t *testing.T) {
	zones := []string{"UTC", "CET", "EST", "PDT", "+0530", "-09:30", "Asia/Tokyo", "UTC-3"}
	rapid.Check(t, func(t *rapid.T) {
		day := record.Civil(2026, 1, 1) + record.Date(rapid.IntRange(0, 700).Draw(t, "day"))
		w := when{day: day, sec: int32(rapid.IntRange(0, 86399).Draw(t, "sec")), HasDay: true, HasClock: true}
		z, ok := zoneNamed(rapid.SampledFrom(zones).Draw(t, "zone"))
		if !ok {
			t.Fatal("no such zone")
		}
		moved := w.in(z)
		if d := moved.time() - w.time(); d < -6*3600 || d > 18*3600 || moved.in(z) != moved {
			t.Errorf("%v moved by %d", w, d)
		}
		if z.loc == nil && int64(moved.time()-w.time()) != z.ahead {
			t.Errorf("moved by %d, want %d", moved.time()-w.time(), z.ahead)
		}
	})
}

func TestDayAndClockAreOfOneEvent(t *testing.T) {
	const rest = ",10000001,260301000001,5.00,0.03"
	const tail = ",终端号,参考号,金额,手续费"
	for _, c := range []struct{ header, row, want string }{
		{"交易日期,订单时间", "2026-03-0123:28:44,23:29:50", "2026-03-01 23:28:44"},
		{"交易日期,交易时间", "2026-03-0123:28:44,23:29:50", "2026-03-01 23:28:44"},
		{"交易日期,交易时间", "2026-03-01,23:29:50", "2026-03-01 23:29:50"},
		{"交易日期,订单时间", "2026-03-01,00:00:10", "2026-03-01"},
		{"交易日期,完成时间", "2026-03-01,00:00:10", "2026-03-01"},
		{"交易日期,时间", "2026-03-01,00:00:10", "2026-03-01 00:00:10"},
		{"日期,交易时间", "2026-03-01,00:00:10", "2026-03-01 00:00:10"},
		{"交易日期,订单时间", "2026-03-01,2026-02-28 23:59:59", "2026-02-28 23:59:59"},
	} {
		got := momentsOf(t, reading{name: "a.csv", side: record.SideClearing}, c.header+tail, c.row+rest)
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s / %s: %v, want %s", c.header, c.row, got, c.want)
		}
	}
}

func TestDaysWithoutAYearAreOnePeriod(t *testing.T) {
	const header = "交易日,记账日,交易摘要,人民币金额,卡号末四位,交易地金额"
	row := func(day string) string { return day + "," + day + ",某某超市,123.45,1234,123.45(CN)" }
	days := func(list ...string) (out []string) {
		for _, d := range list {
			out = append(out, row(d))
		}
		return out
	}
	asOf := record.Civil(2026, 3, 10)
	for _, c := range []struct {
		why, name, title string
		days, want       []string
	}{
		{"title", "a.csv", "招商银行信用卡对账单（2024年01月）\n", []string{"12/29", "01/01", "01/20"}, []string{"2023-12-29", "2024-01-01", "2024-01-20"}},
		{"name", "账单202401.csv", "招商银行信用卡对账单\n", []string{"12/29", "01/20"}, []string{"2023-12-29", "2024-01-20"}},
		{"period", "a.csv", "账单周期：2023/12/21-2024/01/20\n", []string{"01/20", "12/29"}, []string{"2024-01-20", "2023-12-29"}},
		{"year", "a.csv", "2024年 信用卡\n", []string{"12/29", "01/20"}, []string{"2023-12-29", "2024-01-20"}},
		{"upwards", "a.csv", "招商银行信用卡对账单\n", []string{"12/29", "01/20", "03/09"}, []string{"2025-12-29", "2026-01-20", "2026-03-09"}},
		{"downwards", "a.csv", "招商银行信用卡对账单\n", []string{"03/11", "01/20", "12/29"}, []string{"2025-03-11", "2025-01-20", "2024-12-29"}},
		{"not nearest", "a.csv", "招商银行信用卡对账单\n", []string{"03/20", "03/21"}, []string{"2025-03-20", "2025-03-21"}},
		{"one day", "a.csv", "招商银行信用卡对账单\n", []string{"03/10", "03/10"}, []string{"2026-03-10", "2026-03-10"}},
		{"leap day", "a.csv", "招商银行信用卡对账单\n", []string{"02/27", "02/29"}, []string{"2024-02-27", "2024-02-29"}},
		{"no order", "a.csv", "招商银行信用卡对账单\n", []string{"01/02", "12/29", "01/05", "12/30"}, []string{"2026-01-02", "2025-12-29", "2026-01-05", "2025-12-30"}},
		{"most of a year", "a.csv", "招商银行信用卡对账单\n", []string{"04/01", "08/01", "12/01", "03/01"}, []string{"2025-04-01", "2025-08-01", "2025-12-01", "2026-03-01"}},
	} {
		got := momentsOf(t, reading{name: c.name, asOf: asOf}, c.title+header, days(c.days...)...)
		if strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: %v, want %v", c.why, got, c.want)
		}
	}
	// a layout that knows no formats, in the ways that statements write days
	for _, c := range []struct{ day, want string }{{"03月05日", "2026-03-05"}, {"3/5", "2026-03-05"}, {"03-05", "2026-03-05"}, {"04-05", "2025-04-05"}} {
		got := momentsOf(t, reading{name: "a.csv", asOf: asOf}, "交易日期,摘要,收入,支出,余额", c.day+",划款,5.00,,5.00", c.day+",划款,5.00,,10.00")
		if len(got) != 2 || got[1] != c.want {
			t.Errorf("%s: %v, want %s", c.day, got, c.want)
		}
	}
	got := momentsOf(t, reading{name: "a.csv", asOf: asOf}, "Date,Label,Credit,Debit,Balance", "03/05,x,5.00,,5.00")
	if len(got) != 1 || got[0] != string(CodeAmbiguousTime) {
		t.Errorf("whether March or May is guessed: %v", got)
	}
}

// Who writes 5/1/2026 may mean May or January: the file's other days tell, or
// nobody does.
func TestTheOrderOfDayAndMonthIsSeenOrRefused(t *testing.T) {
	for _, c := range []struct{ days, want string }{
		{"02/28/2026 03/01/2026", "2026-02-28 2026-03-01"},
		{"28/02/2026 01/03/2026", "2026-02-28 2026-03-01"},
		{"01.03.2026 02.03.2026", "2026-03-01 2026-03-02"},
		{"28-02-2026 1-3-2026", "2026-02-28 2026-03-01"},
		{"01/02/2026 03/02/2026", "ambiguous_time ambiguous_time"},
		{"28/02/2026 02/28/2026", "ambiguous_time ambiguous_time"},
	} {
		var rows []string
		for _, d := range strings.Fields(c.days) {
			rows = append(rows, d+",x,5.00,,5.00")
		}
		got := momentsOf(t, reading{name: "a.csv", side: record.SideBank, asOf: record.Civil(2026, 3, 10)}, "Date,Remark,Credit,Debit,Balance", rows...)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.days, got, c.want)
		}
	}
}

func TestWhatWasVoidedOrWaitsIsNoMoney(t *testing.T) {
	for _, c := range []struct{ status, want string }{
		{"交易成功", "ok"}, {"交易关闭", "failed"}, {"已关闭", "failed"}, {"已撤销", "failed"}, {"已作废", "failed"}, {"Voided", "failed"}, {"REVERSED", "failed"}, {"已冲正", "failed"},
		{"等待付款", "pending"}, {"等待确认收货", "pending"}, {"等待对方发货", "pending"}, {"处理中", "pending"},
	} {
		for _, f := range []struct {
			side record.Side
			text string
		}{
			{record.SideBank, "交易时间,摘要,收入,支出,余额,交易状态\n2026-03-01 10:00:00,划款,5.00,,5.00," + c.status + "\n"},
			{record.SideBank, "交易时间,收/支,金额,对方,对方账号,当前状态\n2026-03-01 10:00:00,支出,5.00,某店,622," + c.status + "\n"},
			{record.SideClearing, "交易时间,终端号,参考号,金额,手续费,交易类型,交易状态\n2026-03-01 10:00:00,10000001,260301000001,5.00,0.03,消费," + c.status + "\n"},
			{record.SideClearing, "交易时间,终端号,参考号,金额,手续费,交易类型,交易状态\n2026-03-01 10:00:00,10000001,260301000001,5.00,0.03,退款," + c.status + "\n"},
			{record.SidePos, "交易时间,小票号,金额,交易状态\n2026-03-01 10:00:00,A1,5.00," + c.status + "\n"},
		} {
			g := reading{name: "a.csv", side: f.side}.read(t, []byte(f.text))
			if len(g.rows) != 1 || g.rows[0].Status != map[string]record.Status{"ok": record.OK, "failed": record.Failed, "pending": record.Pending}[c.want] {
				t.Errorf("%s of %s: %v %v", c.status, f.side, texts(g.problems), g.rows)
			}
		}
	}
}
