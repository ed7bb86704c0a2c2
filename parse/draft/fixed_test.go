package draft

import (
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/text"
)

func TestDraftOfAFixedFormInUTF8(t *testing.T) {
	var b strings.Builder
	for _, name := range []string{"港湾咖啡馆", "茶馆      ", "Cafe      "} {
		b.WriteString("20260301103045 " + name + " 000000001000 A00000000001 822290000000001\n")
	}
	body := b.String()
	of := func(enc text.Encoding, content []byte) *DraftTable {
		return FindTable(layout.Sample{Name: "a.txt", File: "a.txt", Head: content, Tail: content, Size: int64(len(content)), Enc: enc})
	}
	gb, utf := of(text.GB18030, layout.EncodeGB18030(body)), of(text.UTF8, []byte(body))
	if gb == nil || utf == nil || len(gb.columns) != 5 || len(utf.columns) != 5 {
		t.Fatal(gb, utf)
	}
	for i := range gb.columns {
		if g, u := gb.columns[i], utf.columns[i]; g.start != u.start || g.len != u.len || !slices.Equal(g.values, u.values) {
			t.Errorf("column %d: %v, in UTF-8 %v", i, g, u)
		}
	}
}
