package ledger

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/record"
)

const kindSeen Kind = "seen" // digests of a file's rows of a day; the key is side, day, night and file

// rowInfo is what is kept of every new row of a night until it ends.
type rowInfo struct {
	pos     record.Pos
	digest  uint64
	day     record.Date
	doc     int32
	ordinal int32
	last    record.Time // of the row: by which files are ordered
	seen    bool
}

// seenDay is the rows of one file of one day: those that it brought, and those
// that stood in a file before it.
type seenDay struct {
	Fresh, Known []uint64
}

func codeSeen(c *codec, s *seenDay) {
	list(c, &s.Fresh, (*codec).fixed)
	list(c, &s.Known, (*codec).fixed)
}

// readRows reads every row of a set once, for its digest.
func readRows(ctx context.Context, side record.Side, set match.Source, shown map[match.TerminalOf]bool, keys *[]keyAt) ([]rowInfo, error) {
	for {
		found := make([][]rowInfo, max(runtime.GOMAXPROCS(0), 1))
		terminals, carried := make([]map[match.TerminalOf]bool, len(found)), make([][]keyAt, len(found))
		err := set.Scan(ctx, len(found), set.Carries(), func(w int) func(*record.Row) {
			var buf []byte
			var last [3][]byte
			var some []uint64
			terminals[w] = map[match.TerminalOf]bool{}
			return func(r *record.Row) {
				if side == record.SideClearing && len(r.Text[record.TerminalID]) > 0 {
					noteTerminal(terminals[w], &last, r)
				}
				i := rowInfo{pos: r.Pos, day: dayOf(side, r), doc: int32(r.Doc), last: r.Time}
				if i.last == 0 {
					i.last = record.Time(i.day) * 86400
				}
				i.digest, buf = rowDigest(buf, side, r)
				if keys != nil {
					some, buf = keyHashes(some[:0], buf, r)
					for _, k := range some {
						carried[w] = append(carried[w], keyAt{r.Pos, k})
					}
				}
				found[w] = append(found[w], i)
			}
		})
		var out *parse.OutcastError
		if errors.As(err, &out) {
			continue // the next scan goes without that file
		}
		if keys != nil {
			*keys = slices.Concat(carried...)
		}
		for _, some := range terminals {
			for t := range some {
				shown[t] = true
			}
		}
		rows := slices.Concat(found...)
		slices.SortFunc(rows, func(a, b rowInfo) int { return cmp.Compare(a.pos, b.pos) })
		return rows, err
	}
}

// noteTerminal notes whose row shows a terminal; most rows repeat the one before.
func noteTerminal(shown map[match.TerminalOf]bool, last *[3][]byte, r *record.Row) {
	t, a, m := r.Text[record.TerminalID], r.Text[record.Acquirer], r.Text[record.MerchantID]
	if bytes.Equal(t, last[0]) && bytes.Equal(a, last[1]) && bytes.Equal(m, last[2]) {
		return
	}
	for i, text := range [...][]byte{t, a, m} {
		last[i] = append(last[i][:0], text...)
	}
	shown[match.TerminalOf{TerminalID: string(t), Acquirer: string(a), MerchantID: string(m)}] = true
}

// fileDays are the rows of one new file.
type fileDays struct {
	file *parse.File
	doc  int
	rows []int // indexes into the side's rows
	last record.Time
	gone int64
	seen int64
	of   string // the file that it repeats
}

// earlierDay is what one earlier file holds of a day.
type earlierDay struct {
	name   string
	counts map[uint64]int
	n      int
}

// overlap finds the rows that stood in an earlier file already: of this run,
// which is taken as if its files came one after the other, and of earlier
// nights. A file repeats an earlier one of its side by days: where it has at
// least half of the earlier one's rows of a day, the rows of that day that
// stood there are known.
type overlap struct {
	side    record.Side
	files   []*fileDays
	rows    []rowInfo
	earlier map[record.Date][]*earlierDay
	fresh   map[uint64]int32 // how many rows of a digest have come so far
	// missing are digests that a repeating file lacks, changed are the rows
	// that it has beyond them; both by day.
	missing map[uint64]bool
	changed []record.Pos
	notes   []Repeat
}

// Repeat says that a file repeats an earlier one.
type Repeat struct {
	File, Of   string
	Seen, Gone int64
}

func newOverlap(side record.Side, rows []rowInfo, files []*parse.File) *overlap {
	o := &overlap{side: side, rows: rows, earlier: map[record.Date][]*earlierDay{}, fresh: map[uint64]int32{}, missing: map[uint64]bool{}}
	byDoc := map[int32]*fileDays{}
	for i := range rows {
		f := byDoc[rows[i].doc]
		if f == nil {
			f = &fileDays{doc: int(rows[i].doc)}
			if f.doc < len(files) {
				f.file = files[f.doc]
			}
			byDoc[rows[i].doc] = f
			o.files = append(o.files, f)
		}
		f.rows = append(f.rows, i)
		f.last = max(f.last, rows[i].last)
	}
	slices.SortFunc(o.files, func(a, b *fileDays) int {
		return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(len(a.rows), len(b.rows)), strings.Compare(a.name(), b.name()), cmp.Compare(a.doc, b.doc))
	})
	return o
}

func (f *fileDays) name() string {
	if f.file == nil {
		return ""
	}
	return f.file.Name
}

// load reads what earlier nights have of the days of the new rows.
func (o *overlap) load(ctx context.Context, s Store, seq int64) error {
	days := map[record.Date]bool{}
	for i := range o.rows {
		days[o.rows[i].day] = true
	}
	for day := range days {
		err := s.Pages(ctx, kindSeen, seenPrefix(o.side, day), seq, func(p *Page) error {
			var d seenDay
			if err := unpack(p.Body, &d, codeSeen); err != nil {
				return &Error{Code: Damaged, Detail: fmt.Sprintf("page %s %s", p.Kind, p.Key), Err: err}
			}
			e := &earlierDay{name: p.Key[strings.LastIndexByte(p.Key, '/')+1:], counts: map[uint64]int{}}
			for _, h := range d.Fresh {
				o.fresh[h]++
			}
			for _, h := range slices.Concat(d.Fresh, d.Known) {
				e.counts[h]++
				e.n++
			}
			o.earlier[day] = append(o.earlier[day], e)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func seenPrefix(side record.Side, day record.Date) string {
	return fmt.Sprintf("%d/%06d/", side, int32(day))
}

// run goes through the files as if they came one after the other.
func (o *overlap) run() {
	for _, f := range o.files {
		byDay := map[record.Date][]int{}
		for _, i := range f.rows {
			byDay[o.rows[i].day] = append(byDay[o.rows[i].day], i)
		}
		for day, rows := range byDay {
			o.day(f, day, rows)
		}
	}
	slices.Sort(o.changed)
}

func (o *overlap) day(f *fileDays, day record.Date, rows []int) {
	own := &earlierDay{name: f.name(), counts: map[uint64]int{}, n: len(rows)}
	for _, i := range rows {
		own.counts[o.rows[i].digest]++
	}
	known := map[uint64]int{}
	repeats := false
	for _, e := range o.earlier[day] {
		shared := 0
		for h, n := range e.counts {
			shared += min(n, own.counts[h])
		}
		if e.n == 0 || 2*shared < e.n {
			continue
		}
		repeats = true
		f.of = e.name
		for h, n := range e.counts {
			known[h] = max(known[h], min(n, own.counts[h]))
			if left := n - own.counts[h]; left > 0 {
				f.gone += int64(left)
				o.missing[h] = true
			}
		}
	}
	for _, i := range rows {
		r := &o.rows[i]
		if known[r.digest] > 0 {
			known[r.digest]--
			r.seen = true
			f.seen++
			continue
		}
		o.fresh[r.digest]++
		r.ordinal = o.fresh[r.digest]
		if repeats {
			o.changed = append(o.changed, r.pos)
		}
	}
	o.earlier[day] = append(o.earlier[day], own)
}

// pages are what later nights must know of the new rows.
func (o *overlap) pages(seq int64) ([]Page, error) {
	var out []Page
	for n, f := range o.files {
		byDay := map[record.Date]*seenDay{}
		for _, i := range f.rows {
			r := &o.rows[i]
			d := byDay[r.day]
			if d == nil {
				d = new(seenDay)
				byDay[r.day] = d
			}
			if r.seen {
				d.Known = append(d.Known, r.digest)
			} else {
				d.Fresh = append(d.Fresh, r.digest)
			}
		}
		for day, d := range byDay {
			slices.Sort(d.Fresh)
			slices.Sort(d.Known)
			body, err := pack(d, codeSeen)
			if err != nil {
				return nil, err
			}
			name := strings.ReplaceAll(f.name(), "/", "|")
			out = append(out, Page{Ref: Ref{kindSeen, seenPrefix(o.side, day) + nightKey(seq) + fmt.Sprintf("-%04d/", n) + name}, Body: body})
		}
	}
	return out, nil
}

// find is what is known of a new row.
func (o *overlap) find(p record.Pos) *rowInfo {
	i, ok := slices.BinarySearchFunc(o.rows, p, func(r rowInfo, p record.Pos) int { return cmp.Compare(r.pos, p) })
	if !ok {
		return nil
	}
	return &o.rows[i]
}
