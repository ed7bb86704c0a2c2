// Package record is the vocabulary of what files say: rows and records, their
// fields, kinds and states, days and moments, and where a row stands. It knows
// the one civil calendar.
package record
