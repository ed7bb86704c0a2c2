package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"

	"github.com/duizhang/duizhang/parse/record"
)

// Hash is a SHA-256 digest.
type Hash [sha256.Size]byte

// String is the digest in hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Short are the first twelve digits: what a page of a report has room for.
func (h Hash) Short() string { return h.String()[:12] }

// Head is the last committed night: its number (1 is the first), its day, and
// the digest that chains it to all nights before. The zero Head is that of an
// empty ledger.
type Head struct {
	Seq  int64
	Day  record.Date
	Hash Hash
}

// Night is a committed night as a store keeps it. Body is a NightRecord; see
// DecodeNight.
type Night struct {
	Seq        int64
	Day        record.Date
	Prev, Hash Hash
	Body       []byte
}

// Head is the night as the end of the chain.
func (n *Night) Head() Head { return Head{n.Seq, n.Day, n.Hash} }

// Tag are a few letters of the head: they differ from night to night.
func (h Head) Tag() string { return h.Hash.String()[:6] }

// Kind is what a page holds.
type Kind string

// Ref names a page. Keys are compared byte by byte.
type Ref struct {
	Kind Kind
	Key  string
}

func compareRefs(a, b Ref) int {
	if c := strings.Compare(string(a.Kind), string(b.Kind)); c != 0 {
		return c
	}
	return strings.Compare(a.Key, b.Key)
}

// Page is a version of a piece of the ledger's state: it counts from the night
// Since on, up to but without the night Until (0: it still counts). So the
// state after any night that has not been forgotten is at hand, and dropping
// the last night needs no inverse of what it did.
type Page struct {
	Ref
	Since, Until int64
	Hash         Hash
	Body         []byte
	// Forgotten says that the body is gone, because the page ended more than
	// KeepNights nights ago. Its hash stays, so that the chain can be checked.
	Forgotten bool
}

// KeepNights is how many nights back can be undone one after the other: so
// long the bodies of ended pages are kept.
const KeepNights = 10

// PageHash is the digest of a page: of its name and its body.
func PageHash(r Ref, body []byte) Hash {
	d := newDigest("page")
	d.text(string(r.Kind))
	d.text(r.Key)
	d.bytes(body)
	return d.sum()
}

// Check says whether the body is that of the hash.
func (p *Page) Check() error {
	if !p.Forgotten && PageHash(p.Ref, p.Body) != p.Hash {
		return &Error{Code: Damaged, Detail: fmt.Sprintf("page %s %s of night %d", p.Kind, p.Key, p.Since)}
	}
	return nil
}

// Commit is all that a night changes. It is applied as a whole or not at all.
type Commit struct {
	// Base is the head that the night was worked out on. Where the store's head
	// is another one by now, the commit fails with Moved and changes nothing.
	Base Head
	// Replace drops the night Base first: the same day again.
	Replace bool
	Day     record.Date
	Body    []byte // a NightRecord
	// Put are new versions of pages; Drop are pages that end. No page may be
	// named twice. Hash, Since and Until are worked out by the store.
	Put  []Page
	Drop []Ref
}

// Seal fills in the hashes of the pages and gives the night that a commit
// makes. ended are all pages that count up to it and no longer: the dropped
// ones and those that a new version takes the place of. prev is the night
// before.
func (c *Commit) Seal(prev Head, ended []Ref) Night {
	n := Night{Seq: prev.Seq + 1, Day: c.Day, Prev: prev.Hash, Body: c.Body}
	put := make([]pageHash, len(c.Put))
	for i := range c.Put {
		p := &c.Put[i]
		p.Since, p.Until, p.Hash = n.Seq, 0, PageHash(p.Ref, p.Body)
		put[i] = pageHash{p.Ref, p.Hash}
	}
	n.Hash = seal(&n, put, slices.Clone(ended))
	return n
}

type pageHash struct {
	ref  Ref
	hash Hash
}

func seal(n *Night, put []pageHash, ended []Ref) Hash {
	slices.SortFunc(put, func(a, b pageHash) int { return compareRefs(a.ref, b.ref) })
	slices.SortFunc(ended, compareRefs)
	d := newDigest("night")
	d.bytes(n.Prev[:])
	d.number(n.Seq)
	d.number(int64(n.Day))
	d.bytes(n.Body)
	d.number(int64(len(put)))
	for _, p := range put {
		d.text(string(p.ref.Kind))
		d.text(p.ref.Key)
		d.bytes(p.hash[:])
	}
	for _, r := range ended {
		d.text(string(r.Kind))
		d.text(r.Key)
	}
	return d.sum()
}

// digest hashes parts so that no two lists of parts are the same bytes.
type digest struct{ h hash.Hash }

func newDigest(what string) digest {
	d := digest{sha256.New()}
	d.text("duizhang " + what + " 1")
	return d
}

func (d digest) number(v int64) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(v))
	d.h.Write(b[:])
}

func (d digest) bytes(b []byte) {
	d.number(int64(len(b)))
	d.h.Write(b)
}

func (d digest) text(s string) { d.bytes([]byte(s)) }

func (d digest) sum() (h Hash) {
	d.h.Sum(h[:0])
	return h
}

// Store keeps nights and pages. It knows nothing of what they mean. Both
// stores (package sqlite and package postgres) pass the same suite (package
// storetest).
type Store interface {
	// Head is the last committed night.
	Head(ctx context.Context) (Head, error)
	// Nights are all nights, the first one first.
	Nights(ctx context.Context) ([]Night, error)
	// Pages visits the pages of a kind whose keys begin with prefix and that
	// count after the night at, in the order of their keys. Their bodies are
	// checked against their hashes; a body is the visitor's to keep.
	Pages(ctx context.Context, kind Kind, prefix string, at int64, visit func(*Page) error) error
	// Commit applies a night and gives the new head.
	Commit(ctx context.Context, c *Commit) (Head, error)
	// Add keeps a page between two nights, as of the night base, which must be the
	// last one: Moved otherwise, and also where a page of that name counts already.
	Add(ctx context.Context, base Head, p Page) error
	// Undo drops the night head, which must be the last one: Moved otherwise,
	// TooOld where what it ended is already forgotten.
	Undo(ctx context.Context, head Head) error
	// Dump visits all nights in their order, then all pages by kind, key and
	// since, as they are: nothing is checked.
	Dump(ctx context.Context, night func(*Night) error, page func(*Page) error) error
	// Restore fills an empty ledger with what Dump gives; NotEmpty if there is
	// a night.
	Restore(ctx context.Context, from Store) error
	// Close ends the use of the store and gives back its lock.
	Close() error
}

// Code is what is wrong with a ledger.
type Code uint8

const (
	// Busy: another run holds the ledger; Holder says who.
	Busy Code = iota + 1
	// Moved: another night was committed meanwhile.
	Moved
	// Newer: the ledger was written by a newer version of the program.
	Newer
	// Damaged: what is read is not what was written.
	Damaged
	// NotALedger: the file is something else.
	NotALedger
	// Missing: there is no ledger of that name, and the command makes none.
	Missing
	// NotEmpty: the ledger that should be filled has nights already.
	NotEmpty
	// TooOld: what the night had ended is no longer kept.
	TooOld
	// OutOfOrder: the day is before the last night.
	OutOfOrder
	// Unreachable: the folder, the disk or the server refuses.
	Unreachable
)

// String is a short English name, for logs and tests.
func (c Code) String() string {
	names := [...]string{"", "busy", "moved", "newer", "damaged", "not a ledger", "missing", "not empty", "too old", "out of order", "unreachable"}
	if int(c) >= len(names) {
		return "unknown"
	}
	return names[c]
}

// Error is a ledger that cannot be used as asked. The commands put it into
// words; Error itself is for logs.
type Error struct {
	Code   Code
	Name   string // the ledger's, without any password
	Holder Holder // of Busy
	Head   Head   // of Moved and OutOfOrder: the last night
	Detail string // where and what, in English
	Err    error
}

func (e *Error) Error() string {
	s := "ledger " + e.Name + ": " + e.Code.String()
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Err }

// Is lets errors.Is compare by code.
func (e *Error) Is(target error) bool {
	var t *Error
	return errors.As(target, &t) && t.Name == "" && t.Err == nil && t.Code == e.Code
}

// Holder is who holds a ledger, and since when (RFC 3339).
type Holder struct {
	PID   int    `json:"pid"`
	Host  string `json:"host"`
	Since string `json:"since"`
}

// Check recomputes every hash of a ledger and the chain of its nights. The
// error is an *Error with Damaged that names the first fault.
func Check(ctx context.Context, s Store) (Head, error) {
	var nights []Night
	put, ended := map[int64][]pageHash{}, map[int64][]Ref{}
	said := int64(0) // the last night that something was added to
	err := s.Dump(ctx, func(n *Night) error {
		nights = append(nights, *n)
		return nil
	}, func(p *Page) error {
		if p.Kind != kindSaid {
			put[p.Since] = append(put[p.Since], pageHash{p.Ref, p.Hash})
		} else {
			said = max(said, p.Since)
		}
		if p.Until != 0 {
			ended[p.Until] = append(ended[p.Until], p.Ref)
		}
		return p.Check()
	})
	if err != nil {
		return Head{}, err
	}
	head, err := CheckChain(nights)
	if err != nil {
		return head, err
	}
	for i := range nights {
		n := &nights[i]
		if seal(n, put[n.Seq], ended[n.Seq]) != n.Hash {
			return head, &Error{Code: Damaged, Detail: fmt.Sprintf("night %d (%s) is not what was committed", n.Seq, dayText(n.Day))}
		}
		delete(put, n.Seq)
		delete(ended, n.Seq)
	}
	if len(put)+len(ended) > 0 || said > head.Seq {
		return head, &Error{Code: Damaged, Detail: "there are pages of nights that do not exist"}
	}
	return head, nil
}

// CheckChain checks that nights are numbered without a gap, go forward in
// days and hang together, and gives the last one.
func CheckChain(nights []Night) (Head, error) {
	var head Head
	for i := range nights {
		n := &nights[i]
		if n.Seq != head.Seq+1 || n.Prev != head.Hash || i > 0 && n.Day <= head.Day {
			return head, &Error{Code: Damaged, Detail: fmt.Sprintf("night %d (%s) does not follow the one before", n.Seq, dayText(n.Day))}
		}
		head = n.Head()
	}
	return head, nil
}

func dayText(d record.Date) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
