package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
)

// rowOf makes a row from a short description: fields by name, in any
// order, separated by blanks: amount in yuan first, then o= order number,
// c= channel number, t= terminal, r= reference, b= batch, n= trace, k= kind,
// s= status, at= minutes after noon (d suffix: days), m= merchant, st= store,
// card=, orig=, cur=, day= clearing day after day0. "day" alone as at is a
// row without a clock, "-" one without a time.
func rowOf(desc string) record.Row {
	r := record.Row{Kind: record.Sale, Status: record.OK, Time: at0, HasClock: true, Channel: record.ChannelCard}
	kinds := map[string]record.Kind{"void": record.Void, "reversal": record.Reversal, "refund": record.Refund, "preauth": record.Preauth,
		"complete": record.PreauthComplete, "fee": record.Fee, "adjust": record.Adjustment, "payout": record.Payout, "sale": record.Sale}
	status := map[string]record.Status{"failed": record.Failed, "pending": record.Pending, "ok": record.OK}
	text := map[string]record.Field{"o": record.OrderNo, "c": record.ChannelNo, "t": record.TerminalID, "r": record.RefNo, "b": record.BatchNo,
		"n": record.TraceNo, "m": record.MerchantID, "st": record.Store, "card": record.CardTail, "orig": record.OrigKey, "cur": record.Currency, "acq": record.Acquirer, "remark": record.Remark}
	for i, part := range strings.Fields(desc) {
		if i == 0 {
			var yuan float64
			if _, err := fmt.Sscan(part, &yuan); err != nil {
				panic(err)
			}
			r.Amount = money.Fen(yuan * 100)
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		switch name {
		case "k":
			r.Kind = kinds[value]
		case "s":
			r.Status = status[value]
		case "qr":
			r.Channel = record.ChannelQR
		case "day":
			var n int
			fmt.Sscan(value, &n)
			r.ClearingDate = day0 + record.Date(n)
		case "at":
			var n int
			switch {
			case value == "-":
				r.Time, r.HasClock = 0, false
			case value == "day":
				r.Time, r.HasClock = record.Time(day0)*86400, false
			case strings.HasSuffix(value, "d"):
				fmt.Sscan(strings.TrimSuffix(value, "d"), &n)
				r.Time += record.Time(n) * 86400
			case strings.HasSuffix(value, "s"):
				fmt.Sscan(strings.TrimSuffix(value, "s"), &n)
				r.Time += record.Time(n)
			default:
				fmt.Sscan(value, &n)
				r.Time += record.Time(n) * 60
			}
		default:
			f, ok := text[name]
			if !ok {
				panic("unknown field " + name)
			}
			r.Text[f] = []byte(value)
		}
	}
	return r
}

// short is a group in one line: match, key, flags, reason, and the rows by
// their number from 1.
func short(g *result.Group) string {
	nums := func(side string, ps []record.Pos) (s string) {
		for _, p := range ps {
			s += fmt.Sprintf(" %s%d", side, p/100)
		}
		return s
	}
	s := g.Match.String() + nums("p", g.Pos) + nums("c", g.Clearing)
	if g.KeyType != result.NoKey {
		s += " " + g.KeyType.String()
	}
	for i, name := range result.FlagNames {
		if g.Flags&(1<<i) != 0 {
			s += " " + name
		}
	}
	return s
}

func shorts(res *result.Result) (out []string) {
	for i := range res.Groups {
		out = append(out, short(&res.Groups[i]))
	}
	return out
}

// TestRules are SPEC section 3, rule by rule. The as-of day is day0 + 5, and
// every case has a clearing row of day0, so that nothing is in transit and no
// file is missing unless the case is about that.
func TestRules(t *testing.T) {
	for _, c := range []struct {
		rule          string
		pos, clearing []string
		want          []string
		reasons       []result.ReasonCode // of the groups in order, where given
	}{
		{"equal amount and kind under one order number agree",
			[]string{"30 o=A"}, []string{"30 o=A"}, []string{"matched p1 c1 order_no"}, []result.ReasonCode{result.ReasonAgrees}},
		{"an earlier key wins over a later one",
			[]string{"30 o=A t=T r=1"}, []string{"30 o=B t=T r=1", "30 o=A t=T r=2"},
			[]string{"matched p1 c2 order_no", "clearing_only c1"}, nil},
		{"what one key leaves goes on to the next",
			[]string{"30 o=A t=T r=1"}, []string{"30 o=B t=T r=1"}, []string{"matched p1 c1 ref_no"}, nil},
		{"a key counts only where both rows carry it",
			[]string{"30 t=T b=1 n=5"}, []string{"30 o=A t=T r=9 b=1 n=5"}, []string{"matched p1 c1 trace_no"}, nil},
		{"a reference counts only with its terminal",
			[]string{"30 t=T1 r=1 o=X"}, []string{"30 t=T2 r=1 o=Y"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"a reference of eight characters counts alone where the till knows no terminal",
			[]string{"30 r=123450000001", "31 r=123450000002"}, []string{"31 t=T r=123450000002 at=1", "30 t=T r=123450000001"}, []string{"matched p1 c2 ref_no", "matched p2 c1 ref_no"}, nil},
		{"and where the acquirer knows none", []string{"30 t=T r=12345678"}, []string{"30 r=12345678"}, []string{"matched p1 c1 ref_no"}, nil},
		{"what it finds is compared like that of any key",
			[]string{"30 r=12345678", "40 r=23456789 s=failed"}, []string{"29 t=T r=12345678", "40 t=T r=23456789"}, []string{"partial p1 c1 ref_no", "conflict p2 c2 ref_no"}, []result.ReasonCode{result.ReasonLess, result.ReasonStatusConflict}},
		{"leading zeros do not make it long enough", []string{"30 r=000001234567"}, []string{"30 t=T r=000001234567"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"tills that number their terminals otherwise are flagged",
			[]string{"30 t=01 r=12345678"}, []string{"30 t=T r=12345678"}, []string{"matched p1 c1 ref_no terminal_diff"}, nil},
		{"terminals and amounts that differ never match",
			[]string{"30 t=01 r=12345678 at=30"}, []string{"29 t=T r=12345678"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"nor do terminals and kinds",
			[]string{"30 t=01 r=12345678 k=complete at=30"}, []string{"30 t=T r=12345678"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"nor two cards", []string{"30 r=12345678 card=1111 at=30"}, []string{"30 t=T r=12345678 card=2222"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"nor a number that the shop has twice",
			[]string{"30 r=12345678 at=30", "31 r=12345678 at=1d"}, []string{"30 t=T r=12345678"}, []string{"pos_only p2 no_file", "suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonNoFile, result.ReasonNumberDiffers}},
		{"nor one that the acquirer has twice",
			[]string{"30 r=12345678 at=30"}, []string{"30 t=T r=12345678", "30 t=U r=12345678 at=2d"}, []string{"pos_only p1", "clearing_only c1", "clearing_only c2 date_odd"}, nil},
		{"one that comes round after key_days is unique",
			[]string{"30 r=12345678", "31 r=12345678 at=-9d day=0"}, []string{"30 t=T r=12345678", "31 t=U r=12345678 at=-9d"}, []string{"matched p2 c2 ref_no", "matched p1 c1 ref_no"}, nil},
		{"copies of one row count once",
			[]string{"30 r=12345678", "30 r=12345678"}, []string{"30 t=T r=12345678", "30 t=T r=12345678", "30 t=T r=12345678"},
			[]string{"matched p1 c1 ref_no", "matched p2 c2 ref_no", "duplicate c3 ref_no"}, nil},
		{"it comes after every key with a terminal",
			[]string{"30 t=T r=12345678", "30 r=12345678 at=30"}, []string{"30 t=T r=12345678"}, []string{"matched p1 c1 ref_no", "pos_only p2"}, nil},
		{"a trace number counts only on its trade day",
			[]string{"30 t=T b=1 n=5 at=1d"}, []string{"31 t=T b=1 n=5", "30 t=T b=1 n=5 at=2d"}, []string{"pos_only p1 no_file", "clearing_only c1", "clearing_only c2 date_odd"}, nil},
		{"the nearest in time pairs first",
			[]string{"30 o=A at=0", "30 o=A at=5"}, []string{"30 o=A at=6"}, []string{"matched p2 c1 order_no", "pos_only p1"}, []result.ReasonCode{result.ReasonAgrees, result.ReasonKeyTaken}},
		{"of two that are equally near the earlier one pairs, and the other is told that it might have been it",
			[]string{"30 o=A at=0", "30 o=A at=10"}, []string{"30 o=A at=5"}, []string{"matched p1 c1 order_no", "pos_only p2"}, []result.ReasonCode{result.ReasonAgrees, result.ReasonKeyEven}},
		{"a number that came round nine days later is no pair, though it is taken",
			[]string{"30 o=A", "30 o=A at=-9d day=0"}, []string{"30 o=A"}, []string{"matched p1 c1 order_no", "pos_only p2"}, []result.ReasonCode{result.ReasonAgrees, result.ReasonKeyDays}},
		{"two real sales with one clearing row leave exactly one open, and it is no duplicate",
			[]string{"30 o=A at=0", "30 o=A at=2"}, []string{"30 o=A at=0"}, []string{"matched p1 c1 order_no", "pos_only p2"}, nil},
		{"a clearing row listed twice is a duplicate",
			[]string{"30 o=A"}, []string{"30 o=A", "30 o=A"}, []string{"matched p1 c1 order_no", "duplicate c2 order_no"}, []result.ReasonCode{result.ReasonAgrees, result.ReasonDuplicate}},
		{"a sale listed three times is two duplicates",
			[]string{"30 o=A", "30 o=A", "30 o=A"}, []string{"30 o=A"}, []string{"matched p1 c1 order_no", "duplicate p2 order_no", "duplicate p3 order_no"}, nil},
		{"two sales twice on both sides are no duplicates",
			[]string{"30 o=A", "30 o=A"}, []string{"30 o=A", "30 o=A"}, []string{"matched p1 c1 order_no", "matched p2 c2 order_no"}, nil},
		{"a copy of an open row is no duplicate: both are open",
			[]string{"30 o=A", "30 o=A"}, []string{"30 o=B"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"one sale of 45.00 cleared as 20.00 + 25.00 is matched",
			[]string{"45 o=A"}, []string{"20 o=A", "25 o=A at=1"}, []string{"matched p1 c1 c2 order_no split"}, []result.ReasonCode{result.ReasonSplit}},
		{"two sales cleared as one are matched",
			[]string{"20 o=A", "25 o=A at=1"}, []string{"45 o=A"}, []string{"matched p1 p2 c1 order_no split"}, nil},
		{"several against several are compared as one group",
			[]string{"20 o=A", "25 o=A at=1"}, []string{"15 o=A", "30 o=A at=1"}, []string{"matched p1 p2 c1 c2 order_no split"}, nil},
		{"equal amounts pair before sums are looked at",
			[]string{"30 o=A", "45 o=A at=1"}, []string{"30 o=A", "20 o=A", "25 o=A"}, []string{"matched p1 c1 order_no", "matched p2 c2 c3 order_no split"}, nil},
		{"less cleared than sold is partial",
			[]string{"45 o=A"}, []string{"20 o=A"}, []string{"partial p1 c1 order_no"}, []result.ReasonCode{result.ReasonLess}},
		{"more cleared than sold is over",
			[]string{"45 o=A"}, []string{"50 o=A"}, []string{"over p1 c1 order_no"}, []result.ReasonCode{result.ReasonMore}},
		{"the rest of one sign is one group, however many rows",
			[]string{"30 o=A", "45 o=A at=1"}, []string{"20 o=A", "25 o=A"}, []string{"partial p1 p2 c1 c2 order_no split"}, nil},
		{"a refund of which less was cleared is partial by its size",
			[]string{"-50 o=A k=refund"}, []string{"-30 o=A k=refund"}, []string{"partial p1 c1 order_no"}, []result.ReasonCode{result.ReasonLess}},
		{"a void that the acquirer calls a refund agrees",
			[]string{"-50 o=A k=void"}, []string{"-50 o=A k=refund"}, []string{"matched p1 c1 order_no"}, nil},
		{"a negative sale is a refund",
			[]string{"-50 o=A"}, []string{"-50 o=A k=refund"}, []string{"matched p1 c1 order_no"}, nil},
		{"sale and refund under one order number stay two transactions",
			[]string{"30 o=A", "-30 o=A k=refund at=9"}, []string{"30 o=A"}, []string{"matched p1 c1 order_no", "pos_only p2"}, nil},
		{"sale and refund pair with their like",
			[]string{"30 o=A", "-10 o=A k=refund at=9"}, []string{"-10 o=A k=refund at=9", "30 o=A"}, []string{"matched p1 c2 order_no", "matched p2 c1 order_no"}, nil},
		{"a sale against a refund is a conflict",
			[]string{"30 o=A"}, []string{"-30 o=A k=refund"}, []string{"conflict p1 c1 order_no"}, []result.ReasonCode{result.ReasonKindConflict}},
		{"ok against failed is a conflict",
			[]string{"30 o=A"}, []string{"30 o=A s=failed"}, []string{"conflict p1 c1 order_no"}, []result.ReasonCode{result.ReasonStatusConflict}},
		{"pending on both sides is in transit",
			[]string{"30 o=A s=pending"}, []string{"30 o=A s=pending"}, []string{"in_transit p1 c1 order_no"}, []result.ReasonCode{result.ReasonBothPending}},
		{"whatever the amounts",
			[]string{"200 o=A s=pending", "90 o=A s=failed"}, []string{"90 o=A s=failed", "195 o=A s=pending"}, []string{"in_transit p1 c2 order_no", "failed p2 c1 order_no"}, nil},
		{"and so are two refunds, but a pre-authorisation moves no money",
			[]string{"-30 o=A k=refund s=pending", "30 o=B k=preauth s=pending"}, []string{"-30 o=A k=refund s=pending", "30 o=B k=preauth s=pending"},
			[]string{"in_transit p1 c1 order_no", "failed p2 c2 order_no"}, nil},
		{"failed against pending is failed",
			[]string{"30 o=A s=failed"}, []string{"30 o=A s=pending"}, []string{"failed p1 c1 order_no"}, nil},
		{"pending against ok is a conflict",
			[]string{"30 o=A s=pending"}, []string{"30 o=A"}, []string{"conflict p1 c1 order_no"}, []result.ReasonCode{result.ReasonStatusConflict}},
		{"failed on both sides is failed",
			[]string{"30 o=A s=failed"}, []string{"30 o=A s=failed"}, []string{"failed p1 c1 order_no"}, []result.ReasonCode{result.ReasonFailed}},
		{"a failed attempt before the good one is no conflict",
			[]string{"30 o=A s=failed", "30 o=A at=1"}, []string{"30 o=A at=1"}, []string{"matched p2 c1 order_no", "failed p1"}, nil},
		{"one-sided failures owe nothing",
			[]string{"30 o=A s=failed", "31 o=B s=pending", "32 o=C k=preauth"}, []string{"10 o=Z s=failed"},
			[]string{"failed c1", "failed p1", "failed p2", "failed p3"}, []result.ReasonCode{result.ReasonFailed, result.ReasonFailed, result.ReasonPending, result.ReasonNoMoney}},
		{"a payout row is no transaction, whatever its number",
			[]string{"30 o=A"}, []string{"30 o=A k=payout", "5 o=B"}, []string{"pos_only p1", "clearing_only c2", "failed c1"}, nil},
		{"a fee under the key of its sale is no part of it",
			[]string{"30 o=A"}, []string{"30 o=A", "-0.18 o=A k=fee"}, []string{"matched p1 c1 order_no", "clearing_only c2"}, nil},
		{"a fee never fills up a refund",
			[]string{"-30 o=A k=refund"}, []string{"-29 o=A k=fee"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"an adjustment completes what was cleared short",
			[]string{"30 o=A"}, []string{"29 o=A", "1 o=A k=adjust"}, []string{"matched p1 c1 c2 order_no split"}, nil},
		{"more than key_days apart is another transaction",
			[]string{"30 t=T r=1 at=0"}, []string{"30 t=T r=1 at=4d", "5 t=T r=2"}, []string{"pos_only p1", "clearing_only c2", "clearing_only c1 date_odd"}, []result.ReasonCode{result.ReasonKeyDays, result.ReasonOtherAmount, result.ReasonKeyDays}},
		{"exactly key_days apart is the same one",
			[]string{"30 t=T r=1 at=0"}, []string{"30 t=T r=1 at=3d"}, []string{"matched p1 c1 ref_no time_diff date_odd"}, nil},
		{"a second more than key_days is not",
			[]string{"30 t=T r=1 at=0"}, []string{"30 t=T r=1 at=259201s", "5 t=T r=2"}, []string{"pos_only p1", "clearing_only c2", "clearing_only c1 date_odd"}, nil},
		{"a reference that comes round again is two transactions",
			[]string{"30 t=T r=1", "40 t=T r=1 at=-30d"}, []string{"29 t=T r=1", "38 t=T r=1 at=-30d"}, []string{"partial p2 c2 ref_no", "partial p1 c1 ref_no"}, nil},
		{"a sale two days after the day of the run is flagged on either side",
			[]string{"30 o=A at=7d"}, []string{"30 o=A at=7d day=7"}, []string{"matched p1 c1 order_no date_odd"}, nil},
		{"a sale of the evening of the day of the run is not, though cleared tomorrow",
			[]string{"30 o=A at=5d"}, []string{"30 o=A at=5d day=6"}, []string{"matched p1 c1 order_no"}, nil},
		{"a sale cleared before it was made is flagged and counted all the same",
			[]string{"30 o=A at=1d"}, []string{"30 o=A at=1d day=0"}, []string{"matched p1 c1 order_no date_odd"}, nil},
		{"sums never reach across key_days",
			[]string{"45 t=T r=1"}, []string{"20 t=T r=1", "25 t=T r=1 at=-10d"}, []string{"partial p1 c1 ref_no", "clearing_only c2"}, nil},
		{"a row without a time is compatible with all",
			[]string{"30 o=A at=-30d"}, []string{"30 o=A at=-", "1 o=Z"}, []string{"matched p1 c1 order_no", "clearing_only c2"}, nil},
		{"a row that says only the day is nearest to its own day",
			[]string{"30 o=A at=-700", "30 o=A at=-719"}, []string{"30 o=A at=day", "2 o=Z"}, []string{"matched p1 c1 order_no", "pos_only p2", "clearing_only c2"}, nil},
		{"times far apart under one key are flagged",
			[]string{"30 o=A at=0"}, []string{"30 o=A at=11"}, []string{"matched p1 c1 order_no time_diff"}, nil},
		{"rows of two currencies never meet",
			[]string{"30 o=A cur=USD"}, []string{"30 o=A", "30 o=B cur=USD"}, []string{"pos_only p1", "clearing_only c1", "clearing_only c2"}, nil},
		{"a sale and its void that are both absent from clearing cancel out",
			[]string{"30 o=A", "-30 o=A k=void at=2"}, []string{"9 o=Z"}, []string{"clearing_only c1", "voided p1 p2 order_no"}, []result.ReasonCode{result.ReasonNoCandidate, result.ReasonVoided}},
		{"a void may name the sale by its reference number",
			[]string{"30 t=T r=111", "-30 t=T r=112 orig=111 k=reversal at=2"}, []string{"9 o=Z"}, []string{"clearing_only c1", "voided p1 p2"}, nil},
		{"a void cancels the latest sale before it",
			[]string{"30 o=A at=0", "30 o=A at=5", "-30 o=A k=void at=6", "30 o=A at=7"}, []string{"9 o=Z"},
			[]string{"pos_only p1", "pos_only p4", "clearing_only c1", "voided p2 p3 order_no"}, nil},
		{"a void that could mean two sales cancels the later one",
			[]string{"30 o=7 t=T at=0", "30 o=8 t=T r=7 at=5", "-30 o=9 t=T orig=7 k=void at=6"}, []string{"9 o=Z"},
			[]string{"pos_only p1", "clearing_only c1", "voided p2 p3"}, nil},
		{"a void that only says the day cancels a sale of that day",
			[]string{"30 o=A at=5", "-30 o=A k=void at=day"}, []string{"9 o=Z"}, []string{"clearing_only c1", "voided p1 p2 order_no"}, nil},
		{"a void of a cleared sale is open: the money went out at the till only",
			[]string{"30 o=A", "-30 o=A k=void at=2"}, []string{"30 o=A"}, []string{"matched p1 c1 order_no", "pos_only p2"}, nil},
		{"a void of another amount cancels nothing",
			[]string{"30 o=A", "-29 o=A k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"a void without a number cancels the one sale of its card, terminal, day and amount",
			[]string{"30 t=T r=1 card=1111", "-30 t=T r=2 card=622200******1111 k=void at=2", "30 t=T r=3 card=1111 at=4"}, []string{"9 o=Z"},
			[]string{"pos_only p3", "clearing_only c1", "voided p1 p2"}, nil},
		{"of two such sales it cancels neither",
			[]string{"30 t=T card=1111", "30 t=T card=1111 at=1", "-30 t=T card=1111 k=void at=2"}, []string{"9 o=Z"},
			[]string{"pos_only p1", "pos_only p2", "pos_only p3", "clearing_only c1"}, nil},
		{"nor do two voids cancel one sale",
			[]string{"30 t=T card=1111", "-30 t=T card=1111 k=void at=2", "-30 t=T card=1111 k=reversal at=3"}, []string{"9 o=Z"},
			[]string{"pos_only p1", "pos_only p2", "pos_only p3", "clearing_only c1"}, nil},
		{"a void without a number needs the card",
			[]string{"30 t=T card=1111", "-30 t=T k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"a void without a number never cancels another card's sale",
			[]string{"30 t=T card=1111", "-30 t=T card=2222 k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"nor that of another terminal",
			[]string{"30 t=T card=1111", "-30 t=U card=1111 k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"nor a later sale",
			[]string{"30 t=T card=1111 at=3", "-30 t=T card=1111 k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p2", "pos_only p1", "clearing_only c1"}, nil},
		{"nor one of another day",
			[]string{"30 t=T card=1111 at=-1d day=0", "-30 t=T card=1111 k=void day=0 at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"nor one when it names another",
			[]string{"30 t=T r=1 card=1111", "-30 t=T r=2 orig=9 card=1111 k=void at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"a refund cancels nothing before clearing",
			[]string{"30 o=A", "-30 o=A k=refund at=2"}, []string{"9 o=Z"}, []string{"pos_only p1", "pos_only p2", "clearing_only c1"}, nil},
		{"same terminal, amount and kind within the window is suggested",
			[]string{"30 t=T r=1"}, []string{"30 t=T r=2 at=10"}, []string{"suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonSuggested}},
		{"beyond the window it is not, and the reason names it",
			[]string{"30 t=T r=1"}, []string{"30 t=T r=2 at=11"}, []string{"pos_only p1", "clearing_only c1"}, []result.ReasonCode{result.ReasonOtherTime, result.ReasonOtherTime}},
		{"another card is not, and the reason names it",
			[]string{"30 t=T r=1 card=622200******1111"}, []string{"30 t=T r=2 card=2222"}, []string{"pos_only p1", "clearing_only c1"}, []result.ReasonCode{result.ReasonOtherCard, result.ReasonOtherCard}},
		{"another amount is not, and the reason names it",
			[]string{"30 t=T r=1"}, []string{"31 t=T r=2"}, []string{"pos_only p1", "clearing_only c1"}, []result.ReasonCode{result.ReasonOtherAmount, result.ReasonOtherAmount}},
		{"never on amount alone",
			[]string{"30 o=A"}, []string{"30 o=B"}, []string{"pos_only p1", "clearing_only c1"}, []result.ReasonCode{result.ReasonNoCandidate, result.ReasonNoCandidate}},
		{"two terminals are two places, though the merchant is one",
			[]string{"30 t=T1 m=M"}, []string{"30 t=T2 m=M"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"the same merchant will do where a terminal is missing",
			[]string{"30 m=M r=1"}, []string{"30 t=T2 m=M r=2"}, []string{"suggested p1 c1 suggestion"}, nil},
		{"the same store will do where nothing better is said",
			[]string{"30 st=S"}, []string{"30 st=S t=T"}, []string{"suggested p1 c1 suggestion"}, nil},
		{"a tie is reported, not resolved",
			[]string{"30 t=T r=1"}, []string{"30 t=T r=2 at=1", "30 t=T r=3 at=-1"}, []string{"pos_only p1", "clearing_only c2", "clearing_only c1"}, []result.ReasonCode{result.ReasonTie, result.ReasonRivals, result.ReasonRivals}},
		{"the nearer of two candidates is the only best",
			[]string{"30 t=T r=1"}, []string{"30 t=T r=2 at=1", "30 t=T r=3 at=-2"}, []string{"clearing_only c2", "suggested p1 c1 suggestion"}, nil},
		{"one digit of the reference wrong, the clock off by hours",
			[]string{"30 t=T r=123450000017 card=1111"}, []string{"30 t=U r=123450000018 at=480 card=1111", "30 t=U r=999950000018 at=470"}, []string{"clearing_only c2", "suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonNoCandidate, result.ReasonNumberDiffers}},
		{"a digit too few", []string{"30 o=1234567"}, []string{"30 o=123567 at=90"}, []string{"suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonNumberDiffers}},
		{"a hash, a dash, the case", []string{"30 o=#1001", "31 o=so-7", "32 o=SO-8"}, []string{"32 o=so8", "30 o=1001", "31 o=SO-7"},
			[]string{"suggested p1 c2 suggestion", "suggested p2 c3 suggestion", "suggested p3 c1 suggestion"}, nil},
		{"two candidates by number are none", []string{"30 o=1234567"}, []string{"30 o=1234568", "30 o=1234569 at=1"}, []string{"pos_only p1", "clearing_only c1", "clearing_only c2"}, nil},
		{"a number of five characters differs", []string{"30 o=12345"}, []string{"30 o=12346"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"another amount is no typing error of the number", []string{"30 o=1234567"}, []string{"31 o=1234568"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"nor another card", []string{"30 o=1234567 card=1111"}, []string{"30 o=1234568 card=2222"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"nor more than key_days", []string{"30 o=1234567"}, []string{"30 o=1234568 at=5d day=5"}, []string{"pos_only p1 no_file", "clearing_only c1"}, nil},
		{"two digits of the amount swapped", []string{"45.10 t=T r=1"}, []string{"54.10 t=T r=2 at=5"}, []string{"suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonDigitsSwapped}},
		{"swapped at another terminal is nothing", []string{"45.10 t=T r=1"}, []string{"54.10 t=U r=2 at=5"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"swapped beyond the window is nothing", []string{"45.10 t=T r=1"}, []string{"54.10 t=T r=2 at=11"}, []string{"pos_only p1", "clearing_only c1"}, nil},
		{"lost leading zeros are a suggestion, never a match",
			[]string{"30 o=00123 at=0"}, []string{"30 o=123 at=60"}, []string{"suggested p1 c1 suggestion"}, []result.ReasonCode{result.ReasonLeadingZeros}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			res := runRows(t, c.pos, c.clearing, Options{AsOf: day0 + 5})
			got := shorts(res)
			if want := slices.Clone(c.want); !slices.Equal(got, want) {
				t.Fatalf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
			}
			for i, why := range c.reasons {
				if res.Groups[i].Reason.Code != why {
					t.Errorf("%s: reason %d, want %d", got[i], res.Groups[i].Reason.Code, why)
				}
			}
		})
	}
}

// runRows runs described rows; every clearing row belongs to day0 unless it
// says another day.
func runRows(t testing.TB, pos, clearing []string, opt Options) *result.Result {
	t.Helper()
	var p, c []record.Row
	for _, d := range pos {
		p = append(p, rowOf(d))
	}
	for _, d := range clearing {
		r := rowOf(d)
		if r.ClearingDate == 0 {
			r.ClearingDate = day0
		}
		c = append(c, r)
	}
	opt.All = true
	return mustRun(t, p, c, opt)
}

// TestEvidence names the candidate and the distance that an open row's reason gives.
func TestEvidence(t *testing.T) {
	for _, c := range []struct {
		rule          string
		pos, clearing []string
		want          result.Reason // of the first POS row
	}{
		{"a tie counts the candidates", []string{"30 t=T r=1"}, []string{"30 t=T r=2 at=1", "30 t=T r=3 at=-1", "30 t=T r=4 at=1"},
			result.Reason{Code: result.ReasonTie, N: 3, Other: 200, HasOther: true}},
		{"each of two rows that fit one candidate is told of it", []string{"30 t=T r=1 at=1", "30 t=T r=2 at=-1"}, []string{"30 t=T r=3"},
			result.Reason{Code: result.ReasonRivals, N: 2, Other: 100, HasOther: true}},
		{"the row that lost to a nearer one is told so", []string{"30 t=T r=1 at=5", "30 t=T r=2 at=1"}, []string{"30 t=T r=3"},
			result.Reason{Code: result.ReasonNearerRival, Other: 100, HasOther: true}},
		{"the same key days away", []string{"30 t=T r=1"}, []string{"30 t=T r=1 at=9d", "30 t=T r=9 at=40"},
			result.Reason{Code: result.ReasonKeyDays, N: 9, Other: 100, HasOther: true}},
		{"the nearest in time", []string{"30 t=T r=1"}, []string{"30 t=T r=2 at=40", "30 t=T r=3 at=-30"},
			result.Reason{Code: result.ReasonOtherTime, Seconds: 1800, Other: 200, HasOther: true}},
		{"another amount, clearing less sold", []string{"30 t=T r=1"}, []string{"28 t=T r=2 at=1"},
			result.Reason{Code: result.ReasonOtherAmount, Amount: -200, Other: 100, HasOther: true}},
	} {
		t.Run(c.rule, func(t *testing.T) {
			res := runRows(t, c.pos, c.clearing, Options{AsOf: day0 + 5})
			i := slices.IndexFunc(res.Groups, func(g result.Group) bool { return slices.Contains(g.Pos, 100) })
			c.want.OtherSide = record.SideClearing
			if got := res.Groups[i].Reason; got != c.want {
				t.Fatalf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestInTransitAndMissingFiles(t *testing.T) {
	late := fmt.Sprintf("at=%d", 11*60+30) // 23:30
	for _, c := range []struct {
		rule          string
		pos, clearing []string
		asOf          record.Date
		want          string
		why           result.ReasonCode
	}{
		{"sold today, today's file is not due yet", []string{"30 o=A"}, []string{"9 o=Z day=-1"}, day0, "in_transit p1", result.ReasonFileNotDue},
		{"sold after the cut-off belongs to tomorrow's file", []string{"30 o=A " + late}, []string{"9 o=Z day=0"}, day0, "in_transit p1", result.ReasonAfterCutoff},
		{"a QR sale after the card cut-off belongs to today's", []string{"30 o=A qr " + late}, []string{"9 o=Z day=0"}, day0, "pos_only p1", result.ReasonNoCandidate},
		{"today's file came early and lacks the sale", []string{"30 o=A"}, []string{"9 o=Z day=0"}, day0, "pos_only p1", result.ReasonNoCandidate},
		{"a later file came", []string{"30 o=A"}, []string{"9 o=Z day=1"}, day0, "pos_only p1", result.ReasonNoCandidate},
		{"yesterday's file never came", []string{"30 o=A at=-1d"}, []string{"9 o=Z day=-2"}, day0, "pos_only p1 no_file", result.ReasonNoFile},
		{"another merchant's file does not count", []string{"30 o=A t=T1"}, []string{"9 o=Z t=T1 m=M1 day=-1", "9 o=Y t=T2 m=M2 day=0"}, day0, "in_transit p1", result.ReasonFileNotDue},
		{"another merchant's file does not excuse", []string{"30 o=A t=T1 at=-1d"}, []string{"9 o=Z t=T1 m=M1 day=-2", "9 o=Y t=T2 m=M2 day=-1"}, day0, "pos_only p1 no_file", result.ReasonNoFile},
		{"a terminal of two merchants says nothing", []string{"30 o=A t=T1"}, []string{"9 o=Z t=T1 m=M1 day=-1", "9 o=Y t=T1 m=M2 day=0"}, day0, "pos_only p1", result.ReasonOtherAmount},
		{"the shop's own merchant number counts where no terminal tells", []string{"30 o=A m=M1"}, []string{"9 o=Z m=M1 day=-1", "9 o=Y m=M2 day=0"}, day0, "in_transit p1", result.ReasonFileNotDue},
	} {
		t.Run(c.rule, func(t *testing.T) {
			res := runRows(t, c.pos, c.clearing, Options{AsOf: c.asOf})
			i := slices.IndexFunc(res.Groups, func(g result.Group) bool { return len(g.Pos) > 0 })
			if got := short(&res.Groups[i]); got != c.want || res.Groups[i].Reason.Code != c.why {
				t.Fatalf("got %s, reason %d; want %s, %d", got, res.Groups[i].Reason.Code, c.want, c.why)
			}
		})
	}
}

func TestOneSideAlone(t *testing.T) {
	rows := []record.Row{rowOf("30 o=A"), rowOf("-30 o=B k=refund")}
	for _, c := range []struct {
		pos, clearing Source
		want          result.Match
	}{{newMemory(rows), nil, result.PosOnly}, {nil, newMemory(rows), result.ClearingOnly}, {nil, nil, result.Matched}} {
		res, err := Run(context.Background(), c.pos, c.clearing, nil, Options{AsOf: day0 + 5})
		if err != nil || !res.Proof.Balanced {
			t.Fatal(err, res)
		}
		for i := range res.Groups {
			if res.Groups[i].Match != c.want {
				t.Errorf("%s", short(&res.Groups[i]))
			}
		}
	}
}

// content is a row without its position.
func content(m *memory, p record.Pos) string {
	r := m.rows[p/100-1]
	r.Pos = 0
	return fmt.Sprintf("%v", r)
}

// contents are a result's groups with rows in place of positions.
func contents(res *result.Result, pos, clearing *memory) []string {
	var out []string
	for i := range res.Groups {
		g := res.Groups[i]
		s := fmt.Sprint(g.Match, g.Timing, g.KeyType, g.Flags, g.DaysLate, g.PosAmount, g.ClearingAmount, g.DueDate, g.CreditedDate,
			g.Credited, g.HasCredited, g.Settlement, g.Reason.Code, g.Reason.N, g.Reason.Amount, g.Reason.Seconds, g.Reason.Day)
		var p, c []string
		for _, at := range g.Pos {
			p = append(p, content(pos, at))
		}
		for _, at := range g.Clearing {
			c = append(c, content(clearing, at))
		}
		slices.Sort(p)
		slices.Sort(c)
		out = append(out, s+strings.Join(p, ";")+"|"+strings.Join(c, ";"))
	}
	return out
}

func TestOrderOfRowsAndPlanDoNotMatter(t *testing.T) {
	temp := tempFiles(t)
	seeds(t, 150, func(t *testing.T, rng *rand.Rand) {
		pos, clearing := randomDay(rng)
		bank := randomBank(rng, clearing)
		opt := Options{AsOf: day0 + record.Date(rng.IntN(8)), All: rng.IntN(2) == 0, Contracts: randomContracts(rng)}
		var first []string
		var totals result.Result
		for i := range 4 {
			a, b, c := newMemory(pos), newMemory(clearing), newMemory(bank)
			res, err := Run(context.Background(), a, b, c, planOptions(rng, opt, temp))
			if err != nil || !res.Proof.Balanced {
				t.Fatal(err, res.Proof.Failure)
			}
			got := contents(res, a, b)
			sum := result.Result{Match: res.Match, Timing: res.Timing, Flags: res.Flags, Trend: res.Trend, Owed: res.Owed, Fees: res.Fees, Warnings: res.Warnings}
			for _, s := range res.Settlements {
				s.Held, s.CreditSources = nil, nil // positions
				sum.Settlements = append(sum.Settlements, s)
			}
			if i == 0 {
				first, totals = got, sum
			} else if !slices.Equal(got, first) {
				t.Fatalf("run %d differs:\n%s\n\n%s", i, only(got, first), only(first, got))
			} else if !reflect.DeepEqual(sum, totals) {
				t.Fatalf("totals differ:\n%+v\n%+v", sum, totals)
			}
			rng.Shuffle(len(bank), func(i, j int) { bank[i], bank[j] = bank[j], bank[i] })
			rng.Shuffle(len(pos), func(i, j int) { pos[i], pos[j] = pos[j], pos[i] })
			rng.Shuffle(len(clearing), func(i, j int) { clearing[i], clearing[j] = clearing[j], clearing[i] })
		}
	})
}

func TestQuietGroupsAreOnlyCounted(t *testing.T) {
	seeds(t, 150, func(t *testing.T, rng *rand.Rand) {
		pos, clearing := randomDay(rng)
		run := func(all bool) *result.Result {
			res, err := Run(context.Background(), newMemory(pos), newMemory(clearing), nil, Options{AsOf: day0 + 5, All: all})
			if err != nil || !res.Proof.Balanced {
				t.Fatal(err, res)
			}
			return res
		}
		all, some := run(true), run(false)
		if !reflect.DeepEqual(all.Match, some.Match) || !reflect.DeepEqual(all.Timing, some.Timing) || all.Flags != some.Flags {
			t.Fatalf("totals differ: %v %v, flags %v %v", all.Match, some.Match, all.Flags, some.Flags)
		}
		want := slices.DeleteFunc(slices.Clone(all.Groups), func(g result.Group) bool {
			// A provisional date is of interest while its money is awaited.
			flags := g.Flags
			if g.Timing != result.PendingTiming {
				flags &^= result.Provisional
			}
			return g.Match == result.Matched && flags == 0 && g.Timing != result.Late && g.Timing != result.Overdue
		})
		if !reflect.DeepEqual(some.Groups, want) {
			t.Fatalf("listed %d, want %d", len(some.Groups), len(want))
		}
	})
}

func TestConservation(t *testing.T) {
	seeds(t, 150, func(t *testing.T, rng *rand.Rand) {
		pos, clearing := randomDay(rng)
		a, b := newMemory(pos), newMemory(clearing)
		res, err := Run(context.Background(), a, b, nil, Options{AsOf: day0, All: true})
		if err != nil {
			t.Fatal(err)
		}
		for sd, m := range [2]*memory{a, b} {
			seen := map[record.Pos]int{}
			for i := range res.Groups {
				g := &res.Groups[i]
				ps, amount := g.Pos, g.PosAmount
				if sd == 1 {
					ps, amount = g.Clearing, g.ClearingAmount
				}
				for _, p := range ps {
					seen[p]++
					amount -= m.rows[p/100-1].Amount
				}
				if amount != 0 {
					t.Fatalf("%s: amounts do not add up", short(g))
				}
			}
			for i := range m.rows {
				if seen[m.rows[i].Pos] != 1 {
					t.Fatalf("row %d is in %d groups", i, seen[m.rows[i].Pos])
				}
			}
		}
	})
}

// TestProofNoticesPlantedBugs lets a run go wrong between the join and the
// result.
func TestProofNoticesPlantedBugs(t *testing.T) {
	day := func() (*run, error) {
		pos := []record.Row{rowOf("30 o=A"), rowOf("31 o=B"), rowOf("32 o=C"), rowOf("45 o=D")}
		clearing := []record.Row{rowOf("30 o=A day=0"), rowOf("31 o=B day=0"), rowOf("33 o=E day=0"), rowOf("45 o=D day=0"), rowOf("45 o=D day=0")}
		opt := Options{AsOf: day0 + 5}
		opt.setDefaults()
		r := newRun(opt, newMemory(pos), newMemory(clearing), nil)
		for _, step := range []func(context.Context) error{r.scanPos, r.scanClearing, r.classCodes, r.settle, r.joinKeys, r.readListed, r.readRest, r.decideRest} {
			if err := step(context.Background()); err != nil {
				return nil, err
			}
		}
		return r, nil
	}
	one := func(m result.Match, r *run) *draft {
		i := slices.IndexFunc(r.drafts, func(d draft) bool { return d.match == m })
		return &r.drafts[i]
	}
	for _, c := range []struct {
		bug  string
		want bool
		do   func(r *run)
	}{
		{"none", true, func(*run) {}},
		{"a group is dropped", false, func(r *run) { r.drafts = r.drafts[1:] }},
		{"a group is listed twice", false, func(r *run) { r.drafts = append(r.drafts, r.drafts[0]) }},
		{"a row is swapped for another of the same amount", false, func(r *run) {
			one(result.Duplicate, r).clr()[0].at = 400
		}},
		{"a quiet pair is not counted", false, func(r *run) {
			for i := range r.quietSums {
				r.quietSums[i].groups = max(r.quietSums[i].groups-1, 0)
			}
		}},
		{"a quiet pair is counted twice", false, func(r *run) {
			for i := range r.quietSums {
				if r.quietSums[i].groups > 0 {
					r.quietSums[i].groups++
				}
			}
		}},
		{"an amount is off by a fen", false, func(r *run) { one(result.PosOnly, r).pos()[0].ap += 1 << 8 }},
	} {
		t.Run(c.bug, func(t *testing.T) {
			r, err := day()
			if err != nil {
				t.Fatal(err)
			}
			c.do(r)
			res, err := r.result()
			if err != nil {
				t.Fatal(err)
			}
			if res.Proof.Balanced != c.want {
				t.Fatalf("balanced %v: %s", res.Proof.Balanced, res.Proof.Failure)
			}
		})
	}
}

func TestCancelledRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	rows := []record.Row{rowOf("30 o=A")}
	if _, err := Run(ctx, newMemory(rows), newMemory(rows), nil, Options{AsOf: day0}); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v", err)
	}
}

func TestRepeatedSwipes(t *testing.T) {
	swipe := func(card string, at int) string {
		return fmt.Sprintf("30 o=%s%d t=T card=%s at=%ds", card, at, card, at)
	}
	for _, c := range []struct {
		rule string
		rows []string
		want []int // the flagged rows
	}{
		{"three within five minutes", []string{swipe("1111", 0), swipe("1111", 100), swipe("1111", 300)}, []int{1, 2, 3}},
		{"two are not enough", []string{swipe("1111", 0), swipe("1111", 100), swipe("2222", 200)}, nil},
		{"a second too late", []string{swipe("1111", 0), swipe("1111", 100), swipe("1111", 301)}, nil},
		{"a chain of near swipes", []string{swipe("1111", 0), swipe("1111", 200), swipe("1111", 300), swipe("1111", 450), swipe("1111", 900)}, []int{1, 2, 3, 4}},
		{"copies of one row count once, and share its flag", []string{swipe("1111", 0), swipe("1111", 0), swipe("1111", 100), swipe("1111", 100)}, nil},
		{"a copy beside three real swipes", []string{swipe("1111", 0), swipe("1111", 100), swipe("1111", 100), swipe("1111", 300)}, []int{1, 2, 3, 4}},
		{"two sales of one minute are two", []string{swipe("1111", 0), "30 o=X t=T card=1111 at=0s", "31 o=Y t=T card=1111 at=0s"}, []int{1, 2, 3}},
		{"what failed or was refunded is no swipe", []string{swipe("1111", 0) + " s=failed", swipe("1111", 100), swipe("1111", 200), "-" + swipe("1111", 201) + " k=refund"}, nil},
	} {
		t.Run(c.rule, func(t *testing.T) {
			for _, side := range []string{"pos", "clearing"} {
				pos, clearing := c.rows, []string{"9 o=Z"}
				if side == "clearing" {
					pos, clearing = clearing, pos
				}
				res := runRows(t, pos, clearing, Options{AsOf: day0 + 5, Workers: 3, chunkFacts: 1, partBits: 1})
				var got []int
				for i := range res.Groups {
					if g := &res.Groups[i]; g.Flags&result.RepeatSwipe != 0 {
						got = append(got, int(slices.Concat(g.Pos, g.Clearing)[0]/100))
					}
				}
				slices.Sort(got)
				if !slices.Equal(got, c.want) {
					t.Errorf("%s: flagged %v, want %v", side, got, c.want)
				}
			}
		})
	}
}
