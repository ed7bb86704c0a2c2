package ledger

import (
	"reflect"
	"testing"

	"github.com/duizhang/duizhang/parse/record"

	"pgregory.net/rapid"
)

// What is packed comes back as it was, whatever it holds.
func TestPackedItemsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		it := Item{
			ID: rapid.String().Draw(t, "id"), Type: Credit, State: "ambiguous", Owed: -12345, FirstNight: 20000, Flags: 1 << 11,
			Reason: [2]string{rapid.String().Draw(t, "zh"), "en"}, Rejected: rapid.SliceOfN(rapid.Uint64(), 1, 3).Draw(t, "rejected"),
			Decision: Decision{Word: Hold, Note: rapid.String().Draw(t, "note"), On: 20001},
		}
		for range rapid.IntRange(0, 3).Draw(t, "rows") {
			var r Row
			r.Side, r.Digest, r.Ordinal = record.SideBank, rapid.Uint64().Draw(t, "digest"), 2
			r.Record.Amount, r.Record.Time, r.Record.HasFee = -1, record.Time(rapid.Int64().Draw(t, "time")), true
			r.Record.Text[record.Remark] = rapid.String().Draw(t, "remark")
			r.Record.Source = "a.csv:2"
			r.Origin = Origin{"a.csv:2", "abc", 19999}
			it.Rows = append(it.Rows, r)
		}
		body, err := pack(&it, codeItem)
		if err != nil {
			t.Fatal(err)
		}
		var back Item
		if err := unpack(body, &back, codeItem); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(it, back) {
			t.Fatalf("packed %+v\nback %+v", it, back)
		}
		c := codec{reading: true}
		if codeItem(&c, &back); c.err == nil {
			t.Fatal("nothing was taken for an item")
		}
	})
}
