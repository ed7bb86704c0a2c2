// Package tables reads the terms from what clerks keep: CSV files and workbooks of
// contracts and calendars, and files of patterns.
package tables
