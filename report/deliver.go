package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// delivery gives all outputs of a run their names: all of them or none, as far
// as a file system that renames one file at a time allows. Every output is
// complete beside its place before the first is moved; what stood there is set
// aside until the last one is in place, and comes back where one fails.
type delivery struct {
	disk  disk
	items []*delivered
	notes []string // the files that say which delivery is under way
}

// delivered is one output on its way.
type delivered struct {
	temp  *tempFile // nil: what stands there is ours, out of date, and goes
	final string    // the name that was wanted
	name  string    // the name that it gets
	kept  KeptReport
	aside string // where the file of that name is kept meanwhile; "" none
	// keep is where the file of that name stays for good: a person's, whose
	// decisions have been read, so that this output may take its place.
	keep  string
	moved bool
}

// maxSuffix bounds the search for a free name beside a file that stays.
const maxSuffix = 99

func (v *delivery) add(t *tempFile) { v.items = append(v.items, &delivered{temp: t, final: t.final}) }

// remove takes away a file of an earlier run; a person's own of that name and
// one that another program holds stay.
func (v *delivery) remove(final string) {
	if _, err := os.Lstat(final); err == nil && isOurs(final) && v.disk.free(final) == nil {
		v.items = append(v.items, &delivered{final: final, name: final})
	}
}

// run is the delivery. After an error everything is as it was before; where
// that could not be done, the error says what stands.
func (v *delivery) run() error {
	defer v.tidy()
	if err := v.prepare(); err != nil {
		for _, it := range v.items {
			if it.keep != "" {
				_ = v.disk.remove(it.keep)
			}
		}
		return err
	}
	for _, it := range v.items {
		if err := v.place(it); err != nil {
			return v.rollBack(err)
		}
	}
	if err := v.sync(); err != nil {
		return v.rollBack(err)
	}
	return nil
}

// prepare finds out all that can be found out before anything is moved: that
// every name can be had, and that the folders can make names last.
func (v *delivery) prepare() error {
	for _, it := range v.items {
		if it.temp == nil {
			continue
		}
		if err := v.choose(it); err != nil {
			return err
		}
	}
	if err := v.announce(); err != nil {
		return err
	}
	return v.sync()
}

// choose decides the name of an output: the wanted one, or, where another
// program holds that file or it is a person's, one beside it: name(2).xlsx.
func (v *delivery) choose(it *delivered) error {
	it.name, it.kept = it.final, v.whyKept(it.final)
	if it.keep != "" {
		if it.kept = v.keepForGood(it); it.kept == KeptNone {
			return nil
		}
	}
	ext := filepath.Ext(it.final)
	for n := 2; it.kept != KeptNone; n++ {
		if n > maxSuffix {
			return &WriteError{Problem: map[KeptReport]WriteProblem{KeptHeld: HeldOpen, KeptEdited: Edited}[it.kept], Path: it.final}
		}
		it.name = strings.TrimSuffix(it.final, ext) + "(" + strconv.Itoa(n) + ")" + ext
		_, err := os.Lstat(it.name)
		if errors.Is(err, fs.ErrNotExist) || it.kept == KeptEdited && v.whyKept(it.name) == KeptNone {
			return nil
		}
	}
	return nil
}

// keepForGood gives the file of the wanted name a further one, under which it
// stays whatever becomes of this delivery. Where that cannot be done it stays
// where it is.
func (v *delivery) keepForGood(it *delivered) KeptReport {
	if _, err := os.Lstat(it.final); errors.Is(err, fs.ErrNotExist) {
		it.keep = ""
		return KeptNone
	}
	if v.disk.free(it.final) != nil {
		it.keep = ""
		return KeptHeld
	}
	err := v.disk.link(it.final, it.keep)
	if err != nil {
		err = copyFile(v.disk, it.final, it.keep)
	}
	if err != nil {
		it.keep = ""
		return v.whyKept(it.final)
	}
	return KeptNone
}

// copyFile copies a file to a new name and to the disk.
func copyFile(d disk, from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := d.create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	if err = errors.Join(err, dst.Sync(), dst.Close()); err != nil {
		_ = d.remove(to)
	}
	return err
}

// whyKept says why what stands under a name must stay there.
func (v *delivery) whyKept(name string) KeptReport {
	switch _, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist):
		return KeptNone
	case !isOurs(name):
		return KeptEdited
	case v.disk.free(name) != nil:
		return KeptHeld
	}
	return KeptNone
}

// place moves one output to its name. One that turns out to be held only now
// goes beside it.
func (v *delivery) place(it *delivered) error {
	for {
		if err := v.setAside(it); err != nil {
			return err
		}
		var err error
		if it.temp != nil {
			err = v.disk.rename(it.temp.name, it.name)
		} else if _, there := os.Lstat(it.name); there == nil {
			err = v.disk.remove(it.name)
		}
		switch {
		case err == nil:
			it.moved = true
			return nil
		case it.temp == nil && v.disk.held(err):
			return v.unset(it) // it has been opened just now and stays
		case it.temp == nil || it.kept != KeptNone || !v.disk.held(err):
			return asWriteError(err, it.name, 0, WriteFailed)
		}
		if err := v.unset(it); err != nil {
			return err
		}
		if err := v.beside(it); err != nil {
			return err
		}
	}
}

// beside finds the first name beside one that is held.
func (v *delivery) beside(it *delivered) error {
	it.kept = KeptHeld
	ext := filepath.Ext(it.final)
	for n := 2; n <= maxSuffix; n++ {
		it.name = strings.TrimSuffix(it.final, ext) + "(" + strconv.Itoa(n) + ")" + ext
		if _, err := os.Lstat(it.name); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	return &WriteError{Problem: HeldOpen, Path: it.final}
}

// setAside keeps what stands under the name. A further name for the same file
// leaves it in its place until the new one takes it; where the file system has
// none, it is moved.
func (v *delivery) setAside(it *delivered) error {
	if _, err := os.Lstat(it.name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := filepath.Join(filepath.Dir(it.name), tempName(filepath.Base(it.final), asideSuffix))
	_ = v.disk.remove(aside) // of a process that had this number
	err := v.disk.link(it.name, aside)
	if err != nil {
		err = v.disk.rename(it.name, aside)
	}
	if err != nil && v.disk.held(err) && it.temp != nil {
		return nil // the renaming itself will tell
	}
	if err != nil {
		return asWriteError(err, it.name, 0, WriteFailed)
	}
	it.aside = aside
	return nil
}

// unset undoes setAside.
func (v *delivery) unset(it *delivered) error {
	if it.aside == "" {
		return nil
	}
	aside := it.aside
	it.aside = "" // whatever happens now, tidy must not remove it
	if _, err := os.Lstat(it.name); err == nil && !it.moved {
		return v.disk.remove(aside)
	}
	return v.disk.rename(aside, it.name)
}

// rollBack puts everything back and gives the cause, or says what stands.
func (v *delivery) rollBack(cause error) error {
	var stand []string
	for _, it := range slices.Backward(v.items) {
		var err error
		switch {
		case it.aside != "":
			err = v.unset(it)
		case it.moved && it.temp != nil:
			err = v.disk.remove(it.name)
		}
		if err != nil {
			stand = append(stand, it.name)
		} else if it.keep != "" {
			_ = v.disk.remove(it.keep) // the file has its own name again
		}
		if it.moved && it.temp != nil && err == nil {
			it.temp.name = "" // its file went with the name
		}
	}
	if len(stand) == 0 {
		_ = v.sync() // the cause is told already
		return cause
	}
	slices.Sort(stand)
	return &WriteError{Problem: HalfWritten, Path: strings.Join(stand, ", "), Err: bare(cause)}
}

// tidy removes what only the delivery needed.
func (v *delivery) tidy() {
	for _, it := range v.items {
		if it.aside != "" {
			_ = v.disk.remove(it.aside) // else the next run sweeps it
			it.aside = ""
		}
		if it.moved && it.temp != nil {
			it.temp.name = ""
		}
	}
	for _, note := range v.notes {
		_ = v.disk.remove(note)
	}
	v.notes = nil
}

func (v *delivery) folders() (list []string) {
	for _, it := range v.items {
		if dir := filepath.Dir(it.final); !slices.Contains(list, dir) {
			list = append(list, dir)
		}
	}
	return list
}

func (v *delivery) sync() error {
	for _, dir := range v.folders() {
		if err := v.disk.syncDir(dir); err != nil {
			return asWriteError(err, dir, 0, WriteFailed)
		}
	}
	return nil
}

// A note stands in every folder of a delivery while it is under way. A run that
// finds the note of a process that is gone knows what that one did not finish.
type deliveryNote struct {
	Program string         `json:"program"` // always application
	Files   []noteOfOutput `json:"files"`
}

// noteOfOutput: the output has its name as soon as there is no file Temp.
type noteOfOutput struct {
	Name string `json:"name"`
	Temp string `json:"temp"` // "": the file is taken away
}

const (
	asideSuffix = ".old"
	noteSuffix  = ".delivery"
)

func (v *delivery) announce() error {
	note := deliveryNote{Program: application}
	for _, it := range v.items {
		one := noteOfOutput{Name: absolute(it.name)}
		if it.temp != nil {
			one.Temp = absolute(it.temp.name)
		}
		note.Files = append(note.Files, one)
	}
	if len(note.Files) < 2 {
		return nil // one file is one step
	}
	text, err := json.Marshal(note)
	if err != nil {
		return err
	}
	for _, dir := range v.folders() {
		name := filepath.Join(dir, tempName("", noteSuffix))
		_ = v.disk.remove(name)
		f, err := v.disk.create(name)
		if err != nil {
			return asWriteError(err, dir, 0, NotWritable)
		}
		v.notes = append(v.notes, name)
		_, err = f.Write(text)
		if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
			return asWriteError(err, dir, int64(len(text)), WriteFailed)
		}
	}
	return nil
}

func absolute(name string) string {
	if abs, err := filepath.Abs(name); err == nil {
		return abs
	}
	return name
}

// Unfinished is a delivery that was killed halfway: New stand as that run wrote
// them, Old as they were before it.
type Unfinished struct{ New, Old []string }

// Sweep removes what killed runs have left in the folders of the outputs, and
// tells of those that had moved some of their outputs and not yet the others.
func Sweep(out Output) (found []Unfinished) {
	var dirs []string
	if out.Workbook != "" {
		dirs = append(dirs, filepath.Dir(out.Workbook))
	}
	if out.CSV != "" && !slices.Contains(dirs, filepath.Clean(out.CSV)) {
		dirs = append(dirs, filepath.Clean(out.CSV))
	}
	told := map[string]bool{}
	var stale []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue // making the outputs will tell
		}
		for _, e := range entries {
			name := filepath.Join(dir, e.Name())
			if !e.Type().IsRegular() || !isStale(e.Name()) {
				continue
			}
			stale = append(stale, name)
			if u, ok := readNote(name); ok && !told[fmt.Sprint(u)] && len(u.New) > 0 && len(u.Old) > 0 {
				told[fmt.Sprint(u)] = true
				found = append(found, u)
			}
		}
	}
	for _, name := range stale {
		_ = os.Remove(name)
	}
	return found
}

// isStale says that a name is that of a temporary file whose process is gone.
func isStale(name string) bool {
	rest, ours := strings.CutPrefix(name, tempPrefix)
	pid, rest, ok := strings.Cut(rest, "-")
	n, err := strconv.Atoi(pid)
	if !ours || !ok || err != nil || n <= 0 || n != os.Getpid() && processLives(n) {
		return false
	}
	for _, suffix := range []string{tempSuffix, asideSuffix, noteSuffix} {
		if hash, ok := strings.CutSuffix(rest, suffix); ok {
			_, err := strconv.ParseUint(hash, 16, 64)
			return err == nil
		}
	}
	return false
}

func readNote(name string) (u Unfinished, ok bool) {
	if !strings.HasSuffix(name, noteSuffix) {
		return u, false
	}
	text, err := os.ReadFile(name)
	var note deliveryNote
	if err != nil || json.Unmarshal(text, &note) != nil || note.Program != application {
		return u, false
	}
	for _, f := range note.Files {
		gone := f.Temp
		if gone == "" {
			gone = f.Name
		}
		if _, err := os.Lstat(gone); errors.Is(err, fs.ErrNotExist) {
			u.New = append(u.New, f.Name)
		} else {
			u.Old = append(u.Old, f.Name)
		}
	}
	return u, true
}
