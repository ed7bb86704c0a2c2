package page

import (
	"bytes"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"slices"
	"strconv"

	"github.com/duizhang/duizhang/parse/problem"
)

//go:embed assets
var assets embed.FS

// A sentence is text in both languages.
type sentence struct{ zh, en string }

var (
	sayWrongHost     = sentence{"这个地址不是本页的地址；请用程序打开的地址", "this is not the address of the page; use the one that the program opened"}
	sayNoToken       = sentence{"这个地址已经用过，或不是程序打开的；请重新运行 duizhang page", "this address was used already, or is not the one that the program opened; run duizhang page again"}
	sayBadForm       = sentence{"没有收到文件；请重新选择", "no files came; choose them again"}
	sayTooLarge      = sentence{"文件太大或太多；请分批放入，或用命令行 duizhang run", "too large or too many files; drop fewer, or use the command line: duizhang run"}
	sayNotKept       = sentence{"文件没能存入临时文件夹；请检查磁盘空间", "the files could not be kept in the temporary folder; check the space on the disk"}
	sayNoFile        = sentence{"没有这个文件；请回到上一页", "there is no such file; go back"}
	sayNoFiles       = sentence{"还没有文件；请先放入销售文件和收单文件", "there are no files yet; drop the shop's and the acquirer's first"}
	sayBadDay        = sentence{"对账日期写法不对；写作 2026-01-05", "this is no day to judge on; write 2026-01-05"}
	sayNoItem        = sentence{"没有这一项；请刷新页面", "there is no such item; load the page again"}
	sayNoWord        = sentence{"这个处理结果对这一项没有意义", "this decision makes no sense for the item"}
	sayNoBucket      = sentence{"没有这一类；请回到结果页", "there is no such kind; go back to the result"}
	sayDecisionsFile = sentence{"处理结果.csv", "decisions.csv"}
)

func (p *Page) say(s sentence) string {
	if p.opt.Lang == problem.EN {
		return s.en
	}
	return s.zh
}

// words are the decisions for people; the Chinese ones are those of the workbook.
var words = map[string]sentence{
	"accept": {"确认匹配", "accept"}, "reject": {"不是同一笔", "not the same"}, "claimed": {"已申请补划", "claimed"},
	"adjusted": {"已调账", "adjusted"}, "written_off": {"核销", "written off"}, "hold": {"挂起", "on hold"}, "open": {"处理中", "open"},
}

func (p *Page) word(code string) string { return p.say(words[code]) }

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"t":    func(string, string) string { return "" }, // replaced by each page's own
	"word": func(string) string { return "" },
	"bytes": func(n int64) string {
		switch {
		case n >= 1<<20:
			return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MB"
		case n >= 1<<10:
			return strconv.FormatInt(n>>10, 10) + " KB"
		}
		return strconv.FormatInt(n, 10) + " B"
	},
	"count": grouped,
	"yuan":  yuan,
}).ParseFS(assets, "assets/*.html"))

// grouped is a number with its thousands apart.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// yuan is an amount in fen as it is written.
func yuan(fen int64) string {
	sign := ""
	if fen < 0 {
		sign, fen = "-", -fen
	}
	rest := strconv.FormatInt(fen%100, 10)
	if len(rest) < 2 {
		rest = "0" + rest
	}
	return sign + grouped(fen/100) + "." + rest
}

// A view is what every template gets.
type view struct {
	Lang, Version, Step string
	HasResult           bool
	Data                any
}

// render writes a page. It is made whole before the first byte goes out.
func (p *Page) render(w http.ResponseWriter, status int, name string, data any) {
	v := view{Lang: [2]string{problem.ZH: "zh", problem.EN: "en"}[p.opt.Lang], Version: p.opt.Version, Step: name, Data: data}
	if name != "refused" {
		p.mu.Lock()
		v.HasResult = p.result != nil
		p.mu.Unlock()
	}
	t, err := templates.Clone()
	if err == nil {
		t.Funcs(template.FuncMap{"t": func(zh, en string) string { return p.say(sentence{zh, en}) }, "word": p.word})
		var b bytes.Buffer
		if err = t.ExecuteTemplate(&b, name+".html", v); err == nil {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.WriteHeader(status)
			_, _ = w.Write(b.Bytes()) // a browser that has gone is no error
			return
		}
	}
	http.Error(w, err.Error(), http.StatusInternalServerError)
}

// refuse turns a request away with a sentence.
func (p *Page) refuse(w http.ResponseWriter, status int, s sentence) {
	p.render(w, status, "refused", p.say(s))
}

// serveAsset gives the style and the script.
func serveAsset(w http.ResponseWriter, r *http.Request) {
	kinds := map[string]string{"style.css": "text/css; charset=utf-8", "page.js": "text/javascript; charset=utf-8", "icon.svg": "image/svg+xml"}
	name := r.PathValue("name")
	kind, ok := kinds[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	text, err := assets.ReadFile("assets/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text)
}

// fileView is a file with what was found in it.
type fileView struct {
	Upload
	Shown     string // the side it goes by
	Sides     []string
	Documents []Document
}

func (p *Page) showFiles(w http.ResponseWriter, _ *http.Request) {
	type area struct {
		Side  string
		Files []fileView
	}
	p.mu.Lock()
	data := struct {
		AsOf, Error, LookError string
		Areas                  [3]area
		Files                  []fileView
		CanSwap, CanRun, Works bool
	}{AsOf: p.asOf, Error: p.runErr, LookError: p.lookErr, Works: p.working != nil}
	data.Areas = [3]area{{Side: SidePos}, {Side: SideClearing}, {Side: "other"}}
	for i := range p.files {
		f := fileView{Upload: p.files[i], Shown: p.sideOf(&p.files[i]), Sides: []string{SidePos, SideClearing, SideBank, SideContracts}}
		for _, d := range p.seen {
			if d.Upload == f.ID {
				f.Documents = append(f.Documents, d)
			}
		}
		at := slices.Index([]string{SidePos, SideClearing}, f.Shown)
		if at < 0 {
			at = 2
		}
		data.Areas[at].Files = append(data.Areas[at].Files, f)
		data.CanSwap = data.CanSwap || at < 2
		data.CanRun = true
	}
	for _, a := range data.Areas {
		data.Files = append(data.Files, a.Files...)
	}
	p.runErr = ""
	p.mu.Unlock()
	p.render(w, http.StatusOK, "files", data)
}

func (p *Page) showProgress(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	works, next := p.working != nil, "/result"
	if p.runErr != "" || p.result == nil {
		next = "/"
	}
	var progress func() Progress
	if works {
		progress = p.working.progress
	}
	p.mu.Unlock()
	var now Progress
	if progress != nil {
		now = progress()
	}
	percent := 0
	if now.Total > 0 {
		percent = int(min(100*now.Done/now.Total, 100))
	}
	switch {
	case r.Header.Get("Accept") == "application/json":
		w.Header().Set("Content-Type", "application/json")
		answer := map[string]any{"works": works, "phase": now.Phase, "percent": percent, "next": next}
		_ = json.NewEncoder(w).Encode(answer) // a browser that has gone is no error
	case !works:
		http.Redirect(w, r, next, http.StatusSeeOther)
	default:
		p.render(w, http.StatusOK, "progress", struct {
			Progress
			Percent int
		}{now, percent})
	}
}

func (p *Page) showResult(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	res := p.result
	p.mu.Unlock()
	if res == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	p.render(w, http.StatusOK, "result", struct {
		Figures
		Buckets   []Bucket
		Downloads []Download
	}{res.Figures(), res.Buckets(), res.Downloads()})
}

// fieldView is a field on both sides, cut where they differ.
type fieldView struct {
	Name        string
	Left, Right []Piece
}

// itemView is an item with what was decided of it.
type itemView struct {
	Item
	Fields []fieldView
	Said   Decision
}

func (p *Page) showReview(w http.ResponseWriter, r *http.Request) {
	res, b, ok := p.reviewable(w, r)
	if !ok {
		return
	}
	pages := max((b.Items+perPage-1)/perPage, 1)
	n := min(pageOf(r), pages)
	items, err := res.Items(r.Context(), b.Code, (n-1)*perPage, perPage)
	if err != nil {
		p.render(w, http.StatusInternalServerError, "refused", err.Error())
		return
	}
	shown := make([]itemView, len(items))
	p.mu.Lock()
	for i := range items {
		it := &items[i]
		p.review.know([]Brief{{ID: it.ID, Words: it.Words}})
		shown[i] = itemView{Item: *it, Said: p.review.said[it.ID]}
		for _, f := range it.Fields {
			left, right := whole(f.Left, false), whole(f.Right, false)
			if !f.Plain {
				left, right = differing(f.Left, f.Right)
			}
			shown[i].Fields = append(shown[i].Fields, fieldView{f.Name, left, right})
		}
	}
	data := struct {
		Buckets           []Bucket
		Bucket            Bucket
		Page, Pages       int
		Before, After     int
		Items             []itemView
		Decided           int
		Dirty             bool
		Saved, By         string
		First, Last, From int
	}{Buckets: p.review.buckets, Bucket: b, Page: n, Pages: pages, Before: n - 1, After: (n + 1) % (pages + 1), Items: shown,
		Decided: len(p.review.said), Dirty: p.review.dirty, Saved: p.review.saved, By: p.review.by,
		First: min((n-1)*perPage+1, b.Items), Last: min(n*perPage, b.Items)}
	p.mu.Unlock()
	p.render(w, http.StatusOK, "review", data)
}

func (p *Page) showBulk(w http.ResponseWriter, r *http.Request) {
	res, b, ok := p.reviewable(w, r)
	if !ok {
		return
	}
	open, amount := p.undecided(res.Brief(b.Code))
	const shown = 20
	items, err := res.Items(r.Context(), b.Code, 0, perPage)
	if err != nil {
		p.render(w, http.StatusInternalServerError, "refused", err.Error())
		return
	}
	isOpen := func(it Item) bool { return slices.ContainsFunc(open, func(o Brief) bool { return o.ID == it.ID }) }
	items = slices.DeleteFunc(items, func(it Item) bool { return !isOpen(it) })
	items = items[:min(len(items), shown)]
	p.render(w, http.StatusOK, "bulk", struct {
		Bucket      Bucket
		Count, More int
		Amount      int64
		Items       []Item
	}{b, len(open), len(open) - len(items), amount, items})
}
