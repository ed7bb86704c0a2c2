// Package ledger remembers from night to night what is open: sales that were
// not cleared, settlements that were not paid, bank lines that nobody knows,
// and what the clerk said of them.
//
// # How to use it
//
//	store, err := sqlite.Open(ctx, "账本.db", sqlite.Options{…})   // or postgres.Open
//	defer store.Close()
//	head, err := store.Head(ctx)                      // the last night; zero: none yet
//	state, err := ledger.Load(ctx, store, head.Seq)   // what is open after it
//	for i := range state.Items { … }                  // in the order of open.csv
//	it := state.Find("T-…")                           // or nil
//	closed, err := ledger.Closings(ctx, store, seq)   // what a night closed
//	events, err := ledger.Events(ctx, store, seq)     // what it did to items
//	nights, err := store.Nights(ctx); rec, err := ledger.DecodeNight(&nights[i])
//	head, err := ledger.Check(ctx, store)             // every hash and the chain
//
// State.Judge works out timing, days late and age for a later day than the last
// night's. Item, Closing, Event, Decision and NightRecord say in their comments
// which column of open.csv, closed.csv or the commands they are.
//
// A night's run goes the other way (see AtWork): Begin loads the state that the
// night starts from, Take and Read look at decisions and new files, the sources
// and Before go into match.Run, Finish turns the result into the next state, and
// Commit writes it as one transaction, after the report has its name.
//
// # The seam to the matcher
//
// Open rows come into the match as part of the sources, at positions below those
// of new rows. Rows of matched groups do not: their settlement comes as sums
// (match.Before), and they are read again only when its money comes, or when a
// new row carries one of their keys; then they are matched again with it. What
// was paid on a settlement stands, unless the payout is returned.
//
// # How it is kept
//
// A Store keeps pages and nights and does not know what they mean. A page is a
// version of a part of the state under a name (Kind and Key): some hundred
// items that were opened in the same night, the packed rows of a settlement,
// the digests of a file's rows. A night puts new versions and ends old ones, so
// that the state after each of the last nights is at hand, dropping a night
// needs no inverse, and running the same day again starts from what was there
// before it. Every page has a digest, and every night one over those of all
// pages that it put or ended and of the night before.
package ledger
