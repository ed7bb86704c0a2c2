// Package text turns bytes into records of cells: encodings, the one cutter of
// delimited text with its index, line numbers, and the spool in which text made
// from something else is kept.
package text
