package page

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// fakeDesk recognises whatever it gets, and has items with hostile text.
type fakeDesk struct {
	looked []Upload
	wait   chan struct{} // nil: a run ends at once
}

const hostile = `<script>alert(1)</script>"'&`

func (d *fakeDesk) Today() string { return "2026-01-09" }

func (d *fakeDesk) IsDay(s string) bool { _, err := time.Parse(time.DateOnly, s); return err == nil }

func (d *fakeDesk) Look(_ context.Context, files []Upload) (docs []Document, err error) {
	d.looked = files
	for _, f := range files {
		docs = append(docs, Document{Upload: f.ID, Name: f.Name, Side: f.Side, Used: true, Head: []string{hostile}, First: [][]string{{hostile}}, Problems: []string{hostile}})
	}
	return docs, nil
}

func (d *fakeDesk) Run(ctx context.Context, job Job, tell func(func() Progress)) (Result, error) {
	tell(func() Progress { return Progress{"reading", 1, 4} })
	if d.wait != nil {
		select {
		case <-d.wait:
		case <-ctx.Done():
			return nil, errors.New("stopped")
		}
	}
	path := filepath.Join(job.Out, "report.xlsx")
	return &fakeResult{path}, os.WriteFile(path, []byte("the report"), 0o600)
}

type fakeResult struct{ path string }

func (r *fakeResult) Figures() Figures {
	return Figures{Headline: hostile, Notes: []string{hostile}, Owed: []Owed{{Acquirer: hostile}}}
}
func (r *fakeResult) Buckets() []Bucket {
	return []Bucket{{Code: "suggested", Label: "Suggested", Items: 60, Bulk: true}}
}
func (r *fakeResult) Brief(string) (list []Brief) {
	for i := range 60 {
		list = append(list, Brief{ID: fmt.Sprintf("T-%02d", i), Amount: 100, Words: []string{"accept", "reject"}})
	}
	return list
}
func (r *fakeResult) Items(_ context.Context, _ string, from, n int) (items []Item, err error) {
	for _, b := range r.Brief("")[from:min(from+n, 60)] {
		items = append(items, Item{ID: b.ID, Title: hostile, Reason: hostile, Words: b.Words, Fields: []Pair{{Name: hostile, Left: hostile, Right: hostile + "x"}}})
	}
	return items, nil
}
func (r *fakeResult) Save(_ context.Context, list []Decision) (Saved, error) {
	return Saved{Table: fmt.Appendf(nil, "%d decisions by %s", len(list), list[0].By)}, nil
}
func (r *fakeResult) Downloads() []Download {
	return []Download{{Name: "workbook", File: "对账.xlsx", Paths: []string{r.path}}, {Name: "two", File: "two.zip", Paths: []string{r.path, r.path}}}
}
func (r *fakeResult) Close() {}

// A visitor is a browser with a cookie, or without.
type visitor struct {
	t      *testing.T
	page   *Page
	desk   *fakeDesk
	h      http.Handler
	cookie string
	now    time.Time
}

func visit(t *testing.T) *visitor {
	t.Helper()
	v := &visitor{t: t, desk: &fakeDesk{}, now: time.Date(2026, 1, 9, 9, 0, 0, 0, time.UTC)}
	v.page = New(Options{Desk: v.desk, Dir: t.TempDir(), Version: "test", Now: func() time.Time { return v.now }, MaxUpload: 64 << 10}, "4711")
	t.Cleanup(v.page.Close)
	v.h = v.page.Handler()
	start, err := url.Parse(v.page.StartURL())
	if err != nil {
		t.Fatal(err)
	}
	w := v.do(http.MethodGet, start.RequestURI(), nil)
	c := w.Result().Cookies()
	if w.Code != http.StatusOK || len(c) != 1 || c[0].SameSite != http.SameSiteStrictMode || !c[0].HttpOnly {
		t.Fatalf("start: %d, cookies %v", w.Code, c)
	}
	v.cookie = c[0].Name + "=" + c[0].Value
	return v
}

// do sends a request as a browser does from the page; change makes it another.
func (v *visitor) do(method, target string, body io.Reader, change ...func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, body)
	r.Host = "127.0.0.1:4711"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.cookie != "" {
		r.Header.Set("Cookie", v.cookie)
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	v.h.ServeHTTP(w, r)
	return w
}

func (v *visitor) post(target string, pairs ...string) *httptest.ResponseRecorder {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return v.do(http.MethodPost, target, strings.NewReader(form.Encode()))
}

// drop sends files as a browser does.
func (v *visitor) drop(area string, files map[string]string) *httptest.ResponseRecorder {
	v.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	if err := m.WriteField("area", area); err != nil {
		v.t.Fatal(err)
	}
	for name, text := range files {
		w, err := m.CreateFormFile("file", name)
		if err != nil {
			v.t.Fatal(err)
		}
		if _, err := io.WriteString(w, text); err != nil {
			v.t.Fatal(err)
		}
	}
	if err := m.Close(); err != nil {
		v.t.Fatal(err)
	}
	return v.do(http.MethodPost, "/files", &b, func(r *http.Request) { r.Header.Set("Content-Type", m.FormDataContentType()) })
}

// reconciled is a visitor with a result.
func reconciled(t *testing.T) *visitor {
	v := visit(t)
	v.drop("pos", map[string]string{"a.csv": "x"})
	v.post("/run", "as_of", "2026-01-09")
	v.settle()
	return v
}

// settle waits for a run.
func (v *visitor) settle() {
	for range 500 {
		v.page.mu.Lock()
		works := v.page.working != nil
		v.page.mu.Unlock()
		if !works {
			return
		}
		time.Sleep(time.Millisecond)
	}
	v.t.Fatal("the run does not end")
}

// Only the browser that had the start address gets an answer, and only under an
// address of this computer.
func TestStrangersAreTurnedAway(t *testing.T) {
	v := visit(t)
	host := func(h string) func(*http.Request) { return func(r *http.Request) { r.Host = h } }
	for _, c := range []struct {
		name   string
		method string
		target string
		change func(*http.Request)
		want   int
	}{
		{"its own", "GET", "/", func(*http.Request) {}, 200},
		{"localhost", "GET", "/", host("localhost:4711"), 200},
		{"IPv6", "GET", "/", host("[::1]:4711"), 200},
		{"another host", "GET", "/", host("evil.example:4711"), 421},
		{"a name that begins like it", "GET", "/", host("127.0.0.1.evil.example:4711"), 421},
		{"another port", "GET", "/", host("127.0.0.1:80"), 421},
		{"no port", "GET", "/", host("127.0.0.1"), 421},
		{"an address of the network", "GET", "/", host("192.168.0.2:4711"), 421},
		{"nothing", "GET", "/", host(""), 421},
		{"no cookie", "GET", "/", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"wrong cookie", "GET", "/", func(r *http.Request) { r.Header.Set("Cookie", "duizhang-4711=x") }, 403},
		{"another page's cookie", "GET", "/", func(r *http.Request) { r.Header.Set("Cookie", strings.Replace(v.cookie, "4711", "4712", 1)) }, 403},
		{"no cookie, static", "GET", "/static/page.js", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"no cookie, download", "GET", "/get/workbook", func(r *http.Request) { r.Header.Del("Cookie") }, 403},
		{"cross-site post", "POST", "/swap", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"same-site post", "POST", "/quit", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
		{"post of another origin", "POST", "/swap", func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "http://evil.example")
		}, 403},
		{"own post", "POST", "/swap", func(*http.Request) {}, 303},
		{"token used again", "GET", strings.TrimPrefix(v.page.StartURL(), "http://127.0.0.1:4711"), func(*http.Request) {}, 403},
		{"empty token", "GET", "/start?token=", func(*http.Request) {}, 403},
		{"no such page", "GET", "/etc/passwd", func(*http.Request) {}, 404},
		{"no such asset", "GET", "/static/head.html", func(*http.Request) {}, 404},
		{"outside of the assets", "GET", "/static/..%2fpage.go", func(*http.Request) {}, 404},
		{"outside of the results", "GET", "/get/..%2f..%2fetc%2fpasswd", func(*http.Request) {}, 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := v.do(c.method, c.target, nil, c.change)
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if csp := w.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || strings.Contains(csp, "unsafe") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers %v", w.Header())
			}
		})
	}
}

// What the page and its script are made of holds no inline script or style: the
// policy would keep them from running.
func TestNothingIsInline(t *testing.T) {
	names, err := assets.ReadDir("assets")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		text, err := assets.ReadFile("assets/" + n.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{" style=", " onclick=", "javascript:", "<style", "innerHTML", "eval(", "https://", "//cdn"} {
			if strings.Contains(string(text), bad) {
				t.Errorf("%s holds %s", n.Name(), bad)
			}
		}
	}
}

// Text of files is data wherever it is shown.
func TestHostileTextIsShownAndNotRun(t *testing.T) {
	v := reconciled(t)
	for _, target := range []string{"/", "/result", "/review", "/bulk?bucket=suggested"} {
		w := v.do("GET", target, nil)
		if w.Code != 200 || strings.Contains(w.Body.String(), "<script>alert") || !strings.Contains(w.Body.String(), "&lt;script&gt;alert") {
			t.Errorf("%s: %d\n%s", target, w.Code, w.Body)
		}
	}
}

// A name leads nowhere: files lie in folders of the page's own, whatever they
// are called, and keep what they are called as far as a file can be.
func TestNamesOfDroppedFilesLeadNowhere(t *testing.T) {
	for given, want := range map[string]string{
		"pos.csv": "pos.csv", "../../etc/passwd": "passwd", `..\..\boot.ini`: "boot.ini", "/abs/流水.xlsx": "流水.xlsx", "a\x00b.csv": "a_b.csv",
		"..": "_", ".": "_", "": "_", "con.csv": "_con.csv", "COM1": "_COM1", "a:b.csv": "a_b.csv", "x. ": "x", "\u202egpj.csv": "_gpj.csv", "a\nb": "a_b",
	} {
		if got := safeName(given); got != want {
			t.Errorf("%q is kept as %q, want %q", given, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		name := safeName(rapid.String().Draw(t, "name"))
		if !filepath.IsLocal(name) || filepath.Base(name) != name || len(name) > maxName+1 {
			t.Fatalf("%q", name)
		}
	})
	v := visit(t)
	if w := v.drop("auto", map[string]string{"../../../up.csv": "x", "~$up.csv": "lock", "f.csv": "y"}); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code, w.Body)
	}
	var names []string
	for _, f := range v.desk.looked {
		names = append(names, f.Name)
		if rel, err := filepath.Rel(v.page.opt.Dir, f.Path); err != nil || !filepath.IsLocal(rel) {
			t.Errorf("%s lies outside", f.Path)
		}
		if info, err := os.Stat(f.Path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", f.Path, info, err)
		}
	}
	slices.Sort(names)
	if strings.Join(names, " ") != "f.csv up.csv" {
		t.Errorf("kept %q", names)
	}
}

// What is too large is refused and leaves nothing behind.
func TestTooLargeABodyIsRefused(t *testing.T) {
	v := visit(t)
	if w := v.drop("pos", map[string]string{"big.csv": strings.Repeat("x", 80<<10)}); w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("file: status %d", w.Code)
	}
	if left, _ := filepath.Glob(filepath.Join(v.page.opt.Dir, "*", "*")); len(left) > 0 || len(v.page.files) > 0 {
		t.Errorf("left %v", left)
	}
	v = reconciled(t)
	v.do("GET", "/review", nil)
	if w := v.post("/decide", "item", "T-00", "decision", "accept", "note", strings.Repeat("x", maxForm)); w.Code != http.StatusBadRequest || len(v.page.review.said) > 0 {
		t.Errorf("form: status %d", w.Code)
	}
}

// A side can be corrected, swapped, and a file taken away again.
func TestSidesAreCorrected(t *testing.T) {
	v := visit(t)
	v.drop("pos", map[string]string{"a.csv": "x"})
	v.drop("clearing", map[string]string{"b.csv": "y"})
	sides := func() string {
		var s []string
		for _, f := range v.desk.looked {
			s = append(s, f.Name+"="+f.Side)
		}
		return strings.Join(s, " ")
	}
	v.post("/swap")
	if got := sides(); got != "a.csv=clearing b.csv=pos" {
		t.Error("swapped:", got)
	}
	v.post("/files/1", "side", "bank")
	v.post("/files/2", "side", "remove")
	if got := sides(); got != "a.csv=bank" {
		t.Error("corrected:", got)
	}
	if w := v.post("/files/9", "side", "bank"); w.Code != http.StatusNotFound {
		t.Error("a file that is not there:", w.Code)
	}
	if _, err := os.Stat(filepath.Join(v.page.opt.Dir, FolderPrefix+"2")); !os.IsNotExist(err) {
		t.Error("the file that was taken away is still there")
	}
}

// Decisions, those in bulk too, are taken back one act at a time; what makes no
// sense is refused.
func TestDecisionsAndTheirUndoing(t *testing.T) {
	v := reconciled(t)
	if w := v.post("/decide", "item", "T-00", "decision", "accept"); w.Code != http.StatusBadRequest {
		t.Error("an item that was never shown:", w.Code)
	}
	v.do("GET", "/review", nil)
	for _, c := range [][2]string{{"T-00", "written_off"}, {"T-99", "accept"}} {
		if w := v.post("/decide", "item", c[0], "decision", c[1]); w.Code != http.StatusBadRequest {
			t.Error(c, w.Code)
		}
	}
	stand := func() string {
		var s []string
		for _, d := range v.page.review.list() {
			s = append(s, d.ID+d.Word+d.Note)
		}
		return strings.Join(s, " ")
	}
	v.post("/decide", "item", "T-01", "decision", "reject")
	v.post("/decide", "item", "T-02", "decision", "accept", "note", "seen\nby me")
	v.post("/decide", "item", "T-01", "decision", "accept")
	if got := stand(); got != "T-01accept T-02acceptseen by me" {
		t.Error(got)
	}
	v.post("/undo")
	if got := stand(); got != "T-01reject T-02acceptseen by me" {
		t.Error(got)
	}
	if w := v.post("/bulk", "bucket", "suggested", "count", "60", "amount", "6000"); w.Header().Get("Location") != "/bulk?bucket=suggested" || len(v.page.review.said) != 2 {
		t.Error("what the preview did not show was accepted")
	}
	v.post("/bulk", "bucket", "suggested", "count", "58", "amount", "5800")
	if n := len(v.page.review.said); n != 60 || v.page.review.said["T-01"].Word != "reject" {
		t.Error(n, "decided")
	}
	if w := v.post("/save", "by", "小王"); w.Body.String() != "60 decisions by 小王" || !strings.Contains(w.Header().Get("Content-Disposition"), "attachment") {
		t.Error(w.Header(), w.Body)
	}
	for range 3 {
		v.post("/undo")
	}
	v.post("/undo") // nothing is left
	if got := stand(); got != "" {
		t.Error("left:", got)
	}
}

// A run can be watched and stopped; without one there is no result to be seen.
func TestARunIsWatchedAndStopped(t *testing.T) {
	v := visit(t)
	v.desk.wait = make(chan struct{})
	for _, c := range [][2]string{{"2026-01-09", "还没有文件"}, {"tomorrow", "写作 2026-01-05"}} {
		v.post("/run", "as_of", c[0])
		if w := v.do("GET", "/", nil); !strings.Contains(w.Body.String(), c[1]) {
			t.Errorf("%s: no %s", c[0], c[1])
		}
	}
	v.drop("pos", map[string]string{"a.csv": "x"})
	v.post("/run", "as_of", "2026-01-09")
	json := func(r *http.Request) { r.Header.Set("Accept", "application/json") }
	if w := v.do("GET", "/progress", nil, json); !strings.Contains(w.Body.String(), `"works":true`) {
		t.Error(w.Body)
	}
	v.post("/stop")
	if w := v.do("GET", "/", nil); !strings.Contains(w.Body.String(), "stopped") {
		t.Error("nobody says that it was stopped")
	}
	if w := v.do("GET", "/result", nil); w.Code != http.StatusSeeOther {
		t.Error(w.Code)
	}
	close(v.desk.wait)
	v.post("/run", "as_of", "2026-01-09")
	v.settle()
	if w := v.do("GET", "/get/workbook", nil); w.Body.String() != "the report" {
		t.Error(w.Body)
	}
}

// The page ends with its window, and when nobody does anything for half an hour,
// but not under a run and not when the window only goes to another of its pages.
func TestThePageEndsWithItsPerson(t *testing.T) {
	now := time.Date(2026, 1, 9, 9, 0, 0, 0, time.UTC)
	at := func(minutes float64) time.Time { return now.Add(time.Duration(minutes * float64(time.Minute))) }
	for name, c := range map[string]struct {
		p    presence
		busy bool
		want bool
	}{
		"just acted":                {presence{acted: at(-1)}, false, false},
		"idle":                      {presence{acted: at(-31)}, false, true},
		"idle with an open window":  {presence{acted: at(-31), beat: at(-0.3)}, false, true},
		"idle under a run":          {presence{acted: at(-31)}, true, false},
		"no beat for a minute":      {presence{acted: at(-1), beat: at(-1)}, false, false},
		"no beat":                   {presence{acted: at(-4), beat: at(-4)}, false, true},
		"closed":                    {presence{acted: at(-1), beat: at(-1), leaving: at(-0.5)}, false, true},
		"closing, or going to next": {presence{acted: at(-1), beat: at(-1), leaving: at(-0.1)}, false, false},
	} {
		if got := c.p.over(now, c.busy); got != c.want {
			t.Errorf("%s: over is %v", name, got)
		}
	}
	v := visit(t)
	v.post("/bye")
	v.do("GET", "/", nil)
	v.now = v.now.Add(time.Minute)
	if v.page.here.over(v.now, false) {
		t.Error("a window that went to the next page counts as closed")
	}
	v.post("/bye")
	v.now = v.now.Add(time.Minute)
	if !v.page.here.over(v.now, false) {
		t.Error("a closed window does not end the page")
	}
}

// Both texts can be read off their pieces, and what is not marked is the same.
func TestPiecesAreTheTexts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("01AB单")), 0, 12, -1)
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		left, right := differing(a, b)
		read := func(list []Piece) (all, same string) {
			for _, p := range list {
				all += p.Text
				if !p.Differs {
					same += p.Text
				}
			}
			return all, same
		}
		la, ls := read(left)
		ra, rs := read(right)
		if la != a || ra != b || a != "" && b != "" && ls != rs {
			t.Fatalf("%q %q: %v %v", a, b, left, right)
		}
	})
	if left, _ := differing("SO133", "SO132"); len(left) != 2 || left[1] != (Piece{"3", true}) {
		t.Error(left)
	}
}
