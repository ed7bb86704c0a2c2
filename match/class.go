package match

import (
	"encoding/binary"
	"sync"

	"duizhang/parse"
	"duizhang/parse/money"

	"github.com/zeebo/xxh3"
)

// class is everything about a row that decides how it is treated, apart from
// its keys, time and amount. A day of ten million rows has a few hundred
// classes, so that settlements, due dates and fees are worked out once per
// class and not once per row.
type class struct {
	side       side
	code       code
	status     parse.Status
	cardType   parse.CardType
	channel    parse.Channel
	acquirer   string // the contract's name for it, else the file's
	merchant   string
	account    string
	currency   string     // "" is CNY
	day        parse.Date // clearing day: the row's own, else by the contract's cut-off
	settleDate parse.Date
	credited   parse.Date
	marks      Flags     // what the row itself shows: fee_diff, over_limit, off_hours
	gap        creditGap // the row's own credited amount against its net
}

// creditGap compares what the clearing row says was credited with its net.
type creditGap uint8

const (
	noGap creditGap = iota
	creditedLess
	creditedMore
)

// classSums are what the scan adds up per class.
type classSums struct {
	rows                  int64
	amount, fee, credited sum
	// net is amount − fee, or what the file itself calls the net.
	net sum
}

func (s *classSums) add(o *classSums) {
	s.rows += o.rows
	s.amount.addSum(o.amount)
	s.fee.addSum(o.fee)
	s.net.addSum(o.net)
	s.credited.addSum(o.credited)
}

// classTable numbers the classes of a run. The numbers depend on the order in
// which workers meet them; no result may.
type classTable struct {
	mu   sync.Mutex
	ids  map[class]uint32
	list []class
	sums []classSums
}

func (t *classTable) id(c class) uint32 {
	t.mu.Lock()
	defer t.mu.Unlock()
	id, ok := t.ids[c]
	if !ok {
		id = uint32(len(t.list))
		t.ids[c] = id
		t.list = append(t.list, c)
	}
	return id
}

// classer finds the class of one worker's rows. It remembers rows by what they
// have in common (a kin) and, within it, by what is worked out row by row.
type classer struct {
	r     *run
	side  side
	buf   []byte
	table []*kin // open addressing by hash
	used  int
	sums  []classSums
	seen  places
	fees  feeLedger
}

// kin is the rows that agree in every field of a class as the file has it.
type kin struct {
	hash     uint64
	key      string
	base     class
	contract *Contract
	fee      feeRule
	tally    *feeTally // of the rows whose fee the contract could check; nil: none
	place    uint32    // of the merchant, see places
	cases    []kinCase
}

// kinCase is a kin's rows whose day and marks are the same too.
type kinCase struct {
	day   parse.Date
	marks Flags
	gap   creditGap
	id    uint32
}

func newClasser(r *run, sd side) *classer {
	return &classer{r: r, side: sd, table: make([]*kin, 64), fees: feeLedger{}}
}

// of is the row's class; it also adds the row to the sums of its class.
func (c *classer) of(row *parse.Row) uint32 {
	id, k := c.find(row)
	if c.seen.on && len(row.Text[parse.TerminalID]) > 0 {
		c.seen.note(row.Text[parse.TerminalID], k.place)
	}
	if k.tally != nil {
		k.tally.add(k.fee, row.Amount, row.Fee, row.HasFee)
	}
	c.count(id, row)
	return id
}

// find is the row's class.
func (c *classer) find(row *parse.Row) (uint32, *kin) {
	k := c.kin(row)
	kc := kinCase{day: row.ClearingDate}
	if c.side == clearingSide {
		if kc.day == 0 && row.Time != 0 {
			kc.day = k.contract.ClearingDay(row.Time, row.HasClock, row.Channel)
		}
		kc.gap = gapOf(row)
	}
	kc.marks = c.marks(k, row)
	return c.r.caseID(k, kc), k
}

// marks are the flags that a row shows by itself.
func (c *classer) marks(k *kin, row *parse.Row) (f Flags) {
	if !k.base.code.live() {
		return 0
	}
	if k.tally != nil && row.HasFee {
		if _, differs := k.fee.check(row.Amount, row.Fee); differs {
			f |= FeeDiff
		}
	}
	if k.contract.overLimit(k.base.code.kind(), row.Amount) {
		f |= OverLimit
	}
	if c.r.opt.Thresholds.offHours(row.Time, row.HasClock) {
		f |= OffHours
	}
	return f
}

func (r *run) caseID(k *kin, kc kinCase) uint32 {
	for i := range k.cases {
		if o := &k.cases[i]; o.day == kc.day && o.marks == kc.marks && o.gap == kc.gap {
			return o.id
		}
	}
	cl := k.base
	cl.day, cl.marks, cl.gap = kc.day, kc.marks, kc.gap
	kc.id = r.classes.id(cl)
	k.cases = append(k.cases, kc)
	return kc.id
}

// netOf is what the row pays out: the file's own net, else amount − fee.
func netOf(row *parse.Row) money.Fen {
	if row.HasNet {
		return row.Net
	}
	return row.Amount - row.Fee
}

func gapOf(row *parse.Row) creditGap {
	// Nothing credited and no day for it: it has not come yet.
	if !row.HasCredited || row.Credited == 0 && row.CreditedDate == 0 {
		return noGap
	}
	switch net := netOf(row); {
	case abs(row.Credited) < abs(net):
		return creditedLess
	case abs(row.Credited) > abs(net):
		return creditedMore
	}
	return noGap
}

func (c *classer) count(id uint32, row *parse.Row) {
	for int(id) >= len(c.sums) {
		c.sums = append(c.sums, classSums{})
	}
	s := &c.sums[id]
	s.rows++
	s.amount.add(row.Amount)
	s.fee.add(row.Fee)
	s.net.add(netOf(row))
	s.credited.add(row.Credited)
}

// kin finds or makes the row's kin.
func (c *classer) kin(row *parse.Row) *kin {
	c.buf = kinKey(c.buf[:0], c.side, row)
	h := xxh3.Hash(c.buf)
	for i := h; ; i++ {
		k := c.table[i&uint64(len(c.table)-1)]
		if k == nil {
			return c.addKin(h, row)
		}
		if k.hash == h && k.key == string(c.buf) {
			return k
		}
	}
}

// kinKey holds the fields of a class as the row has them. The trade day is
// part of it on the clearing side because contracts are dated.
func kinKey(b []byte, sd side, row *parse.Row) []byte {
	b = append(b, byte(rowCode(row)), byte(row.Status), byte(row.CardType), byte(row.Channel))
	b = append(append(b, row.Text[parse.Currency]...), keySep)
	b = append(append(b, row.Text[parse.Acquirer]...), keySep)
	b = append(append(b, row.Text[parse.MerchantID]...), keySep)
	if sd == posSide {
		return b
	}
	b = append(append(b, row.Text[parse.Account]...), keySep)
	for _, d := range [...]parse.Date{row.Time.Date(), row.ClearingDate, row.SettleDate, row.CreditedDate} {
		b = binary.LittleEndian.AppendUint32(b, uint32(d))
	}
	return b
}

func (c *classer) addKin(h uint64, row *parse.Row) *kin {
	text := func(f parse.Field) string { return string(row.Text[f]) }
	k := &kin{hash: h, key: string(c.buf), base: class{
		side: c.side, code: rowCode(row), status: row.Status, cardType: row.CardType, channel: row.Channel,
		acquirer: text(parse.Acquirer), merchant: text(parse.MerchantID), currency: text(parse.Currency),
	}}
	if isBase(row.Text[parse.Currency]) {
		k.base.currency = ""
	}
	day := row.Time.Date()
	if day == 0 {
		day = row.ClearingDate
	}
	k.contract = c.r.opt.Contracts.For(k.base.acquirer, k.base.merchant, day)
	k.base.acquirer = c.r.opt.Contracts.Name(k.base.acquirer, k.base.merchant)
	if c.side == clearingSide {
		k.base.account = text(parse.Account)
		k.base.settleDate, k.base.credited = row.SettleDate, row.CreditedDate
		k.place = c.seen.merchant(k.base.acquirer, k.base.merchant)
		if k.base.code.live() && hasFee(k.base.code.kind()) {
			k.fee = k.contract.feeRule(row.CardType, row.Channel)
			k.tally = c.fees.of(k.base.acquirer, k.base.merchant, k.base.currency, k.fee)
		}
	}
	c.insert(k)
	return k
}

// hasFee says whether a contract's rates are for rows of the kind.
func hasFee(k parse.Kind) bool {
	switch k {
	case parse.Fee, parse.Adjustment, parse.Payout, parse.Preauth:
		return false
	}
	return true
}

func (c *classer) insert(k *kin) {
	if c.used*2 >= len(c.table) {
		old := c.table
		c.table = make([]*kin, 2*len(old))
		c.used = 0
		for _, o := range old {
			if o != nil {
				c.insert(o)
			}
		}
	}
	i := k.hash
	for c.table[i&uint64(len(c.table)-1)] != nil {
		i++
	}
	c.table[i&uint64(len(c.table)-1)] = k
	c.used++
}

// close adds the worker's sums to the run's.
func (c *classer) close() {
	t := &c.r.classes
	t.mu.Lock()
	defer t.mu.Unlock()
	for len(t.sums) < len(t.list) {
		t.sums = append(t.sums, classSums{})
	}
	for id := range c.sums {
		t.sums[id].add(&c.sums[id])
	}
	c.r.fees.merge(c.fees)
	if c.seen.on {
		c.r.terminals.merge(&c.seen)
	}
}

// places remembers which merchant's clearing rows show a terminal, so that a
// sale that never cleared has a contract. One worker fills it, then they are
// merged.
type places struct {
	on        bool
	merchants []merchantKey
	numbers   map[merchantKey]uint32
	of        map[string]uint32 // terminal → merchant number, or several
	recent    [256]struct {
		terminal string
		merchant uint32
	}
}

type merchantKey struct{ acquirer, merchant string }

// several marks a terminal that more than one merchant's rows show.
const several = ^uint32(0)

func (p *places) merchant(acquirer, merchant string) uint32 {
	k := merchantKey{acquirer, merchant}
	n, ok := p.numbers[k]
	if !ok {
		if p.numbers == nil {
			p.numbers = map[merchantKey]uint32{}
		}
		n = uint32(len(p.merchants))
		p.merchants = append(p.merchants, k)
		p.numbers[k] = n
	}
	return n
}

func (p *places) note(terminal []byte, merchant uint32) {
	// The last two characters tell a store's terminals apart.
	n := len(terminal)
	slot := &p.recent[(uint(terminal[n-1])*16+uint(terminal[max(n-2, 0)]))%256]
	if slot.terminal == string(terminal) && (slot.merchant == merchant || slot.merchant == several) {
		return
	}
	if p.of == nil {
		p.of = map[string]uint32{}
	}
	name := string(terminal)
	if old, ok := p.of[name]; ok && old != merchant {
		merchant = several
	}
	p.of[name] = merchant
	slot.terminal, slot.merchant = name, merchant
}

func (p *places) merge(o *places) {
	for t, m := range o.of {
		if m != several {
			k := o.merchants[m]
			m = p.merchant(k.acquirer, k.merchant)
		}
		if old, ok := p.of[t]; ok && old != m {
			m = several
		}
		if p.of == nil {
			p.of = map[string]uint32{}
		}
		p.of[t] = m
	}
}

// shows is the merchant whose clearing rows show a terminal, if only one does.
func (p *places) shows(terminal []byte) (merchantKey, bool) {
	m, ok := p.of[string(terminal)]
	if !ok || m == several {
		return merchantKey{}, false
	}
	return p.merchants[m], true
}
