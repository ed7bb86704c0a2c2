package terms

import (
	_ "embed"
	"errors"
	"maps"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/width"
)

//go:embed patterns.toml
var patternTable string

// Patterns say which bank lines come from an acquirer and how a remark names
// a merchant number, a clearing day or a payout number. They are data: see
// patterns.toml, which a user's file of the same form can extend.
type Patterns struct {
	groups map[string]string // folded spelling → group
	*expressions
}

// expressions are the compiled rules.
type expressions struct {
	origins    []origin
	references []*regexp.Regexp
	returned   []*regexp.Regexp
	stray      []*regexp.Regexp
	payout     []*regexp.Regexp // words that make a line a payout whatever else it says
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
	Stray struct {
		Remark string `toml:"remark"`
		Except string `toml:"except"`
	} `toml:"stray"`
}

// The built-in patterns. Every run asks for the names, but only one with a bank
// side for the expressions, which take longer to compile than to use.
var (
	builtinNames = sync.OnceValue(func() map[string]string {
		return decodeBuiltin().names(nil)
	})
	BuiltinPatterns = sync.OnceValue(func() *Patterns {
		r := patternReader{name: "patterns.toml", text: patternTable}
		rules := r.compileAll(decodeBuiltin())
		if len(r.errs) > 0 {
			panic(r.errs)
		}
		return &Patterns{builtinNames(), rules}
	})
	decodeBuiltin = sync.OnceValue(func() *patternFile {
		file := new(patternFile)
		if err := toml.Unmarshal([]byte(patternTable), file); err != nil {
			panic(err)
		}
		return file
	})
)

// ParsePatterns reads the text of a user's pattern file; its rules come before
// the built-in ones, and its names and aliases are names of the contract table
// and of clearing files too. The error is TableErrors with every rule that is
// wrong.
func ParsePatterns(name, text string) (*Patterns, error) {
	var file patternFile
	err := toml.NewDecoder(strings.NewReader(text)).DisallowUnknownFields().Decode(&file)
	unknown := new(toml.StrictMissingError)
	if err != nil && !errors.As(err, &unknown) {
		return nil, patternSyntax(name, err)
	}
	r := patternReader{name: name, text: text}
	own := r.compileAll(&file)
	for i := range unknown.Errors {
		key := unknown.Errors[i].Key()
		r.fail(key[len(key)-1], strings.Join(key, "."), "没有这个键；可用 acquirer（name、aliases、payer、remark）、reference（pattern）、returned（remark）、stray（remark、except）",
			"no such key; there are acquirer (name, aliases, payer, remark), reference (pattern), returned (remark) and stray (remark, except)")
	}
	if err := r.errs.OrNil(); err != nil {
		return nil, err
	}
	builtin := BuiltinPatterns()
	names := file.names(builtin.groups)
	for i := range own.origins {
		own.origins[i].group = groupOf(names, own.origins[i].group)
	}
	own.origins = append(own.origins, builtin.origins...)
	own.references = append(own.references, builtin.references...)
	own.returned = append(own.returned, builtin.returned...)
	own.stray, own.payout = append(own.stray, builtin.stray...), append(own.payout, builtin.payout...)
	return &Patterns{names, own}, nil
}

// names are the groups of the file's acquirers by spelling, over those that are
// known already: an acquirer known by one of its spellings stays the same one.
func (f *patternFile) names(known map[string]string) map[string]string {
	groups := maps.Clone(known)
	if groups == nil {
		groups = map[string]string{}
	}
	for _, a := range f.Acquirer {
		group := groupOf(known, a.Name)
		for _, alias := range append([]string{a.Name}, a.Aliases...) {
			groups[FoldName(alias)] = group
		}
	}
	return groups
}

// compileAll compiles the rules of a file.
func (r *patternReader) compileAll(file *patternFile) *expressions {
	p := new(expressions)
	for _, a := range file.Acquirer {
		if a.Name == "" && a.Payer == "" && a.Remark == "" {
			r.fail("[[acquirer]]", "", "没有 name，也没有 payer 或 remark，这一节什么也不说", "has neither name nor payer nor remark, it says nothing")
		}
		p.origins = append(p.origins, origin{FoldName(a.Name), r.payerOrRemark("payer", a.Payer), r.payerOrRemark("remark", a.Remark)})
	}
	for _, ref := range file.Reference {
		if re := r.reference(ref.Pattern); re != nil {
			p.references = append(p.references, re)
		}
	}
	if re := r.payerOrRemark("returned.remark", file.Returned.Remark); re != nil {
		p.returned = append(p.returned, re)
	}
	if re := r.payerOrRemark("stray.remark", file.Stray.Remark); re != nil {
		p.stray = append(p.stray, re)
	}
	if re := r.payerOrRemark("stray.except", file.Stray.Except); re != nil {
		p.payout = append(p.payout, re)
	}
	return p
}

// patternSyntax says where a pattern file is not TOML.
func patternSyntax(name string, err error) error {
	wrong := (*toml.DecodeError)(nil)
	if !errors.As(err, &wrong) {
		return &TableError{Where: name, ZH: "不是有效的 TOML：" + err.Error(), EN: "not valid TOML: " + err.Error()}
	}
	line, _ := wrong.Position()
	why := strings.TrimPrefix(wrong.Error(), "toml: ")
	return &TableError{Where: name + ":" + strconv.Itoa(line), ZH: "不是有效的 TOML：" + why + "；正则表达式请写在单引号里", EN: "not valid TOML: " + why + "; write expressions in single quotes"}
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
	r.errs = append(r.errs, &TableError{Where: where, Value: value, ZH: zh, EN: en})
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

// FoldName makes spellings of a name equal that differ in width, case or blanks.
func FoldName(s string) string { return strings.ToUpper(Squeeze(s)) }

// FoldText is a payer or remark as patterns see it.
func FoldText(s string) string { return strings.ToUpper(strings.TrimSpace(width.Fold.String(s))) }

// Spellings adds all other known names of a run's acquirers.
func (p *Patterns) Spellings(own *Payers) {
	groups := builtinNames()
	if p != nil {
		groups = p.groups
	}
	have := map[string]bool{}
	for _, n := range own.names {
		have[n.group] = true
	}
	for _, spelling := range slices.Sorted(maps.Keys(groups)) {
		if group := groups[spelling]; have[group] && len([]rune(spelling)) >= minSpelling {
			own.Add(group, spelling)
		}
	}
}

// minSpelling is how long another spelling of an acquirer must be to be looked
// for in payers: short ones (CUP, UMS) have patterns where they are meant.
const minSpelling = 4

// Group is the same for all known spellings of an acquirer's name. A nil
// *Patterns is the built-in ones.
func (p *Patterns) Group(name string) string {
	if p == nil {
		return groupOf(builtinNames(), name)
	}
	return groupOf(p.groups, name)
}

func groupOf(groups map[string]string, name string) string {
	key := FoldName(name)
	if group, ok := groups[key]; ok {
		return group
	}
	return key
}
