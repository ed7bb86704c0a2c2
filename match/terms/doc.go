// Package terms is what a run is judged by: contracts and their rates, settlement
// cycles, the calendar of business days, how acquirers show on bank statements.
// It reads no files.
package terms
