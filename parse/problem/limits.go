package problem

// Limits bound what one input may cost before it is refused. They are far
// above what a real export needs, and are checked before memory is taken.
// The zero value of a field means its default.
type Limits struct {
	// Field is the longest cell or field in bytes (64 KiB).
	Field int
	// Record is the longest record of a text file in bytes (1 MiB).
	Record int
	// Columns is the most cells of one row (1024).
	Columns int
	// SheetRows is the highest row number of a workbook sheet (1,048,576,
	// the number of rows a spreadsheet program can hold).
	SheetRows int
	// Sheets is the most sheets of one workbook (1024).
	Sheets int
	// Strings is the size of a workbook's shared texts in bytes (256 MiB,
	// or what Options.Memory leaves for them).
	Strings int64
	// Entries is the most entries of one archive (10,000).
	Entries int
	// Depth is how many archives may lie within each other (2: a zip in a zip).
	Depth int
	// Inflated is the size to which one input may unpack in bytes (16 GiB).
	Inflated int64
	// Ratio is how many times its packed size an entry may unpack to (250),
	// looked at from RatioFrom bytes on (16 MiB): small files of blanks pack well.
	Ratio     int64
	RatioFrom int64
}

// The defaults of Limits.
const (
	DefaultField     = 64 << 10
	DefaultRecord    = 1 << 20
	DefaultColumns   = 1024
	defaultSheetRows = 1 << 20
	defaultSheets    = 1024
	DefaultStrings   = 256 << 20
	defaultEntries   = 10_000
	defaultDepth     = 2
	defaultInflated  = 16 << 30
	defaultRatio     = 250
	defaultRatioFrom = 16 << 20
)

// OrDefaults fills what is not set.
func (l Limits) OrDefaults() Limits {
	setDefault(&l.Field, DefaultField)
	setDefault(&l.Record, DefaultRecord)
	setDefault(&l.Columns, DefaultColumns)
	setDefault(&l.SheetRows, defaultSheetRows)
	setDefault(&l.Sheets, defaultSheets)
	setDefault(&l.Strings, DefaultStrings)
	setDefault(&l.Entries, defaultEntries)
	setDefault(&l.Depth, defaultDepth)
	setDefault(&l.Inflated, defaultInflated)
	setDefault(&l.Ratio, defaultRatio)
	setDefault(&l.RatioFrom, defaultRatioFrom)
	return l
}

func setDefault[T int | int64](v *T, d T) {
	if *v <= 0 {
		*v = d
	}
}
