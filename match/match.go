// Package match turns records into results: which sale was cleared, which
// money came, when, and what is missing. It is pure: it reads no files but the
// temporary one it is given, no clock and no globals, and no goroutine
// outlives its call.
package match

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/duizhang/duizhang/match/pair"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/settle"
	"github.com/duizhang/duizhang/match/terms"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"golang.org/x/sync/errgroup"
)

// Options say what a run is judged by. The zero value of a field is its default.
type Options struct {
	// AsOf is the day the run is judged on. It must be set.
	AsOf record.Date
	// KeyDays is how many days apart two rows of one key may be: reference and
	// trace numbers come round again. Default 3.
	KeyDays int64
	// TimeWindow is how many seconds apart a suggested pair may be. Default 600.
	TimeWindow int64
	// TimeDiff is how many seconds apart the two sides of a matched group may
	// be before it is flagged time_diff. Default 600.
	TimeDiff int64
	// StatementGrace is for how many calendar days at most money that fell due
	// after an account's statement ends is waited for, and no longer than the
	// longest of its statements spans. 0 is DefaultStatementGrace; negative
	// waits for nothing.
	StatementGrace int64
	// Contracts and Calendar are the tables of SPEC section 5; nil is the
	// default contract and the built-in calendar.
	Contracts *terms.Contracts
	Calendar  *terms.Calendar
	// Patterns recognise acquirers in bank remarks; nil is the built-in ones.
	Patterns *terms.Patterns
	// Thresholds are the settings of the risk flags; zero is DefaultThresholds.
	Thresholds terms.Thresholds
	// All lists the quiet matched groups too.
	All bool
	// Workers is how many goroutines work; 0 is one per core.
	Workers int
	// Memory is about how many bytes a run may use before partitions go
	// through a temporary file made by TempFile; 0, or no TempFile, is without
	// limit.
	Memory   int64
	TempFile func() (*os.File, error)
	// Before is what earlier nights have left; nil: there were none, or they
	// are not remembered. With it Result.Quiet names the matched pairs that are
	// only counted.
	Before *Before
	// Progress, if set, is counted up while the run goes on.
	Progress *Progress

	seed                 uint64 // 0: a fresh one
	partBits, chunkFacts int    // 0: the defaults
	maxPartition         int    // facts; 0: by Memory
}

// Progress can be read at any time while Run works.
type Progress struct {
	// Scanned counts rows of all sides, Joined those of them that have met
	// (or missed) the other side.
	Scanned, Joined atomic.Int64
}

func (o *Options) setDefaults() {
	o.KeyDays = cmp.Or(o.KeyDays, 3)
	o.TimeWindow = cmp.Or(o.TimeWindow, 600)
	o.TimeDiff = cmp.Or(o.TimeDiff, 600)
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.seed = cmp.Or(o.seed, rand.Uint64())
	if o.chunkFacts == 0 {
		o.chunkFacts, o.partBits = defaultChunkFacts, defaultPartBits
	}
	o.Thresholds = cmp.Or(o.Thresholds, terms.DefaultThresholds)
	if o.Calendar == nil {
		o.Calendar = terms.BuiltinCalendar()
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
}

// Run reconciles the three sides; any of them may be nil. The result depends
// only on the rows and the options: neither on the order of files or rows, nor
// on workers, memory or chance.
func Run(ctx context.Context, pos, clearing, bank Source, opt Options) (res *result.Result, err error) {
	if opt.AsOf == 0 {
		return nil, errors.New("match: the day of the run is not set")
	}
	opt.setDefaults()
	r := newRun(opt, pos, clearing, bank)
	defer func() {
		if cerr := r.spill.close(); err == nil && cerr != nil {
			err = fmt.Errorf("temporary file for the match: %w", cerr)
		}
	}()
	for _, step := range [...]func(context.Context) error{
		r.scanPos, r.scanClearing, r.classCodes, r.settle, r.joinKeys, r.readListed, r.readRest, r.decideRest,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return r.result()
}

// run is the state of one call of Run.
type run struct {
	opt          Options
	src          [4]Source // by parse.Side
	keys         []result.KeyType
	stores       []*store[fact] // of each key
	spill        *spill
	maxPartition int // facts; larger ones are split
	classes      classTable
	codes        []pair.Traits // by class
	fees         result.FeeLedger
	leg          *settle.Output
	outcomes     []outcome // by class
	marked       [2]markedRows
	swiped       map[record.Pos]swiped // of the side that swipes are looked for on
	terminals    places
	tradeDays    map[merchantDay]struct{} // natural days on which clearing rows were sold
	unsent       map[merchantDay]int      // sales on days of which an acquirer sent nothing, in a run of days
	scanned      [2]tally
	before       [2]carriedRows
	quietPairs   []result.QuietPair
	sawDays      []result.ClearingDayOf
	rest         [2][]placed              // rows without a usable key
	beaten       [2]map[record.Pos]beaten // rows whose key is on a row that they did not get
	refAlone     bool                     // rows are filed under their reference number alone
	carried      [2]map[uint64]struct{}   // numbers of the loose rows of a side, once asked for
	refLoose     map[uint64]struct{}      // numbers of loose rows, when such a join begins
	loose        [2][]loose
	bares        [][4]uint64 // see loose.bare
	drafts       []draft
	quietSums    []quietSums
	quietSeen    [2]tally
	rows         arena[fact]
	details      [2][]detail // of the listed rows, where their facts point
	at           arena[record.Pos]
}

func newRun(opt Options, pos, clearing, bank Source) *run {
	r := &run{opt: opt}
	r.src[record.SidePos], r.src[record.SideClearing], r.src[record.SideBank] = pos, clearing, bank
	// Half is for facts; tables, readers and the collector's slack need the rest.
	r.spill = &spill{budget: opt.Memory / 2, open: opt.TempFile}
	if opt.Memory == 0 {
		r.spill.open = nil
	}
	r.classes.ids = map[class]uint32{}
	r.fees = result.FeeLedger{}
	r.before = [2]carriedRows{{amount: moneyBag{}}, {amount: moneyBag{}}}
	r.beaten = [2]map[record.Pos]beaten{{}, {}}
	if pos != nil && clearing != nil {
		r.keys = usableKeys(pos.Carries(), clearing.Carries())
	}
	r.refAlone = r.refAloneInScan()
	for range r.keys {
		r.stores = append(r.stores, newStore[fact](r.spill, uint(opt.partBits), opt.chunkFacts, 0))
	}
	if r.maxPartition = cmp.Or(opt.maxPartition, 1<<62); r.spill.open != nil {
		// Facts, tables and copies take up to 80 bytes a row.
		r.maxPartition = min(r.maxPartition, int(max(opt.Memory/80/int64(opt.Workers), 64)))
	}
	return r
}

func (r *run) source(sd pair.Side) Source { return r.src[sd.Record()] }

func (r *run) scanPos(ctx context.Context) error { return r.scan(ctx, pair.PosSide) }

func (r *run) scanClearing(ctx context.Context) error { return r.scan(ctx, pair.ClearingSide) }

// scan visits every row of a side once. Each becomes a fact under the
// strongest usable key that it carries; a row without one is kept by position
// and read again at the end.
func (r *run) scan(ctx context.Context, sd pair.Side) error {
	src := r.source(sd)
	if src == nil {
		return nil
	}
	var swipes *store[swipe]
	if r.swipeSide(sd) {
		swipes = newStore[swipe](r.spill, min(uint(r.opt.partBits), swipePartBits), r.opt.chunkFacts, 0)
	}
	below := r.carriedBelow()
	err := r.visit(sd, swipes, func(newVisitor func() *scanner) error {
		return src.Scan(ctx, r.opt.Workers, r.needs(sd, src.Carries()), func(int) func(*record.Row) {
			v := newVisitor()
			v.classer.seen.on = sd == pair.ClearingSide && src.Carries().Has(record.TerminalID)
			return func(row *record.Row) {
				v.tally.addPos(row.Pos)
				id, code := v.class(row, below)
				if !v.place(row, id, 0) {
					v.rest = append(v.rest, placed{row.Pos, id})
				}
				if v.swipes != nil && code.Swipes() {
					v.swipe(row)
				}
				if v.tally.n&1023 == 0 {
					r.opt.Progress.Scanned.Add(1024)
				}
			}
		})
	})
	if err == nil && swipes != nil {
		err = r.markSwipes(ctx, swipes, sd)
	}
	return err
}

// needs are the text fields that the scan of a side asks for.
func (r *run) needs(sd pair.Side, carries record.FieldSet) record.FieldSet {
	need := record.FieldSet(0).With(record.Acquirer, record.MerchantID, record.Currency)
	if sd == pair.ClearingSide {
		need = need.With(record.Account)
		if p := r.src[record.SidePos]; p != nil && p.Carries().Has(record.TerminalID) {
			need = need.With(record.TerminalID)
		}
	}
	for _, k := range r.keys {
		need |= k.Fields()
	}
	if r.refAlone {
		need = need.With(record.TerminalID, record.CardTail)
	}
	if r.swipeSide(sd) {
		need |= swipeFields
	}
	return need & carries
}

// placed is a row that is only kept by where it stands.
type placed struct {
	pos   record.Pos
	class uint32
}

// scanner is one worker's view of a side.
type scanner struct {
	r       *run
	sd      pair.Side
	keyer   keyer
	classer *classer
	writers []*writer[fact]
	swipes  *writer[swipe] // nil on a side where repeated swipes are not looked for
	rest    []placed
	loose   []loose
	bares   [][4]uint64
	tally   tally
	carried carriedRows
	buf     []byte
}

// class is the row's class and code. A row of an earlier night adds nothing to
// the sums of its class: its settlement has it already.
func (s *scanner) class(row *record.Row, below record.Pos) (uint32, pair.Traits) {
	if row.Pos >= below {
		return s.classer.of(row)
	}
	id, k, _ := s.classer.find(row)
	s.carried.add(k.base.currency, row.Amount)
	return id, k.base.code
}

// carriedRows counts rows of earlier nights.
type carriedRows struct {
	n      int64
	amount moneyBag
}

func (c *carriedRows) add(currency string, v money.Fen) {
	if c.amount == nil {
		c.amount = moneyBag{}
	}
	c.n++
	c.amount.addFen(currency, v)
}

func (c *carriedRows) merge(o *carriedRows) {
	c.n += o.n
	for cur, v := range o.amount {
		c.amount.add(cur, v)
	}
}

// visit runs a pass over a side with one scanner per worker and collects what
// they found.
func (r *run) visit(sd pair.Side, swipes *store[swipe], pass func(newVisitor func() *scanner) error) error {
	var mu sync.Mutex
	var all []*scanner
	if err := pass(func() *scanner {
		s := &scanner{r: r, sd: sd, keyer: newKeyer(r.opt.seed), classer: newClasser(r, sd)}
		for _, st := range r.stores {
			s.writers = append(s.writers, st.writer(sd))
		}
		if swipes != nil {
			s.swipes = swipes.writer(sd)
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, s)
		return s
	}); err != nil {
		return err
	}
	for _, s := range all {
		if err := s.close(); err != nil {
			return err
		}
		r.scanned[sd].merge(&s.tally)
		r.before[sd].merge(&s.carried)
		r.rest[sd] = append(r.rest[sd], s.rest...)
		r.keep(sd, s.loose, s.bares)
	}
	return nil
}

// close hands on what the scanner has filed.
func (s *scanner) close() error {
	for _, w := range s.writers {
		if err := w.close(); err != nil {
			return err
		}
	}
	if s.swipes != nil {
		if err := s.swipes.close(); err != nil {
			return err
		}
	}
	s.classer.close()
	return nil
}

// place files a row under the first usable key from the from-th on that it
// carries. A payout in a clearing file is no transaction and carries none.
func (s *scanner) place(row *record.Row, class uint32, from int) bool {
	if row.Kind != record.Payout {
		for i, k := range s.r.keys[from:] {
			if k == result.KeyRefAlone && !s.r.refAlone {
				continue
			}
			if v, ok := s.keyer.key(k, row); ok {
				s.writers[from+i].next(v.hi).set(v, row, class)
				return true
			}
		}
	}
	return false
}

// classCodes lays out what the join asks most often about a class.
func (r *run) classCodes(context.Context) error {
	for i := range r.classes.list {
		r.codes = append(r.codes, r.classes.list[i].code)
	}
	r.quietSums = make([]quietSums, len(r.codes))
	return nil
}

// joinKeys joins key by key; what one key leaves goes on to the next.
func (r *run) joinKeys(ctx context.Context) error {
	for i, k := range r.keys {
		if k == result.KeyRefAlone {
			if err := r.startRefAlone(ctx); err != nil {
				return err
			}
		}
		left, err := r.joinKey(ctx, i)
		if err != nil {
			return err
		}
		r.refAlone = r.refAlone || int64(len(left[pair.PosSide])) > r.scanned[pair.PosSide].n/bulkShare
		for sd := range left {
			if err := r.advance(ctx, pair.Side(sd), left[sd], i+1); err != nil {
				return err
			}
		}
	}
	r.spill.drop()
	return nil
}

// joinKey joins all partitions of a key in parallel and gives the positions of
// the rows that found no counterpart.
func (r *run) joinKey(ctx context.Context, i int) (left [2][]record.Pos, err error) {
	st := r.stores[i]
	joiners := make([]*joiner, r.opt.Workers)
	for w := range joiners {
		joiners[w] = newJoiner(r, r.keys[i])
	}
	parts := len(st.parts[0])
	err = r.parallel(ctx, parts, func(w, p int) error {
		r.opt.Progress.Joined.Add(int64(st.rows(p)))
		return joiners[w].partition(ctx, st, p)
	})
	if err != nil {
		return left, err
	}
	if err := r.breakTies(ctx, joiners); err != nil {
		return left, err
	}
	for _, j := range joiners {
		r.drafts = append(r.drafts, j.drafts...)
		for c := range j.quiet {
			r.quietSums[c].groups += j.quiet[c].groups
			r.quietSums[c].amount.AddSum(j.quiet[c].amount)
		}
		r.quietPairs = append(r.quietPairs, j.quietPairs...)
		for sd := range left {
			left[sd] = append(left[sd], j.left[sd]...)
			r.keepBeaten(pair.Side(sd), j.beaten[sd])
			r.quietSeen[sd].merge(&j.seen[sd])
		}
	}
	return left, nil
}

// keepBeaten notes rows that did not get a row of their key; the strictest key
// comes first.
func (r *run) keepBeaten(sd pair.Side, rows []beaten) {
	for _, b := range rows {
		if _, stricter := r.beaten[sd][b.row]; !stricter {
			r.beaten[sd][b.row] = b
		}
	}
}

// parallel calls work for 0 … n-1, on as many goroutines as the run may use,
// and waits for all of them. w tells the goroutines apart.
func (r *run) parallel(ctx context.Context, n int, work func(w, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for w := range min(r.opt.Workers, n) {
		g.Go(problem.Guard(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return err
				}
				if err := work(w, i); err != nil {
					return err
				}
			}
		}))
	}
	return g.Wait()
}

// breakTies resolves the buckets in which rows look alike, with the content of
// their rows as the tie-breaker.
func (r *run) breakTies(ctx context.Context, joiners []*joiner) error {
	var all [2][]tied
	for sd := range all {
		for _, j := range joiners {
			all[sd] = append(all[sd], j.tied[sd]...)
			j.tied[sd] = nil
		}
		if err := r.readDigests(ctx, pair.Side(sd), all[sd]); err != nil {
			return err
		}
		slices.SortFunc(all[sd], compareKey)
	}
	j, p, c := joiners[0], all[pair.PosSide], all[pair.ClearingSide]
	for len(p) > 0 { // a bucket has both sides
		np, nc := keyRun(p), keyRun(c)
		j.decideTied([2][]tied{p[:np], c[:nc]})
		p, c = p[np:], c[nc:]
	}
	return nil
}

func compareKey(a, b tied) int {
	if a.hi != b.hi {
		return cmp.Compare(a.hi, b.hi)
	}
	return cmp.Compare(a.lo, b.lo)
}

// keyRun counts the leading rows of one key.
func keyRun(items []tied) int {
	n := 1
	for n < len(items) && items[n].sameKey(&items[0].fact) {
		n++
	}
	return n
}

// readDigests reads rows again for their content.
func (r *run) readDigests(ctx context.Context, sd pair.Side, items []tied) error {
	if len(items) == 0 {
		return nil
	}
	slices.SortFunc(items, func(a, b tied) int { return cmp.Compare(a.pos(), b.pos()) })
	at := make([]record.Pos, len(items))
	for i := range items {
		at[i] = items[i].pos()
	}
	return r.source(sd).Reread(ctx, r.opt.Workers, at, func(int) func(int, *record.Row) {
		var buf []byte
		return func(i int, row *record.Row) { items[i].digest, buf = digest(buf, row) }
	})
}

// advance reads rows that a key left again, and files each under the next key
// it carries; a row without one is loose.
func (r *run) advance(ctx context.Context, sd pair.Side, left []record.Pos, from int) error {
	if len(left) == 0 {
		return nil
	}
	slices.Sort(left)
	return r.visit(sd, nil, func(newVisitor func() *scanner) error {
		return r.source(sd).Reread(ctx, r.opt.Workers, left, func(int) func(int, *record.Row) {
			v := newVisitor()
			return func(_ int, row *record.Row) {
				id, _, _ := v.classer.find(row)
				if !v.place(row, id, from) {
					v.loosen(row, id)
				}
			}
		})
	})
}

// readRest reads the rows that never carried a usable key.
func (r *run) readRest(ctx context.Context) error {
	for _, sd := range [...]pair.Side{pair.PosSide, pair.ClearingSide} {
		at := make([]record.Pos, len(r.rest[sd]))
		for i := range at {
			at[i] = r.rest[sd][i].pos
		}
		r.rest[sd] = nil
		if err := r.advance(ctx, sd, at, len(r.keys)); err != nil {
			return err
		}
	}
	return nil
}
