package page

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func itoa(n int) string { return strconv.Itoa(n) }

// takeFiles keeps what was dropped. The browser says what a file is called and
// into which area it fell; where it is kept is the page's own choice.
func (p *Page) takeFiles(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, p.opt.MaxUpload)
	parts, err := r.MultipartReader()
	if err != nil {
		p.refuse(w, http.StatusBadRequest, sayBadForm)
		return
	}
	side := SideAuto
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && part.FileName() == "" {
			if part.FormName() == "area" {
				side, err = readArea(part)
			}
		} else if err == nil {
			err = p.keep(part, side)
		}
		if err != nil {
			p.refuseUpload(w, err)
			return
		}
	}
	p.look(r.Context())
	p.done(w, r, "/")
}

var errTooMuch = errors.New("too much")

// readArea is the side of the area; the third takes what speaks for itself.
func readArea(part io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, 32))
	if side := string(text); side == SidePos || side == SideClearing || side == SideBank || side == SideContracts {
		return side, err
	}
	return SideAuto, err
}

func (p *Page) refuseUpload(w http.ResponseWriter, err error) {
	var large *http.MaxBytesError
	if errors.As(err, &large) || errors.Is(err, errTooMuch) {
		p.refuse(w, http.StatusRequestEntityTooLarge, sayTooLarge)
		return
	}
	p.refuse(w, http.StatusInternalServerError, sayNotKept)
}

// keep writes a file into a folder of its own, so that two of one name keep it.
func (p *Page) keep(part *multipart.Part, side string) error {
	name := safeName(part.FileName())
	if isLock(name) {
		return nil // what a spreadsheet program leaves beside an open workbook
	}
	p.mu.Lock()
	p.nextID++
	id := p.nextID
	full := len(p.files) >= maxFiles || p.kept > 4*p.opt.MaxUpload
	p.mu.Unlock()
	if full {
		return errTooMuch
	}
	folder := filepath.Join(p.opt.Dir, FolderPrefix+itoa(id))
	if err := os.Mkdir(folder, 0o700); err != nil {
		return err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	size, err := io.Copy(f, part)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.kept += size
	p.files = append(p.files, Upload{ID: id, Path: filepath.Join(folder, name), Name: name, Side: side, Bytes: size})
	return nil
}

// maxName bounds the name of a file in bytes; no file system takes longer ones.
const maxName = 200

// safeName is the last part of a name that came from outside, without what a
// file system or a shell would act on.
func safeName(given string) string {
	if i := strings.LastIndexAny(given, `/\`); i >= 0 {
		given = given[i+1:]
	}
	name := strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co) || strings.ContainsRune(`<>:"|?*`, r) {
			return '_'
		}
		return r
	}, given)
	name = strings.TrimRight(strings.TrimSpace(name), ". ")
	if ext := filepath.Ext(name); len(name) > maxName {
		ext = strings.ToValidUTF8(ext[:min(len(ext), 16)], "")
		name = strings.ToValidUTF8(name[:maxName-len(ext)], "") + ext
	}
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	device := slices.Contains([]string{"CON", "PRN", "AUX", "NUL"}, stem) ||
		len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT"))
	if name == "" || device || strings.Trim(name, ".") == "" {
		return "_" + name
	}
	return name
}

// isLock says that a name is that of a lock beside an open workbook, or of what
// a desktop puts into folders.
func isLock(name string) bool {
	return strings.HasPrefix(name, "~$") || strings.HasPrefix(name, ".") || strings.EqualFold(name, "Thumbs.db") || strings.EqualFold(name, "desktop.ini")
}

// look recognises all files anew: which side a file is may depend on the others.
func (p *Page) look(ctx context.Context) {
	p.mu.Lock()
	files := slices.Clone(p.files)
	p.mu.Unlock()
	seen, err := p.opt.Desk.Look(ctx, files)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen, p.lookErr = seen, ""
	if err != nil {
		p.lookErr = err.Error()
	}
}

// changeFile says whose word a file is, or takes it away.
func (p *Page) changeFile(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.Atoi(r.PathValue("id"))
	side := r.FormValue("side")
	p.mu.Lock()
	i := slices.IndexFunc(p.files, func(f Upload) bool { return f.ID == id })
	switch {
	case err != nil || i < 0:
		p.mu.Unlock()
		p.refuse(w, http.StatusNotFound, sayNoFile)
		return
	case side == "remove":
		p.forget(p.files[i])
		p.files = slices.Delete(p.files, i, i+1)
	case slices.Contains([]string{SideAuto, SidePos, SideClearing, SideBank, SideContracts}, side):
		p.files[i].Side = side
	}
	p.mu.Unlock()
	p.look(r.Context())
	p.done(w, r, "/")
}

// forget removes what was dropped, as far as it is the page's own copy.
func (p *Page) forget(f Upload) {
	folder := filepath.Dir(f.Path)
	if filepath.Dir(folder) != p.opt.Dir || p.working != nil {
		return
	}
	p.kept -= f.Bytes
	_ = os.RemoveAll(folder) // what stays goes with the folder of all
}

// swap takes the shop's files for the acquirer's and the other way round.
func (p *Page) swap(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	for i := range p.files {
		f := &p.files[i]
		switch p.sideOf(f) {
		case SidePos:
			f.Side = SideClearing
		case SideClearing:
			f.Side = SidePos
		}
	}
	p.mu.Unlock()
	p.look(r.Context())
	p.done(w, r, "/")
}

// sideOf is what the person said of a file, else what was recognised.
func (p *Page) sideOf(f *Upload) string {
	if f.Side != SideAuto {
		return f.Side
	}
	for i := range p.seen {
		if p.seen[i].Upload == f.ID && p.seen[i].Side != SideAuto {
			return p.seen[i].Side
		}
	}
	return SideAuto
}

// done answers a request that changed something: a script needs no page.
func (p *Page) done(w http.ResponseWriter, r *http.Request, next string) {
	if r.Header.Get("Accept") == "application/json" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
}
