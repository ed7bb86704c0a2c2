package report

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

func TestCSVGolden(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "csv")
	w := write(t, sample(problem.ZH), Output{CSV: dir})
	if len(w.CSV) != 4 {
		t.Errorf("written: %v", w.CSV)
	}
	for _, path := range w.CSV {
		golden(t, filepath.Base(path), readText(t, path))
	}
}

func readText(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Headers do not follow the language; the files begin with a BOM and their
// lines end with CRLF.
func TestCSVOfNothing(t *testing.T) {
	dir := t.TempDir()
	d := newDay(problem.EN)
	d.run.Bank = nil
	w := write(t, d.run, Output{CSV: dir})
	if len(w.CSV) != 2 {
		t.Errorf("written: %v", w.CSV)
	}
	want := bom + "match,timing,days_late,flags,acquirer,merchant_id,store,terminal_id,kind,pay_method,key_type,key,pos_time,pos_amount,clearing_date," +
		"clearing_amount,difference,fee,expected_fee,net,due_date,credited_date,credited_amount,settlement_id,pos_source,clearing_source,reason\r\n"
	if got := readText(t, filepath.Join(dir, transactionsCSV)); got != want {
		t.Errorf("got %q", got)
	}
	if got := readText(t, filepath.Join(dir, rejectsCSV)); got != bom+"source,column,value,reason\r\n" {
		t.Errorf("got %q", got)
	}
}

// A file that this run does not have would be taken for its result.
func TestCSVOfAnEarlierRunIsRemoved(t *testing.T) {
	dir := t.TempDir()
	write(t, sample(problem.ZH), Output{CSV: dir})
	run := sample(problem.ZH)
	run.Bank, run.Result.Credits, run.Result.Settlements = nil, nil, nil
	for i := range run.Result.Groups {
		run.Result.Groups[i].Settlement = -1
	}
	write(t, run, Output{CSV: dir})
	if got := names(t, dir); !slices.Equal(got, []string{rejectsCSV, transactionsCSV}) {
		t.Errorf("left: %v", got)
	}
}

func TestCSVTextIsNeverAFormula(t *testing.T) {
	for in, want := range map[string]string{
		"=1": "'=1", "+1": "'+1", "-1": "'-1", "@x": "'@x", "\t=1": "'\t=1", "\r=1": "\"'=1\"", "1=1": "1=1", "": "", "“=1": "“=1", "-1,5": "\"'-1,5\"",
	} {
		var c csvRows
		c.reset()
		if c.text(in); string(c.buf) != want {
			t.Errorf("%q became %q, want %q", in, c.buf, want)
		}
	}
	dir := t.TempDir()
	d := newDay(problem.ZH)
	d.group(result.Group{Match: result.PosOnly, Pos: at(d.sale(d.pos, -500, func(r *record.Record) { r.Text[record.Store] = "=1+1"; r.Kind = record.Refund }))})
	write(t, d.run, Output{CSV: dir})
	if got := readText(t, filepath.Join(dir, transactionsCSV)); !strings.Contains(got, ",'=1+1,") || !strings.Contains(got, ",-5.00,") {
		t.Errorf("text must be guarded and amounts must not: %s", got)
	}
}

// Whatever is in a rejected row, the CSV is UTF-8 without zero bytes.
func TestCSVIsAlwaysUTF8WithoutNUL(t *testing.T) {
	for in, want := range map[string]string{"a\x00b": `a\x00b`, "\xff金\xe9": `\xff金\xe9`, "\ufffd": "\ufffd", "金额": "金额"} {
		var c csvRows
		c.reset()
		c.reject(&Reject{in, in, in, in})
		if got := string(c.buf); got != strings.Join([]string{want, want, want, want}, ",")+"\r\n" {
			t.Errorf("%q became %q", in, got)
		}
	}
}

// The lines are those of encoding/csv, to the byte.
func TestCSVTextIsQuotedAsEncodingCSVDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		piece := rapid.SampledFrom(slices.Concat(nastyTexts, []string{"", "a", ",", "\"", "\n", "\r", "\r\n", " ", "\u3000", "\u00a0", "\v", `\.`, "\t", "长", "'"}))
		values := rapid.SliceOfN(rapid.Map(rapid.SliceOfN(piece, 0, 3), func(p []string) string { return strings.Join(p, "") }), 2, 4).Draw(t, "values")
		var c csvRows
		c.reset()
		var want bytes.Buffer
		w := csv.NewWriter(&want)
		w.UseCRLF = true
		for range 2 {
			row := make([]string, len(values))
			for i, v := range values {
				if row[i] = plain(v); strings.IndexAny(v, "=+-@\t\r") == 0 {
					row[i] = "'" + plain(v)
				}
				c.text(v)
			}
			c.end()
			_ = w.Write(row)
		}
		w.Flush()
		if got := string(c.buf); got != want.String() {
			t.Fatalf("got %q, want %q", got, want.String())
		}
	})
}

func TestGroupsOfSeveralRows(t *testing.T) {
	d := newDay(problem.ZH)
	order := func(terminal string) func(*record.Record) {
		return func(r *record.Record) { r.Text[record.OrderNo], r.Text[record.TerminalID] = "A1", terminal }
	}
	g := result.Group{KeyType: result.KeyOrder, Pos: at(d.sale(d.pos, 4500, order("1"))), Clearing: at(d.sale(d.clear, 2000, order("1")), d.sale(d.clear, 2500, order("2")))}
	d.group(g)
	lines, _, err := d.run.lines(t.Context(), d.run.Result.Groups)
	if err != nil {
		t.Fatal(err)
	}
	var c csvRows
	c.reset()
	c.line(&lines[0])
	values, err := csv.NewReader(bytes.NewReader(c.buf)).Read()
	if err != nil {
		t.Fatal(err)
	}
	head := strings.Split(csvHeads[transactionsCSV], ",")
	for name, want := range map[string]string{
		"terminal_id": "1;2", "merchant_id": "898310000000001", "clearing_source": "JY_20260105.txt:2;JY_20260105.txt:3",
		"clearing_amount": "45.00", "clearing_date": "2026-01-05", "key": "A1", "fee": "0.27", "net": "44.73",
	} {
		if got := values[slices.Index(head, name)]; got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// names are the files of a folder; a temporary one would be among them.
func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestJSONGolden(t *testing.T) {
	var b strings.Builder
	if err := WriteJSON(&b, Summarize(sample(problem.ZH), "对账报告_2026-01-06.xlsx", 261*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	golden(t, "summary.json", b.String())
}

func TestTerminalGolden(t *testing.T) {
	for name, lang := range map[string]problem.Lang{"terminal_zh.txt": problem.ZH, "terminal_en.txt": problem.EN} {
		var b strings.Builder
		if err := WriteTerminal(&b, Summarize(sample(lang), "对账报告_2026-01-06.xlsx", 261*time.Millisecond), lang); err != nil {
			t.Fatal(err)
		}
		golden(t, name, b.String())
	}
}

func TestTerminalShowsControlCharactersAsText(t *testing.T) {
	var b strings.Builder
	if err := WriteTerminal(&b, Summarize(sample(problem.ZH), "a\x1b[2J\u202e\nb.xlsx", 0), problem.ZH); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(b.String(), "报告：a\\x1b[2J\\u202e\\nb.xlsx\n") {
		t.Errorf("got %q", b.String())
	}
}

func TestOtherMoneyStandsApart(t *testing.T) {
	run := sample(problem.ZH)
	run.Result.Match[result.PosOnly].PosAmount = result.Sums{{Currency: "CNY", Amount: 100}, {Currency: "HKD", Amount: 250}}
	got := Summarize(run, "", 0).Match["pos_only"]
	if got.PosAmount != 100 || got.PosOthers["HKD"] != 250 || len(got.PosOthers) != 1 {
		t.Errorf("got %+v", got)
	}
}

// badDisk fails at one operation.
type badDisk struct {
	realDisk
	create_, rename_ error
	write_           error
	after            int // bytes that can be written
	sync_            error
	isHeld           bool
	renames          int // that work before rename_
}

func (d *badDisk) create(name string) (diskFile, error) {
	if d.create_ != nil {
		return nil, d.create_
	}
	f, err := d.realDisk.create(name)
	return &badFile{diskFile: f, disk: d}, err
}

func (d *badDisk) rename(from, to string) error {
	if d.renames--; d.renames < 0 && d.rename_ != nil {
		if d.isHeld && strings.Contains(to, "(2)") {
			return d.realDisk.rename(from, to)
		}
		return d.rename_
	}
	return d.realDisk.rename(from, to)
}

func (d *badDisk) held(err error) bool { return d.isHeld && errors.Is(err, d.rename_) }

type badFile struct {
	diskFile
	disk *badDisk
}

func (f *badFile) Write(p []byte) (int, error) {
	if f.disk.write_ != nil {
		if f.disk.after < len(p) {
			n, _ := f.diskFile.Write(p[:f.disk.after])
			f.disk.after = 0
			return n, f.disk.write_
		}
		f.disk.after -= len(p)
	}
	return f.diskFile.Write(p)
}

func (f *badFile) Sync() error {
	if f.disk.sync_ != nil {
		return f.disk.sync_
	}
	return f.diskFile.Sync()
}

func writeOn(ctx context.Context, d disk, run *Run, out Output) error {
	w, err := newWriterOn(d, run, out)
	if err != nil {
		return err
	}
	_, err = w.write(ctx)
	return err
}

// Whatever fails, the report of yesterday stays and nothing else is left.
func TestFailureLeavesEarlierReportsAlone(t *testing.T) {
	full := &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}
	for name, d := range map[string]*badDisk{
		"create":     {create_: fs.ErrPermission},
		"first byte": {write_: full},
		"later":      {write_: full, after: 20 << 10},
		"sync":       {sync_: full},
		"rename":     {rename_: fs.ErrPermission},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			out := Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: filepath.Join(dir, "csv")}
			if err := os.WriteFile(out.Workbook, []byte("yesterday"), 0o600); err != nil {
				t.Fatal(err)
			}
			err := writeOn(t.Context(), d, sample(problem.ZH), out)
			var we *WriteError
			if !errors.As(err, &we) {
				t.Fatalf("got %v", err)
			}
			if d.rename_ == nil && errors.Is(err, syscall.ENOSPC) != (d.create_ == nil) {
				t.Errorf("got %v", err)
			}
			if got := names(t, dir); !slices.Equal(got, []string{"r.xlsx"}) {
				t.Errorf("left: %v", got)
			}
			if got := readText(t, out.Workbook); got != "yesterday" {
				t.Errorf("the earlier report became %q", got)
			}
		})
	}
}

func TestFullDiskIsExplained(t *testing.T) {
	dir := t.TempDir()
	err := writeOn(t.Context(), &badDisk{write_: syscall.ENOSPC}, sample(problem.ZH), Output{Workbook: filepath.Join(dir, "r.xlsx")})
	var we *WriteError
	if !errors.As(err, &we) || we.Problem != NoSpace || we.Path != dir || we.Need < 30<<10 {
		t.Fatalf("got %+v", we)
	}
	if got := we.Text(problem.ZH); !strings.HasPrefix(got, dir+"：磁盘空间不足，至少需要 "+strconv.FormatInt(we.Need, 10)+" 字节") || strings.Contains(got, "%!") {
		t.Errorf("got %s", got)
	}
}

func TestWriteErrorTexts(t *testing.T) {
	for p := range writeProblems {
		for _, l := range []problem.Lang{problem.ZH, problem.EN} {
			e := &WriteError{Problem: WriteProblem(p), Path: "报告.xlsx", Need: 7, Err: syscall.EIO}
			if got := e.Text(l); !strings.HasPrefix(got, "报告.xlsx") || strings.Contains(got, "%!") {
				t.Errorf("problem %d: %s", p, got)
			}
		}
	}
}

func TestHeldReportIsWrittenBeside(t *testing.T) {
	dir := t.TempDir()
	out := Output{Workbook: filepath.Join(dir, "r.xlsx")}
	w, err := newWriterOn(&badDisk{rename_: fs.ErrPermission, isHeld: true}, sample(problem.ZH), out)
	if err != nil {
		t.Fatal(err)
	}
	done, err := w.write(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(dir, "r(2).xlsx"); done.Workbook != want || done.Kept != KeptHeld {
		t.Errorf("written to %s", done.Workbook)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"r(2).xlsx"}) {
		t.Errorf("left: %v", got)
	}
}

// A report that a person saved from a spreadsheet program is kept, and so is
// any other workbook; one that is as it was written is replaced.
func TestEditedReportIsKept(t *testing.T) {
	dir := t.TempDir()
	out := Output{Workbook: filepath.Join(dir, "r.xlsx")}
	write := func(want string, kept KeptReport) {
		t.Helper()
		done, err := Write(t.Context(), sample(problem.ZH), out)
		if err != nil {
			t.Fatal(err)
		}
		if done.Workbook != filepath.Join(dir, want) || done.Kept != kept {
			t.Errorf("written to %s, kept %d; want %s, %d", done.Workbook, done.Kept, want, kept)
		}
	}
	edit := func(name string) []byte {
		t.Helper()
		f, err := excelize.OpenFile(filepath.Join(dir, name))
		if err == nil {
			err = errors.Join(f.SetAppProps(&excelize.AppProperties{Application: "Microsoft Excel"}), f.Save(), f.Close())
		}
		b, rerr := os.ReadFile(filepath.Join(dir, name))
		if err = errors.Join(err, rerr); err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, text := range []string{"PK\x03\x04 damaged", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 with a password"} {
		if err := os.WriteFile(out.Workbook, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		write("r(2).xlsx", KeptEdited)
		if got := readText(t, out.Workbook); got != text {
			t.Errorf("%q became %d bytes", text, len(got))
		}
	}
	if err := os.WriteFile(out.Workbook, []byte("no workbook"), 0o600); err != nil {
		t.Fatal(err)
	}
	write("r.xlsx", KeptNone)
	for _, name := range []string{"r.xlsx", "r(2).xlsx"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("r.xlsx", KeptNone)
	write("r.xlsx", KeptNone)
	noted := edit("r.xlsx")
	write("r(2).xlsx", KeptEdited)
	write("r(2).xlsx", KeptEdited)
	edit("r(2).xlsx")
	write("r(3).xlsx", KeptEdited)
	if b, err := os.ReadFile(out.Workbook); err != nil || !slices.Equal(b, noted) {
		t.Error("the edited report was changed", err)
	}
}

func TestInterruptedReportLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Write(ctx, sample(problem.ZH), Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: dir})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
}

func TestLinkIsReplacedNotFollowed(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "target"), filepath.Join(dir, "r.xlsx")
	if err := os.WriteFile(target, []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	write(t, sample(problem.ZH), Output{Workbook: link})
	if got := readText(t, target); got != "precious" {
		t.Errorf("the target became %d bytes", len(got))
	}
	info, err := os.Lstat(link)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm() != 0o644 {
		t.Errorf("%v %v", info.Mode(), err)
	}
}

func TestLeftoversOfAKilledRunAreRemoved(t *testing.T) {
	dir := t.TempDir()
	out := Output{Workbook: filepath.Join(dir, "r.xlsx")}
	f, err := newTemp(realDisk{}, out.Workbook)
	if err != nil {
		t.Fatal(err)
	}
	mine := filepath.Base(f.name)
	tail := strings.TrimPrefix(mine, tempPrefix+strconv.Itoa(os.Getpid()))
	living, dead := tempPrefix+strconv.Itoa(os.Getppid())+tail, tempPrefix+"2147483646"+tail
	tried := tempPrefix + "2147483646-1234567890" + tempSuffix // of the preflight
	aside := strings.TrimSuffix(dead, tempSuffix) + asideSuffix
	for _, name := range []string{living, dead, tried, aside, "other" + tail} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := Sweep(out); got != nil {
		t.Errorf("nothing had been delivered, but %v", got)
	}
	write(t, sample(problem.ZH), out)
	want := []string{living, "other" + tail, "r.xlsx"}
	if diff := cmp.Diff(want, names(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestPreflight(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		out  Output
		want WriteProblem
		ok   bool
	}{
		"good":           {Output{Workbook: filepath.Join(dir, "r.xlsx"), CSV: filepath.Join(dir, "a", "b")}, 0, true},
		"nothing":        {Output{}, 0, true},
		"no folder":      {Output{Workbook: filepath.Join(dir, "x", "r.xlsx")}, NoFolder, false},
		"not a folder":   {Output{Workbook: filepath.Join(file, "r.xlsx")}, NotFolder, false},
		"is a folder":    {Output{Workbook: dir}, IsFolder, false},
		"CSV is a file":  {Output{CSV: file}, NotFolder, false},
		"CSV below file": {Output{CSV: filepath.Join(file, "x")}, NotFolder, false},
	} {
		err := Preflight(c.out)
		var we *WriteError
		if (err == nil) != c.ok || errors.As(err, &we) && we.Problem != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left: %v", got)
	}
}

func TestPreflightWithoutPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	var we *WriteError
	if err := Preflight(Output{Workbook: filepath.Join(dir, "r.xlsx")}); !errors.As(err, &we) || we.Problem != NotWritable {
		t.Errorf("got %v", err)
	}
}

func TestProgressCountsGroups(t *testing.T) {
	set(t, &batchGroups, 64)
	run := big(133)
	run.Progress = &Progress{}
	write(t, run, Output{CSV: t.TempDir()})
	if run.Progress.Done.Load() != 133 || run.Progress.Groups.Load() != 133 {
		t.Errorf("%d of %d", run.Progress.Done.Load(), run.Progress.Groups.Load())
	}
}
