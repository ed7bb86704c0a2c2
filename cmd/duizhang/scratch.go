package main

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// scratchPrefix begins the names of the temporary folders of runs.
const scratchPrefix = "duizhang-"

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
	claim, err := os.OpenFile(filepath.Join(dir, "claim"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil && lockFile(claim) != nil {
		err = errClaimLost
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &scratch{dir, claim}, nil
}

// sweepScratch removes folders whose claim nobody holds. Whatever it may not
// touch, it leaves.
func sweepScratch(temp string) {
	dirs, err := filepath.Glob(filepath.Join(temp, scratchPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		claim, err := os.OpenFile(filepath.Join(dir, "claim"), os.O_RDWR, 0)
		if err != nil {
			if info, err := os.Lstat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > claimWithin {
				_ = os.Remove(dir) // only if it is empty
			}
			continue
		}
		abandoned := lockFile(claim) == nil
		_ = claim.Close()
		if abandoned {
			_ = os.RemoveAll(dir)
		}
	}
}
