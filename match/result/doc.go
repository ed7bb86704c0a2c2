// Package result is the words of an outcome: groups and their reasons, settlements
// and credits, totals, what is owed and since when, and the proof that nothing is
// missing.
package result
