// Package layout knows the forms of files: layouts are data (TOML), a document is
// recognised by them, and its cells are bound to the fields of a row.
package layout
