package layout

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"
)

const acomaFixture = "../testdata/layouts/unionpay-acoma/IND27010101ACOMA"

// A fixed form that somebody saved as UTF-8 is read as it was made, or not at
// all: longer names move whatever stands behind them.
func TestFixedFormsSavedAsUTF8(t *testing.T) {
	made, err := os.ReadFile(acomaFixture)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(made), "\n")
	const name = "Harbour Cafe Beijing" // 20 bytes
	at := strings.Index(line, name)
	read := func(enc text.Encoding, lines ...string) *got {
		content := []byte(strings.Join(lines, "\n") + "\n")
		if enc == text.GB18030 {
			content = EncodeGB18030(string(content))
		}
		return reading{name: "IND27010101ACOMA", enc: enc, side: record.SideClearing}.read(t, content)
	}
	for _, other := range []string{"港湾咖啡馆北京朝阳店", "港湾咖啡馆北京𠮷ab"} {
		named := strings.Replace(line, name, other, 1)
		want := []string{"sale ok 2026-12-31 23:15:00 100.00 fee=0.60 clearing_date=2027-01-01 channel=qr acquirer=银联 merchant_id=822290000000001 store=" + other +
			" terminal_id=01080209 trace_no=000001 ref_no=000000000001 auth_code=028658 order_no=ORDER0001 card_tail=622262****4809"}
		for _, enc := range []text.Encoding{text.GB18030, text.UTF8} {
			read(enc, named).want(t, "unionpay-acoma", 0, want)
		}
		for what, bad := range map[string]string{
			"filled up by characters":       strings.Replace(line, name+strings.Repeat(" ", 10), other+strings.Repeat(" ", 20), 1),
			"a character of the name lost":  strings.Replace(named, "港", "\uFFFD", 1),
			"a byte lost":                   named[:150] + named[151:],
			"a byte lost behind the name":   strings.Replace(line, name+"   ", name+"  ", 1),
			"a byte too much":               line[:at+391-336] + " " + line[at+391-336:],
			"half a character at the place": strings.Replace(line, "    "+name, "   港"+name[1:], 1),
		} {
			if !slices.Equal([]int{len(read(text.UTF8, named, bad, named).rejects)}, []int{1}) {
				t.Errorf("%s: not rejected", what)
			}
		}
	}
}
