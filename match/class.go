package match

import (
	"bytes"
	"encoding/binary"
	"sync"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// class is everything about a row that decides how it is treated, apart from
// its keys, time and amount. A day of ten million rows has a few hundred
// classes, so that settlements, due dates and fees are worked out once per
// class and not once per row.
type class struct {
	side       pair.Side
	code       pair.Traits
	status     record.Status
	cardType   record.CardType
	channel    record.Channel
	acquirer   string // the contract's name for it, else the file's
	merchant   string
	account    string
	currency   string      // "" is CNY
	day        record.Date // clearing day: the row's own, else by the contract's cut-off
	settleDate record.Date
	credited   record.Date
	promised   record.Date  // the acquirer's own day of payment; 0: not said
	marks      result.Flags // what the row itself shows: fee_diff, over_limit, off_hours, date_odd
	gap        creditGap    // the row's own credited amount against its net
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
	rows   int64
	amount money.Sum
	net    money.Sum // amount − fee, or what the file itself calls the net
}

func (s *classSums) add(o *classSums) {
	s.rows += o.rows
	s.amount.AddSum(o.amount)
	s.net.AddSum(o.net)
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
	r      *run
	side   pair.Side
	buf    []byte
	keyer  keyer
	recent [256]*kin
	table  []*kin // open addressing by hash
	used   int
	sums   []classSums
	seen   places
	fees   result.FeeLedger
}

// kin is the rows that agree in every field of a class as the file has it.
type kin struct {
	marks    kinMarks
	texts    [4][]byte // as kinTexts, raw
	hash     uint64
	base     class
	contract *terms.Contract // whose cut-off says the clearing day, by the trade day
	place    uint32          // of the merchant, see places
	days     []*kinDay
	cases    []kinCase
}

// kinMarks are the small fields of a kin, packed so that they are made and
// compared in registers: code, status, card type and channel, and on the
// clearing side the trade day (because contracts are dated) and the clearing,
// settlement, credited and promised day.
type kinMarks struct{ a, b, c uint64 }

func marksOf(row *record.Row, c pair.Traits, sd pair.Side) kinMarks {
	m := kinMarks{a: uint64(c) | uint64(row.Status)<<8 | uint64(row.CardType)<<16 | uint64(row.Channel)<<24}
	if sd == pair.ClearingSide {
		m.a |= uint64(row.Time.Date()) << 32
		settled, credited := claimedDays(row)
		m.b = uint64(uint32(row.ClearingDate)) | uint64(settled)<<32
		m.c = uint64(uint32(credited)) | uint64(row.PromisedDate)<<32
	}
	return m
}

// kinTexts are the texts that rows of one kin share; those after the first
// three count on the clearing side only.
var kinTexts = [4]record.Field{record.Currency, record.Acquirer, record.MerchantID, record.Account}

// kinCase is a kin's rows whose day and marks are the same too.
type kinCase struct {
	is uint64 // the three of them, see caseOf
	id uint32
}

func caseOf(day record.Date, marks result.Flags, gap creditGap) uint64 {
	return uint64(day)<<32 | uint64(marks)<<8 | uint64(gap)
}

func newClasser(r *run, sd pair.Side) *classer {
	return &classer{r: r, side: sd, keyer: newKeyer(r.opt.seed), table: make([]*kin, 64), fees: result.FeeLedger{}}
}

// of is the row's class and code; it also adds the row to the sums of its class.
func (c *classer) of(row *record.Row) (uint32, pair.Traits) {
	id, k, d := c.find(row)
	if c.seen.on {
		if h := c.keyer.hash(row.Text[record.TerminalID]); h != 0 {
			c.seen.add(h, k.place)
		}
	}
	if d != nil && d.tally != nil {
		d.tally.Add(d.fee, row.Amount, row.Fee, row.HasFee)
	}
	c.count(id, row)
	return id, k.base.code
}

// find is the row's class. The contract of its day comes with it on the
// clearing side.
func (c *classer) find(row *record.Row) (uint32, *kin, *kinDay) {
	k := c.kin(row)
	marks := c.offHours(k, row) | c.dateOdd(row)
	if c.side == pair.PosSide {
		return c.r.caseID(k, row.ClearingDate, marks, noGap), k, nil
	}
	day := row.ClearingDate
	if day == 0 && row.Time != 0 {
		day = k.contract.ClearingDay(row.Time, row.HasClock, row.Channel)
	}
	d := c.onDay(k, day)
	if !d.ofDay && row.Time != 0 {
		d.ofDay = k.contract.ClearingDay(row.Time, row.HasClock, row.Channel) == row.Time.Date()
	}
	return c.r.caseID(k, day, marks|d.marks(k, row), gapOf(row)), k, d
}

func (c *classer) offHours(k *kin, row *record.Row) result.Flags {
	if k.base.code.Live() && c.r.opt.Thresholds.InOffHours(row.Time, row.HasClock) {
		return result.OffHours
	}
	return 0
}

func (c *classer) dateOdd(row *record.Row) result.Flags {
	if row.HasOddDates(c.side.Record(), c.r.opt.AsOf) {
		return result.DateOdd
	}
	return 0
}

// kinDay is what a contract says of a kin's rows of one clearing day.
type kinDay struct {
	day      record.Date
	contract *terms.Contract
	differs  bool // the acquirer promises another day than the contract
	fee      terms.FeeRule
	tally    *result.FeeSums // nil: the rows are not charged by rates
	ofDay    bool            // a row of it is of its trade day by the contract's cut-off too
}

// onDay is the contract in force on a clearing day.
func (c *classer) onDay(k *kin, day record.Date) *kinDay {
	for _, d := range k.days {
		if d.day == day {
			return d
		}
	}
	b := &k.base
	d := &kinDay{day: day, contract: c.r.opt.Contracts.For(b.acquirer, b.merchant, day)}
	if b.code.Live() && hasFee(b.code.Kind()) {
		d.fee = d.contract.FeeRule(b.cardType, b.channel)
		d.tally = c.fees.Of(b.acquirer, b.merchant, b.currency, d.fee)
	}
	d.differs = d.contract.Differs(c.r.opt.Calendar, terms.DueBy{Promised: b.promised, Under: terms.CycleFor(b.cardType, b.channel)}, day) && b.code.Live()
	k.days = append(k.days, d)
	return d
}

// marks are the flags that a row shows by itself against its contract.
func (d *kinDay) marks(k *kin, row *record.Row) (f result.Flags) {
	if d.tally != nil && row.HasFee {
		if _, differs := d.fee.Check(row.Amount, row.Fee); differs {
			f |= result.FeeDiff
		}
	}
	if k.base.code.Live() && d.contract.OverLimit(k.base.code.Kind(), row.Amount) {
		f |= result.OverLimit
	}
	if d.differs {
		f |= result.DueDiffers
	}
	return f
}

func (r *run) caseID(k *kin, day record.Date, marks result.Flags, gap creditGap) uint32 {
	is := caseOf(day, marks, gap)
	for i := range k.cases {
		if o := &k.cases[i]; o.is == is {
			return o.id
		}
	}
	cl := k.base
	cl.day, cl.marks, cl.gap = day, marks, gap
	id := r.classes.id(cl)
	k.cases = append(k.cases, kinCase{is, id})
	return id
}

// netOf is what the row pays out: the file's own net, else amount − fee.
func netOf(row *record.Row) money.Fen {
	if row.HasNet {
		return row.Net
	}
	return row.Amount - row.Fee
}

func gapOf(row *record.Row) creditGap {
	// Nothing credited and no day for it: it has not come yet.
	if !row.HasCredited || row.Unsettled || row.Credited == 0 && row.CreditedDate == 0 {
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

func (c *classer) count(id uint32, row *record.Row) {
	for int(id) >= len(c.sums) {
		c.sums = append(c.sums, classSums{})
	}
	s := &c.sums[id]
	s.rows++
	s.amount.Add(row.Amount)
	s.net.Add(netOf(row))
}

// kin finds or makes the row's kin. Rows of the same merchant and sort follow
// each other, so a small cache answers nearly all of them.
func (c *classer) kin(row *record.Row) *kin {
	cd := pair.TraitsOf(row)
	m := marksOf(row, cd, c.side)
	slot := &c.recent[m.slot(row.Text[record.MerchantID])]
	if k := *slot; k != nil && k.is(m, row, c.side) {
		return k
	}
	k := c.lookUp(m, cd, row)
	*slot = k
	return k
}

// claimedDays are the days on which the file itself says that a row was settled
// and credited.
func claimedDays(row *record.Row) (settled, credited record.Date) {
	if row.Unsettled {
		return settle.NotSettled, 0
	}
	return row.SettleDate, row.CreditedDate
}

// slot spreads kins over the cache; any spread is right.
func (m kinMarks) slot(merchant []byte) uint64 {
	h := m.a ^ m.b<<7
	if n := len(merchant); n > 0 {
		h ^= uint64(merchant[n-1])<<50 ^ uint64(merchant[max(n-2, 0)])<<54
	}
	return h * 0x9e3779b97f4a7c15 >> 56
}

// is says whether a row is of the kin.
func (k *kin) is(m kinMarks, row *record.Row, sd pair.Side) bool {
	return k.marks == m &&
		sameText(k.texts[2], row.Text[record.MerchantID]) && sameText(k.texts[0], row.Text[record.Currency]) &&
		sameText(k.texts[1], row.Text[record.Acquirer]) && (sd == pair.PosSide || sameText(k.texts[3], row.Text[record.Account]))
}

// sameText is bytes.Equal for texts that are mostly absent or of an
// identifier's length.
func sameText(a, b []byte) bool { return len(a) == len(b) && (len(a) == 0 || sameBytes(a, b)) }

func sameBytes(a, b []byte) bool {
	if len(a) > 16 {
		return bytes.Equal(a, b)
	}
	a1, a2 := ends(a)
	b1, b2 := ends(b)
	return a1 == b1 && a2 == b2
}

// lookUp is kin without the cache.
func (c *classer) lookUp(m kinMarks, cd pair.Traits, row *record.Row) *kin {
	b := c.buf[:0]
	for _, w := range [...]uint64{m.a, m.b, m.c} {
		b = binary.LittleEndian.AppendUint64(b, w)
	}
	for _, f := range kinTexts {
		b = append(append(b, row.Text[f]...), keySep)
	}
	c.buf = b
	h := xxh3.Hash(b)
	for i := h; ; i++ {
		k := c.table[i&uint64(len(c.table)-1)]
		if k == nil {
			return c.addKin(h, m, cd, row)
		}
		if k.hash == h && k.is(m, row, c.side) {
			return k
		}
	}
}

func (c *classer) addKin(h uint64, m kinMarks, cd pair.Traits, row *record.Row) *kin {
	k := &kin{hash: h, marks: m}
	for i, f := range kinTexts {
		k.texts[i] = bytes.Clone(row.Text[f])
	}
	k.base = class{
		side: c.side, code: cd, status: row.Status, cardType: row.CardType, channel: row.Channel,
		currency: string(k.texts[0]), acquirer: string(k.texts[1]), merchant: string(k.texts[2]),
	}
	if isBase(row.Text[record.Currency]) {
		k.base.currency = ""
	}
	if c.side == pair.ClearingSide {
		k.contract = c.r.opt.Contracts.For(k.base.acquirer, k.base.merchant, row.Time.Date())
	}
	k.base.acquirer = c.r.opt.Contracts.Name(k.base.acquirer, k.base.merchant)
	if c.side == pair.ClearingSide {
		k.base.account = string(k.texts[3])
		k.base.settleDate, k.base.credited = claimedDays(row)
		k.base.promised = row.PromisedDate
		k.place = c.seen.merchant(k.base.acquirer, k.base.merchant)
	}
	c.insert(k)
	return k
}

// hasFee says whether a contract's rates are for rows of the kind.
func hasFee(k record.Kind) bool {
	switch k {
	case record.Fee, record.Adjustment, record.Payout, record.Preauth:
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
	c.r.fees.Merge(c.fees)
	for _, k := range c.table {
		if k != nil && c.side == pair.ClearingSide && k.base.code.Kind() != record.Payout {
			c.traded(k)
		}
	}
	if c.seen.on {
		c.seen.flush()
		c.r.terminals.merge(&c.seen)
	}
}

// traded notes on which natural days a merchant's rows were sold.
func (c *classer) traded(k *kin) {
	for _, d := range k.days {
		if day := record.Date(k.marks.a >> 32); d.ofDay && day != 0 {
			if c.r.tradeDays == nil {
				c.r.tradeDays = map[merchantDay]struct{}{}
			}
			c.r.tradeDays[merchantDay{merchantKey{k.base.acquirer, k.base.merchant}, day}] = struct{}{}
		}
	}
}

// merchantDay is a day of a merchant.
type merchantDay struct {
	merchantKey
	day record.Date
}

// places remembers which merchant's clearing rows show a terminal, so that a
// sale that never cleared has a contract. One worker fills it, then they are
// merged.
type places struct {
	on        bool
	merchants []merchantKey
	numbers   map[merchantKey]uint32
	table     []shown // open addressing by hash
	used      int
	waiting   [64]shown // not yet in table
	n         int       // how many of them
	touched   uint64    // see flush
}

// shown is a terminal, by a 64-bit keyed fingerprint, with the number of its
// merchant, or several. A zero hash is a free slot.
type shown struct {
	hash     uint64
	merchant uint32
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

// at is the slot of a terminal: its own, or the free one where it belongs.
func (p *places) at(hash uint64) *shown {
	for i := hash >> 1; ; i++ {
		if s := &p.table[i&uint64(len(p.table)-1)]; s.hash == hash || s.hash == 0 {
			return s
		}
	}
}

// add is note at some later time. Every clearing row comes here, and the slot
// of its terminal is seldom in the processor's cache: looked at together, many
// slots are fetched in the time of one.
func (p *places) add(hash uint64, merchant uint32) {
	if p.n == len(p.waiting) {
		p.flush()
	}
	p.waiting[p.n] = shown{hash, merchant}
	p.n++
}

// flush notes what is waiting. It looks at all slots first, which needs no
// answer from one to go on to the next.
func (p *places) flush() {
	if mask := uint64(len(p.table) - 1); len(p.table) > 0 {
		touched := uint64(0)
		for i := range p.waiting[:p.n] {
			touched |= p.table[p.waiting[i].hash>>1&mask].hash
		}
		p.touched = touched
	}
	for i := range p.waiting[:p.n] {
		p.note(p.waiting[i].hash, p.waiting[i].merchant)
	}
	p.n = 0
}

func (p *places) note(hash uint64, merchant uint32) {
	if 2*p.used >= len(p.table) {
		p.grow()
	}
	switch s := p.at(hash); {
	case s.hash == 0:
		*s = shown{hash, merchant}
		p.used++
	case s.merchant != merchant:
		s.merchant = several
	}
}

func (p *places) grow() {
	old := p.table
	p.table = make([]shown, max(64, 2*len(old)))
	for _, s := range old {
		if s.hash != 0 {
			*p.at(s.hash) = s
		}
	}
}

func (p *places) merge(o *places) {
	for _, s := range o.table {
		if s.hash == 0 {
			continue
		}
		if s.merchant != several {
			k := o.merchants[s.merchant]
			s.merchant = p.merchant(k.acquirer, k.merchant)
		}
		p.note(s.hash, s.merchant)
	}
}

// shows is the merchant whose clearing rows show a terminal, if only one does.
func (p *places) shows(hash uint64) (merchantKey, bool) {
	if hash == 0 || p.used == 0 {
		return merchantKey{}, false
	}
	s := p.at(hash)
	if s.hash == 0 || s.merchant == several {
		return merchantKey{}, false
	}
	return p.merchants[s.merchant], true
}
