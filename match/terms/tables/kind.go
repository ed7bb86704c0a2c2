package tables

import (
	"os"
	"slices"
)

// maxTold bounds the files that are looked at for being a table of contracts:
// one that a person keeps has some hundred lines.
const maxTold = 1 << 20

// terms of a contract that no file of transactions has a column for: one of
// promised, and another of these, make a table of contracts.
var (
	promised = []string{"结算周期", "借记卡周期", "贷记卡周期", "扫码周期", "借记卡费率", "贷记卡费率", "扫码费率"}
	agreed   = append([]string{"切点", "扫码切点", "结算账户", "生效日期", "失效日期", "借记卡封顶", "付款手续费", "单笔限额", "退款时限"}, promised...)
)

// IsContracts says that a file is a table of contracts, by the columns that it
// has, whatever its name: one that LoadContracts is meant to read, or to refuse
// with the places of what is wrong in it.
func IsContracts(path string) bool {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxTold {
		return false
	}
	t, err := loadTable(path)
	return err == nil && slices.ContainsFunc(t, func(s sheet) bool {
		at, names := s.header(contractShape)
		if at < 0 {
			return false
		}
		known := map[string]bool{}
		filled, promises, terms := 0, 0, 0
		for i, c := range names {
			if s.rows[at].cells[i].text != "" {
				filled++
			}
			if c == nil || known[c.name] {
				continue
			}
			known[c.name] = true
			if slices.Contains(promised, c.name) {
				promises++
			}
			if slices.Contains(agreed, c.name) {
				terms++
			}
		}
		return promises > 0 && terms > 1 && 2*len(known) >= filled
	})
}
