package ledger

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Memory is a store without a disk: the plain definition that the real ones
// are held against, and what a copy goes through.
type Memory struct {
	mu     sync.Mutex
	nights []Night
	pages  []Page
}

// NewMemory is an empty one.
func NewMemory() *Memory { return &Memory{} }

// Close does nothing.
func (*Memory) Close() error { return nil }

// Head implements Store.
func (m *Memory) Head(context.Context) (Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.head(), nil
}

func (m *Memory) head() Head {
	if len(m.nights) == 0 {
		return Head{}
	}
	return m.nights[len(m.nights)-1].Head()
}

// Nights implements Store.
func (m *Memory) Nights(context.Context) ([]Night, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.nights), nil
}

// Pages implements Store.
func (m *Memory) Pages(_ context.Context, kind Kind, prefix string, at int64, visit func(*Page) error) error {
	m.mu.Lock()
	var found []Page
	for i := range m.pages {
		if p := &m.pages[i]; p.Kind == kind && strings.HasPrefix(p.Key, prefix) && p.Since <= at && (p.Until == 0 || p.Until > at) {
			found = append(found, *p)
		}
	}
	m.mu.Unlock()
	slices.SortFunc(found, func(a, b Page) int { return strings.Compare(a.Key, b.Key) })
	for i := range found {
		if err := found[i].Check(); err != nil {
			return err
		}
		if err := visit(&found[i]); err != nil {
			return err
		}
	}
	return nil
}

// Add implements Store.
func (m *Memory) Add(ctx context.Context, base Head, p Page) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.head() != base || slices.ContainsFunc(m.pages, func(o Page) bool { return o.Ref == p.Ref && o.Until == 0 }) {
		return &Error{Code: Moved, Head: m.head()}
	}
	m.pages = append(m.pages, p)
	return nil
}

// Commit implements Store.
func (m *Memory) Commit(ctx context.Context, c *Commit) (Head, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return Head{}, err
	}
	if m.head() != c.Base {
		return Head{}, &Error{Code: Moved, Head: m.head()}
	}
	nights, pages := slices.Clone(m.nights), slices.Clone(m.pages)
	head, err := m.apply(c)
	if err != nil {
		m.nights, m.pages = nights, pages
	}
	return head, err
}

func (m *Memory) apply(c *Commit) (Head, error) {
	if c.Replace {
		if err := m.undo(); err != nil {
			return Head{}, err
		}
	}
	prev := m.head()
	if c.Day <= prev.Day {
		return Head{}, &Error{Code: OutOfOrder, Head: prev}
	}
	live := map[Ref]int{}
	for i := range m.pages {
		if m.pages[i].Until == 0 {
			live[m.pages[i].Ref] = i
		}
	}
	var ended []Ref
	for i := range c.Put {
		if _, ok := live[c.Put[i].Ref]; ok {
			ended = append(ended, c.Put[i].Ref)
		}
	}
	for _, r := range c.Drop {
		if _, ok := live[r]; !ok {
			return Head{}, fmt.Errorf("page %s %s is not there to be dropped", r.Kind, r.Key)
		}
		ended = append(ended, r)
	}
	n := c.Seal(prev, ended)
	for _, r := range ended {
		m.pages[live[r]].Until = n.Seq
	}
	m.pages = append(m.pages, c.Put...)
	m.nights = append(m.nights, n)
	for i := range m.pages {
		if p := &m.pages[i]; p.Until != 0 && p.Until <= n.Seq-KeepNights {
			p.Body, p.Forgotten = nil, true
		}
	}
	return n.Head(), nil
}

// Undo implements Store.
func (m *Memory) Undo(_ context.Context, head Head) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.head() != head || head.Seq == 0 {
		return &Error{Code: Moved, Head: m.head()}
	}
	return m.undo()
}

func (m *Memory) undo() error {
	seq := m.head().Seq
	for i := range m.pages {
		if m.pages[i].Until == seq && m.pages[i].Forgotten {
			return &Error{Code: TooOld, Head: m.head()}
		}
	}
	m.pages = slices.DeleteFunc(slices.Clone(m.pages), func(p Page) bool { return p.Since == seq })
	for i := range m.pages {
		if m.pages[i].Until == seq {
			m.pages[i].Until = 0
		}
	}
	m.nights = m.nights[:len(m.nights)-1]
	return nil
}

// Dump implements Store.
func (m *Memory) Dump(_ context.Context, night func(*Night) error, page func(*Page) error) error {
	m.mu.Lock()
	nights, pages := slices.Clone(m.nights), slices.Clone(m.pages)
	m.mu.Unlock()
	slices.SortFunc(pages, comparePages)
	for i := range nights {
		if err := night(&nights[i]); err != nil {
			return err
		}
	}
	for i := range pages {
		if err := page(&pages[i]); err != nil {
			return err
		}
	}
	return nil
}

func comparePages(a, b Page) int {
	if c := compareRefs(a.Ref, b.Ref); c != 0 {
		return c
	}
	return int(a.Since - b.Since)
}

// Restore implements Store.
func (m *Memory) Restore(ctx context.Context, from Store) error {
	if h, _ := m.Head(ctx); h.Seq != 0 {
		return &Error{Code: NotEmpty, Head: h}
	}
	var nights []Night
	var pages []Page
	if err := from.Dump(ctx, func(n *Night) error {
		nights = append(nights, *n)
		return nil
	}, func(p *Page) error {
		pages = append(pages, *p)
		return nil
	}); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.nights, m.pages = nights, pages
	return nil
}
