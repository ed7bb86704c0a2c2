package main

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"fmt"
	"html"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/problem"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// testCards are nobody's: prefixes of test cards, made-up digits, right check
// digits.
var testCards = []string{"6222020000111122222", "4111111111111111", "5500005555555559"}

// spell writes a card number as people and programs do: at one go or in groups,
// in either width, with the same or changing separators.
func spell(r *rand.Rand, card string, key bool) string {
	n := 8
	if key {
		n = 5 // at one go it may be a key
	}
	seps := []string{" ", "\u3000", "\u00A0", "-", ".", "_", "·", "  ", " - ", "．", "/", "–"}
	sep := seps[r.IntN(len(seps))]
	switch r.IntN(n) {
	case 0:
		return inGroups(card, func(int) string { return sep })
	case 1: // another separator each time
		return inGroups(card, func(int) string { return seps[r.IntN(len(seps))] })
	case 2:
		return fullWidth(inGroups(card, func(int) string { return sep }))
	case 3:
		return inThousands(card)
	case 4:
		return inGroups(card, func(int) string { return sep + "\u200B" })
	case 5:
		return card
	case 6:
		return fullWidth(card)
	}
	return strings.Join(strings.Split(card, ""), "\u200B")
}

func inGroups(s string, sep func(int) string) string {
	var b strings.Builder
	for i := 0; i < len(s); i += 4 {
		if i > 0 {
			b.WriteString(sep(i))
		}
		b.WriteString(s[i:min(i+4, len(s))])
	}
	return b.String()
}

func inThousands(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func fullWidth(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r + 0xFEE0
		}
		return r
	}, s)
}

// showsCard says whether a text shows a card number, whatever is between its
// digits that may be between a card's.
func showsCard(s, card string) bool {
	return strings.Contains(strings.Map(func(r rune) rune {
		if r = problem.Narrow(r); r == ',' || problem.IsCardGap(r) || problem.Invisible(r) {
			return -1
		}
		return r
	}, s), card)
}

// A table as files hold it: the header and the rows.
type grid [][]string

func gridOf(text string) grid {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		panic(err)
	}
	return rows
}

func (g grid) csv() []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.WriteAll(g)
	return b.Bytes()
}

// cardContainers write a table as a file; sheet is what a sheet, or an entry of
// an archive, is called.
var cardContainers = map[string]func(t *testing.T, g grid, sheet string) []byte{
	"csv": func(_ *testing.T, g grid, _ string) []byte { return g.csv() },
	"txt": func(t *testing.T, g grid, _ string) []byte {
		out, err := simplifiedchinese.GB18030.NewEncoder().Bytes(g.csv())
		if err != nil {
			t.Fatal(err)
		}
		return out
	},
	"zip": func(t *testing.T, g grid, sheet string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		f, err := w.Create(strings.ReplaceAll(sheet, "/", " ") + ".csv")
		if err == nil {
			_, err = f.Write(g.csv())
		}
		if err != nil || w.Close() != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	},
	"xls": func(_ *testing.T, g grid, _ string) []byte { // as web pages of banks are called
		var b strings.Builder
		b.WriteString("<html><head><meta charset=\"utf-8\"></head><body><table>")
		for _, row := range g {
			b.WriteString("<tr>")
			for _, c := range row {
				b.WriteString("<td>" + html.EscapeString(c) + "</td>")
			}
			b.WriteString("</tr>")
		}
		b.WriteString("</table></body></html>")
		return []byte(b.String())
	},
	"xlsx": func(t *testing.T, g grid, sheet string) []byte {
		x := excelize.NewFile()
		defer x.Close()
		if err := x.SetSheetName("Sheet1", strings.NewReplacer("/", " ").Replace(sheet)); err != nil {
			t.Fatal(err)
		}
		name := x.GetSheetName(0)
		for i, row := range g {
			for j, c := range row {
				at, _ := excelize.CoordinatesToCellName(j+1, i+1)
				if err := x.SetCellStr(name, at, c); err != nil {
					t.Fatal(err)
				}
			}
		}
		b, err := x.WriteToBuffer()
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	},
}

// keyColumns hold numbers that may have any digits.
var keyColumns = []string{"终端号", "订单号", "商户号", "批次号", "凭证号", "参考号"}

const cardContracts = "收单机构,商户号,结算周期,切点,借记卡费率,借记卡封顶,贷记卡费率,扫码费率,结算账户,生效日,失效日\n拉卡拉,822290000000001,T+1,23:00:00,0.5%,20,0.6%,0.38%,6222 0200 0011 1122 222,,\n"

// A card number in any cell, header, name of a sheet, an entry or a file, or in
// a contract, however it is spelt and whatever the file is, is in nothing that a
// run gives out: workbook, CSVs, JSON, terminal, ledger, names. CARDS says how
// many runs are tried.
func TestACardNumberGetsOutNowhere(t *testing.T) {
	runs := 16
	if n, err := strconv.Atoi(os.Getenv("CARDS")); err == nil {
		runs = n
	}
	names := make([]string, 0, len(cardContainers))
	for name := range cardContainers {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := range runs {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		card := testCards[r.IntN(len(testCards))]
		dir, tmp := t.TempDir(), t.TempDir()
		t.Setenv("TMPDIR", tmp)
		var planted []string
		args := []string{"run", "--lang", []string{"zh", "en"}[r.IntN(2)], "--all", "--as-of", "2026-01-09",
			"--csv", filepath.Join(dir, "out"), "--out", filepath.Join(dir, "out", "r.xlsx"), "--ledger", filepath.Join(dir, "out", "ledger.db")}
		if err := os.Mkdir(filepath.Join(dir, "out"), 0o700); err != nil {
			t.Fatal(err)
		}
		for _, side := range sideNames {
			g := gridOf(goodFiles[side])
			g[0] = append(g[0], "备注2")
			for k := range g[1:] {
				g[k+1] = append(g[k+1], "x")
			}
			for range 1 + r.IntN(3) {
				row, column := r.IntN(len(g)), r.IntN(len(g[0]))
				if row == 0 {
					column = len(g[0]) - 1 // a header that is no word of the layout
				}
				s := spell(r, card, slices.Contains(keyColumns, g[0][column]))
				if r.IntN(3) == 0 {
					s = "卡" + s + "，"
				}
				g[row][column] = s
				planted = append(planted, fmt.Sprintf("%s %d/%d %q", side, row, column, s))
			}
			form := names[r.IntN(len(names))]
			plain := func(s string) string { return strings.NewReplacer("/", " ", ",", "").Replace(s) }
			sheet, base := "表"+plain(spell(r, card, false)), side
			if len([]rune(sheet)) > 31 {
				sheet = "表" + card
			}
			if r.IntN(3) == 0 {
				base = side + "_" + plain(spell(r, card, false))
			}
			path := filepath.Join(dir, base+"."+form)
			if err := os.WriteFile(path, cardContainers[form](t, g, sheet), 0o600); err != nil {
				t.Fatal(err)
			}
			planted = append(planted, path, sheet)
			args = append(args, "--"+side, path)
		}
		contracts := filepath.Join(dir, "合同.csv")
		text := cardContracts
		if r.IntN(2) == 0 {
			text = strings.Replace(text, "T+1", `"`+spell(r, card, false)+`"`, 1)
		}
		if r.IntN(2) == 0 {
			text = strings.Replace(text, "6222 0200 0011 1122 222", `"`+spell(r, card, false)+`"`, 1)
		}
		if err := os.WriteFile(contracts, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if r.IntN(2) == 0 {
			args = append(args, "--contracts", contracts)
		}
		if r.IntN(2) == 0 {
			args = append(args, "--json")
		}
		if r.IntN(4) == 0 {
			args = append(args, "--pos", filepath.Join(dir, "没有"+spell(r, card, false)+".csv"))
		}
		var stdout, stderr bytes.Buffer
		code := guarded(t.Context(), args, testEnv(&stdout, &stderr))
		got := map[string]string{"stdout": stdout.String(), "stderr": stderr.String()}
		for _, path := range args {
			if strings.HasPrefix(path, dir) && !strings.Contains(path, "out") && there(path) {
				var stdout, stderr bytes.Buffer
				guarded(t.Context(), []string{"inspect", path}, testEnv(&stdout, &stderr))
				got["inspect "+path] = stdout.String() + stderr.String()
			}
		}
		given(t, filepath.Join(dir, "out"), got)
		given(t, tmp, got)
		for where, text := range got {
			for _, c := range append([]string{card}, testCards[0]) {
				if showsCard(text, c) {
					t.Errorf("run %d (status %d): %s shows a card: %s\nplanted %q", i, code, filepath.Base(where), around(text), planted)
				}
			}
		}
	}
}

// around are the places of a text that show a test card.
func around(text string) string {
	var all []string
	for l := range strings.SplitSeq(strings.ReplaceAll(text, "<c ", "\n<c "), "\n") {
		for _, c := range testCards {
			if showsCard(l, c) {
				all = append(all, fmt.Sprintf("%.300q", l))
			}
		}
	}
	return strings.Join(all[:min(len(all), 4)], "; ")
}

// given adds what a folder holds: names, contents, and what is in archives.
func given(t *testing.T, dir string, got map[string]string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		got[path] = e.Name() + "\n" + string(text)
		z, zerr := zip.NewReader(bytes.NewReader(text), int64(len(text)))
		if err != nil || zerr != nil {
			return err
		}
		for _, f := range z.File {
			in, err := f.Open()
			if err != nil {
				return err
			}
			part, err := io.ReadAll(in)
			if err != nil {
				return err
			}
			got[path+"/"+f.Name] = string(part)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
