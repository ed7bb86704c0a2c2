package draft

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

func itoa(n int) string { return strconv.Itoa(n) }

// aliasSet is what the generic layout of a side calls each field.
type aliasSet struct {
	side   record.Side
	fields []fieldAliases
}

type fieldAliases struct {
	field string
	keys  []string
	pairs []map[string]int // of runes, of each key
}

// aliasesOf collects the names of the generic layouts.
func aliasesOf(all *layout.Layouts) (sets []aliasSet) {
	for _, name := range []string{"generic-pos", "generic-clearing", "generic-bank"} {
		l := all.Get(name)
		if l == nil {
			continue
		}
		set := aliasSet{side: l.RecordSide()}
		for _, spec := range l.Complete().Columns {
			f := fieldAliases{field: spec.As}
			for _, k := range append(slices.Clone(spec.Keys), spec.More...) {
				f.keys = append(f.keys, k)
				f.pairs = append(f.pairs, runePairs(k))
			}
			set.fields = append(set.fields, f)
		}
		set.fields = append(set.fields, fieldAliases{field: "clock"}) // the names of time, where no day is in it
		sets = append(sets, set)
	}
	return sets
}

// runePairs counts the pairs of neighbouring runes of a name.
func runePairs(s string) map[string]int {
	r := []rune("^" + s + "$")
	m := map[string]int{}
	for i := 0; i+1 < len(r); i++ {
		m[string(r[i:i+2])]++
	}
	return m
}

// likeness is Dice's coefficient of two names' pairs.
func likeness(a, b map[string]int) float64 {
	both, n := 0, 0
	for k, v := range a {
		both += min(v, b[k])
		n += v
	}
	for _, v := range b {
		n += v
	}
	return 2 * float64(both) / float64(max(n, 1))
}

// named is how well a header cell names a field, and whether exactly.
func (f *fieldAliases) named(key string) (score float64, exact bool) {
	if i := slices.Index(f.keys, key); i >= 0 {
		return 0.97 - 0.004*float64(min(i, 30)), true
	}
	pairs := runePairs(key)
	for i := range f.keys {
		if len([]rune(f.keys[i])) > 1 {
			score = max(score, 0.8*likeness(pairs, f.pairs[i]))
		}
	}
	for _, part := range nameParts[f.field] {
		if strings.Contains(key, part) {
			score = max(score, 0.5)
		}
	}
	return score, false
}

// nameParts are what names of a field are made of.
var nameParts = map[string][]string{
	"fee": {"费", "扣收", "charge", "fee", "commission"}, "amount": {"额", "款", "amt", "sum", "价"}, "net": {"净", "结算额", "net"},
	"time": {"时刻", "时间", "time"}, "clock": {"时刻", "时间", "time"}, "date": {"日期", "date", "day"},
	"clearing_date": {"清算日", "清分日", "日切"}, "settle_date": {"结算日", "入账日"}, "promised_date": {"预计付款日", "预计到账日", "预计结算日", "预计入账日", "应划日"},
	"store": {"门店", "门市", "店铺", "分店", "store", "shop"}, "terminal_id": {"终端", "机具", "terminal", "term"}, "merchant_id": {"商编", "商户号", "mer_no", "merno"},
	"order_no": {"单号", "订单", "小票", "单据", "receipt", "order", "invoice"}, "kind": {"类型", "类别", "业务", "type", "func"}, "status": {"状态", "结果", "status", "rslt"},
	"amount_in": {"收入", "进账", "贷方", "存入"}, "amount_out": {"支出", "付出", "借方", "取出"}, "balance": {"余额", "结余", "balance"},
	"payer": {"户名", "对方", "往来"}, "remark": {"摘要", "备注", "说明", "用途", "附言", "remark"}, "card_tail": {"卡号", "card"}, "ref_no": {"参考", "检索", "rrn"},
	"pay_method": {"支付方式", "渠道", "收银方式", "tender"}, "refund_amount": {"退款额", "退款金额"},
}

// ColumnGuess is what a column is proposed to be.
type ColumnGuess struct {
	Field string // "": not read
	Sure  float64
	why   guessReason
	also  []string // what it may be besides
}

type guessReason uint8

const (
	byNothing guessReason = iota
	byName
	byLikeName
	byValues
)

// profile is what the cells of a column look like, as shares of those filled.
type profile struct {
	filled                              float64 // of all rows
	money, cents, whole, negative, zero float64
	day, clock, moment                  float64 // a date, a time of day, both
	mask, digits                        float64
	width                               int // of all, if digits only and the same
	distinct                            int
	words                               map[string]float64 // share of known words by vocabulary
	mean                                float64            // of amounts
	length                              int                // of the shortest text
	padded                              float64            // with three zeros or more
}

func (c *draftColumn) profile() (p profile) {
	if c.filled == 0 {
		return p
	}
	one := 1 / float64(c.filled)
	p.filled = float64(c.filled) / float64(len(c.values))
	p.words = map[string]float64{}
	seen := map[string]bool{}
	widths := map[int]bool{}
	for _, v := range c.values {
		if v == "" {
			continue
		}
		seen[v] = true
		p.padded += one * float64(Btoi(strings.HasPrefix(v, "000")))
		if p.length == 0 || len(v) < p.length {
			p.length = len(v)
		}
		if f, err := money.Parse(v, money.Yuan); err == nil {
			p.money += one
			p.mean += one * float64(f.Abs())
			p.negative += one * float64(Btoi(f < 0))
			p.zero += one * float64(Btoi(f == 0))
			p.cents += one * float64(Btoi(strings.Contains(v, ".")))
			p.whole += one * float64(Btoi(digitsOnly.MatchString(v)))
		}
		if w, code := layout.ParseWhen([]byte(v)); code == "" && (w.HasDay && strings.ContainsAny(v, "-/.年:") || w.HasDay && (len(v) == 8 || len(v) == 14)) {
			if w.HasClock {
				p.moment += one
			} else {
				p.day += one
			}
		}
		if w, code := layout.ParseClock([]byte(v)); code == "" && w.HasClock && !w.HasDay && !strings.Contains(v, ".") {
			p.clock += one
		}
		p.mask += one * float64(Btoi(maskedCard.MatchString(v)))
		if digitsOnly.MatchString(v) {
			p.digits += one
			widths[len(v)] = true
		}
		p.countWords(v, one)
	}
	p.distinct = len(seen)
	if p.money+p.day+p.moment+p.clock < 0.1 && strings.ContainsAny(c.values[slices.IndexFunc(c.values, func(v string) bool { return v != "" })], "/.-:") {
		if formats, _ := c.formats("date"); len(formats) > 0 {
			p.day = btof(!strings.Contains(formats[0], "h"))
			p.moment = 1 - p.day
		}
	}
	if p.digits > 0.99 && len(widths) == 1 {
		for w := range widths {
			p.width = w
		}
	}
	return p
}

var maskedCard = regexp.MustCompile(`^\d{0,8}[*xX•]{2,}\d{2,6}$`)

func (p *profile) countWords(v string, one float64) {
	w := layout.NormWord(v)
	for name, common := range map[string]func(string) layout.Meaning{"kind": layout.CommonKind, "status": layout.CommonStatus, "direction": layout.CommonDirection, "channel": layout.CommonChannel, "card_type": layout.CommonCardType} {
		if m := common(w); m != layout.MeansReject && !digitsOnly.MatchString(w) {
			p.words[name] += one
		}
	}
}

// vocabularyLike says whether a column repeats few texts.
func (p *profile) vocabularyLike(rows int) bool {
	return p.distinct <= 12 || p.distinct*10 <= rows
}

// fits is how well the values suit a field: 0 excludes it, 1 is neutral.
func (p *profile) fits(field string, rows int) float64 {
	if p.filled == 0 {
		return 0.6
	}
	switch field {
	case "amount", "amount_in", "amount_out", "fee", "net", "credited", "balance", "refund_amount":
		if p.money < 0.9 || p.width >= 12 && p.padded < 0.9 {
			return 0
		}
		return 1
	case "time":
		return btof(p.moment+p.day > 0.8 || p.digits > 0.9 && (p.width == 10 || p.width == 12))
	case "opened":
		return btof(p.moment+p.day > 0.8)
	case "date", "clearing_date", "settle_date", "credited_date", "promised_date":
		if p.width == 4 || p.width == 6 {
			return 0.7
		}
		return btof(p.day+p.moment > 0.8)
	case "clock":
		return btof(p.clock > 0.8)
	case "card_tail":
		return btof(p.mask > 0.5 || p.digits > 0.9 && (p.width == 4 || p.width >= 15 && p.width <= 19))
	case "kind", "status", "direction", "channel", "card_type", "debit_credit":
		if !p.vocabularyLike(rows) || p.cents > 0.2 || p.moment+p.day > 0.2 {
			return 0
		}
		return 0.5 + 0.5*max(p.words[field], 0.6)
	case "ref_no", "trace_no", "batch_no", "terminal_id", "merchant_id", "order_no", "channel_no", "auth_code", "orig_key":
		return btof(p.cents < 0.2 && p.day+p.moment < 0.5 || p.digits > 0.9)
	}
	return btof(p.cents < 0.5)
}

func btof(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// byShape proposes fields from values alone.
func (p *profile) byShape(side record.Side, rows int) map[string]float64 {
	out := map[string]float64{}
	put := func(f string, s float64) { out[f] = max(out[f], s) }
	unique := rows > 1 && p.filled > 0.9 && p.distinct*10 > rows*9
	switch {
	case p.filled == 0:
		return out
	case p.mask > 0.5:
		put("card_tail", 0.85)
	case p.moment > 0.9:
		put("time", 0.7)
	case p.day > 0.9:
		put("date", 0.6)
		put("clearing_date", 0.3)
	case p.clock > 0.9 && p.whole < 0.5:
		put("clock", 0.6)
	case p.width >= 10 && p.padded > 0.9:
		put("amount", 0.6)
	case p.width == 12:
		put("ref_no", 0.6)
	case p.width == 8 && p.distinct*2 <= rows+1:
		put("terminal_id", 0.5)
	case p.width == 15 && p.distinct*2 <= rows+1:
		put("merchant_id", 0.6)
	case p.cents > 0.9 && p.zero < 0.7:
		put("amount", 0.4)
	case p.width == 6 && unique && p.clock < 0.9:
		put("trace_no", 0.35)
	}
	if p.money < 0.1 && p.vocabularyLike(rows) {
		if p.words["kind"] > 0.6 {
			put("kind", 0.55*p.words["kind"])
		}
		if p.words["status"] > 0.6 {
			put("status", 0.65*p.words["status"])
		}
		if p.words["direction"] > 0.9 && side == record.SideBank {
			put("direction", 0.6)
		}
		if p.words["channel"] > 0.6 {
			put("pay_method", 0.5*p.words["channel"])
		}
	}
	if unique && p.cents < 0.1 && p.moment+p.day < 0.1 && p.length >= 2 && (p.width == 0 && p.digits < 0.9 || p.width >= 8) {
		put("order_no", 0.3)
	}
	return out
}

// Relate looks for three columns of money of which one is the difference of the
// others in every row: amount, fee and net.
func (d *drafting) Relate() {
	d.related = map[int]map[string]float64{}
	sums := make([][]money.Fen, len(d.t.columns))
	for i := range d.t.columns {
		if p := d.t.columns[i].profile(); p.money < 0.99 || p.filled < 0.99 || p.width >= 12 {
			continue
		}
		for _, v := range d.t.columns[i].values {
			f, _ := money.Parse(v, money.Yuan)
			sums[i] = append(sums[i], f.Abs())
		}
	}
	for a := range sums {
		for f := range sums {
			for n := range sums {
				if a == f || f == n || a == n || !isNet(sums[a], sums[f], sums[n]) {
					continue
				}
				d.related[a] = map[string]float64{"amount": 0.85}
				d.related[f] = map[string]float64{"fee": 0.85}
				d.related[n] = map[string]float64{"net": 0.85}
				return
			}
		}
	}
}

// isNet says whether n is a less f in every row, f being the small one.
func isNet(a, f, n []money.Fen) bool {
	if len(a) < 2 || len(f) != len(a) || len(n) != len(a) {
		return false
	}
	var whole, fees money.Fen
	for i := range a {
		if a[i]-f[i] != n[i] {
			return false
		}
		whole += a[i]
		fees += f[i]
	}
	return fees > 0 && fees*10 < whole
}

// apart finds two columns of money of which exactly one is filled in every row,
// income and expense as their names say.
func (d *drafting) apart() (in, out int, ok bool) {
	filled := func(v string) bool { return v != "" && !layout.IsZero([]byte(v)) }
	var columns []int
	for i := range d.t.columns {
		if p := d.t.columns[i].profile(); p.money > 0.99 && p.cents > 0.5 {
			columns = append(columns, i)
		}
	}
	for k, i := range columns {
		for _, j := range columns[k+1:] {
			a, b := d.t.columns[i].values, d.t.columns[j].values
			one, both := [2]bool{}, false
			for r := range a {
				one[0], one[1] = one[0] || filled(a[r]), one[1] || filled(b[r])
				both = both || filled(a[r]) == filled(b[r])
			}
			if !one[0] || !one[1] || both {
				continue
			}
			if d.alike(j, "amount_in")+d.alike(i, "amount_out") > d.alike(i, "amount_in")+d.alike(j, "amount_out") {
				return j, i, true
			}
			return i, j, true
		}
	}
	return 0, 0, false
}

// alike is how well a column's name is one of a bank's field.
func (d *drafting) alike(column int, field string) (score float64) {
	key := layout.NormHeader(d.t.columns[column].header).Key
	for _, set := range d.names {
		for k := range set.fields {
			if f := &set.fields[k]; f.field == field {
				s, _ := f.named(key)
				score = max(score, s)
			}
		}
	}
	return score
}

// ChooseSide adds up what the names and the values say about each side.
func (d *drafting) ChooseSide() {
	votes := map[record.Side]float64{}
	for i := range d.t.columns {
		c := &d.t.columns[i]
		key := layout.NormHeader(c.header).Key
		p := c.profile()
		for _, set := range d.names {
			best := 0.0
			for k := range set.fields {
				f := &set.fields[k]
				if s, _ := f.named(key); s > 0.5 {
					best = max(best, s*p.fits(f.field, d.t.rows)*sideWeight(set.side, f.field))
				}
			}
			votes[set.side] += best
		}
	}
	for i := range d.related {
		if _, ok := d.related[i]["fee"]; ok && d.related[i]["fee"] > 0.8 {
			votes[record.SideClearing] += 2
		}
	}
	in, out, split := d.apart()
	if split {
		votes[record.SideBank] += 2.5
	}
	d.side = record.SidePos
	for _, s := range []record.Side{record.SideClearing, record.SideBank} {
		if votes[s] > votes[d.side]+0.05 {
			d.side = s
		}
	}
	if split && d.side == record.SideBank {
		d.related[in] = map[string]float64{"amount_in": 0.75}
		d.related[out] = map[string]float64{"amount_out": 0.75}
	}
}

// sideWeight is how much a field tells of a side: an acquirer's file has fees
// and clearing days, a bank's balances and counterparties.
func sideWeight(s record.Side, field string) float64 {
	switch {
	case s == record.SideClearing && slices.Contains([]string{"fee", "net", "clearing_date", "settle_date", "credited", "credited_date", "promised_date", "merchant_id"}, field):
		return 1.5
	case s == record.SideBank && slices.Contains([]string{"balance", "amount_in", "amount_out", "counter_account"}, field):
		return 1.8
	case s == record.SidePos && slices.Contains([]string{"store", "payer"}, field):
		return 1.1
	}
	return 1
}

type candidate struct {
	column int
	field  string
	sure   float64
	why    guessReason
}

// Assign gives every column the field that suits it best; a field is given once.
func (d *drafting) Assign() {
	var all []candidate
	for i := range d.t.columns {
		all = append(all, d.candidates(i)...)
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.sure, a.sure), cmp.Compare(a.column, b.column), cmp.Compare(a.field, b.field))
	})
	d.Guess = make([]ColumnGuess, len(d.t.columns))
	taken := map[string]bool{}
	for _, c := range all {
		g := &d.Guess[c.column]
		switch {
		case g.Field == "" && !taken[c.field] && c.sure >= 0.3:
			g.Field, g.Sure, g.why = c.field, c.sure, c.why
			taken[c.field] = true
		case c.field != g.Field && c.sure >= 0.3 && len(g.also) < 2 && !slices.Contains(g.also, c.field):
			g.also = append(g.also, c.field)
		}
	}
	d.settle(taken)
}

// candidates are the fields that a column may be.
func (d *drafting) candidates(i int) (out []candidate) {
	c := &d.t.columns[i]
	key := layout.NormHeader(c.header).Key
	p := c.profile()
	shape := p.byShape(d.side, d.t.rows)
	best := map[string]candidate{}
	put := func(f string, sure float64, why guessReason) {
		if sure > best[f].sure {
			best[f] = candidate{i, f, sure, why}
		}
	}
	for _, set := range d.names {
		weight := 0.7
		if set.side == d.side {
			weight = 1
		}
		for k := range set.fields {
			f := &set.fields[k]
			if !d.has(f.field) || key == "" {
				continue
			}
			s, exact := f.named(key)
			if s *= weight * p.fits(f.field, d.t.rows); exact {
				put(f.field, s, byName)
			} else if s > 0.35 {
				put(f.field, s+0.15*shape[f.field], byLikeName)
			}
		}
	}
	for f, s := range d.related[i] {
		put(f, s, byValues)
	}
	for f, s := range shape {
		if d.has(f) {
			put(f, s, byValues)
		}
	}
	for _, f := range []string{"time", "date", "clock", "amount"} {
		if c, ok := best[f]; ok {
			out = append(out, c)
			delete(best, f)
		}
	}
	for _, c := range best {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b candidate) int { return cmp.Compare(a.field, b.field) })
	return out
}

// has says whether the drafted side's rows have a field.
func (d *drafting) has(field string) bool {
	switch d.side {
	case record.SideBank:
		return !slices.Contains([]string{"fee", "net", "credited", "order_no", "terminal_id", "merchant_id", "store", "ref_no", "trace_no", "kind", "status", "refund_amount", "debit_credit", "opened", "pay_method", "card_type", "card_tail", "batch_no", "auth_code", "orig_key", "clearing_date", "settle_date", "promised_date"}, field)
	default:
		return field != "amount_in" && field != "amount_out" && field != "balance" && field != "counter_account" && field != "opened" && field != "debit_credit"
	}
}

// settle repairs what greed leaves: a moment in a date column, a clock beside a
// moment, an income without an expense.
func (d *drafting) settle(taken map[string]bool) {
	find := func(f string) int {
		return slices.IndexFunc(d.Guess, func(g ColumnGuess) bool { return g.Field == f })
	}
	clear := func(i int) {
		if i >= 0 {
			d.Guess[i].also = append([]string{d.Guess[i].Field}, d.Guess[i].also...)
			d.Guess[i].Field = ""
		}
	}
	if i, j := find("amount_in"), find("amount_out"); (i < 0) != (j < 0) {
		clear(max(i, j))
	} else if i >= 0 && find("amount") >= 0 {
		clear(find("amount"))
	}
	t, day := find("time"), find("date")
	if t < 0 && day >= 0 {
		if p := d.t.columns[day].profile(); p.moment > 0.5 {
			d.Guess[day].Field = "time"
		}
	}
	if t >= 0 {
		p := d.t.columns[t].profile()
		switch {
		case p.clock > 0.5 && day >= 0:
			d.Guess[t].Field = "clock"
		case p.moment > 0.5:
			clear(find("clock"))
			clear(day)
		case p.day > 0.5 && day < 0:
			d.Guess[t].Field = "date"
		}
	}
	if find("clock") >= 0 && find("date") < 0 && find("time") < 0 {
		clear(find("clock"))
	}
}

func Btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
