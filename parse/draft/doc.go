// Package draft proposes a layout for a table that none fits, by the names in its
// header and by its values.
package draft
