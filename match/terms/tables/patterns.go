package tables

import (
	"path/filepath"

	"github.com/duizhang/duizhang/match/terms"
)

// LoadPatterns reads a user's pattern file (TOML, see patterns.toml). The error
// is that of ParsePatterns, or says why the file cannot be read at all.
func LoadPatterns(path string) (*terms.Patterns, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	text, err := decodeText(name, data)
	if err != nil {
		return nil, err
	}
	return terms.ParsePatterns(name, text)
}
