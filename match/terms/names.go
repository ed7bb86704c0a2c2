package terms

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// companyWords are parts of a company's name that say nothing of which one it is.
var companyWords = map[string]bool{
	"LTD": true, "LIMITED": true, "CO": true, "COMPANY": true, "INC": true, "CORP": true, "CORPORATION": true, "PTE": true, "PTY": true,
	"PLC": true, "LLC": true, "LLP": true, "GMBH": true, "AG": true, "SA": true, "SAS": true, "BV": true, "NV": true, "THE": true, "AND": true,
}

// companyEndings are the same at the end of a Chinese name, the longest first.
var companyEndings = []string{
	"客户备付金", "备付金账户", "备付金", "待清算", "股份有限责任公司", "股份有限公司", "有限责任公司", "有限公司", "股份公司", "公司", "分公司",
}

// nameWords are the words of a name as they are compared: width, case, blanks
// and punctuation folded, what every company is called cut.
func nameWords(s string) []string {
	s = strings.ToUpper(width.Fold.String(s))
	for cut := true; cut; {
		cut = false
		s = strings.TrimRightFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		for _, end := range companyEndings {
			if rest, ok := strings.CutSuffix(s, end); ok && rest != "" {
				s, cut = rest, true
				break
			}
		}
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if kept := slices.DeleteFunc(slices.Clone(words), func(w string) bool { return companyWords[w] }); len(kept) > 0 {
		words = kept
	}
	return words
}

// payerName is one spelling of an acquirer of the run.
type payerName struct {
	group string
	words []string
	glued string // the words without blanks
}

// Payers are the acquirers of a run by all their spellings, and what payers
// were recognised as.
type Payers struct {
	names []payerName // the longest first
	known map[string]string
}

// Add takes in a spelling of an acquirer.
func (p *Payers) Add(group, name string) {
	words := nameWords(name)
	glued := strings.Join(words, "")
	if len([]rune(glued)) < 2 || slices.ContainsFunc(p.names, func(n payerName) bool { return n.group == group && n.glued == glued }) {
		return
	}
	p.names = append(p.names, payerName{group, words, glued})
}

// Ready puts the names in order: the longest first, 银联商务 before 银联.
func (p *Payers) Ready() {
	slices.SortFunc(p.names, func(x, y payerName) int {
		return cmp.Or(cmp.Compare(len(y.glued), len(x.glued)), cmp.Compare(x.glued, y.glued), cmp.Compare(x.group, y.group))
	})
	p.known = map[string]string{}
}

// Named is the acquirer of the run that a text contains the name of, or "".
func (p *Payers) Named(text string) string {
	if p == nil || text == "" {
		return ""
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	glued := strings.Join(words, "")
	for _, n := range p.names {
		// A short name of letters could stand inside any word.
		if isASCII(n.glued) && len(n.glued) <= maxShortName && !slices.Contains(words, n.glued) {
			continue
		}
		if strings.Contains(glued, n.glued) {
			return n.group
		}
	}
	return ""
}

// maxShortName is how long a name of letters is one that must stand as a word.
const maxShortName = 5

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// Like is the only acquirer of the run whose name a bank may have cut short or
// mangled into the payer, or "".
func (p *Payers) Like(payer string) string {
	if p == nil || payer == "" {
		return ""
	}
	if group, ok := p.known[payer]; ok {
		return group
	}
	words := nameWords(payer)
	glued := strings.Join(words, "")
	group := ""
	for _, fit := range []func(payerName) bool{
		func(n payerName) bool { return cutShort(glued, n.glued) },
		func(n payerName) bool { return abbreviated(words, n.words) },
		func(n payerName) bool { return misspelt(glued, n.glued) },
	} {
		only := true
		for _, n := range p.names {
			if fit(n) && n.group != group {
				only, group = group == "", n.group
				if !only {
					break
				}
			}
		}
		if !only {
			group = ""
		}
		if group != "" || !only {
			break
		}
	}
	p.known[payer] = group
	return group
}

// Least lengths, in bytes (a Han character has three): what is shorter could be
// anybody.
const (
	minCutName    = 6
	minAbbrevName = 7
	minTypoName   = 8
)

// cutShort: the payer is the beginning of the name.
func cutShort(payer, name string) bool {
	return len(payer) >= minCutName && strings.HasPrefix(name, payer)
}

// abbreviated: the payer's words, in order, are beginnings of words of the
// name (GLOBAL PAYM ASIA), the first one's of its first; only the last may be
// a single letter, or stand for a word that every company has.
func abbreviated(payer, name []string) bool {
	if len(payer) < 2 || len(strings.Join(payer, "")) < minAbbrevName {
		return false
	}
	at := 0
	for i, w := range payer {
		if i == len(payer)-1 && len(w) == 1 {
			break
		}
		for at < len(name) && !(strings.HasPrefix(name[at], w) && len(w) >= min(3, len(name[at]))) {
			if i == 0 {
				return false
			}
			at++
		}
		if at == len(name) {
			return i == len(payer)-1 && companyBeginning(w) && i >= 2
		}
		at++
	}
	return true
}

// companyBeginning says whether a word begins one that every company has.
func companyBeginning(w string) bool {
	for full := range companyWords {
		if strings.HasPrefix(full, w) {
			return true
		}
	}
	return false
}

// misspelt: one letter in eight is wrong, missing or too much.
func misspelt(payer, name string) bool {
	x, y := []rune(payer), []rune(name)
	if len(payer) < minTypoName || len(x) < 4 || len(x)-len(y) > 2 || len(y)-len(x) > 2 {
		return false
	}
	return editDistance(x, y) <= max(1, len(y)/8)
}

// editDistance is how many letters must change, with two neighbours that
// changed places counted once.
func editDistance(x, y []rune) int {
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, now := rows[(i+2)%3], rows[i%3], rows[(i+1)%3]
		now[0] = i
		for j := 1; j <= len(y); j++ {
			step := 1
			if x[i-1] == y[j-1] {
				step = 0
			}
			now[j] = min(last[j]+1, now[j-1]+1, last[j-1]+step)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				now[j] = min(now[j], before[j-2]+1)
			}
		}
	}
	return rows[(len(x)+1)%3][len(y)]
}
