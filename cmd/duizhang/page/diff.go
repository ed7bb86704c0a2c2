package page

// A Piece is a part of a text; Differs marks what the other text does not have.
type Piece struct {
	Text    string
	Differs bool
}

// maxDiffer bounds the texts that are compared character by character.
const maxDiffer = 200

// differing cuts two texts into what they share, in order, and what they do not:
// the longest common subsequence of their characters.
func differing(a, b string) (left, right []Piece) {
	x, y := []rune(a), []rune(b)
	switch {
	case a == b || a == "" || b == "":
		return whole(a, false), whole(b, false)
	case len(x) > maxDiffer || len(y) > maxDiffer:
		return whole(a, true), whole(b, true)
	}
	common := lengths(x, y)
	i, j := 0, 0
	for i < len(x) || j < len(y) {
		switch {
		case i < len(x) && j < len(y) && x[i] == y[j]:
			left, right = grow(left, x[i], false), grow(right, y[j], false)
			i, j = i+1, j+1
		case j == len(y) || i < len(x) && common[i+1][j] >= common[i][j+1]:
			left = grow(left, x[i], true)
			i++
		default:
			right = grow(right, y[j], true)
			j++
		}
	}
	return left, right
}

// lengths has at [i][j] the length of the longest common subsequence of x from i
// and y from j on.
func lengths(x, y []rune) [][]int {
	n := make([][]int, len(x)+1)
	for i := range n {
		n[i] = make([]int, len(y)+1)
	}
	for i := len(x) - 1; i >= 0; i-- {
		for j := len(y) - 1; j >= 0; j-- {
			if x[i] == y[j] {
				n[i][j] = n[i+1][j+1] + 1
			} else {
				n[i][j] = max(n[i+1][j], n[i][j+1])
			}
		}
	}
	return n
}

func whole(s string, differs bool) []Piece {
	if s == "" {
		return nil
	}
	return []Piece{{s, differs}}
}

func grow(list []Piece, r rune, differs bool) []Piece {
	if n := len(list); n > 0 && list[n-1].Differs == differs {
		list[n-1].Text += string(r)
		return list
	}
	return append(list, Piece{string(r), differs})
}
