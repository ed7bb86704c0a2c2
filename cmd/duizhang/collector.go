package main

import (
	"runtime"
	"runtime/debug"
)

// startPercent puts the first garbage collection at a heap of 32 MiB (the
// runtime's least heap is 4 MiB at 100). A small run ends before that, and then
// has not spent a fifth of its time on collections that free next to nothing.
const startPercent = 800

// patientCollector lets the heap grow before the first collection. From that
// one on the collector has its usual pace, or the one that GOGC asks for.
func patientCollector() {
	usual := debug.SetGCPercent(startPercent)
	if usual != 100 {
		debug.SetGCPercent(usual) // GOGC is set
		return
	}
	// What nobody holds is found by the first collection.
	runtime.AddCleanup(new([64]byte), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
