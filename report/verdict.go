package report

import (
	"fmt"
	"strings"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/record"
)

// A verdict is what the top of the report says of the run as a whole. That every
// row read is accounted for does not mean that nothing is missing.
type verdict struct {
	state verdictState
	words string
	// notes are what makes it so, the worst first.
	notes []note
}

type note struct {
	state verdictState
	text  string
}

type verdictState uint8

const (
	allClear    verdictState = iota
	needsWork                // somebody has to do something
	notComplete              // the figures are not of everything
)

// toDo counts what a person has to do.
type toDo struct{ groups, settlements, credits, rejects, files int64 }

func (d *toDo) sum() int64 { return d.groups + d.settlements + d.credits + d.rejects + d.files }

// openOutcomes want somebody's attention.
var openOutcomes = []result.Match{result.Partial, result.Over, result.Conflict, result.PosOnly, result.ClearingOnly, result.Duplicate, result.Suggested}

func (r *Run) toDo() (d toDo) {
	for _, m := range openOutcomes {
		d.groups += r.Result.Match[m].Groups
	}
	for i := range r.Result.Settlements {
		if s := &r.Result.Settlements[i]; s.Timing == result.Overdue || s.Credit == result.CreditOver {
			d.settlements++
		}
	}
	for i := range r.Result.Credits {
		if r.Result.Credits[i].Unplaced() != 0 {
			d.credits++
		}
	}
	for _, p := range r.Result.Proof.Sides {
		d.rejects += p.Rejected
	}
	for i := range r.Files {
		if r.Files[i].refused() {
			d.files++
		}
	}
	return d
}

// refused says that nothing of a file was used, for its own fault.
func (f *File) refused() bool {
	return f.DuplicateOf == "" && len(f.Problems) > 0 && f.Accepted == 0 && f.Seen == 0
}

func (r *Run) say(zh, en string, args ...any) string {
	return fmt.Sprintf(text{zh, en}.in(r.Lang), args...)
}

// verdict judges the run.
func (r *Run) verdict() verdict {
	v := verdict{}
	add := func(state verdictState, said string) {
		v.notes = append(v.notes, note{state, said})
		v.state = max(v.state, state)
	}
	if !r.Result.Proof.Balanced || !r.moneyHolds() {
		add(notComplete, r.say("账目不平衡，结果不可用", "NOT balanced: the results cannot be used"))
	}
	r.missingSides(add)
	r.missingFiles(add)
	d := r.toDo()
	if d.rejects > 0 {
		add(notComplete, r.say("有 %d 行读不懂、没有计入，见“拒绝的行”", "%d rows could not be read and are not counted, see Rejected rows", d.rejects))
	}
	for _, w := range r.Result.Warnings {
		if w.Code != result.WarningMissingDay {
			add(needsWork, WarningText(w, r.Lang))
		}
	}
	switch {
	case v.state == notComplete:
		v.words = r.say("结论不完整：先补齐下列各项", "Incomplete: what is named below comes first")
	case d.sum() > 0 || v.state == needsWork:
		v.state = needsWork
		v.words = r.say("读入的每一行都有着落；有 %d 项要人处理", "Every row read is accounted for; %d items want a person", d.sum())
	default:
		v.words = r.say("全部对平，没有要处理的", "All agrees, nothing to do")
	}
	return v
}

func (r *Run) moneyHolds() bool { return r.Result.Money.OK || r.Result.Money.Failure == "" }

// missingSides tells of a side that is not there, and of sides that look as if
// they had been given the wrong way round.
func (r *Run) missingSides(add func(verdictState, string)) {
	rows := func(side record.Side) int64 {
		p := &r.Result.Proof.Sides[side]
		return p.Accepted + p.Carried
	}
	pos, clearing, bank := rows(record.SidePos), rows(record.SideClearing), rows(record.SideBank)
	switch {
	case pos == 0 && clearing == 0:
		add(notComplete, r.say("商户和收单两方都没有数据", "neither the shop nor the acquirer has any row"))
	case pos == 0:
		add(notComplete, r.say("没有商户一方的数据：收单的每一笔都显示为“收单有、商户无”", "the shop's side is missing: every row of the acquirer stands as clearing only"))
	case clearing == 0:
		add(notComplete, r.say("没有收单一方的数据：商户的每一笔都显示为未清算", "the clearing side is missing: every sale stands as not cleared"))
	case r.nothingMeets():
		add(notComplete, r.say("两方没有一笔能对上：请检查是否放反了、是否同一天", "not one row of both sides belongs together: are they the wrong way round, or of different days?"))
	}
	if bank == 0 && clearing > 0 {
		add(needsWork, r.say("没有银行流水：只核对了清算，没有核对到账", "no bank statement: what was cleared is checked, not what was credited"))
	}
}

// nothingMeets says that no group has rows of both sides.
func (r *Run) nothingMeets() bool {
	for _, m := range []result.Match{result.Matched, result.Partial, result.Over, result.Conflict, result.Suggested} {
		if r.Result.Match[m].Groups > 0 {
			return false
		}
	}
	return r.Result.Match[result.InTransit].PosRows == 0 || r.Result.Match[result.InTransit].ClearingRows == 0
}

// maxNamed bounds the names that a note lists.
const maxNamed = 4

func (r *Run) missingFiles(add func(verdictState, string)) {
	var refused, odd []string
	for i := range r.Files {
		switch f := &r.Files[i]; {
		case f.refused():
			refused = append(refused, f.Name)
		case len(f.Problems) > 0 && f.DuplicateOf == "":
			odd = append(odd, f.Name)
		}
	}
	if len(refused) > 0 {
		add(notComplete, r.say("%d 个文件被拒收：%s", "%d files were refused: %s", len(refused), named(refused)))
	}
	for _, w := range r.Result.Warnings {
		if w.Code == result.WarningMissingDay {
			add(notComplete, WarningText(w, r.Lang))
		}
	}
	if r.Ledger != nil && len(r.Ledger.Missing) > 0 {
		var list []string
		for _, m := range r.Ledger.Missing {
			list = append(list, strings.TrimSpace(m.Acquirer+" "+m.MerchantID+" "+dateText(m.Day)))
		}
		add(notComplete, r.say("还差 %d 个对账文件：%s", "%d clearing files have not come: %s", len(list), named(list)))
	}
	if len(odd) > 0 {
		add(needsWork, r.say("%d 个文件有提示，见运行记录：%s", "there is something about %d files, see the run log: %s", len(odd), named(odd)))
	}
}

func named(list []string) string {
	if len(list) <= maxNamed {
		return strings.Join(list, "、")
	}
	return strings.Join(list[:maxNamed], "、") + " …"
}
