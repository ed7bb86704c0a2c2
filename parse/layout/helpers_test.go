package layout

import "strings"

// acomnLine is one row of a UnionPay file, cut to its first 34 fields.
var acomnLine = func() string {
	b := []byte(strings.Repeat(" ", 300))
	for at, v := range map[int]string{0: "48379219", 12: "00049992", 24: "747302", 31: "0301162152", 42: "622262******4809", 62: "000000000100", 75: "000000000000", 88: " 00000000000",
		101: "0200", 106: "000000", 113: "5398", 118: "01080209", 127: "777290058160810", 143: "215228025551", 156: "00", 159: "028658", 166: "00049992", 185: "00", 188: "012"} {
		copy(b[at:], v)
	}
	return string(b)
}()
