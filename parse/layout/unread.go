package layout

import (
	"strings"
	"unicode/utf8"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/record"
)

// A generic layout leaves columns unread that it has no name for, and so does
// one that is mere belief (grade D), as drafts are. Most do not matter; one that says 退款, 失败 or 支出 does: a row read without it would be
// wrong and look right. Such rows are rejected, and the message names the column.

// unreadColumn is a header cell that a generic layout does not read.
type unreadColumn struct {
	cell   int
	header string
	flag   bool // its name asks whether the row was undone (是否退款)
}

// watchUnread lists the columns that a generic layout leaves unread.
func (p *Plan) watchUnread(h *header, fieldOf []string) {
	if p.Layout.Priority >= genericPriority && p.Layout.Grade != "D" {
		return
	}
	for i, name := range h.names {
		if name.Key == "" || fieldOf[i] != "" {
			continue
		}
		p.unread = append(p.unread, unreadColumn{cell: i, header: h.cells[i], flag: asksForUndoing(name.Key)})
	}
}

func asksForUndoing(key string) bool {
	has := func(parts ...string) bool {
		for _, p := range parts {
			if strings.Contains(key, p) {
				return true
			}
		}
		return false
	}
	return has("退款", "退货", "撤销", "冲正", "作废", "refund", "void") && has("是否", "标志", "标识", "标记", "flag", "is")
}

// unread is the problem of a row that an unread column changes.
func (b *Binder) unread(cells [][]byte) *problem.Problem {
	for i := range b.p.unread {
		u := &b.p.unread[i]
		if u.cell >= len(cells) {
			continue
		}
		if p := b.unreadCell(u, cells[u.cell]); p != nil {
			return p
		}
	}
	return nil
}

func (b *Binder) unreadCell(u *unreadColumn, c []byte) *problem.Problem {
	c = Unguard(c)
	if len(c) == 0 || len(c) > 40 || !u.flag && c[0] <= '9' {
		return nil
	}
	b.key = append(append(b.key[:0], c...), byte(Btoi(u.flag)))
	alarm, ok := b.alarms[string(b.key)]
	if !ok {
		alarm = b.p.alarming(NormWord(b.Show(c)), u.flag)
		if len(b.alarms) < maxMemo {
			b.alarms[string(b.key)] = alarm
		}
	}
	if alarm {
		return &problem.Problem{Code: CodeUnreadColumn, Column: u.header, Value: b.Show(c), Args: []string{b.p.Layout.Name}}
	}
	return nil
}

// alarming says whether a word in an unread column changes what a row means.
func (p *Plan) alarming(w string, flag bool) bool {
	if flag {
		switch w {
		case "是", "1", "y", "yes", "true", "有":
			return true
		}
	}
	if r, n := utf8.DecodeRuneInString(w); n == len(w) && r < utf8.RuneSelf {
		return false // a letter is a code of anything
	}
	if p.Side == record.SideBank {
		m, ok := commonDirections[w]
		return ok && (m == directionIn || m == directionOut)
	}
	switch record.Kind(commonKinds[w]) {
	case record.Void, record.Reversal, record.Refund:
		return true
	}
	m := commonStatuses[w]
	return m == Meaning(record.Failed) || m == meansUndone
}
