package page

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/duizhang/duizhang/parse/problem"
)

// Options are what a page is made of.
type Options struct {
	Desk Desk
	// Dir is a private folder for what is dropped and what comes of it. Whoever
	// made it removes it.
	Dir     string
	Lang    problem.Lang
	Version string
	// AsOf is the day that stands in the form at first; "" is the desk's today.
	AsOf string
	// Files are there from the beginning, such as a table of contracts. They
	// stay where they are.
	Files []Upload
	Now   func() time.Time
	// MaxUpload bounds what one request may bring in bytes; 0 is 8 GiB. The
	// bound of all that is kept at a time is four times that.
	MaxUpload int64
}

// FolderPrefix begins the names of the folders that are made in Options.Dir.
const FolderPrefix = "drop-"

// maxForm bounds the body of a request that brings no file.
const maxForm = 64 << 10

// maxFiles bounds how many files are kept.
const maxFiles = 500

// A Page is the state behind the browser's window. One person works with it.
type Page struct {
	opt   Options
	guard *guard

	mu       sync.Mutex
	here     presence
	files    []Upload
	seen     []Document
	lookErr  string
	asOf     string
	nextID   int
	kept     int64 // bytes of files in Dir
	working  *working
	runErr   string
	runs     int
	result   Result
	review   review
	finished context.CancelFunc // ends Serve
}

// working is a run under way.
type working struct {
	cancel   context.CancelFunc
	progress func() Progress
	done     chan struct{}
}

// New makes a page that answers under a port of this computer.
func New(opt Options, port string) *Page {
	if opt.MaxUpload == 0 {
		opt.MaxUpload = 8 << 30
	}
	p := &Page{opt: opt, guard: newGuard(port), asOf: opt.AsOf, finished: func() {}}
	if p.asOf == "" {
		p.asOf = opt.Desk.Today()
	}
	for _, f := range opt.Files {
		p.nextID++
		f.ID = p.nextID
		p.files = append(p.files, f)
	}
	p.here.acted = opt.Now()
	return p
}

// StartURL is the address that lets one browser in, once.
func (p *Page) StartURL() string {
	return "http://127.0.0.1:" + p.guard.port + "/start?token=" + p.guard.token
}

// Close ends a run and lets its files go.
func (p *Page) Close() {
	p.mu.Lock()
	w := p.working
	p.mu.Unlock()
	if w != nil {
		w.cancel()
		<-w.done
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.result != nil {
		p.result.Close()
		p.result = nil
	}
}

// lookEach is how often the page looks whether somebody is still there.
const lookEach = time.Second

// Serve answers on a port of this computer that the system chooses, until ctx
// ends or nobody is there any more. ready is told the address once it answers.
func Serve(ctx context.Context, opt Options, ready func(url string)) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp4", "127.0.0.1:0")
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return errors.Join(err, l.Close())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := New(opt, port)
	p.finished = cancel
	defer p.Close()
	server := &http.Server{
		Handler: p.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	go p.watch(ctx, cancel)
	go func() {
		<-ctx.Done()
		_ = server.Close() // the person has gone: there is nobody to answer
	}()
	ready(p.StartURL())
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (p *Page) watch(ctx context.Context, over func()) {
	ticker := time.NewTicker(lookEach)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		p.mu.Lock()
		ends := p.here.over(p.opt.Now(), p.working != nil)
		p.mu.Unlock()
		if ends {
			over()
			return
		}
	}
}

// Handler answers requests. What is not for it is turned away before anything
// is read.
func (p *Page) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.showFiles)
	mux.HandleFunc("POST /files", p.takeFiles)
	mux.HandleFunc("POST /files/{id}", p.changeFile)
	mux.HandleFunc("POST /swap", p.swap)
	mux.HandleFunc("POST /run", p.run)
	mux.HandleFunc("POST /stop", p.stop)
	mux.HandleFunc("GET /progress", p.showProgress)
	mux.HandleFunc("GET /result", p.showResult)
	mux.HandleFunc("GET /get/{name}", p.download)
	mux.HandleFunc("GET /review", p.showReview)
	mux.HandleFunc("POST /decide", p.decide)
	mux.HandleFunc("POST /undo", p.undo)
	mux.HandleFunc("GET /bulk", p.showBulk)
	mux.HandleFunc("POST /bulk", p.bulk)
	mux.HandleFunc("POST /save", p.save)
	mux.HandleFunc("POST /beat", p.beat)
	mux.HandleFunc("POST /bye", p.bye)
	mux.HandleFunc("POST /quit", p.quit)
	mux.HandleFunc("GET /static/{name}", serveAsset)
	guarded := http.NewCrossOriginProtection().Handler(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		headers(w.Header())
		switch {
		case !p.guard.isOwnHost(r.Host):
			p.refuse(w, http.StatusMisdirectedRequest, sayWrongHost)
			return
		case r.URL.Path == "/start" && r.Method == http.MethodGet:
			p.start(w, r)
			return
		}
		if !p.knows(r) {
			p.refuse(w, http.StatusForbidden, sayNoToken)
			return
		}
		if r.URL.Path != "/files" {
			r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		}
		guarded.ServeHTTP(w, r)
	})
}

func (p *Page) knows(r *http.Request) bool {
	if !p.guard.knows(r) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.URL.Path == "/bye" {
		return true
	}
	p.here.leaving = time.Time{}
	if r.URL.Path != "/beat" && r.URL.Path != "/progress" {
		p.here.acted = p.opt.Now()
	}
	return true
}

// start lets the browser in. The page leads on by itself: a redirection of a
// visit that began elsewhere would not carry the strict cookie.
func (p *Page) start(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	ok := p.guard.start(r.URL.Query().Get("token"))
	p.mu.Unlock()
	if !ok {
		p.refuse(w, http.StatusForbidden, sayNoToken)
		return
	}
	p.guard.setCookie(w)
	p.render(w, http.StatusOK, "start", nil)
}

func (p *Page) beat(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.here.beat = p.opt.Now()
	p.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// bye is the window's last word. Going to another page of it is one too, which
// that page's first sign takes back.
func (p *Page) bye(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	p.here.leaving = p.opt.Now()
	p.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
}

// quit ends the program once the page has said so.
func (p *Page) quit(w http.ResponseWriter, _ *http.Request) {
	p.render(w, http.StatusOK, "quit", nil)
	time.AfterFunc(300*time.Millisecond, p.finished)
}

// run begins to reconcile what was dropped.
func (p *Page) run(w http.ResponseWriter, r *http.Request) {
	day := strings.TrimSpace(r.FormValue("as_of"))
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.working != nil:
		http.Redirect(w, r, "/progress", http.StatusSeeOther)
		return
	case !p.opt.Desk.IsDay(day):
		p.runErr = p.say(sayBadDay)
	case len(p.files) == 0:
		p.runErr = p.say(sayNoFiles)
	default:
		p.asOf, p.runErr = day, ""
		if err := p.begin(); err != nil {
			p.runErr = err.Error()
			break
		}
		http.Redirect(w, r, "/progress", http.StatusSeeOther)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// begin starts a run; the lock is held. The results of each have a folder of
// their own: one may be downloaded while the next is made.
func (p *Page) begin() error {
	p.runs++
	out := filepath.Join(p.opt.Dir, FolderPrefix+"result-"+itoa(p.runs))
	if err := os.Mkdir(out, 0o700); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	now := &working{cancel: cancel, progress: func() Progress { return Progress{} }, done: make(chan struct{})}
	p.working = now
	job := Job{Files: append([]Upload(nil), p.files...), AsOf: p.asOf, Out: out}
	go func() {
		defer close(now.done)
		defer cancel()
		res, err := p.reconcile(ctx, job, now)
		p.mu.Lock()
		defer p.mu.Unlock()
		p.working = nil
		p.here.acted = p.opt.Now()
		if err != nil {
			p.runErr = err.Error()
			return
		}
		if p.result != nil {
			p.result.Close()
		}
		p.result, p.review = res, newReview(res.Buckets())
	}()
	return nil
}

// reconcile runs; a mistake in the program ends the run and not the page.
func (p *Page) reconcile(ctx context.Context, job Job, now *working) (res Result, err error) {
	defer func() {
		if e := recover(); e != nil {
			err = problem.NewPanicError(e)
		}
	}()
	return p.opt.Desk.Run(ctx, job, func(progress func() Progress) {
		p.mu.Lock()
		now.progress = progress
		p.mu.Unlock()
	})
}

// stop ends a run; nothing of it is written.
func (p *Page) stop(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	now := p.working
	p.mu.Unlock()
	if now != nil {
		now.cancel()
		<-now.done
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}
