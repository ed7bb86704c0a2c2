package page

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Words of decisions, as they stand in tables of decisions.
const wordAccept = "accept"

// perPage is how many items a page of the review shows.
const perPage = 50

// A review is what the person has decided, and in which order.
type review struct {
	buckets []Bucket
	said    map[string]Decision // by item
	words   map[string][]string // that make sense, by item
	undo    []step
	by      string
	saved   string // where the decisions went
	dirty   bool   // decided since
}

// A step is what one act has changed: the decisions that stood before.
type step struct{ before []Decision }

func newReview(buckets []Bucket) review {
	return review{buckets: buckets, said: map[string]Decision{}, words: map[string][]string{}}
}

// decide puts decisions in the place of earlier ones, as one act.
func (v *review) decide(list []Decision) {
	var s step
	for _, d := range list {
		old := v.said[d.ID]
		old.ID = d.ID
		s.before = append(s.before, old)
		v.put(d)
	}
	v.undo, v.dirty = append(v.undo, s), true
}

func (v *review) put(d Decision) {
	if d.Word == "" && d.Note == "" {
		delete(v.said, d.ID)
		return
	}
	v.said[d.ID] = d
}

// back takes the last act back, and gives the decisions that stand again.
func (v *review) back() []Decision {
	if len(v.undo) == 0 {
		return nil
	}
	last := v.undo[len(v.undo)-1]
	v.undo, v.dirty = v.undo[:len(v.undo)-1], true
	for _, d := range last.before {
		v.put(d)
	}
	return last.before
}

// list is all decisions by item.
func (v *review) list() []Decision {
	var out []Decision
	for _, d := range v.said {
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Decision) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (v *review) bucket(code string) *Bucket {
	for i := range v.buckets {
		if v.buckets[i].Code == code {
			return &v.buckets[i]
		}
	}
	return nil
}

// know notes which words make sense for the items that were shown.
func (v *review) know(briefs []Brief) {
	for _, b := range briefs {
		v.words[b.ID] = b.Words
	}
}

// refusal says why a decision cannot stand; nil: it can.
func (v *review) refusal(d Decision) *sentence {
	words, known := v.words[d.ID]
	switch {
	case !known:
		return &sayNoItem
	case d.Word != "" && !slices.Contains(words, d.Word):
		return &sayNoWord
	}
	return nil
}

// reviewable gives the result and the bucket that a request is about; ok is
// false when the answer was given.
func (p *Page) reviewable(w http.ResponseWriter, r *http.Request) (res Result, b Bucket, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.result == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil, b, false
	}
	code := r.FormValue("bucket")
	if code == "" && len(p.review.buckets) > 0 {
		code = p.review.buckets[0].Code
	}
	found := p.review.bucket(code)
	if found == nil {
		if len(p.review.buckets) == 0 {
			http.Redirect(w, r, "/result", http.StatusSeeOther)
		} else {
			p.refuse(w, http.StatusNotFound, sayNoBucket)
		}
		return nil, b, false
	}
	return p.result, *found, true
}

// decide notes one decision.
func (p *Page) decide(w http.ResponseWriter, r *http.Request) {
	d := Decision{ID: r.FormValue("item"), Word: r.FormValue("decision"), Note: oneLine(r.FormValue("note"))}
	p.mu.Lock()
	if refused := p.review.refusal(d); refused != nil {
		p.mu.Unlock()
		p.refuse(w, http.StatusBadRequest, *refused)
		return
	}
	if d.Word == "" {
		d.Word = p.review.said[d.ID].Word
	}
	if !r.Form.Has("note") {
		d.Note = p.review.said[d.ID].Note
	}
	p.review.decide([]Decision{d})
	p.mu.Unlock()
	p.decided(w, r, []Decision{d})
}

// maxNote bounds a note in characters.
const maxNote = 500

// oneLine is a note as a cell can hold it.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if r := []rune(s); len(r) > maxNote {
		s = string(r[:maxNote])
	}
	return s
}

func (p *Page) undo(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	back := p.review.back()
	p.mu.Unlock()
	p.decided(w, r, back)
}

// decided answers with what stands now of the items that changed.
func (p *Page) decided(w http.ResponseWriter, r *http.Request, list []Decision) {
	if r.Header.Get("Accept") != "application/json" {
		http.Redirect(w, r, "/review?bucket="+r.FormValue("bucket")+"&page="+itoa(pageOf(r)), http.StatusSeeOther)
		return
	}
	type stand struct {
		ID    string `json:"id"`
		Word  string `json:"word"`
		Label string `json:"label"`
		Note  string `json:"note"`
	}
	p.mu.Lock()
	answer := struct {
		Items   []stand `json:"items"`
		Decided int     `json:"decided"`
	}{Items: []stand{}, Decided: len(p.review.said)}
	p.mu.Unlock()
	for _, d := range list {
		answer.Items = append(answer.Items, stand{d.ID, d.Word, p.word(d.Word), d.Note})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answer) // a browser that has gone is no error
}

func pageOf(r *http.Request) int {
	n, err := strconv.Atoi(r.FormValue("page"))
	if err != nil || n < 1 {
		return 1
	}
	return n
}

// undecided are the items of a bucket that may be accepted and are not decided.
func (p *Page) undecided(briefs []Brief) (open []Brief, amount int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.review.know(briefs)
	for _, b := range briefs {
		if p.review.said[b.ID].Word == "" && slices.Contains(b.Words, wordAccept) {
			open = append(open, b)
			amount += b.Amount
		}
	}
	return open, amount
}

// bulk accepts what the preview has shown: if that is not what is open now, it
// shows it again.
func (p *Page) bulk(w http.ResponseWriter, r *http.Request) {
	res, b, ok := p.reviewable(w, r)
	if !ok {
		return
	}
	open, amount := p.undecided(res.Brief(b.Code))
	if r.FormValue("count") != itoa(len(open)) || r.FormValue("amount") != strconv.FormatInt(amount, 10) || !b.Bulk {
		http.Redirect(w, r, "/bulk?bucket="+b.Code, http.StatusSeeOther)
		return
	}
	note := oneLine(r.FormValue("note"))
	list := make([]Decision, len(open))
	for i := range open {
		list[i] = Decision{ID: open[i].ID, Word: wordAccept, Note: note}
	}
	p.mu.Lock()
	p.review.decide(list)
	p.mu.Unlock()
	http.Redirect(w, r, "/review?bucket="+b.Code, http.StatusSeeOther)
}

// save gives the decisions to the desk.
func (p *Page) save(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	res := p.result
	if r.Form == nil {
		_ = r.ParseForm() // what cannot be read is empty
	}
	p.review.by = oneLine(r.FormValue("by"))
	list := p.review.list()
	for i := range list {
		list[i].By = p.review.by
	}
	p.mu.Unlock()
	if res == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	saved, err := res.Save(r.Context(), list)
	if err != nil {
		p.render(w, http.StatusInternalServerError, "refused", err.Error())
		return
	}
	p.mu.Lock()
	p.review.saved, p.review.dirty = saved.Where, false
	p.mu.Unlock()
	if saved.Where == "" {
		attach(w, p.say(sayDecisionsFile), "text/csv; charset=utf-8")
		_, _ = w.Write(saved.Table)
		return
	}
	http.Redirect(w, r, "/review?bucket="+r.FormValue("bucket"), http.StatusSeeOther)
}

// attach makes the answer a file to keep.
func attach(w http.ResponseWriter, name, kind string) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": name}))
}

// download gives a file of the results: one as it is, several in an archive.
func (p *Page) download(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	var found *Download
	if p.result != nil {
		for _, d := range p.result.Downloads() {
			if d.Name == r.PathValue("name") && len(d.Paths) > 0 {
				found = &d
			}
		}
	}
	p.mu.Unlock()
	switch {
	case found == nil:
		p.refuse(w, http.StatusNotFound, sayNoFile)
	case len(found.Paths) == 1:
		f, err := os.Open(found.Paths[0])
		if err != nil {
			p.refuse(w, http.StatusNotFound, sayNoFile)
			return
		}
		defer f.Close()
		attach(w, found.File, "application/octet-stream")
		_, _ = io.Copy(w, f) // a browser that has gone is no error
	default:
		attach(w, found.File, "application/zip")
		_ = pack(w, found.Paths)
	}
}

// pack writes files as an archive.
func pack(w io.Writer, paths []string) error {
	z := zip.NewWriter(w)
	for _, path := range paths {
		to, err := z.Create(filepath.Base(path))
		if err != nil {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.Copy(to, f)
		if err = errors.Join(err, f.Close()); err != nil {
			return err
		}
	}
	return z.Close()
}
