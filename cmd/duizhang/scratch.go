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

// scratch is the temporary folder of this process, if it has one. It is global
// because the watchdog of interruptible must be able to remove it.
var scratch struct {
	sync.Mutex
	dir   string
	claim *os.File
}

// newScratch makes the folder that spools and partitions go to, and removes
// those that killed runs have left. The claim file inside stays locked for as
// long as the process lives, however it ends; that is how a later run tells a
// folder in use from one that was left.
func newScratch() (string, error) {
	sweepScratch(os.TempDir())
	dir, claim, err := claimScratch()
	if errors.Is(err, errClaimLost) {
		// Another run swept the folder before it was claimed. It will not
		// happen twice: that run sweeps only once.
		dir, claim, err = claimScratch()
	}
	if err != nil {
		return "", err
	}
	scratch.Lock()
	scratch.dir, scratch.claim = dir, claim
	scratch.Unlock()
	return dir, nil
}

var errClaimLost = errors.New("claim lost")

func claimScratch() (dir string, claim *os.File, err error) {
	dir, err = os.MkdirTemp("", scratchPrefix)
	if err != nil {
		return "", nil, err
	}
	claim, err = os.OpenFile(filepath.Join(dir, "claim"), os.O_CREATE|os.O_RDWR, 0o600)
	if err == nil && lockFile(claim) != nil {
		err = errClaimLost
	}
	if err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, claim, nil
}

// scratchDir is this process's folder, or "".
func scratchDir() string {
	scratch.Lock()
	defer scratch.Unlock()
	return scratch.dir
}

// removeScratch removes this process's folder. What cannot be removed now is
// swept by the next run.
func removeScratch() {
	scratch.Lock()
	defer scratch.Unlock()
	if scratch.dir == "" {
		return
	}
	_ = scratch.claim.Close()
	_ = os.RemoveAll(scratch.dir)
	scratch.dir = ""
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
