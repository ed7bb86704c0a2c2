package parse

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/duizhang/duizhang/parse/record"
)

// headerlessFixtures are the files of the corpus whose cells are found by place.
func headerlessFixtures(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, l := range builtin(t).List() {
		if !l.Sign.Headerless || l.Ignore {
			continue
		}
		files, _ := filepath.Glob(filepath.Join("testdata/layouts", l.Name, "*"))
		for _, f := range files {
			if !strings.HasSuffix(f, ".want") && !strings.HasPrefix(filepath.Base(f), "bad") {
				found[l.Name] = f
			}
		}
		if found[l.Name] == "" {
			t.Errorf("%s has no file in the corpus", l.Name)
		}
	}
	return found
}

// A row that is not as its layout has it is rejected wherever it stands: first,
// among the others, or a whole half of the file.
func TestLeadingRowsOfFilesWithoutHeaderAreRejectedNotDropped(t *testing.T) {
	for name, file := range headerlessFixtures(t) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: filepath.Base(file), asOf: record.Civil(2027, 3, 10)}
		whole := r.read(t, content)
		if whole.plan == nil || len(whole.rows) == 0 {
			t.Fatalf("%s: %v", name, texts(whole.problems))
		}
		lines := strings.SplitAfter(string(content), "\n")
		n, err := strconv.Atoi(whole.rows[0].Source)
		if err != nil {
			t.Fatal(err)
		}
		row := lines[n-1]
		broken := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return 'O'
			}
			return r
		}, row[:40]) + row[40:]
		for n := 1; n <= 3; n++ {
			for what, bad := range map[string]string{"letters for digits": broken, "cut": row[:20] + "\n"} {
				g := r.read(t, []byte(strings.Repeat(bad, n)+strings.Repeat(row, 3)))
				if g.plan == nil {
					continue // refused as a whole
				}
				if len(g.rows) != 3 || len(g.rejects) != n || g.rejects[0].Line != 1 {
					t.Errorf("%s: %d rows %s in front: %d accepted, %v", name, n, what, len(g.rows), texts(g.rejects))
				}
			}
		}
	}
}

func TestMerchantNumberOf14DigitsIsRejectedAnywhere(t *testing.T) {
	row := func(merchant, amount string) string {
		return fmt.Sprintf("20170612,20170611,235306,%s,53023115,%s,996,000705921129,S22,622262******4809,01020000,借记卡\n", merchant, amount)
	}
	good, short, letter := row("822290000000001", "1000"), row("82229000000001", "1000"), row("822290000000001", "1OOO")
	for what, c := range map[string]struct {
		text string
		bad  int
	}{
		"half of the file": {strings.Repeat(short, 30) + strings.Repeat(good, 30), 30},
		"in the middle":    {good + short + good, 1},
		"a letter first":   {letter + good, 1},
		"a letter amid":    {good + letter + good, 1},
		"quoted":           {`"` + strings.ReplaceAll(strings.TrimSpace(short), ",", `","`) + "\"\n" + good, 1},
	} {
		dir := writeFiles(t, map[string]string{"20170612.csv": c.text})
		in := openFiles(t, nil, dir, "20170612.csv")
		got := scanAll(t, in.Sets[record.SideClearing], 1)
		if f := in.Files[0]; int(f.Rejected) != c.bad || int(f.Accepted) != strings.Count(c.text, "\n")-c.bad {
			t.Errorf("%s: %d accepted, %d rejected (%v)", what, f.Accepted, f.Rejected, texts(f.Problems))
		}
		_ = got
	}
}

// A transaction is not taken for one of the records that a layout leaves out.
func TestRowsOfAnotherTableAreNoRecordsToSkip(t *testing.T) {
	for _, file := range []string{"testdata/layouts/leshua/8000001_trade_new_20260302.txt", "testdata/layouts/paypal-stl/STL-20260302.01.009.CSV"} {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := reading{name: filepath.Base(file), asOf: record.Civil(2026, 3, 10)}
		before := r.read(t, content)
		g := r.read(t, append(content, "\nA1,2026-03-01 10:00:00,消费,成功,5.00\n"...))
		if len(g.rejects) != len(before.rejects)+1 {
			t.Errorf("%s: %v", file, texts(g.rejects))
		}
	}
}
