package text

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestUTF8WithinGBKIsToldByItsWords(t *testing.T) {
	for _, line := range []string{"微信", "A1,微信,成功,5.00", "支付宝", "消费", "中国银联·商户", "收款￥5.00 微信", "𠮷野家", "门店：一店"} {
		if b := []byte(line); ValidGB18030(b) && !looksUTF8(b) {
			t.Errorf("%s is not told", line)
		}
	}
	// The third is valid UTF-8 of Chinese, and a name as well.
	for _, line := range []string{"联通", "A1,联通,5.00", "联 联通", "镕", "朱镕基", "喆", "堃", "淼淼", "￥５．００", "①", "•"} {
		if looksUTF8(gbk(line)) {
			t.Errorf("%s in GBK is taken for UTF-8", line)
		}
	}
}

// usualWords are words that our files are made of.
var usualWords = []string{"消费", "撤销", "退货", "微信", "支付宝", "云闪付", "银联商务", "刷卡", "成功", "失败", "借记卡", "贷记卡", "一店", "旗舰店", "拉卡拉支付股份有限公司", "工商银行", "中国银行", "备注", "张", "李娜", "北京市朝阳区"}

func TestLinesOfGBKAndUTF8AreNotMixedUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		words := rapid.SliceOfN(rapid.SampledFrom(usualWords), 1, 6).Draw(t, "words")
		glue := rapid.SampledFrom([]string{",", "|", " ", ";", "A1,", ",5.00,"}).Draw(t, "glue")
		line := "A1" + glue + strings.Join(words, glue) + "\r"
		if b := []byte(line); ValidGB18030(b) && !looksUTF8(b) {
			t.Fatalf("%q is not told", line)
		}
		if looksUTF8(gbk(line)) {
			t.Fatalf("%q in GBK is taken for UTF-8", line)
		}
	})
	// Any text of GB2312, however odd, if it is short.
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		for range rapid.IntRange(1, 3).Draw(t, "characters") {
			b = append(b, byte(rapid.IntRange(0xB0, 0xF7).Draw(t, "row")), byte(rapid.IntRange(0xA1, 0xFE).Draw(t, "cell")))
		}
		if looksUTF8(b) {
			t.Fatalf("% X is taken for UTF-8", b)
		}
	})
}

func BenchmarkLooksUTF8(b *testing.B) {
	line := gbk("898310000000001,10000001,2026-03-01 10:00:00,消费,260301000001,ORD000000000001,12.34,622262******4809,微信,成功,北京旗舰店")
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if looksUTF8(line) {
			b.Fatal()
		}
	}
}
