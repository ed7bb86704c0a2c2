package layout

import (
	"strings"

	"github.com/duizhang/duizhang/parse/record"
)

// A moment whose day and time of day stand in two columns is one only if both
// are of one event: the clock of the order on the day of the payment is wrong by
// up to a day around midnight.

// eventWords are the stems of names of dates and times, grouped by event. The
// first group says none: the day of business is that of all that is done on it.
var eventWords = [][]string{
	{"", "营业", "business", "账单", "单据", "业务", "销售", "sale"},
	{"交易", "trade", "txn", "trans", "transaction", "刷卡", "消费", "主机交易", "支付", "付款", "收款", "pay", "payment", "支付完成", "付款完成", "paid"}, // at a till the payment is the trade
	{"订单", "下单", "order", "开单", "点单"},
	{"创建", "交易创建", "create", "created", "creation"},
	{"完成", "交易完成", "complete", "completion", "completed"},
	{"记账", "入账", "会计", "过账", "post", "posting", "book", "booking"},
	{"清算", "清分", "clearing"},
	{"结算", "settle", "settlement"},
	{"退款", "退货", "refund"},
	{"结账", "checkout"},
	{"到账", "credited"},
	{"起息", "value"},
}

// timeSuffixes are what makes a stem the name of a date or a time.
var timeSuffixes = []string{"日期时间", "datetime", "日期", "时间", "日", "date", "time", "时", "at", "on"}

// eventOf is the group of a header's name, 0 where it names no event that is known.
func eventOf(header string) int {
	key := NormHeader(header).Key
	if name, z := headerZone(header); z != nil {
		key = NormHeader(name).Key
	}
	for _, s := range timeSuffixes {
		if stem, ok := strings.CutSuffix(key, s); ok {
			for i, group := range eventWords {
				for _, w := range group {
					if w == stem {
						return i
					}
				}
			}
			return 0
		}
	}
	return 0
}

// findEvents says of which columns the time of day goes with the day.
func (p *Plan) findEvents() {
	at := &p.bindings[0].at
	event := func(t Target) int {
		if at[t] < 0 || p.Layout.Compiled.Headerless {
			return 0
		}
		return eventOf(p.Uses[at[t]].Header)
	}
	differ := func(a, b int) bool { return a != 0 && b != 0 && a != b }
	day := event(targetDate)
	p.apart = differ(day, event(Target(record.FieldTime)))
	if day == 0 {
		day = event(Target(record.FieldTime))
	}
	p.clockApart = differ(day, event(targetClock))
}
