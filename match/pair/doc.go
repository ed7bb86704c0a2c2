// Package pair is the rules of one key: which of two lists of items, one of either
// side, belong together. It knows no store, no file and no position in one.
package pair
