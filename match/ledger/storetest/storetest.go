// Package storetest is what every store of the ledger must do. The tests of
// the stores run it.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/parse/record"
)

// Run runs the suite. fresh makes an empty store; again opens the same ledger
// once more, beside the first one and without its lock.
func Run(t *testing.T, fresh func(t *testing.T) (first ledger.Store, again func() ledger.Store)) {
	for _, c := range []struct {
		name string
		test func(*testing.T, ledger.Store, func() ledger.Store)
	}{
		{"an empty ledger has no head", emptyLedger},
		{"a page counts from its night until its end", pageVersions},
		{"keys are compared byte by byte", keyOrder},
		{"a commit on another head changes nothing", guardedByHead},
		{"of eight commits at once exactly one counts", eightAtOnce},
		{"undo gives back the state before", undo},
		{"the same day again replaces its night", replace},
		{"a page added between nights goes with its night", added},
		{"what ended long ago is forgotten and the chain still holds", forget},
		{"a copy and the copy of it are byte-equal", copies},
		{"many pages are kept in one night", manyPages},
		{"a done context stops a commit", cancelled},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, again := fresh(t)
			c.test(t, s, again)
		})
	}
}

const day0 = record.Date(20000)

func page(key, body string) ledger.Page {
	return ledger.Page{Ref: ledger.Ref{Kind: "k", Key: key}, Body: []byte(body)}
}

func ref(key string) ledger.Ref { return ledger.Ref{Kind: "k", Key: key} }

func commit(t *testing.T, s ledger.Store, c ledger.Commit) ledger.Head {
	t.Helper()
	h, err := tryCommit(s, &c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func tryCommit(s ledger.Store, c *ledger.Commit) (ledger.Head, error) {
	if c.Day == 0 {
		c.Day = c.Base.Day + 1
		if c.Base.Day == 0 {
			c.Day = day0
		}
	}
	return s.Commit(context.Background(), c)
}

func state(t *testing.T, s ledger.Store, at int64) string {
	t.Helper()
	var out string
	if err := s.Pages(context.Background(), "k", "", at, func(p *ledger.Page) error {
		out += p.Key + "=" + string(p.Body) + " "
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

func wantState(t *testing.T, s ledger.Store, at int64, want string) {
	t.Helper()
	if got := state(t, s, at); got != want {
		t.Errorf("after night %d: %q, want %q", at, got, want)
	}
}

func wantCode(t *testing.T, err error, code ledger.Code) {
	t.Helper()
	if !errors.Is(err, &ledger.Error{Code: code}) {
		t.Errorf("error %v, want %v", err, code)
	}
}

func head(t *testing.T, s ledger.Store) ledger.Head {
	t.Helper()
	h, err := s.Head(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func checked(t *testing.T, s ledger.Store) {
	t.Helper()
	h, err := ledger.Check(context.Background(), s)
	if err != nil {
		t.Error(err)
	}
	if want := head(t, s); h != want {
		t.Errorf("the chain ends in %v, the head is %v", h, want)
	}
}

func emptyLedger(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	if h := head(t, s); h != (ledger.Head{}) {
		t.Errorf("head %v", h)
	}
	nights, err := s.Nights(context.Background())
	if err != nil || len(nights) != 0 {
		t.Errorf("nights %v, %v", nights, err)
	}
	wantState(t, s, 0, "")
	wantCode(t, s.Undo(context.Background(), ledger.Head{Seq: 1}), ledger.Moved)
	checked(t, s)
}

func pageVersions(t *testing.T, s ledger.Store, again func() ledger.Store) {
	h1 := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1"), page("b", "1")}, Body: []byte("n1")})
	h2 := commit(t, s, ledger.Commit{Base: h1, Put: []ledger.Page{page("a", "2"), page("c", "2")}, Drop: []ledger.Ref{ref("b")}})
	h3 := commit(t, s, ledger.Commit{Base: h2, Put: []ledger.Page{page("b", "3")}, Drop: []ledger.Ref{ref("a"), ref("c")}})
	for _, s := range []ledger.Store{s, again()} {
		wantState(t, s, 0, "")
		wantState(t, s, 1, "a=1 b=1 ")
		wantState(t, s, 2, "a=2 c=2 ")
		wantState(t, s, 3, "b=3 ")
		nights, err := s.Nights(context.Background())
		if err != nil || len(nights) != 3 || string(nights[0].Body) != "n1" || nights[2].Head() != h3 || nights[2].Prev != h2.Hash {
			t.Errorf("nights %v, %v", nights, err)
		}
		checked(t, s)
	}
}

func keyOrder(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	h := commit(t, s, ledger.Commit{Put: []ledger.Page{page("b", ""), page("B", ""), page("a-1", ""), page("a1", ""), page("甲", ""), page("a%", ""), page("a_", "")}})
	wantState(t, s, h.Seq, "B= a%= a-1= a1= a_= b= 甲= ")
	var keys []string
	if err := s.Pages(context.Background(), "k", "a_", h.Seq, func(p *ledger.Page) error {
		keys = append(keys, p.Key)
		return nil
	}); err != nil || len(keys) != 1 {
		t.Errorf("prefix a_: %q, %v", keys, err)
	}
	stop := errors.New("enough")
	if err := s.Pages(context.Background(), "k", "", h.Seq, func(*ledger.Page) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the visitor's error is lost: %v", err)
	}
}

func guardedByHead(t *testing.T, s ledger.Store, again func() ledger.Store) {
	h1 := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1")}})
	_, err := tryCommit(again(), &ledger.Commit{Put: []ledger.Page{page("a", "x")}})
	wantCode(t, err, ledger.Moved)
	forged := h1
	forged.Hash[0]++
	_, err = tryCommit(s, &ledger.Commit{Base: forged, Put: []ledger.Page{page("a", "x")}})
	wantCode(t, err, ledger.Moved)
	wantCode(t, s.Undo(context.Background(), forged), ledger.Moved)
	_, err = tryCommit(s, &ledger.Commit{Base: h1, Drop: []ledger.Ref{ref("nothing")}})
	if err == nil {
		t.Error("a page that is not there was dropped")
	}
	_, err = tryCommit(s, &ledger.Commit{Base: h1, Day: h1.Day, Put: []ledger.Page{page("a", "x")}})
	wantCode(t, err, ledger.OutOfOrder)
	wantState(t, s, 1, "a=1 ")
	if h := head(t, s); h != h1 {
		t.Errorf("head %v, want %v", h, h1)
	}
	checked(t, s)
}

func eightAtOnce(t *testing.T, s ledger.Store, again func() ledger.Store) {
	base := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "0")}})
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		other := again()
		wg.Go(func() {
			_, errs[i] = tryCommit(other, &ledger.Commit{Base: base, Put: []ledger.Page{page("a", fmt.Sprint(i))}})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		wantCode(t, err, ledger.Moved)
		var e *ledger.Error
		if errors.As(err, &e) && e.Head.Seq != base.Seq+1 {
			t.Errorf("the loser is not told who was first: %v", e.Head)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 commits counted", won)
	}
	checked(t, s)
}

func undo(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	h1 := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1"), page("b", "1")}})
	before := export(t, s)
	h2 := commit(t, s, ledger.Commit{Base: h1, Put: []ledger.Page{page("a", "2"), page("c", "2")}, Drop: []ledger.Ref{ref("b")}})
	wantCode(t, s.Undo(context.Background(), h1), ledger.Moved)
	if err := s.Undo(context.Background(), h2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(before, export(t, s)) {
		t.Error("the ledger is not as it was before the night")
	}
	if err := s.Undo(context.Background(), h1); err != nil {
		t.Fatal(err)
	}
	emptyLedger(t, s, nil)
}

func replace(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	h1 := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1"), page("b", "1")}})
	second := ledger.Commit{Base: h1, Put: []ledger.Page{page("a", "2"), page("c", "2")}, Drop: []ledger.Ref{ref("b")}}
	h2 := commit(t, s, second)
	want := export(t, s)
	other := commit(t, s, ledger.Commit{Base: h2, Replace: true, Day: h2.Day, Put: []ledger.Page{page("b", "x")}})
	wantState(t, s, 2, "a=1 b=x ")
	second.Base, second.Replace, second.Day = other, true, h2.Day
	if again := commit(t, s, second); again != h2 {
		t.Errorf("the same night again is %v, was %v", again, h2)
	}
	if !bytes.Equal(want, export(t, s)) {
		t.Error("the same night again left other bytes")
	}
	checked(t, s)
}

func added(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	ctx := context.Background()
	said := []ledger.Decision{{ItemID: "T-1", Word: ledger.Hold}, {ItemID: "T-2", Note: "x"}}
	h1 := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1")}})
	for i := range said {
		if err := ledger.Keep(ctx, s, h1, said[i:i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if h := head(t, s); h != h1 {
		t.Errorf("the head moved to %v", h)
	}
	checked(t, s)
	want := export(t, s)
	var refs []ledger.Ref
	var last ledger.Page
	if err := s.Pages(ctx, "said", "", h1.Seq, func(p *ledger.Page) error {
		refs, last = append(refs, p.Ref), *p
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	wantCode(t, s.Add(ctx, h1, last), ledger.Moved) // the name is taken
	h2 := commit(t, s, ledger.Commit{Base: h1, Drop: refs})
	wantCode(t, ledger.Keep(ctx, s, h1, said), ledger.Moved)
	if got, err := ledger.Waiting(ctx, s, h2); err != nil || len(got) != 0 {
		t.Errorf("still waiting after the night that read it: %v %v", got, err)
	}
	checked(t, s)
	if err := ledger.Keep(ctx, s, h2, said); err != nil {
		t.Fatal(err)
	}
	if err := s.Undo(ctx, h2); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(export(t, s), want) {
		t.Error("undo does not give back what waited")
	}
	if got, err := ledger.Waiting(ctx, s, h1); err != nil || len(got) != 2 || got[0] != said[0] || got[1] != said[1] {
		t.Errorf("waiting: %v %v", got, err)
	}
	checked(t, s)
}

func forget(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	var h ledger.Head
	var heads []ledger.Head
	for i := range ledger.KeepNights + 5 {
		h = commit(t, s, ledger.Commit{Base: h, Put: []ledger.Page{page("a", fmt.Sprintf("%04d", i))}})
		heads = append(heads, h)
	}
	kept := 0
	if err := s.Dump(context.Background(), func(*ledger.Night) error { return nil }, func(p *ledger.Page) error {
		if !p.Forgotten {
			kept++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if kept != ledger.KeepNights+1 {
		t.Errorf("%d bodies are kept, want %d", kept, ledger.KeepNights+1)
	}
	checked(t, s)
	for range ledger.KeepNights {
		if err := s.Undo(context.Background(), h); err != nil {
			t.Fatal(err)
		}
		heads = heads[:len(heads)-1]
		h = heads[len(heads)-1]
	}
	wantState(t, s, h.Seq, fmt.Sprintf("a=%04d ", len(heads)-1))
	wantCode(t, s.Undo(context.Background(), h), ledger.TooOld)
	checked(t, s)
}

func copies(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	h := commit(t, s, ledger.Commit{Put: []ledger.Page{page("a", "1"), page("b", "\x00\xff")}, Body: []byte(`{"x":1}`)})
	h = commit(t, s, ledger.Commit{Base: h, Put: []ledger.Page{page("a", "2")}, Drop: []ledger.Ref{ref("b")}})
	wantCode(t, s.Restore(context.Background(), s), ledger.NotEmpty)
	there := ledger.NewMemory()
	if err := there.Restore(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	want := export(t, there)
	if !bytes.Equal(export(t, s), want) {
		t.Error("the copy is another ledger")
	}
	for range 2 {
		last := head(t, s)
		if err := s.Undo(context.Background(), last); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Restore(context.Background(), there); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(export(t, s), want) || head(t, s) != h {
		t.Error("the way back gives another ledger")
	}
	checked(t, s)
}

func manyPages(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	c := ledger.Commit{}
	body := bytes.Repeat([]byte("0123456789abcdef"), 64)
	for i := range 3000 {
		c.Put = append(c.Put, ledger.Page{Ref: ref(fmt.Sprintf("%06d", i)), Body: body})
	}
	h := commit(t, s, c)
	c = ledger.Commit{Base: h}
	for i := range 2999 {
		c.Drop = append(c.Drop, ref(fmt.Sprintf("%06d", i)))
	}
	h = commit(t, s, c)
	if got := state(t, s, h.Seq); got != "002999="+string(body)+" " {
		t.Errorf("left is %.60q…", got)
	}
	checked(t, s)
}

func cancelled(t *testing.T, s ledger.Store, _ func() ledger.Store) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Commit(ctx, &ledger.Commit{Day: day0, Put: []ledger.Page{page("a", "1")}}); err == nil {
		t.Error("a commit went through though its context was done")
	}
	emptyLedger(t, s, nil)
}

func export(t *testing.T, s ledger.Store) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := ledger.Export(context.Background(), s, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
