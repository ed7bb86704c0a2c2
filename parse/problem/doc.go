// Package problem is what is said of a file that cannot be read as it should:
// codes, places and sentences in two languages, never with a card number in
// them; and the limits that keep a bad file from harming.
package problem
