package terms

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/duizhang/duizhang/parse/record"

	"golang.org/x/text/width"
)

// Squeeze folds full-width characters and drops all blanks.
func Squeeze(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, width.Fold.String(s))
}

// ParseDay reads 2026-10-08, 2026/10/8, 2026.10.8, 20261008 and 2026年10月8日;
// a time of day behind it is allowed if it is midnight.
func ParseDay(s string) (record.Date, bool) {
	s = strings.TrimSpace(width.Fold.String(s))
	for _, midnight := range []string{" 00:00:00", " 0:00:00", " 00:00", " 0:00", "T00:00:00"} {
		s = strings.TrimSuffix(s, midnight)
	}
	s = strings.NewReplacer("年", "-", "月", "-", "日", "", "/", "-", ".", "-", " ", "").Replace(s)
	for _, layout := range []string{"2006-1-2", "20060102"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1990 && t.Year() < 2100 {
			return record.Date(t.Unix() / 86400), true
		}
	}
	return 0, false
}

// ParseClock reads 23:00, 23:00:00, 23点 and 2300 as seconds of the day;
// 24:00 is 86400.
func ParseClock(s string) (int, bool) {
	s = Squeeze(s)
	s = strings.NewReplacer("点", ":", "时", ":", "分", "").Replace(s)
	s = strings.TrimSuffix(s, ":")
	if len(s) == 4 && !strings.Contains(s, ":") {
		s = s[:2] + ":" + s[2:]
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 || len(parts[0]) == 0 {
		return 0, false
	}
	total, unit := 0, 3600
	for i, p := range parts {
		n, err := strconv.ParseUint(p, 10, 8)
		if err != nil || len(p) > 2 || (i > 0 && n > 59) {
			return 0, false
		}
		total += int(n) * unit
		unit /= 60
	}
	return total, total <= 86400
}

func ClockText(seconds int) string {
	return fmt.Sprintf("%02d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}
