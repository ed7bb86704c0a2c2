package parse

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/duizhang/duizhang/parse/layout"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/parse/text"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const scanRows = 400_000

// benchText is an export of 14 columns, about 140 bytes a row.
func benchText(rows int, quoted bool) string {
	var t strings.Builder
	t.WriteString("门店,终端号,小票号,交易时间,参考号,凭证号,批次号,卡号,支付方式,交易类型,状态,收银员,备注,金额(元)\n")
	for i := range rows {
		store := "人民路店"
		if i%50 == 0 {
			store = `"人民路店,二楼"`
		}
		row := fmt.Sprintf("%s,%08d,DD%014d,2026-03-%02d %02d:%02d:%02d,%012d,%06d,%06d,622202******%04d,借记卡,消费,成功,%03d,,%d.%02d",
			store, 10000000+i%300, i*7919, i%28+1, i%24, i%60, (i*7)%60, i*104729, i%1000000, i%999, i%10000, i%100, i%5000+1, i%100)
		if quoted {
			row = `"` + strings.ReplaceAll(strings.ReplaceAll(row, `"`, ""), ",", `","`) + `"`
			row = strings.Replace(row, `店","二楼`, `店,二楼`, 1)
		}
		t.WriteString(row + "\n")
	}
	return t.String()
}

func inGBK(b *testing.B, text string) string {
	out, err := simplifiedchinese.GBK.NewEncoder().String(text)
	if err != nil {
		b.Fatal(err)
	}
	return out
}

func benchSet(b *testing.B, text string) *Set {
	in := openFiles(b, nil, writeFiles(b, map[string]string{"a.csv": text}), "a.csv")
	if !in.Files[0].Used {
		b.Fatal(in.Files[0].Problems)
	}
	return in.Sets[record.SidePos]
}

// BenchmarkScan is the whole scan of a file without a matcher.
func BenchmarkScan(b *testing.B) {
	text := benchText(scanRows, false)
	for _, c := range []struct {
		name string
		text string
	}{{"utf8", text}, {"gbk", inGBK(b, text)}, {"quoted", benchText(scanRows, true)}} {
		s := benchSet(b, c.text)
		for _, workers := range []int{1, 2} {
			for _, digest := range []bool{true, false} {
				b.Run(fmt.Sprintf("%s/workers=%d/digest=%v", c.name, workers, digest), func(b *testing.B) {
					b.SetBytes(s.docs[0].src.Size())
					var m0, m1 runtime.MemStats
					runtime.ReadMemStats(&m0)
					for b.Loop() {
						if digest {
							s.docs[0].claimed, s.docs[0].index = false, nil
						}
						if err := s.Scan(context.Background(), workers, record.FieldSet(0).With(record.OrderNo), nil); err != nil {
							b.Fatal(err)
						}
					}
					runtime.ReadMemStats(&m1)
					rows := float64(b.N) * scanRows
					b.ReportMetric(float64(b.Elapsed().Nanoseconds())/rows, "ns/row")
					b.ReportMetric(float64(m1.Mallocs-m0.Mallocs)/rows, "allocs/row")
				})
			}
		}
	}
}

// BenchmarkChunk takes the steps of one chunk apart. It reports the best of its
// runs: on a busy machine that says more than their mean.
func BenchmarkChunk(b *testing.B) {
	text := benchText(3000, false)
	for _, c := range []struct {
		name string
		text string
	}{{"utf8", text}, {"gbk", inGBK(b, text)}, {"quoted", benchText(3000, true)}} {
		s := benchSet(b, c.text)
		for _, upto := range []string{"load", "index", "resolve", "check", "cut", "bind", "bind-all"} {
			b.Run(c.name+"/"+upto, func(b *testing.B) { benchChunk(b, s, upto) })
		}
	}
}

// benchChunk does everything up to and including a step.
func benchChunk(b *testing.B, s *Set, upto string) {
	d := s.docs[0]
	var sp text.Splitter
	var raw text.Record
	var row record.Row
	sp.Use(d.src, d.plan.DataEnd, d.d)
	bd := d.plan.NewBinder()
	from, to := d.chunk(0)
	best, rows := time.Hour, 0
	need := record.FieldSet(0).With(record.OrderNo, record.TerminalID, record.RefNo)
	if upto == "bind-all" {
		need = record.AllFields
	}
	run := func() {
		if err := sp.Load(from, int(to-from)); err != nil {
			b.Fatal(err)
		}
		if upto == "load" {
			return
		}
		sp.Index(int(to - from))
		if upto == "index" {
			return
		}
		if _, err := sp.Resolve(from, to); err != nil {
			b.Fatal(err)
		}
		if upto == "resolve" {
			return
		}
		if checks := sp.Doubtful(d.plan.Enc); checks&^text.CheckMixed != 0 {
			b.Fatal("odd text")
		}
		if upto == "check" {
			return
		}
		rows = 0
		for {
			bad, _, ok := sp.Cut(&raw)
			if !ok {
				return
			}
			if bad != text.FaultNone {
				b.Fatal(bad)
			}
			rows++
			if upto == "cut" {
				continue
			}
			if v, p := bd.Bind(&raw, &row, need); v != layout.Accepted {
				b.Fatal(p)
			}
		}
	}
	for b.Loop() {
		begin := time.Now()
		run()
		best = min(best, time.Since(begin))
	}
	if rows == 0 {
		rows = int(to-from) * 3000 / int(d.src.Size())
	}
	b.ReportMetric(float64(best.Nanoseconds())/float64(rows), "best-ns/row")
	b.ReportMetric(0, "ns/op")
}
