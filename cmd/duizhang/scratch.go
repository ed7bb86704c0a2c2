package main

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/duizhang/duizhang/cmd/duizhang/page"
)

// scratchPrefix begins the names of the temporary folders of runs; digits
// follow.
const scratchPrefix = "duizhang-"

// claimMark begins the claim of a folder, before the folder's own name: a copy
// elsewhere, or a file of somebody else that is called claim, proves nothing.
const claimMark = "duizhang temporary folder "

// scratchFiles are the beginnings of the names that files in a folder have.
var scratchFiles = []string{"part-", "duizhang-"}

// claimName is the file that is locked while its folder is in use.
const claimName = "claim"

// claimWithin is the age below which a folder without a claim belongs to a run
// that is just starting.
const claimWithin = time.Minute

// A scratch is the temporary folder of a run.
type scratch struct {
	dir   string
	claim *os.File
}

// inUse are the folders of this process. It is global because the watchdog of
// interruptible must be able to remove them.
var inUse struct {
	sync.Mutex
	list []*scratch
}

// newScratch makes a folder for spools and partitions, and removes those that
// killed runs have left. The claim file inside stays locked for as long as the
// process lives, however it ends; that is how a later run tells a folder in use
// from one that was left.
func newScratch() (*scratch, error) {
	sweepScratch(os.TempDir())
	s, err := claimScratch()
	if errors.Is(err, errClaimLost) {
		// Another run swept the folder before it was claimed. It will not
		// happen twice: that run sweeps only once.
		s, err = claimScratch()
	}
	if err != nil {
		return nil, err
	}
	inUse.Lock()
	inUse.list = append(inUse.list, s)
	inUse.Unlock()
	return s, nil
}

// file makes a temporary file.
func (s *scratch) file() (*os.File, error) { return os.CreateTemp(s.dir, "part-") }

// remove removes the folder. What cannot be removed now is swept by the next
// run.
func (s *scratch) remove() {
	inUse.Lock()
	defer inUse.Unlock()
	s.discard()
}

func (s *scratch) discard() {
	if s == nil || s.claim == nil {
		return
	}
	_ = s.claim.Close()
	_ = os.RemoveAll(s.dir)
	s.claim = nil
}

// removeScratch removes every folder of this process.
func removeScratch() {
	inUse.Lock()
	defer inUse.Unlock()
	for _, s := range inUse.list {
		s.discard()
	}
}

var errClaimLost = errors.New("claim lost")

func claimScratch() (*scratch, error) {
	dir, err := os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return nil, err
	}
	claim, err := os.OpenFile(filepath.Join(dir, claimName), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil && lockFile(claim) != nil {
		err = errClaimLost
	}
	if err == nil {
		_, err = claim.WriteString(claimMark + filepath.Base(dir))
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &scratch{dir, claim}, nil
}

// sweepScratch removes folders that are provably of runs that have ended: by
// their name, by what their claim says, and because nobody holds it. Of these it
// removes the files that runs make, and the folder if nothing else is in it.
func sweepScratch(temp string) {
	entries, err := os.ReadDir(temp)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() && isScratchName(e.Name()) {
			sweepFolder(filepath.Join(temp, e.Name()))
		}
	}
}

func isScratchName(name string) bool {
	digits, ok := strings.CutPrefix(name, scratchPrefix)
	_, err := strconv.ParseUint(digits, 10, 64)
	return ok && err == nil
}

func sweepFolder(dir string) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return
	}
	defer root.Close()
	claim, err := openClaim(root)
	if err != nil {
		if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > claimWithin {
			_ = os.Remove(dir) // only if it is empty
		}
		return
	}
	text, err := io.ReadAll(io.LimitReader(claim, 1<<10))
	abandoned := err == nil && lockFile(claim) == nil && string(text) == claimMark+filepath.Base(dir)
	_ = claim.Close()
	if !abandoned {
		return
	}
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return
	}
	for _, e := range entries {
		begins := func(prefix string) bool { return strings.HasPrefix(e.Name(), prefix) }
		if e.Type().IsRegular() && (e.Name() == claimName || slices.ContainsFunc(scratchFiles, begins)) {
			_ = root.Remove(e.Name())
		}
		if e.IsDir() && begins(page.FolderPrefix) {
			_ = root.RemoveAll(e.Name())
		}
	}
	_ = os.Remove(dir) // unless something else is in it
}

// openClaim opens a claim that is a file.
func openClaim(root *os.Root) (*os.File, error) {
	info, err := root.Lstat(claimName)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fs.ErrInvalid
	}
	return root.OpenFile(claimName, os.O_RDWR, 0)
}
