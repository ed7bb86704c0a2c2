package report

import (
	"archive/zip"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// isOurs says that a file bears the mark of this program, so that a new report
// may take its place: a workbook whose properties name the program as the one
// that saved it last, a CSV that begins with the header of a result. An empty
// file is nobody's, and so is an .xlsx that is no workbook at all. Whatever else
// stands there is a person's: a report that was edited and saved by another
// application or got a password, or a table that happens to have the name.
func isOurs(name string) bool {
	info, err := os.Lstat(name)
	switch {
	case err != nil:
		return false
	case info.Mode()&os.ModeSymlink != 0:
		return true // the link is replaced, and what it leads to stays
	case !info.Mode().IsRegular():
		return false
	case info.Size() == 0:
		return true
	case strings.EqualFold(filepath.Ext(name), ".csv"):
		return hasOurHeader(name)
	}
	return !isWorkbook(name) || savedBy(name) == application
}

// isWorkbook says that a file begins as workbooks do: as a zip archive, or, with
// a password or of the old kind, as an OLE2 container.
func isWorkbook(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return true // nobody knows
	}
	defer f.Close()
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	return err == nil && (string(head) == "PK\x03\x04" || string(head) == "\xd0\xcf\x11\xe0")
}

// hasOurHeader looks for the header of one of the result files: that of this
// version, or one with fewer columns of an earlier one.
func hasOurHeader(name string) bool {
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, 4<<10)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF {
		return false
	}
	line, _, _ := strings.Cut(string(head[:n]), "\n")
	line, marked := strings.CutPrefix(strings.TrimSuffix(line, "\r"), bom)
	have := strings.Split(line, ",")
	for _, known := range ourHeads() {
		want := strings.Split(known, ",")
		if marked && len(have) >= min(len(want), leastColumns) && len(have) <= len(want) && slices.Equal(have, want[:len(have)]) {
			return true
		}
	}
	return false
}

// ourHeads are the headers of all result files, with a ledger and without.
func ourHeads() []string {
	heads := []string{closedHead, openHead}
	for name := range csvHeads {
		heads = append(heads, csvHead(name, true)) // one with fewer columns is ours too
	}
	return heads
}

// leastColumns is how many columns of a header speak for this program.
const leastColumns = 4

// IsReport says that a file is a workbook that this program made, whoever saved
// it last: programs keep the name of the first writer.
func IsReport(name string) bool {
	var core struct {
		Creator string `xml:"creator"`
	}
	return savedBy(name) == application || property(name, "docProps/core.xml", &core) && strings.HasPrefix(core.Creator, application+" ")
}

// savedBy is the application that a workbook's properties name; "" if there is
// none, or it is no workbook.
func savedBy(name string) string {
	var props struct {
		Application string `xml:"Application"`
	}
	if !property(name, "docProps/app.xml", &props) {
		return ""
	}
	return props.Application
}

// property reads a part of a workbook's properties.
func property(name, part string, into any) bool {
	z, err := zip.OpenReader(name)
	if err != nil {
		return false
	}
	defer z.Close()
	f, err := z.Open(part)
	if err != nil {
		return false
	}
	defer f.Close()
	return xml.NewDecoder(io.LimitReader(f, maxAppProps)).Decode(into) == nil
}

// maxAppProps bounds what is read of a workbook's properties.
const maxAppProps = 64 << 10
