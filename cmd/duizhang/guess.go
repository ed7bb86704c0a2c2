package main

import (
	"slices"
	"strings"
)

// A guess is the word that was probably meant; "" is none, and says nothing.
type guess string

// nearest guesses which word of a list was meant: the one that takes the fewest
// slips of typing, or the only one that begins like it. One that takes a slip for
// every second letter is no guess.
func nearest(word string, list []string) guess {
	slices.Sort(list)
	word = strings.ToLower(word)
	letters := strings.Trim(word, "-")
	best, least := "", -1
	var begins []string
	for _, w := range list {
		if d := distance(word, strings.ToLower(w)); least < 0 || d < least {
			best, least = w, d
		}
		if letters != "" && strings.HasPrefix(strings.TrimLeft(w, "-"), letters) {
			begins = append(begins, w)
		}
	}
	switch {
	case least >= 0 && least <= max(1, (len([]rune(letters))+1)/3):
		return guess(best)
	case len(begins) == 1 || len(begins) > 0 && len(letters) > 2:
		return guess(begins[0])
	}
	// A part of a longer word, such as progress of no-progress.
	for _, w := range list {
		if len(letters) > 3 && strings.Contains(w, letters) {
			return guess(w)
		}
	}
	return ""
}

// distance counts the slips between two words: a letter too many, too few,
// another one, or two that changed places.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	before, row := make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next := make([]int, len(y)+1)
		next[0] = i + 1
		for j := range y {
			same := row[j]
			if x[i] != y[j] {
				same++
			}
			next[j+1] = min(same, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
