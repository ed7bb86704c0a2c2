package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"time"

	"github.com/duizhang/duizhang/match/ledger"
)

// lockEvery is how often a waiting run looks whether the lock is free.
const lockEvery = 50 * time.Millisecond

// takeLock takes the lock file of a ledger and writes into it who holds it.
// The file itself stays: removing it would let two runs lock two files of one
// name.
func takeLock(ctx context.Context, name string, opt Options) (*os.File, error) {
	f, err := os.OpenFile(name+".lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, &ledger.Error{Code: ledger.Unreachable, Err: err}
	}
	late := time.NewTimer(opt.Wait)
	defer late.Stop()
	over := opt.Wait <= 0
	for {
		held, err := tryLock(f)
		if err == nil && !held {
			return f, sign(f, opt.Who)
		}
		switch {
		case err != nil:
			f.Close()
			return nil, &ledger.Error{Code: ledger.Unreachable, Err: err}
		case over:
			who := holder(f)
			f.Close()
			return nil, &ledger.Error{Code: ledger.Busy, Holder: who}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, ctx.Err()
		case <-late.C:
			over = true
		case <-time.After(lockEvery):
		}
	}
}

// sign writes who holds the lock.
func sign(f *os.File, who ledger.Holder) error {
	text, err := json.Marshal(who)
	if err != nil {
		return err
	}
	if err := f.Truncate(0); err != nil {
		return &ledger.Error{Code: ledger.Unreachable, Err: err}
	}
	if _, err := f.WriteAt(append(text, '\n'), 0); err != nil {
		return &ledger.Error{Code: ledger.Unreachable, Err: err}
	}
	return nil
}

// holder is who the lock file names; unknown if it cannot be read.
func holder(f *os.File) (who ledger.Holder) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, 4<<10))
	if err == nil {
		err = json.Unmarshal(text, &who)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return ledger.Holder{}
	}
	return who
}

// releaseLock gives the lock back; closing the file is what does it.
func releaseLock(f *os.File) {
	if f == nil {
		return
	}
	_ = f.Truncate(0) // only for the eye: nobody holds it now
	_ = f.Close()
}
