package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/fixtures"
)

// A pageClient is a browser without a window.
type pageClient struct {
	t    *testing.T
	base string
	http.Client
}

func openPage(t *testing.T, args ...string) *pageClient {
	t.Helper()
	start := startPage(t, args...)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &pageClient{t: t, base: base(start), Client: http.Client{Jar: jar, Timeout: time.Minute}}
	c.get(strings.TrimPrefix(start, c.base))
	return c
}

func (c *pageClient) read(r *http.Response, err error) string {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		c.t.Fatalf("%s: %d %v\n%s", r.Request.URL.Path, r.StatusCode, err, text)
	}
	return string(text)
}

func (c *pageClient) get(path string) string { c.t.Helper(); return c.read(c.Get(c.base + path)) }

func (c *pageClient) post(path string, pairs ...string) string {
	c.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return c.read(c.PostForm(c.base+path, form))
}

func (c *pageClient) drop(area string, paths ...string) string {
	c.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	err := m.WriteField("area", area)
	for _, path := range paths {
		text, rerr := os.ReadFile(path)
		w, werr := m.CreateFormFile("file", filepath.Base(path))
		if err != nil || rerr != nil || werr != nil {
			c.t.Fatal(err, rerr, werr)
		}
		_, err = w.Write(text)
	}
	if err != nil || m.Close() != nil {
		c.t.Fatal(err)
	}
	return c.read(c.Post(c.base+"/files", m.FormDataContentType(), &b))
}

// reconcile runs and gives the page of the result.
func (c *pageClient) reconcile(day string) string {
	c.t.Helper()
	text := c.post("/run", "as_of", day)
	for range 600 {
		if !strings.Contains(text, `data-step="progress"`) {
			return text
		}
		time.Sleep(50 * time.Millisecond)
		text = c.get("/progress")
	}
	c.t.Fatal("the run does not end")
	return ""
}

// The page gives what the command line gives, byte for byte, and recognises what
// was dropped whatever the area.
func TestPageGivesTheBytesOfTheCommandLine(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data, err := fixtures.Demo(dir)
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--as-of", data.AsOf.String(), "--contracts", filepath.Base(data.Contracts), "--out", "out/r.xlsx", "--csv", "out/csv", "--quiet"}
	c := openPage(t)
	for _, side := range []struct {
		name  string
		area  string
		paths []string
	}{{"pos", "pos", data.Pos}, {"clearing", "clearing", data.Clearing}, {"bank", "bank", data.Bank}, {"contracts", "auto", []string{data.Contracts}}} {
		text := c.drop(side.area, side.paths...)
		for _, path := range side.paths {
			if side.name != "contracts" {
				args = append(args, "--"+side.name, filepath.Base(path))
			}
			if !strings.Contains(text, filepath.Base(path)) {
				t.Errorf("%s is not on the page", path)
			}
		}
		if !strings.Contains(text, `class="tag `+side.name+`"`) {
			t.Errorf("no file was recognised as %s", side.name)
		}
	}
	var stdout, stderr bytes.Buffer
	if code := guarded(context.Background(), args, testEnv(&stdout, &stderr)); code != exitDifferences {
		t.Fatalf("run: %d %s", code, &stderr)
	}
	if text := c.reconcile(data.AsOf.String()); !strings.Contains(text, "谁欠我们") {
		t.Fatalf("no result:\n%s", text)
	}
	want, err := os.ReadFile("out/r.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	if got := c.get("/get/workbook"); got != string(want) {
		t.Errorf("the workbook of the page has %d bytes, that of run %d", len(got), len(want))
	}
	packed := c.get("/get/csv")
	z, err := zip.NewReader(strings.NewReader(packed), int64(len(packed)))
	if err != nil || len(z.File) < 3 {
		t.Fatal(err, len(z.File))
	}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r)
		want, werr := os.ReadFile(filepath.Join("out/csv", f.Name))
		if err != nil || werr != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from that of run: %v %v", f.Name, err, werr)
		}
	}
}

// Card numbers are masked wherever the page shows a row, and files lie in a
// folder that is private and gone at the end.
func TestPageShowsNoCardNumberAndLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	const card = "6222021234567894" // passes the check of card numbers, and is nobody's
	pos := filepath.Join(t.TempDir(), "pos.csv")
	text := "门店,终端号,交易时间,交易类型,支付方式,金额,订单号,卡号,备注,状态\n"
	for i := range 9 {
		text += fmt.Sprintf("一店,T1,2026-01-05 10:0%d:00,消费,银行卡,100.00,DD2026010500%d,%s,卡 %s <b>,成功\n", i, i, card, card)
	}
	clearing := filepath.Join(t.TempDir(), "clearing.csv")
	for path, text := range map[string]string{pos: text, clearing: goodFiles["clearing"]} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("page", func(t *testing.T) {
		c := openPage(t, "--lang", "en")
		shown := c.drop("pos", pos) + c.drop("auto", clearing) + c.reconcile("2026-01-09") + c.get("/review?bucket=pos_only")
		if !strings.Contains(shown, "622202****7894") {
			t.Error("no card is shown at all")
		}
		if strings.Contains(shown, card) || strings.Contains(shown, "<b>") && !strings.Contains(shown, "<b>1</b>") {
			t.Error("a card number is shown whole, or text of a file is taken for HTML")
		}
		kept, err := filepath.Glob(filepath.Join(temp, scratchPrefix+"*"))
		if err != nil || len(kept) == 0 {
			t.Fatal(err, kept)
		}
		for _, dir := range kept {
			if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
				t.Errorf("%s: %v, %v", dir, info.Mode(), err)
			}
		}
	})
	if left, err := filepath.Glob(filepath.Join(temp, "*")); err != nil || len(left) > 0 {
		t.Errorf("left: %v %v", left, err)
	}
}

// What a killed page has left is removed by the next run, the dropped files with
// their folders.
func TestDroppedFilesOfAKilledPageAreSwept(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	t.Setenv("TMP", temp)
	s, err := newScratch()
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(s.dir, "drop-1")
	if os.Mkdir(folder, 0o700) != nil || os.WriteFile(filepath.Join(folder, "pos.csv"), []byte("x"), 0o600) != nil {
		t.Fatal("cannot drop")
	}
	sweepScratch(temp)
	if !there(folder) {
		t.Fatal("a page that lives lost its files")
	}
	if err := s.claim.Close(); err != nil { // as when the process dies
		t.Fatal(err)
	}
	sweepScratch(temp)
	if there(s.dir) {
		t.Error("what a dead page has left is still there")
	}
}

var itemOnPage = regexp.MustCompile(`data-item="(T-[0-9A-Z]{12})"`)

// With a ledger the page's decisions go into it, as those of duizhang decide do;
// what is taken back on the page is taken back there.
func TestPageTellsTheLedgerWhatWasDecided(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	data, err := fixtures.Demo(dir)
	if err != nil {
		t.Fatal(err)
	}
	c := openPage(t, "--ledger", "nights.db")
	c.drop("auto", append(append([]string{data.Contracts}, data.Pos...), data.Clearing...)...)
	c.reconcile(data.AsOf.String())
	review := c.get("/review?bucket=suggested")
	found := itemOnPage.FindStringSubmatch(review)
	if found == nil {
		t.Fatalf("no item on the page:\n%s", review)
	}
	id := found[1]
	waiting := func() string {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := guarded(context.Background(), []string{"show", id, "--ledger", "nights.db", "--json"}, testEnv(&stdout, &stderr)); code != exitReconciled {
			t.Fatalf("show: %d %s", code, &stderr)
		}
		var life struct{ Decision, Note string }
		if err := json.Unmarshal(stdout.Bytes(), &life); err != nil {
			t.Fatal(err)
		}
		return life.Decision + " " + life.Note
	}
	c.post("/decide", "bucket", "suggested", "item", id, "decision", "accept", "note", "看过小票")
	if got := waiting(); got != " " {
		t.Errorf("before it is saved the ledger has %q", got)
	}
	if text := c.post("/save", "bucket", "suggested", "by", "李"); !strings.Contains(text, "下一晚") {
		t.Errorf("the page does not say where the decision went:\n%s", text)
	}
	if got := waiting(); got != "accept 看过小票" {
		t.Errorf("saved, the ledger has %q", got)
	}
	c.post("/undo", "bucket", "suggested")
	c.post("/save", "bucket", "suggested", "by", "李")
	if got := waiting(); got != "open 看过小票" && got != " 看过小票" {
		t.Errorf("taken back, the ledger has %q", got)
	}
}
