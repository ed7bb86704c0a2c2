package report

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
)

// faultyDisk fails at its at-th step of giving names: once, from then on, or as
// if the process had been killed there.
type faultyDisk struct {
	realDisk
	at      int
	forever bool
	killed  bool
	noLinks bool
	steps   int
}

func (d *faultyDisk) step() error {
	d.steps++
	if d.killed && d.steps > d.at {
		panic("killed")
	}
	if d.steps == d.at+1 || d.forever && d.steps > d.at {
		return syscall.EIO
	}
	return nil
}

func (d *faultyDisk) rename(from, to string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.realDisk.rename(from, to)
}

func (d *faultyDisk) link(from, to string) error {
	if d.noLinks {
		return syscall.ENOTSUP
	}
	if err := d.step(); err != nil {
		return err
	}
	return d.realDisk.link(from, to)
}

func (d *faultyDisk) syncDir(dir string) error {
	if err := d.step(); err != nil {
		return err
	}
	return d.realDisk.syncDir(dir)
}

func (d *faultyDisk) remove(name string) error {
	if d.killed && d.steps > d.at {
		return syscall.EIO // nobody is there any more
	}
	if !strings.HasPrefix(filepath.Base(name), tempPrefix) { // of an output
		if err := d.step(); err != nil {
			return err
		}
	}
	return d.realDisk.remove(name)
}

// contents are the files of a folder and of those below it; the temporary ones
// only by their number.
func contents(t *testing.T, dir string) (files map[string]string, temporary int) {
	t.Helper()
	files = map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if strings.HasPrefix(e.Name(), tempPrefix) {
			temporary++
			return nil
		}
		text, err := os.ReadFile(path)
		files[path] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files, temporary
}

// withoutBank is a run whose credits.csv has to go.
func withoutBank() *Run {
	run := sample(problem.EN)
	run.Bank, run.Result.Credits = nil, nil
	for i := range run.Result.Settlements {
		run.Result.Settlements[i].CreditSources = nil
	}
	return run
}

// outputsOf writes what an earlier run left.
func outputsOf(t *testing.T, out Output, dir string) map[string]string {
	t.Helper()
	write(t, sample(problem.ZH), out)
	files, temporary := contents(t, dir)
	if temporary > 0 {
		t.Fatalf("%d temporary files", temporary)
	}
	return files
}

// earlier are the files of an earlier run, written once and copied.
type earlier struct {
	dir   string
	files map[string]string
}

func newEarlier(t *testing.T) *earlier {
	dir := t.TempDir()
	return &earlier{dir, outputsOf(t, Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: filepath.Join(dir, "csv")}, dir)}
}

// copy puts them into a new folder.
func (e *earlier) copy(t *testing.T) (out Output, old map[string]string) {
	t.Helper()
	dir := t.TempDir()
	out, old = Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: filepath.Join(dir, "csv")}, map[string]string{}
	if err := os.Mkdir(out.CSV, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range e.files {
		to := filepath.Join(dir, strings.TrimPrefix(name, e.dir))
		old[to] = text
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return out, old
}

// deliver delivers short new outputs without credits.csv.
func deliver(t *testing.T, d disk, out Output) error {
	t.Helper()
	v := &delivery{disk: d}
	for _, name := range []string{filepath.Join(out.CSV, transactionsCSV), filepath.Join(out.CSV, rejectsCSV), filepath.Join(out.CSV, settlementsCSV), out.Workbook} {
		f, err := newTemp(d, name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.discard()
		if _, err := f.Write([]byte("new")); err != nil {
			t.Fatal(err)
		}
		if err := f.finish(); err != nil {
			t.Fatal(err)
		}
		v.add(f)
	}
	v.remove(filepath.Join(out.CSV, creditsCSV))
	return v.run()
}

// Outputs appear together or not at all: wherever one step fails, yesterday's
// stand to the byte and nothing else does; where the way back is barred too, the
// error lists what stands.
func TestOutputsAppearTogetherOrNotAtAll(t *testing.T) {
	e := newEarlier(t)
	for _, disk := range []faultyDisk{{}, {noLinks: true}, {forever: true}, {forever: true, noLinks: true}} {
		done, failed := false, 0
		for n := 0; !done; n++ {
			out, old := e.copy(t)
			d := disk
			d.at = n
			err := deliver(t, &d, out)
			done = d.steps <= n
			got, temporary := contents(t, filepath.Dir(out.Workbook))
			if err != nil {
				failed++
			}
			var we *WriteError
			switch {
			case err == nil: // also where another way was found
				all := len(got) == 4 && temporary == 0
				for _, text := range got {
					all = all && text == "new"
				}
				if !all {
					t.Errorf("%+v: no error, but %v and %d temporary files", d, slices.Sorted(maps.Keys(got)), temporary)
				}
			case errors.As(err, &we) && we.Problem == HalfWritten:
				wantListed(t, &d, we, old, got)
			case !maps.Equal(got, old) || temporary > 0:
				t.Errorf("%+v: %v, left %v and %d temporary files", d, err, slices.Sorted(maps.Keys(got)), temporary)
			}
		}
		if failed < 7 {
			t.Errorf("%+v: only %d failures", disk, failed)
		}
	}
}

// wantListed wants an error to list what is not as it was, and only that.
func wantListed(t *testing.T, d *faultyDisk, we *WriteError, old, got map[string]string) {
	t.Helper()
	if !d.forever {
		t.Errorf("%+v: %v", d, we)
	}
	changed := 0
	for name := range old {
		if got[name] == old[name] {
			continue
		}
		changed++
		if !strings.Contains(we.Path, name) {
			t.Errorf("%+v: %s is not among %s", d, name, we.Path)
		}
	}
	if changed == 0 {
		t.Errorf("%+v: nothing changed, but %v", d, we)
	}
}

// A process that is killed between two renames leaves a mixture; the next run
// says which is which, and removes what that one left.
func TestAKilledDeliveryIsNoticed(t *testing.T) {
	e := newEarlier(t)
	mixed, done := 0, false
	for n := 0; !done; n++ {
		out, old := e.copy(t)
		dir := filepath.Dir(out.Workbook)
		d := &faultyDisk{at: n, killed: true}
		done = !died(t, d, out)
		files, _ := contents(t, dir)
		var changed, same []string
		for name, text := range old {
			if files[name] == text {
				same = append(same, name)
			} else {
				changed = append(changed, name)
			}
		}
		found := Sweep(out)
		if _, left := contents(t, dir); left > 0 {
			t.Errorf("killed at %d: %d temporary files left", n, left)
		}
		if done || len(changed) == 0 || len(same) == 0 {
			if len(found) > 0 {
				t.Errorf("killed at %d: %v", n, found)
			}
			continue
		}
		mixed++
		slices.Sort(changed)
		slices.Sort(same)
		if len(found) != 1 || !slices.Equal(slices.Sorted(slices.Values(found[0].New)), changed) || !slices.Equal(slices.Sorted(slices.Values(found[0].Old)), same) {
			t.Errorf("killed at %d: told %v, new are %v and old %v", n, found, changed, same)
		}
	}
	if mixed < 3 {
		t.Errorf("only %d mixtures were seen", mixed)
	}
}

func died(t *testing.T, d disk, out Output) (dead bool) {
	t.Helper()
	defer func() { dead = recover() != nil }()
	if err := deliver(t, d, out); err != nil {
		t.Error(err)
	}
	return false
}

// heldDisk has files that another program holds.
type heldDisk struct {
	realDisk
	names []string // base names
	late  bool     // only the renaming tells
}

func (d *heldDisk) holds(name string) bool { return slices.Contains(d.names, filepath.Base(name)) }

func (d *heldDisk) free(name string) error {
	if d.holds(name) && !d.late {
		return fs.ErrPermission
	}
	return nil
}

func (d *heldDisk) rename(from, to string) error {
	if d.holds(to) || d.holds(from) {
		return fs.ErrPermission
	}
	return d.realDisk.rename(from, to)
}

func (d *heldDisk) remove(name string) error {
	if d.holds(name) {
		return fs.ErrPermission
	}
	return d.realDisk.remove(name)
}

func (d *heldDisk) held(err error) bool { return errors.Is(err, fs.ErrPermission) }

// A CSV that is open in a spreadsheet program is delivered beside it, as a
// workbook is, and the others under their names.
func TestAHeldCSVIsDeliveredBeside(t *testing.T) {
	for _, late := range []bool{false, true} {
		dir := t.TempDir()
		out := Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: dir}
		old := outputsOf(t, out, dir)
		d := &heldDisk{names: []string{transactionsCSV, creditsCSV}, late: late}
		w, err := newWriterOn(d, withoutBank(), out)
		if err != nil {
			t.Fatal(err)
		}
		done, err := w.write(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want := Beside{filepath.Join(dir, transactionsCSV), filepath.Join(dir, "transactions(2).csv"), KeptHeld}
		if !slices.Equal(done.Beside, []Beside{want}) || !slices.Contains(done.CSV, want.Name) {
			t.Errorf("late %v: %+v", late, done)
		}
		got, temporary := contents(t, dir)
		for _, name := range d.names {
			if got[filepath.Join(dir, name)] != old[filepath.Join(dir, name)] {
				t.Errorf("late %v: %s was changed", late, name)
			}
		}
		if got[out.Workbook] == old[out.Workbook] || len(got) != 6 || temporary > 0 {
			t.Errorf("late %v: %v and %d temporary files", late, slices.Sorted(maps.Keys(got)), temporary)
		}
	}
}

// A person's own file that has the name of an output is never removed and never
// replaced, whatever is in it.
func TestAPersonsOwnCSVStays(t *testing.T) {
	for what, text := range map[string]string{
		"notes":           "张三 100.00\n",
		"another table":   "date,amount,note\n2026-01-05,100.00,x\n",
		"without a mark":  csvHeads[creditsCSV] + "\r\n",
		"our columns and": bom + csvHeads[creditsCSV] + ",my note\r\n",
		"a short header":  bom + "outcome,date\r\n",
		"binary":          "\x00\x01\x02",
	} {
		for _, run := range []*Run{sample(problem.ZH), withoutBank()} {
			dir := t.TempDir()
			own := filepath.Join(dir, creditsCSV)
			if err := os.WriteFile(own, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			w := write(t, run, Output{CSV: dir})
			if got := readText(t, own); got != text {
				t.Errorf("%s became %q", what, got)
			}
			if beside := filepath.Join(dir, "credits(2).csv"); (run.Bank != nil) != slices.Contains(w.CSV, beside) {
				t.Errorf("%s: written to %v", what, w.CSV)
			}
		}
	}
}

// A result of an earlier version, which had fewer columns, is ours.
func TestAResultOfAnEarlierVersionIsReplaced(t *testing.T) {
	dir := t.TempDir()
	head := csvHeads[transactionsCSV]
	if err := os.WriteFile(filepath.Join(dir, transactionsCSV), []byte(bom+head[:strings.LastIndex(head, ",")]+"\r\nx\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d := newDay(problem.ZH)
	d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, 500, nil))})
	if w := write(t, d.run, Output{CSV: dir}); len(w.Beside) > 0 {
		t.Errorf("written beside: %v", w.Beside)
	}
}

// Folders that were made for outputs go with them.
func TestFoldersOfAFailedRunGo(t *testing.T) {
	dir := t.TempDir()
	out := Output{CSV: filepath.Join(dir, "a", "b", "c")}
	if err := writeOn(t.Context(), &badDisk{write_: syscall.ENOSPC}, sample(problem.ZH), out); err == nil {
		t.Fatal("no error")
	}
	if got := names(t, dir); len(got) > 0 {
		t.Errorf("left: %v", got)
	}
}
