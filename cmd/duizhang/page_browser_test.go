package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/fixtures"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// startPage runs the command and gives its address. It ends with the test.
func startPage(t *testing.T, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	urls, ended := make(chan string, 1), make(chan exitCode, 1)
	var stdout, stderr bytes.Buffer
	e := testEnv(&stdout, &stderr)
	e.show = func(url string) error { urls <- url; return nil }
	go func() { ended <- guarded(ctx, append([]string{"page"}, args...), e) }()
	select {
	case url := <-urls:
		t.Cleanup(func() {
			cancel()
			if code := <-ended; code != exitReconciled {
				t.Errorf("page ended with %d: %s", code, &stderr)
			}
		})
		return url
	case code := <-ended:
		cancel()
		t.Fatalf("status %d: %s%s", code, &stdout, &stderr)
	case <-time.After(10 * time.Second):
		cancel()
		t.Fatal("the page did not start")
	}
	return ""
}

// browser is a window of Chromium without a screen.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("NO BROWSER: the page is not tested in one; install chromium")
	}
	if testing.Short() {
		t.Skip("a browser takes its time")
	}
	opt := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.WindowSize(1366, 768),
		chromedp.Flag("lang", "zh-CN"))
	ctx, stop := chromedp.NewExecAllocator(t.Context(), opt...)
	ctx, stopTab := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // it is to go, however it does
		stopTab()
		stop()
	})
	act(t, ctx)
	ctx, stopTime := context.WithTimeout(ctx, time.Minute)
	t.Cleanup(stopTime)
	return ctx
}

type action = chromedp.Action[chromedp.Void]

// act does what a person would.
func act(t *testing.T, ctx context.Context, steps ...action) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// ask reads something off the page.
func ask[T any](t *testing.T, ctx context.Context, a chromedp.Action[T]) T {
	t.Helper()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// shot keeps a picture of the page where DUIZHANG_SHOTS names a folder.
func shot(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	dir := os.Getenv("DUIZHANG_SHOTS")
	if dir == "" {
		return
	}
	picture := ask(t, ctx, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
}

func visibleAt(css string) action { return chromedp.WaitVisible(chromedp.CSS(css)) }

func click(css string) action { return chromedp.Click(chromedp.CSS(css)) }

// enter opens the start address. It leads on to another before it has loaded, so
// that its loading cannot be waited for.
func enter(url string) action {
	return chromedp.Steps(chromedp.Evaluate[chromedp.Void]("location.href = \""+url+"\""), visibleAt(".areas"))
}

// drop lays files on an area, and waits until they are recognised.
func drop(area string, shown string, paths ...string) action {
	return chromedp.Steps(chromedp.SetUploadFiles(chromedp.CSS(`.drop[data-area="`+area+`"] input[type=file]`), paths), visibleAt(shown))
}

// likely writes n sales and as many clearing rows that have no number in common
// but are of one terminal, amount and minute.
func likely(t *testing.T, dir string, n int) (pos, clearing string) {
	t.Helper()
	var p, c strings.Builder
	p.WriteString("门店,终端号,交易时间,交易类型,支付方式,金额,订单号,状态\n")
	c.WriteString("商户号,终端号,交易时间,交易类型,支付方式,交易金额,手续费,结算金额,清算日期,订单号,交易状态\n")
	for i := range n {
		minute := fmt.Sprintf("2026-01-05 %02d:%02d", 9+i/2, 30*(i%2))
		fmt.Fprintf(&p, "一店,T0000001,%s:00,消费,银行卡,%d.00,DD%08d,成功\n", minute, 100+i, 7_300_000+i*1117)
		fmt.Fprintf(&c, "822290000000001,T0000001,%s:07,消费,银行卡,%d.00,0.60,%d.40,2026-01-05,QQ%08d,成功\n", minute, 100+i, 99+i, 9_100_000+i*7919)
	}
	pos, clearing = filepath.Join(dir, "pos.csv"), filepath.Join(dir, "clearing.csv")
	for path, text := range map[string]string{pos: p.String(), clearing: c.String()} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pos, clearing
}

// Two files and a button give a report; its suggestions are gone through by keys
// alone, and what was decided is what the table holds.
func TestPageFromTwoFilesToDecisionsByKeyboard(t *testing.T) {
	ctx := browser(t)
	pos, clearing := likely(t, t.TempDir(), 20)
	url := startPage(t, "--as-of", "2026-01-09")
	act(t, ctx, enter(url),
		drop("pos", "#f1", pos), drop("clearing", "#f2", clearing),
		click(".go button"), visibleAt(".banner"))
	if headline := ask(t, ctx, chromedp.Text(chromedp.CSS(".banner h1"))); !strings.Contains(headline, "差异") {
		t.Errorf("the result says %q", headline)
	}
	keys := []action{chromedp.Navigate(base(url) + "/review"), visibleAt(".item[open]")}
	press := func(key string) { keys = append(keys, chromedp.KeyEvent(key)) }
	for range 17 {
		press(kb.Enter)
	}
	press("x")
	press("u") // back to it
	keys = append(keys, visibleAt(".item:nth-child(18)[open]"))
	press("x")
	press(kb.ArrowRight)
	press(kb.ArrowRight)
	press(kb.Enter) // on hold
	press("n")
	for _, r := range "by phone" {
		press(string(r))
	}
	press(kb.Enter) // the note of the last
	press(kb.Enter) // accepted
	act(t, ctx, keys...)
	ask(t, ctx, chromedp.Poll[bool](`document.getElementById("decided").textContent === "20" && !!document.querySelectorAll(".verdict")[19].textContent`))
	verdicts := ask(t, ctx, chromedp.Evaluate[string](`Array.from(document.querySelectorAll(".verdict")).map(e => e.textContent).join(" ")`))
	if want := strings.Repeat("确认匹配 ", 17) + "不是同一笔 挂起 确认匹配"; verdicts != want {
		t.Errorf("decided %q, want %q", verdicts, want)
	}
	shot(t, ctx, "keys")
	table := ask(t, ctx, chromedp.Evaluate[string](`fetch("/save", {method: "POST", body: new URLSearchParams({by: "小王"})}).then(r => r.text())`, chromedp.EvalAwaitPromise))
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(table, "\ufeff"))).ReadAll()
	if err != nil || len(rows) != 21 {
		t.Fatalf("%v: %s", err, table)
	}
	words, note := map[string]int{}, ""
	for _, r := range rows[1:] {
		words[r[1]]++
		note += r[2]
		if !strings.HasPrefix(r[0], "T-") || r[3] != "小王" {
			t.Errorf("decision %q", r)
		}
	}
	if words["accept"] != 18 || words["reject"] != 1 || words["hold"] != 1 || note != "by phone" {
		t.Errorf("%v, note %q", words, note)
	}
}

// base is the address without its path.
func base(url string) string { return url[:strings.Index(url, "/start")] }

// Pictures of the page with the demo's data: make pictures keeps them.
func TestPagePictures(t *testing.T) {
	if os.Getenv("DUIZHANG_SHOTS") == "" {
		t.Skip("only where DUIZHANG_SHOTS names a folder")
	}
	ctx := browser(t)
	data, err := fixtures.Demo(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	url := startPage(t, "--as-of", data.AsOf.String())
	n := len(data.Pos) + len(data.Clearing) + len(data.Bank) + 1
	act(t, ctx, enter(url))
	shot(t, ctx, "empty")
	act(t, ctx, drop("pos", "#f1", data.Pos...), drop("clearing", fmt.Sprintf("#f%d", len(data.Pos)+1), data.Clearing...),
		drop("auto", fmt.Sprintf("#f%d", n), append(data.Bank, data.Contracts)...))
	shot(t, ctx, "files")
	act(t, ctx, chromedp.Evaluate[chromedp.Void](`scrollTo(0, 420)`))
	shot(t, ctx, "recognised")
	act(t, ctx, click(".go button"), visibleAt(".banner"))
	shot(t, ctx, "result")
	act(t, ctx, chromedp.Navigate(base(url)+"/review"), visibleAt(".item[open]"))
	shot(t, ctx, "review")
	act(t, ctx, chromedp.Navigate(base(url)+"/review?bucket=pos_only"), visibleAt(".item[open]"))
	shot(t, ctx, "review-pos")
	act(t, ctx, chromedp.Navigate(base(url)+"/bulk?bucket=suggested"))
	shot(t, ctx, "bulk")
}
