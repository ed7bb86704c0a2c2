package match

import (
	"cmp"
	_ "embed" // the pattern table
	"errors"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/width"
)

//go:embed patterns.toml
var patternTable string

// Patterns say which bank lines come from an acquirer and how a remark names
// a merchant number, a clearing day or a payout number. They are data: see
// patterns.toml, which a user's file of the same form can extend.
type Patterns struct {
	origins    []origin
	references []*regexp.Regexp
	returned   []*regexp.Regexp
	groups     map[string]string // folded spelling → group
}

// origin is how one acquirer shows on a bank statement; an empty group is some
// acquirer without its name.
type origin struct {
	group         string
	payer, remark *regexp.Regexp
}

type patternFile struct {
	Acquirer []struct {
		Name    string   `toml:"name"`
		Aliases []string `toml:"aliases"`
		Payer   string   `toml:"payer"`
		Remark  string   `toml:"remark"`
	} `toml:"acquirer"`
	Reference []struct {
		Pattern string `toml:"pattern"`
	} `toml:"reference"`
	Returned struct {
		Remark string `toml:"remark"`
	} `toml:"returned"`
}

var defaultPatterns = mustPatterns()

func mustPatterns() *Patterns {
	p, err := readPatterns("patterns.toml", patternTable, &Patterns{})
	if err != nil {
		panic(err)
	}
	return p
}

// LoadPatterns reads a user's pattern file (TOML, see patterns.toml); its rules
// come before the built-in ones, and its names and aliases are names of the
// contract table and of clearing files too. The error is TableErrors with every
// rule that is wrong, or says why the file cannot be read at all.
func LoadPatterns(path string) (*Patterns, error) {
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	name := filepath.Base(path)
	text, err := decodeText(name, data)
	if err != nil {
		return nil, err
	}
	own, err := readPatterns(name, text, defaultPatterns)
	if err != nil {
		return nil, err
	}
	own.origins = append(own.origins, defaultPatterns.origins...)
	own.references = append(own.references, defaultPatterns.references...)
	own.returned = append(own.returned, defaultPatterns.returned...)
	for alias, group := range defaultPatterns.groups {
		if _, ok := own.groups[alias]; !ok {
			own.groups[alias] = group
		}
	}
	return own, nil
}

// readPatterns reads a pattern file. known are the patterns that it extends:
// an acquirer that they know by another spelling stays the same one.
func readPatterns(name, text string, known *Patterns) (*Patterns, error) {
	var file patternFile
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return nil, patternSyntax(name, err)
	}
	r := patternReader{name: name, text: text}
	p := &Patterns{groups: map[string]string{}}
	for _, a := range file.Acquirer {
		group := groupOf(known.groups, a.Name)
		for _, alias := range append([]string{a.Name}, a.Aliases...) {
			p.groups[foldName(alias)] = group
		}
		if a.Name == "" && a.Payer == "" && a.Remark == "" {
			r.fail("[[acquirer]]", "", "没有 name，也没有 payer 或 remark，这一节什么也不说", "has neither name nor payer nor remark, it says nothing")
		}
		p.origins = append(p.origins, origin{group, r.payerOrRemark("payer", a.Payer), r.payerOrRemark("remark", a.Remark)})
	}
	for _, ref := range file.Reference {
		if re := r.reference(ref.Pattern); re != nil {
			p.references = append(p.references, re)
		}
	}
	if re := r.payerOrRemark("returned.remark", file.Returned.Remark); re != nil {
		p.returned = append(p.returned, re)
	}
	for _, key := range meta.Undecoded() {
		r.fail(key[len(key)-1], key.String(), "没有这个键；可用 acquirer（name、aliases、payer、remark）、reference（pattern）、returned（remark）",
			"no such key; there are acquirer (name, aliases, payer, remark), reference (pattern) and returned (remark)")
	}
	return p, r.errs.orNil()
}

// patternSyntax says where a pattern file is not TOML.
func patternSyntax(name string, err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &TableError{Where: name, zh: "不是有效的 TOML：" + err.Error(), en: "not valid TOML: " + err.Error()}
	}
	why := strings.TrimSpace(pe.Message)
	return &TableError{Where: name + ":" + strconv.Itoa(pe.Position.Line), zh: "不是有效的 TOML：" + why + "；正则表达式请写在单引号里", en: "not valid TOML: " + why + "; write expressions in single quotes"}
}

// patternReader compiles the rules of one file and gathers what is wrong.
type patternReader struct {
	name, text string
	errs       TableErrors
}

// fail notes an error at the line where some text of the file stands.
func (r *patternReader) fail(at, value, zh, en string) {
	where := r.name
	if i := strings.Index(r.text, at); i >= 0 && at != "" {
		where += ":" + strconv.Itoa(1+strings.Count(r.text[:i], "\n"))
	}
	r.errs = append(r.errs, &TableError{Where: where, Value: value, zh: zh, en: en})
}

// dayPattern is every way of writing a day that a remark may use, the year
// left out in the last ones.
const dayPattern = `(?:20\d{2}-\d{1,2}-\d{1,2}|20\d{2}/\d{1,2}/\d{1,2}|20\d{2}[.]\d{1,2}[.]\d{1,2}|20\d{2}年\d{1,2}月\d{1,2}日?|20\d{6}|\d{1,2}月\d{1,2}日?|\d{2}[-/]\d{2}|\d{4})`

// compile reads an expression as it must be to fit folded texts: capitals or
// not, and full-width signs as their half-width ones.
func (r *patternReader) compile(pattern string) *regexp.Regexp {
	if pattern == "" {
		return nil
	}
	var b strings.Builder
	for _, c := range strings.ReplaceAll(pattern, "{date}", dayPattern) {
		if folded := width.Fold.String(string(c)); folded != string(c) {
			b.WriteString(regexp.QuoteMeta(folded))
		} else {
			b.WriteRune(c)
		}
	}
	re, err := regexp.Compile("(?i)" + b.String())
	if err != nil {
		why := err.Error()
		if se := (*syntax.Error)(nil); errors.As(err, &se) {
			why = se.Code.String()
		}
		r.fail(pattern, pattern, "不是正则表达式："+why+"；普通文字里的 ( ) [ ] . * + ? 前要加 \\", "not a regular expression: "+why+"; put \\ before a literal ( ) [ ] . * + ?")
	}
	return re
}

// payerOrRemark is an expression for a payer or remark. One that fits every text would
// make every line of the statement the acquirer's.
func (r *patternReader) payerOrRemark(key, pattern string) *regexp.Regexp {
	re := r.compile(pattern)
	if re != nil && re.MatchString("") {
		r.fail(pattern, pattern, key+" 连空白也符合，会把所有流水都当成收单机构的；请写出名称", key+" fits even an empty text and would take every line for the acquirer's; write the name")
	}
	return re
}

// referenceParts are what a reference can name.
var referenceParts = []string{"merchant", "date", "to", "payout"}

func (r *patternReader) reference(pattern string) *regexp.Regexp {
	re := r.compile(pattern)
	if re == nil {
		return nil
	}
	names := slices.DeleteFunc(slices.Clone(re.SubexpNames()), func(n string) bool { return n == "" })
	if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return !slices.Contains(referenceParts, n) }) {
		r.fail(pattern, pattern, "要用 (?P<merchant>…)、(?P<date>{date})、(?P<to>{date})、(?P<payout>…) 标出商户号、清算日或划款单号，不能有别的名字",
			"mark merchant number, clearing day or payout number with (?P<merchant>…), (?P<date>{date}), (?P<to>{date}), (?P<payout>…), and no other names")
	}
	return re
}

// foldName makes spellings of a name equal that differ in width, case or blanks.
func foldName(s string) string { return strings.ToUpper(squeeze(s)) }

// foldText is a payer or remark as patterns see it.
func foldText(s string) string { return strings.ToUpper(strings.TrimSpace(width.Fold.String(s))) }

// group is the same for all known spellings of an acquirer's name. A nil
// *Patterns is the built-in ones.
func (p *Patterns) group(name string) string { return groupOf(cmp.Or(p, defaultPatterns).groups, name) }

func groupOf(groups map[string]string, name string) string {
	key := foldName(name)
	if group, ok := groups[key]; ok {
		return group
	}
	return key
}
