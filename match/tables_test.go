package match

import "testing"

// Numbers that an export has guarded against spreadsheets are read as they are.
func TestTablesReadGuardedCells(t *testing.T) {
	table, err := readCSV("c.csv", "收单机构,商户号\n=\"0123\",=\"898523216288001\"\n拉卡拉,\"a,b\"\n")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		row, cell int
		want      string
	}{{1, 0, "0123"}, {1, 1, "898523216288001"}, {2, 1, "a,b"}} {
		if got := table.rows[c.row].cells[c.cell].text; got != c.want {
			t.Errorf("row %d cell %d is %q, want %q", c.row, c.cell, got, c.want)
		}
	}
}
