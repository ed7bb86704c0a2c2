package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/zeebo/xxh3"
)

// kindKeys holds fingerprints of the keys of the groups in a page of rows; it
// has that page's key. With it a row of tonight that carries a key of a settled
// group is found without reading the groups.
const kindKeys Kind = "keys"

// keepDays is for how many days after its clearing day the matched rows of a
// settlement that is paid are kept: within key_days of it a further part or
// copy of one can come.
const keepDays = 4

// filterBits is the size of the filter of settled keys: 16 MiB.
const filterBits = 1 << 27

// keyAt is a fingerprint of a key that a new row carries.
type keyAt struct {
	pos record.Pos
	key uint64
}

// keyHashes appends the fingerprints of the keys that a row carries; those of
// SPEC section 3.1.
func keyHashes(to []uint64, buf []byte, r *record.Row) ([]uint64, []byte) {
	add := func(kind byte, parts ...[]byte) {
		buf = append(buf[:0], kind)
		for _, p := range parts {
			if len(p) == 0 {
				return
			}
			buf = append(append(buf, p...), 0x1f)
		}
		to = append(to, xxh3.Hash(buf))
	}
	add('o', r.Text[record.OrderNo])
	add('c', r.Text[record.ChannelNo])
	add('r', r.Text[record.TerminalID], r.Text[record.RefNo])
	if r.Time != 0 {
		d := r.Time.Date()
		add('t', r.Text[record.TerminalID], r.Text[record.BatchNo], r.Text[record.TraceNo], []byte{byte(d), byte(d >> 8), byte(d >> 16)})
	}
	return to, buf
}

// keysOfGroups are the fingerprints of some groups, each once.
func keysOfGroups(groups []formed) (all []uint64) {
	var row rowBuffer
	var buf []byte
	for i := range groups {
		for _, rows := range [...][]Row{groups[i].pos, groups[i].clearing} {
			for j := range rows {
				all, buf = keyHashes(all, buf, row.of(&rows[j].Record))
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// reopen takes the groups that a new row shares a key with out of what is
// settled: their rows are matched again, with the new one. Rows seen before
// reopen nothing.
func (n *AtWork) reopen(ctx context.Context) error {
	if n.store == nil {
		return nil
	}
	// Two looks: a filter of the settled keys tells most new keys apart, and
	// only the few that are left are looked up.
	filter := make([]uint64, filterBits/64)
	type page struct {
		name string
		keys []uint64
	}
	var settled []page
	err := eachList(ctx, n.store, kindKeys, "", n.prev.Head.Seq, (*codec).fixed, func(p *Page, keys []uint64) {
		for _, k := range keys {
			filter[k%filterBits/64] |= 1 << (k % 64)
		}
		settled = append(settled, page{p.Key, keys})
	})
	if err != nil || len(settled) == 0 {
		return err
	}
	fresh := map[uint64]bool{}
	for side := range n.newKeys {
		if n.over[side] == nil { // none of its files is new
			continue
		}
		for _, k := range n.newKeys[side] {
			if filter[k.key%filterBits/64]&(1<<(k.key%64)) == 0 {
				continue
			}
			if row := n.over[side].find(k.pos); row != nil && !row.seen {
				fresh[k.key] = true
			}
		}
	}
	var hit []string
	for i := range settled {
		if len(fresh) > 0 && slices.ContainsFunc(settled[i].keys, func(k uint64) bool { return fresh[k] }) {
			hit = append(hit, settled[i].name)
		}
	}
	for _, key := range hit {
		if err := n.reopenPage(ctx, key, fresh); err != nil {
			return err
		}
	}
	for _, b := range n.sides {
		b.sealed()
	}
	return nil
}

func (n *AtWork) reopenPage(ctx context.Context, key string, fresh map[uint64]bool) error {
	return eachList(ctx, n.store, kindRows, key, n.prev.Head.Seq, codeFormed, func(p *Page, groups []formed) {
		if p.Key != key {
			return
		}
		var left []formed
		for i := range groups {
			if !slices.ContainsFunc(keysOfGroups(groups[i:i+1]), func(k uint64) bool { return fresh[k] }) {
				left = append(left, groups[i])
				continue
			}
			for j := range groups[i].pos {
				n.sides[record.SidePos].carry(&groups[i].pos[j])
			}
			for j := range groups[i].clearing {
				n.sides[record.SideClearing].carry(&groups[i].clearing[j])
			}
			n.reopened++
		}
		n.left[key] = left
	})
}

// rowPages are the pages of a settlement's matched rows as they stand after
// what was reopened tonight.
func (n *AtWork) rowPages(ctx context.Context, key result.SettlementKey, visit func(page string, groups []formed)) error {
	return eachList(ctx, n.store, kindRows, keyText(key)+"\x1f", n.prev.Head.Seq, codeFormed, func(p *Page, groups []formed) {
		if left, ok := n.left[p.Key]; ok {
			groups = left
		}
		visit(p.Key, groups)
	})
}

// putRows writes a page of matched rows with its keys.
func (n *AtWork) putRows(name string, groups []formed) error {
	if err := putList(n, kindRows, name, groups, codeFormed); err != nil {
		return err
	}
	return putList(n, kindKeys, name, keysOfGroups(groups), (*codec).fixed)
}

// dropRows ends the pages of a settlement's matched rows.
func (n *AtWork) dropRows(ctx context.Context, key result.SettlementKey) error {
	return n.store.Pages(ctx, kindKeys, keyText(key)+"\x1f", n.prev.Head.Seq, func(p *Page) error {
		n.drop(kindKeys, p.Key)
		n.drop(kindRows, p.Key)
		delete(n.left, p.Key)
		return nil
	})
}

// putLeft writes the pages again that lost groups tonight.
func (n *AtWork) putLeft() error {
	names := make([]string, 0, len(n.left))
	for name := range n.left {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if len(n.left[name]) == 0 {
			n.drop(kindKeys, name)
			n.drop(kindRows, name)
			continue
		}
		if err := n.putRows(name, n.left[name]); err != nil {
			return fmt.Errorf("page %s: %w", strings.ReplaceAll(name, "\x1f", " "), err)
		}
	}
	return nil
}
