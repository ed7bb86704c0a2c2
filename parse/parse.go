// Package parse turns files into records. A row of a file is a complete
// record, or a listed Reject, or counted as skipped (blank, title, trailer):
// nothing is lost and nothing unreadable becomes zero. It opens files, has them
// unpacked, recognised and read by the rooms below it, and keeps what they say.
package parse
