package ledger

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
)

// Export writes a ledger as text, one JSON object a line: its nights, then its
// pages. Two ledgers are the same if their exports are; a copy between stores
// is checked so.
func Export(ctx context.Context, s Store, w io.Writer) error {
	b := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := s.Dump(ctx, func(n *Night) error {
		return enc.Encode(struct {
			Night           int64
			Day, Prev, Hash string
			Body            []byte
		}{n.Seq, dayText(n.Day), n.Prev.String(), n.Hash.String(), n.Body})
	}, func(p *Page) error {
		return enc.Encode(struct {
			Page         Kind
			Key          string
			Since, Until int64
			Hash         string
			Body         []byte
			Forgotten    bool `json:",omitempty"`
		}{p.Kind, p.Key, p.Since, p.Until, p.Hash.String(), p.Body, p.Forgotten})
	})
	if err != nil {
		return err
	}
	return b.Flush()
}
