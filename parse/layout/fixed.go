package layout

import (
	"slices"
	"sync"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/text"
)

// The places of a fixed form are bytes of GBK, in which such files are made. One
// that somebody saved as UTF-8 has longer names, and all behind them has moved:
// there a place is looked for by the length that the text had in GBK.

// cutFixed makes spans of a line. ok is false where a field has no blank before
// or behind it that should: then something is missing or too much in front of
// it, and every field behind would be another one's bytes.
func (b *Binder) cutFixed(line []byte) (ok bool) {
	p := b.p
	wide := p.Enc != text.GB18030 && text.FirstHigh(line) >= 0
	b.line.Text, b.line.Spans = line, b.line.Spans[:0]
	for i := range p.Uses {
		u := &p.Uses[i]
		from, to := u.from, u.to
		if wide {
			if from, ok = placeInGB18030(line, from); !ok {
				return false
			}
			if to, ok = placeInGB18030(line, to); !ok {
				return false
			}
		}
		from, to = min(from, len(line)), min(to, len(line))
		if u.apart && (from > 0 && from < len(line) && line[from-1] != ' ' || to < len(line) && line[to] != ' ') {
			return false
		}
		if wide && u.left && from+1 < to && line[from] == ' ' && len(Trim(line[from:to])) > 0 {
			return false // somebody has filled up the name before it by characters
		}
		b.line.Spans = append(b.line.Spans, text.Span{From: uint32(from), To: uint32(to)})
	}
	return true
}

// setApart notes how the fields of a built-in fixed form stand: in all of them
// one blank follows every field, and texts begin at its left end.
func (p *Plan) setApart() {
	if p.Form != FormFixed || !p.Layout.Compiled.builtin {
		return
	}
	for i := range p.Uses {
		u := &p.Uses[i]
		u.apart = !slices.ContainsFunc(p.Uses, func(o columnUse) bool {
			return o.from < u.from && u.from <= o.to || u.from <= o.from && o.from <= u.to && o.to != u.to || o.from <= u.to && u.to < o.to
		})
		u.left = !slices.ContainsFunc(u.spec.targets, func(t Target) bool { return t.isMoney() || t.IsWhen() })
	}
}

// placeInGB18030 is where a line of UTF-8 has the byte that would be the n-th in
// GB18030; false if a character stands across it, or one that was lost.
func placeInGB18030(line []byte, n int) (place int, ok bool) {
	for place < len(line) && n > 0 {
		r, size := utf8.DecodeRune(line[place:])
		if r == utf8.RuneError {
			return 0, false
		}
		place += size
		n -= widthInGB18030(r)
	}
	return place + n, n >= 0
}

// lengthInGB18030 is how many bytes a line of UTF-8 takes in GB18030.
func lengthInGB18030(line []byte) (n int) {
	for _, r := range string(line) {
		n += widthInGB18030(r)
	}
	return n
}

func widthInGB18030(r rune) int {
	switch {
	case r < utf8.RuneSelf:
		return 1
	case r <= 0xFFFF && inGB2()[r/64]>>(r%64)&1 != 0:
		return 2
	}
	return 4
}

// inGB2 are the characters that GB18030 spells with two bytes.
var inGB2 = sync.OnceValue(func() *[1024]uint64 {
	set := new([1024]uint64)
	for _, r := range text.GB2() {
		if r != 0 {
			set[r/64] |= 1 << (r % 64)
		}
	}
	return set
})
