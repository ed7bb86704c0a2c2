package report

import (
	"bufio"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/duizhang/duizhang/parse/problem"
)

// disk is where reports go; tests put one that fails in its place.
type disk interface {
	create(name string) (diskFile, error)
	rename(from, to string) error
	link(from, to string) error
	remove(name string) error
	syncDir(folder string) error
	// free is nil where nothing hinders the file's replacement.
	free(name string) error
	// held says whether err means that another program has the file open.
	held(err error) bool
}

// diskFile is a file being written.
type diskFile interface {
	io.Writer
	Sync() error
	Close() error
}

// realDisk is the file system.
type realDisk struct{}

// create makes a file with the rights that the umask leaves it.
func (realDisk) create(name string) (diskFile, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (realDisk) rename(from, to string) error { return os.Rename(from, to) }

func (realDisk) link(from, to string) error { return os.Link(from, to) }

func (realDisk) remove(name string) error { return os.Remove(name) }

func (realDisk) syncDir(folder string) error { return syncDir(folder) }

func (realDisk) free(name string) error { return isFree(name) }

func (realDisk) held(err error) bool { return isHeldOpen(err) }

// A WriteProblem says why a report cannot be written.
type WriteProblem uint8

const (
	// WriteFailed: the system refused; Err has its words.
	WriteFailed WriteProblem = iota
	// NoSpace: the disk is full; Need is what the file needs in bytes.
	NoSpace
	// NoFolder: the folder does not exist. NotFolder: a part of the path is a file.
	NoFolder
	NotFolder
	// NotWritable: no right to write into the folder.
	NotWritable
	// IsFolder: the name of the report is a folder.
	IsFolder
	// HeldOpen: another program holds the file.
	HeldOpen
	// Edited: a person has edited the report, and there is no free name beside it.
	Edited
	// NotVerified: reading the written file back gave something else.
	NotVerified
	// NotAFile: what has the report's name is a pipe, a device or a socket.
	NotAFile
	// HalfWritten: Path lists outputs of this run that stand under their names
	// although others could not be written.
	HalfWritten
)

var writeProblems = [...]text{
	WriteFailed: {"%[1]s：写入失败（%[3]v）", "%[1]s: writing failed: %[3]v"},
	NoSpace: {"%[1]s：磁盘空间不足，至少需要 %[2]d 字节；请清理磁盘或用 --out/--csv 换一个位置，原有报告没有改动",
		"%[1]s: the disk is full, at least %[2]d bytes are needed; make room or choose another place with --out or --csv; earlier reports are untouched"},
	NoFolder:    {"%[1]s：目录不存在；请先建立目录或改用其他位置", "%[1]s: the folder does not exist; make it or choose another place"},
	NotFolder:   {"%[1]s：不是目录；请改用其他位置", "%[1]s: not a folder; choose another place"},
	NotWritable: {"%[1]s：目录不可写（%[3]v）；请检查权限或改用其他位置", "%[1]s: the folder cannot be written to (%[3]v); check its permissions or choose another place"},
	IsFolder:    {"%[1]s：是一个目录，不能作为报告文件名", "%[1]s: is a folder, a report cannot have its name"},
	HeldOpen:    {"%[1]s：正被其他程序打开；请先关闭该文件再运行", "%[1]s: another program holds it open; close it and run again"},
	Edited:      {"%[1]s：不是本程序写的或已被人编辑过，旁边也没有可用的名字；请用 --out 或 --csv 换一个位置", "%[1]s: it is not ours or a person has edited it, and there is no free name beside it; choose another place with --out or --csv"},
	NotVerified: {"%[1]s：写入后复读核对不一致，已放弃（%[3]v）", "%[1]s: reading it back did not give what was written, it was discarded: %[3]v"},
	NotAFile:    {"%[1]s：不是普通文件（是管道或设备），不能作为报告文件名", "%[1]s: not a regular file (but a pipe or a device), a report cannot have its name"},
	HalfWritten: {"%[1]s：已是这次的结果而不能撤回，其余输出仍是上次的（%[3]v）；请再运行一次", "%[1]s: these are of this run and could not be taken back, the other outputs are those of before (%[3]v); run again"},
}

// WriteError is a report that could not be written. Nothing has appeared under
// the outputs' names, unless Problem is HalfWritten.
type WriteError struct {
	Problem WriteProblem
	Path    string
	Need    int64
	Err     error
}

// Text is the message in one language.
func (e *WriteError) Text(l problem.Lang) string {
	format := writeProblems[e.Problem].in(l)
	return fmt.Sprintf(format, e.Path, e.Need, e.Err)
}

func (e *WriteError) Error() string { return e.Text(problem.EN) }

func (e *WriteError) Unwrap() error { return e.Err }

// Preflight finds out, before anything is read, whether the outputs can be
// written: their folders exist and take a file. It leaves nothing behind.
func Preflight(out Output) error {
	if out.Workbook != "" {
		if err := tryName(out.Workbook); err != nil {
			return err
		}
		folder := filepath.Dir(out.Workbook)
		if out.MakesFolder() {
			folder = existing(folder)
		}
		if err := tryFolder(folder); err != nil {
			return err
		}
	}
	if out.CSV == "" {
		return nil
	}
	folder := existing(out.CSV)
	for _, name := range []string{transactionsCSV, settlementsCSV, creditsCSV, rejectsCSV, closedCSV} {
		if err := tryName(filepath.Join(out.CSV, name)); err != nil {
			return err
		}
	}
	return tryFolder(folder)
}

// tryName wants what has an output's name to be a file, or nothing.
func tryName(name string) error {
	info, err := os.Stat(name)
	switch {
	case err != nil || info.Mode().IsRegular():
		return nil
	case info.IsDir():
		return &WriteError{Problem: IsFolder, Path: name}
	}
	return &WriteError{Problem: NotAFile, Path: name}
}

// existing is the nearest folder above path that exists, or path itself.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || filepath.Dir(path) == path {
			return path
		}
		path = filepath.Dir(path)
	}
}

// tryFolder makes and removes a file in the folder.
func tryFolder(folder string) error {
	info, err := os.Stat(folder)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &WriteError{Problem: NoFolder, Path: folder, Err: err}
	case err != nil:
		return &WriteError{Problem: NotWritable, Path: folder, Err: err}
	case !info.IsDir():
		return &WriteError{Problem: NotFolder, Path: folder}
	}
	f, err := os.CreateTemp(folder, tempPrefix+strconv.Itoa(os.Getpid())+"-*"+tempSuffix) // see isStale
	if err != nil {
		return asWriteError(err, folder, 0, NotWritable)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// asWriteError gives err the path it is about and, where its number says so, a
// better reason than other.
func asWriteError(err error, path string, need int64, other WriteProblem) error {
	var known *WriteError
	if err == nil || errors.As(err, &known) {
		return err
	}
	problem := other
	if isNoSpace(err) {
		problem = NoSpace
	}
	return &WriteError{Problem: problem, Path: path, Need: need, Err: bare(err)}
}

// bare drops the path that the system's error repeats.
func bare(err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		return pe.Err
	case errors.As(err, &le):
		return le.Err
	}
	return err
}

// Temporary files carry the process number, so that those of a process that
// was killed can be told from those of one that is at work.
const (
	tempPrefix = ".duizhang-"
	tempSuffix = ".tmp"
)

// tempFile is a file that will take its final name when it is complete.
type tempFile struct {
	disk  disk
	final string
	name  string
	f     diskFile
	w     *bufio.Writer
	size  int64
	// wanted is how large the file will be, where that is known.
	wanted int64
}

// newTemp makes the temporary file of a report in the report's own folder, so
// that giving it its name is one step of the file system.
func newTemp(d disk, final string) (*tempFile, error) {
	folder := filepath.Dir(final)
	t := &tempFile{disk: d, final: final, name: filepath.Join(folder, tempName(filepath.Base(final), tempSuffix))}
	_ = d.remove(t.name) // of a process that had this number
	f, err := d.create(t.name)
	if err != nil {
		return nil, asWriteError(err, folder, 0, NotWritable)
	}
	t.f, t.w = f, bufio.NewWriterSize(f, 256<<10)
	return t, nil
}

// tempName is the name of a temporary file of this process for a file of some
// name.
func tempName(base, suffix string) string {
	h := fnv.New32a()
	h.Write([]byte(base))
	return fmt.Sprintf("%s%d-%08x%s", tempPrefix, os.Getpid(), h.Sum32(), suffix)
}

func (t *tempFile) Write(p []byte) (int, error) {
	n, err := t.w.Write(p)
	t.size += int64(n)
	return n, asWriteError(err, filepath.Dir(t.final), max(t.size, t.wanted), WriteFailed)
}

// finish brings everything to the disk and closes the file.
func (t *tempFile) finish() error {
	err := errors.Join(t.w.Flush(), t.f.Sync(), t.f.Close())
	t.f = nil
	return asWriteError(err, filepath.Dir(t.final), max(t.size, t.wanted), WriteFailed)
}

// discard removes the file if it has not got its name yet.
func (t *tempFile) discard() {
	if t == nil || t.name == "" {
		return
	}
	if t.f != nil {
		_ = t.f.Close()
	}
	_ = t.disk.remove(t.name)
	t.name = ""
}
