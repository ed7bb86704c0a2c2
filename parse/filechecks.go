package parse

import (
	"slices"

	"github.com/duizhang/duizhang/parse/layout"
)

// setCheck keeps the result of a check.
func (f *File) setCheck(c layout.Check) {
	i := slices.IndexFunc(f.Checks, func(o layout.Check) bool { return o.Kind == c.Kind })
	if i < 0 {
		f.Checks = append(f.Checks, c)
	} else {
		f.Checks[i] = c
	}
	slices.SortFunc(f.Checks, func(a, b layout.Check) int { return checkOrder[a.Kind] - checkOrder[b.Kind] })
}

var checkOrder = map[layout.CheckKind]int{layout.CheckBalance: 0, layout.CheckTotals: 1, layout.CheckIdentity: 2, layout.CheckBatch: 3}

// checkIdentity tells how many rows satisfied the identity. One that did not was
// rejected.
func (f *File) checkIdentity(p *layout.Plan, t *tally) {
	broken := slices.ContainsFunc(t.rejects, func(r rejectAt) bool {
		return r.p.Code == layout.CodeNetDiffers || r.p.Code == layout.CodeNetUnread || r.p.Code == layout.CodeIdentityBroken
	})
	if t.proved > 0 || broken {
		f.Identity = p.IdentityName()
		f.setCheck(layout.Check{Kind: layout.CheckIdentity, Lines: t.proved, OK: !broken})
	}
}
