package record

import "fmt"

// Years that a file may speak of. Anything else is a misread date.
const (
	FirstYear = 2000
	LastYear  = 2099
)

// DateOf is the day y-m-d; ok is false for days that do not exist and years
// outside 2000–2099.
func DateOf(y, m, d int) (day Date, ok bool) {
	if y < FirstYear || y > LastYear || m < 1 || m > 12 || d < 1 || d > DaysIn(y, m) {
		return 0, false
	}
	return Civil(y, m, d), true
}

func DaysIn(y, m int) int {
	if m == 2 && y%4 == 0 && (y%100 != 0 || y%400 == 0) {
		return 29
	}
	return int([...]uint8{0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[m])
}

// Civil is the number of days from 1970-01-01 to y-m-d (proleptic Gregorian).
func Civil(y, m, d int) Date {
	if m <= 2 {
		y--
		m += 12
	}
	era := y / 400
	yoe := y - era*400
	doy := (153*(m-3)+2)/5 + d - 1
	doe := yoe*365 + yoe/4 - yoe/100 + doy
	return Date(era*146097 + doe - 719468)
}

// YMD is the year, month and day of d.
func (d Date) YMD() (year, month, day int) {
	z := int(d) + 719468
	era := z / 146097
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	year = yoe + era*400
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// String is 2006-01-02, or nothing for 0.
func (d Date) String() string {
	if d == 0 {
		return ""
	}
	y, m, n := d.YMD()
	return fmt.Sprintf("%04d-%02d-%02d", y, m, n)
}

// String is 2006-01-02 15:04:05, or nothing for 0.
func (t Time) String() string {
	if t == 0 {
		return ""
	}
	s := t.Clock()
	return fmt.Sprintf("%s %02d:%02d:%02d", t.Date(), s/3600, s/60%60, s%60)
}
