package layout

import (
	"strings"
	"sync"

	"github.com/duizhang/duizhang/parse/record"
)

// A Layout says how one kind of file is laid out and what its columns mean. It
// is written in TOML, one file a layout, named after it. A key that is not
// described here is an error. Adding an acquirer's format takes no Go.
//
// A small complete one:
//
//	name = "shop-till"
//	title = "某收银系统 流水导出"
//	title_en = "some till's sales export"
//	side = "pos"
//	grade = "A"
//	source = "own export, 2026-03"
//
//	[detect]
//	columns = ["小票号", "收银机号"]
//
//	[format]
//	unit = "yuan"
//
//	[[column]]
//	as = "order_no"
//	names = ["小票号"]
//	required = true
//
//	[[column]]
//	as = "time"
//	names = ["销售时间"]
//	required = true
//
//	[[column]]
//	as = "amount"
//	names = ["实收金额", "金额"]
//	required = true
type Layout struct {
	// Name is what --layout takes and what reports show: lower case, digits
	// and hyphens, equal to the file's name without .toml.
	Name string `toml:"name"`
	// Title and TitleEN say in one line what the file is.
	Title   string `toml:"title"`
	TitleEN string `toml:"title_en"`
	// Side is pos, clearing or bank.
	Side string `toml:"side"`
	// Acquirer is the acquirer's name where no column names it.
	Acquirer string `toml:"acquirer"`
	// Source says where the layout is known from; Grade how well: A real rows,
	// B official documentation or two independent programs, C one third party,
	// D belief.
	Source string `toml:"source"`
	Grade  string `toml:"grade"`
	// Note is for the reader: quirks, what a real file has yet to confirm.
	Note string `toml:"note"`
	// Priority decides between layouts that fit one file: the higher one is
	// taken, two equal ones are refused by name. Layouts of one known file
	// have 50 (also where the key is absent); the generic ones less; a
	// variant that another layout would swallow has more.
	Priority int `toml:"priority"`
	// Explicit layouts are never detected, only used with --layout.
	Explicit bool `toml:"explicit"`
	// Ignore says that files of this layout carry no transactions (a summary):
	// they are recognised, named and not read.
	Ignore bool `toml:"ignore"`

	Detect  Detect        `toml:"detect"`
	Format  Format        `toml:"format"`
	Columns []Column      `toml:"column"`
	Require [][]string    `toml:"require"` // of each group at least one column is there (`as` names)
	Words   VocabTables   `toml:"words"`
	Rules   []Rule        `toml:"rule"`
	Skips   []Skip        `toml:"skip"`
	Extract []Extract     `toml:"extract"`
	Control []ControlRule `toml:"control"`
	// Identity says how the money of each row adds up, where it is not
	// net = amount - fee.
	Identity []IdentityRule `toml:"identity"`
	// Batch says which rows of a file add up to nothing.
	Batch *BatchRule `toml:"batch"`
	// FeesOf names the layouts whose transactions the rows of this one are the
	// fees of: orig_key is the transaction's trace number and its transmission
	// time (MMDDhhmmss). Given with a file of one of them, a fee is put on its
	// transaction.
	FeesOf []string `toml:"fees_of"`
	// Const fills fields that no column gives: text fields by their name
	// (currency = "USD", pay_method = "微信支付"), and kind, status, channel
	// (card, qr, other) and card_type (debit, credit).
	Const map[string]string `toml:"const"`

	text     string     // the TOML as loaded
	origin   string     // "built in" or the path
	Sign     *signature `toml:"-"`
	once     sync.Once  // of complete
	Compiled *compiled  // nil until complete
}

// Detect is how a file is recognised, beyond having the required columns.
type Detect struct {
	// File are regular expressions on the file's name (of an archive's entry:
	// the entry's), case-insensitive. A match prefers this layout among those
	// of equal priority, and makes a missing column an error instead of a
	// reason to try a less specific layout.
	File []string `toml:"file"`
	// FileRequired: without such a name it is not this layout.
	FileRequired bool `toml:"file_required"`
	// Columns are header names that must all be there and that nobody else
	// uses together: the layout's signature. Where a name is one of a column's
	// Names, any other of them does too. A file that has them but lacks a
	// required column is refused, naming the column.
	Columns []string `toml:"columns"`
	// NotColumns are header names that rule the layout out.
	NotColumns []string `toml:"not_columns"`
	// Telling are fields of columns that show whose file it is. Without one of
	// them the layout is not taken by itself, only where the side is given: an
	// acquirer's file has fees, nets or clearing days.
	Telling []string `toml:"telling"`
	// Unless are fields that other sides' files have as well: Telling is only
	// asked for where one of them is bound.
	Unless []string `toml:"unless"`
	// Unused are regular expressions on the names of sheets (of an archive:
	// entries) that stand beside the data in the same workbook, are known to
	// repeat or sum it up, and are not used: without that, money that nothing
	// reads is a problem.
	Unused []string `toml:"unused"`
	// Lines are regular expressions; each must match a line before the header
	// (headerless: one of the first lines).
	Lines []string `toml:"lines"`
	// Empty are regular expressions on the first line of a file that stands
	// for "no transactions that day".
	Empty []string `toml:"empty"`
}

// Format is the physical shape of a file.
type Format struct {
	// Form is delimited (the default; workbooks too), fixed (byte offsets in
	// the file's own encoding), ruler (widths from a line of dashes) or blanks
	// (cells separated by runs of blanks).
	Form string `toml:"form"`
	// Delimiters that the file may use, any of "," "\t" "|" ";" "^"; none given:
	// all of them. Workbooks always fit.
	Delimiters []string `toml:"delimiters"`
	// Quote says whether "…" protects delimiters; the default is true.
	Quote *bool `toml:"quote"`
	// Header is names (the default: columns are found by their header names
	// in the first lines) or none (columns are found by at or start and len).
	Header string `toml:"header"`
	// HeaderRows is how many rows the header may take; the default is 1. Of
	// several the lowest filled cell of a column is its name: groups stand
	// above (merged or repeated), and some names only in the first row, merged
	// down.
	HeaderRows int `toml:"header_rows"`
	// Line is a regular expression that every row of a headerless form
	// matches. A line that does not is rejected unless a skip rule takes it,
	// as that of a title that the layout knows; blank lines are none.
	Line string `toml:"line"`
	// Length is the full length in bytes of a fixed line: shorter ones are
	// read as if padded with blanks (transfers trim them). MinLength (default:
	// the end of the last required column) is the shortest that is taken,
	// MaxLength the longest: it tells forms that begin alike.
	Length    int `toml:"length"`
	MinLength int `toml:"min_length"`
	MaxLength int `toml:"max_length"`
	// Cells are the numbers of cells a headerless delimited row may have.
	Cells []int `toml:"cells"`
	// Unit is yuan or fen: what a bare number counts in amount columns whose
	// header does not say (元) or (分).
	Unit string `toml:"unit"`
	// HeaderUnit = "ignore" distrusts (元) and (分) in headers: only Unit counts.
	HeaderUnit string `toml:"header_unit"`
	// Absent are cell texts that mean "nothing" in every column.
	Absent []string `toml:"absent"`
	// Brackets takes [123] for 123 in identifiers.
	Brackets bool `toml:"brackets"`
	// FeeSign is amount (the default: a fee has the sign of its amount,
	// whatever the file prints, unless the net amount proves otherwise), cost
	// (as ours: positive is a cost), income (negative is a cost) or direction:
	// a column as = "fee_direction" says by its words whether it was taken.
	FeeSign string `toml:"fee_sign"`
	// ShortRows takes rows with fewer cells than the header; without it they
	// are rejected as cut (workbooks leave out empty cells, and may).
	ShortRows bool `toml:"short_rows"`
	// SkipBuiltin = false turns off the skipping of comments, rulers, totals
	// and repeated headers, which is on by default.
	SkipBuiltin *bool `toml:"skip_builtin"`
}

// Column binds one column of the file.
type Column struct {
	// As is a canonical field, or a name of the layout's own (lower case)
	// that rules, skips and controls can refer to.
	//
	// Text fields: acquirer merchant_id store terminal_id batch_no trace_no
	// ref_no auth_code order_no channel_no card_tail card_type pay_method
	// orig_key account payer remark currency. Words: kind status direction
	// channel. Times: time (a moment, a date or a time of day), date and clock
	// (its two halves in two columns), clearing_date settle_date
	// credited_date; zone, the clock that time, date and clock are of. Money: amount; or amount_in and amount_out (income and
	// expense, credit and debit); fee net credited.
	As string `toml:"as"`
	// Also are further fields that the same column fills.
	Also []string `toml:"also"`
	// Names are header names, the best first. Blanks, case, width, a unit in
	// brackets, an [English] tail and 帐/账 do not matter. Where one header
	// name could serve two columns, the one that lists it earlier gets it; of
	// two that list it at the same place, the earlier column.
	Names []string `toml:"names"`
	// More are further header names whose cells are appended to this free
	// text, a blank between (摘要, 用途, 附言 of a bank line).
	More []string `toml:"more"`
	// Or is another column, whose cell counts where this one says nothing.
	Or string `toml:"or"`
	// Add are further columns of the layout whose amounts, as printed, are added
	// to this one's: what was sold is 商品总价 + 打包费 + 商家活动补贴 (which is
	// negative). A name after a minus is taken off. An empty cell adds nothing.
	Add []string `toml:"add"`
	// At is the position (from 1) where there is no header.
	At int `toml:"at"`
	// Start (from 0) and Len are bytes of a fixed line.
	Start int `toml:"start"`
	Len   int `toml:"len"`
	// Required columns must be there, and for typed fields and amounts no
	// cell may be empty unless a rule sets the field otherwise.
	Required bool `toml:"required"`
	// Unit is yuan or fen for this column, stronger than Format.Unit; a header
	// that says otherwise refuses the file.
	Unit string `toml:"unit"`
	// Sign is cd where the number is preceded by C, D or a blank (X+n): D is
	// negative.
	Sign string `toml:"sign"`
	// Formats are the dates and times this column may hold, made of YYYY YY MM
	// DD hh mm ss (two digits), M D h (one or two) and anything else literally.
	// MMDDhhmmss and other formats without a year take it from an extract
	// named date or year, else from a title or the file's name, else the file's
	// last day has the latest year that is not after the as-of day and the
	// others follow. None given: the unambiguous common forms.
	Formats []string `toml:"formats"`
	// Zone is that of times that do not state one, nor does their header: an
	// offset, UTC, or a place of the IANA database; the default is that of
	// China. Days without a time stay as they are. A column as = "zone" names
	// it row by row.
	Zone string `toml:"zone"`
	// Absent are cell texts that mean "nothing" here.
	Absent []string `toml:"absent"`
	// ZeroAbsent takes a cell of zeros only for nothing.
	ZeroAbsent bool `toml:"zero_absent"`
	// Prefix are texts that may stand before an amount, as "$".
	Prefix []string `toml:"prefix"`
	// WithCurrency: the amount is preceded by its ISO code, which becomes the
	// row's currency ("CNY 123.18").
	WithCurrency bool `toml:"with_currency"`
	// Match is a regular expression; its first group is the value, a cell that
	// does not match is absent.
	Match string `toml:"match"`
}

// VocabTables are the layout's own words. They come before the built-in ones.
type VocabTables struct {
	Kind      Vocabulary `toml:"kind"`
	Status    Vocabulary `toml:"status"`
	Direction Vocabulary `toml:"direction"`
	Channel   Vocabulary `toml:"channel"`
	CardType  Vocabulary `toml:"card_type"`
}

// Vocabulary maps meanings to the words of a file:
//
//	[words.kind]
//	sale = ["消费", "S22"]
//	refund = ["退货"]
//	skip = ["余额查询"]     # rows of this kind are not transactions
//	default = "sale"        # for words that nobody knows; else the row is rejected
//	empty = "sale"          # for an empty cell
//	builtin = "no"          # do not fall back to the common words
//
// Meanings: kind sale void reversal refund preauth preauth_complete adjustment
// fee payout; status ok failed pending unsettled (ok, but not
// paid out yet); direction in out; channel card qr
// other; card_type debit credit; for all: skip, unknown (not for kind, status
// and direction), and as default also reject. Unknown channels and card types
// are unknown by default, unknown kinds, statuses and directions rejects.
type Vocabulary map[string]Values

// Values is a list of strings; a single one may stand for itself.
type Values []string

// UnmarshalText takes the single string; lists are decoded as such.
func (v *Values) UnmarshalText(text []byte) error {
	*v = Values{string(text)}
	return nil
}

// Cond is a condition on cells: column (its `as`) → the texts it may have. All
// columns of a condition must agree. A text is compared without blanks and
// case; "" is an empty cell, "*" one that is not, "0" and "-0" compare as
// numbers (zero or empty; anything else but zero), "~…" is a regular expression.
type Cond map[string]Values

// Rule changes what a row means where its condition holds. The first rule
// that holds is the only one.
type Rule struct {
	When Cond `toml:"when"`
	// Take fills fields from other columns: field → column.
	Take map[string]string `toml:"take"`
	// Kind and Status are set instead of read.
	Kind   string `toml:"kind"`
	Status string `toml:"status"`
	// Sign of the amount: "+", "-", or "" (by kind).
	Sign string `toml:"sign"`
	// Clear are fields that no column fills in such a row: a net in another
	// currency than the amount.
	Clear []string `toml:"clear"`
	// Set fills text fields, channel and card_type with constants.
	Set map[string]string `toml:"set"`
	// Reject is a column: such a row is rejected, because what this column
	// says and what the others say are two transactions.
	Reject string `toml:"reject"`
}

// Skip says which lines are no transactions: those that match Line, or whose
// cells satisfy When. They are counted as skipped.
type Skip struct {
	Line string `toml:"line"`
	When Cond   `toml:"when"`
	// Unless turns the condition round: rows that satisfy it are kept, all
	// others are skipped (record types).
	Unless Cond `toml:"unless"`
}

// Extract takes values from outside the rows. Named groups are text fields,
// clearing_date settle_date credited_date, or date and year (which complete
// dates without a year).
type Extract struct {
	// From is file (the name), head (lines before the rows) or tail (after).
	From  string `toml:"from"`
	Match string `toml:"match"`
}

// ControlRule is a declared total that the rows must add up to, to the fen; if
// they do not, the file is refused.
type ControlRule struct {
	// Line is a regular expression with a named group rows or amount (or
	// both). It is looked for in the lines before the header and in the last
	// lines of the file. With a group currency it is a total of each currency,
	// of the rows in it.
	Line string `toml:"line"`
	// Unless is a regular expression: where a line before the header matches,
	// the file is a part of a whole, and the total not its own.
	Unless string `toml:"unless"`
	// Header is the first cell of a summary block's own header line; the line
	// after it holds the values. Rows and Amount then name its columns.
	Header string `toml:"header"`
	Rows   string `toml:"rows"`
	Amount string `toml:"amount"`
	// Unit is yuan or fen; the default is that of the format.
	Unit string `toml:"unit"`
	// Kinds and Status restrict which rows count; none: all of them.
	Kinds  []string `toml:"kinds"`
	Status []string `toml:"status"`
	// Sign restricts them to what came in (+, zero too) or went out (-). The
	// declared amount then counts without its sign.
	Sign string `toml:"sign"`
	// Sum says what the amount adds up: amount fee net (ours, signed), ok (the
	// amounts of rows that are ok), sales (those above zero), moved (without
	// payouts), charged and returned (fees that are a cost, and those that come
	// back, without their sign), or column:name (a column as printed). Several: it is enough that one agrees. Default:
	// amount.
	Sum Values `toml:"sum"`
	// Required: a file without it was cut short and is refused.
	Required bool `toml:"required"`
}

// RecordSide of the layout; compile has checked it.
func (l *Layout) RecordSide() record.Side { return sideNames[l.Side] }

var sideNames = map[string]record.Side{"pos": record.SidePos, "clearing": record.SideClearing, "bank": record.SideBank}

// Text is the layout's TOML, as loaded.
func (l *Layout) Text() string { return l.text }

// Origin is "built in" or the path the layout was loaded from.
func (l *Layout) Origin() string { return l.origin }

// String names the layout.
func (l *Layout) String() string { return strings.TrimSpace(l.Name) }
