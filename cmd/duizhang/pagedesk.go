package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/duizhang/duizhang/cmd/duizhang/page"
	"github.com/duizhang/duizhang/match/ledger"
	"github.com/duizhang/duizhang/match/result"
	"github.com/duizhang/duizhang/match/terms/tables"
	"github.com/duizhang/duizhang/parse"
	"github.com/duizhang/duizhang/parse/money"
	"github.com/duizhang/duizhang/parse/record"
	"github.com/duizhang/duizhang/report"
)

// A pageDesk does the page's work: what inspect and run do, with the page's
// files. Nothing is decided here.
type pageDesk struct {
	env   *env
	lang  language
	flags *runFlags // of the command line; each run has its own copy
}

// pageFiles are the files of the command line.
func pageFiles(args []string) ([]page.Upload, error) {
	var list []page.Upload
	for _, arg := range args {
		found, _, err := expand(arg)
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			info, err := os.Stat(path)
			if err != nil {
				return nil, &failure{code: exitUsage, err: err}
			}
			list = append(list, page.Upload{Path: path, Name: filepath.Base(path), Bytes: info.Size()})
		}
	}
	return list, nil
}

// said makes an error a sentence in the page's language.
func (d *pageDesk) said(err error) error {
	if err == nil {
		return nil
	}
	var b bytes.Buffer
	e := *d.env
	e.stderr = &b
	warnError(&e, d.lang, err)
	return errors.New(strings.TrimSpace(b.String()))
}

func (d *pageDesk) Today() string {
	day := today(d.env)
	return day.String()
}

func (d *pageDesk) IsDay(text string) bool {
	var day dateValue
	return day.Set(text) == nil
}

var sidesOfPage = map[string]record.Side{page.SidePos: record.SidePos, page.SideClearing: record.SideClearing, page.SideBank: record.SideBank}

// isContracts says that a file is a table of contracts: the person says so, or
// it speaks for itself.
func isContracts(f *page.Upload) bool {
	return f.Side == page.SideContracts || f.Side == page.SideAuto && tables.IsContracts(f.Path)
}

// firstOfPage is how many first rows of a file the page shows.
const firstOfPage = 5

// Look recognises files as inspect does.
func (d *pageDesk) Look(ctx context.Context, files []page.Upload) ([]page.Document, error) {
	var docs []page.Document
	var paths []parse.PathSide
	of := map[string]int{}
	for i := range files {
		f := &files[i]
		if isContracts(f) {
			docs = append(docs, d.contracts(f))
			continue
		}
		of[f.Path] = f.ID
		paths = append(paths, parse.PathSide{Path: f.Path, Side: sidesOfPage[f.Side]})
	}
	layouts, err := loadLayouts(d.flags.layouts)
	if err != nil {
		return docs, d.said(err)
	}
	temp, err := newScratch()
	if err != nil {
		return docs, d.said(failed(err, msgNoScratch))
	}
	defer temp.remove()
	opt := d.flags.readOptions(layouts, temp.dir)
	day := today(d.env)
	opt.AsOf = day.date()
	seen, err := look(ctx, paths, opt, firstOfPage)
	if seen != nil {
		defer seen.input.Close()
	}
	if err != nil {
		return docs, d.said(failed(err, msgReadFailed))
	}
	for _, f := range seen.input.Files {
		docs = append(docs, d.document(seen, f, of[f.Path]))
	}
	return docs, nil
}

// contracts is a table of contracts, read as a run reads it.
func (d *pageDesk) contracts(f *page.Upload) page.Document {
	doc := page.Document{Upload: f.ID, Name: f.Name, Side: page.SideContracts}
	var tables rules
	flags := *d.flags
	flags.contracts = f.Path
	if err := tables.load(&flags); err != nil {
		doc.Problems = strings.Split(d.said(err).Error(), "\n")
	}
	return doc
}

// document is a file as inspect shows it.
func (d *pageDesk) document(seen *inspection, f *parse.File, upload int) page.Document {
	doc := page.Document{Upload: upload, Name: visible(f.Name), Layout: f.Layout, Encoding: f.Encoding, Used: f.Used,
		Rows: f.Rows, Accepted: f.Accepted, Rejected: f.Rejected, Skipped: f.Skipped, Checks: ""}
	for name, side := range sidesOfPage {
		if side == f.Side {
			doc.Side = name
		}
	}
	if f.Used {
		doc.Checks = checksText(d.lang, f)
		for _, s := range f.Sums {
			doc.Sums = append(doc.Sums, report.Grouped(s.Amount)+" "+s.Currency)
		}
		doc.Head, doc.First = firstTable(d.lang, seen.first[f])
	}
	if f.DuplicateOf != "" {
		doc.Problems = append(doc.Problems, say(d.lang, msgDuplicate, f.Name, f.DuplicateOf))
	}
	var b strings.Builder
	seen.problems(&b, d.lang, f)
	for i, l := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		if i > 0 { // the first line is the heading
			doc.Problems = append(doc.Problems, strings.TrimSpace(l))
		}
	}
	return doc
}

// A pageField is what a row says, as the page shows it.
type pageField struct {
	name  message
	value func(*record.Record, language) string
	plain bool // never the same on both sides
}

func textField(name message, f record.Field) pageField {
	return pageField{name, func(r *record.Record, _ language) string { return r.Text[f] }, false}
}

var pageFields = []pageField{
	{message{"时间", "time"}, func(r *record.Record, _ language) string { return timeText(r) }, false},
	{message{"类型", "kind"}, func(r *record.Record, l language) string { return report.KindName(r.Kind, l) }, false},
	{message{"金额", "amount"}, func(r *record.Record, _ language) string { return report.Grouped(r.Amount) }, false},
	{message{"手续费", "fee"}, func(r *record.Record, _ language) string {
		if !r.HasFee {
			return ""
		}
		return report.Grouped(r.Fee)
	}, true},
	textField(message{"订单号", "order no."}, record.OrderNo),
	textField(message{"渠道单号", "channel no."}, record.ChannelNo),
	textField(message{"参考号", "ref. no."}, record.RefNo),
	textField(message{"批次号", "batch no."}, record.BatchNo),
	textField(message{"凭证号", "trace no."}, record.TraceNo),
	textField(message{"终端号", "terminal"}, record.TerminalID),
	textField(message{"商户号", "merchant"}, record.MerchantID),
	textField(message{"门店", "store"}, record.Store),
	textField(message{"支付方式", "pay method"}, record.PayMethod),
	textField(message{"卡号", "card"}, record.CardTail),
	{message{"状态", "status"}, func(r *record.Record, l language) string { return report.StatusName(r.Status, l) }, false},
	textField(message{"付款方", "payer"}, record.Payer),
	textField(message{"附言", "remark"}, record.Remark),
	{message{"来源", "source"}, func(r *record.Record, _ language) string { return r.Source }, true},
}

// firstTable shows rows with the fields that any of them has.
func firstTable(lang language, rows []record.Record) (head []string, cells [][]string) {
	cells = make([][]string, len(rows))
	for _, f := range pageFields[:len(pageFields)-1] { // the file is the heading
		any := false
		column := make([]string, len(rows))
		for i := range rows {
			column[i] = visible(f.value(&rows[i], lang))
			any = any || column[i] != ""
		}
		if !any {
			continue
		}
		head = append(head, say(lang, f.name))
		for i := range cells {
			cells[i] = append(cells[i], column[i])
		}
	}
	return head, cells
}

// Run is run's own job with the page's files.
func (d *pageDesk) Run(ctx context.Context, order page.Job, tell func(func() page.Progress)) (page.Result, error) {
	j, said, files, err := d.job(order)
	if err != nil {
		return nil, d.said(err)
	}
	tell(j.pageProgress)
	if err = j.deliver(ctx, files); err == nil {
		err = j.commit(context.WithoutCancel(ctx))
	}
	if err != nil {
		j.close()
		err = d.said(err)
		if s := strings.TrimSpace(said.String()); s != "" {
			err = errors.New(err.Error() + "\n" + s)
		}
		return nil, err
	}
	return &pageResult{desk: d, job: j, order: order, notes: said.String(), buckets: bucketsOf(j.result)}, nil
}

// job is a run of the page's files: what it writes names them as they were
// called, not where the page keeps them.
func (d *pageDesk) job(order page.Job) (j *job, said *bytes.Buffer, files []string, err error) {
	f := *d.flags
	if err := f.asOf.Set(order.AsOf); err != nil {
		return nil, nil, nil, err
	}
	j = &job{env: new(env), lang: d.lang, flags: &f, shown: map[string]string{}}
	said = new(bytes.Buffer)
	*j.env = *d.env
	j.env.stdout, j.env.stderr, j.env.stderrIsTerminal = io.Discard, said, false
	j.began = j.env.now()
	for i := range order.Files {
		u := &order.Files[i]
		j.shown[u.Path] = u.Name
		sides := map[string]*filesValue{page.SidePos: &f.pos, page.SideClearing: &f.clearing, page.SideBank: &f.bank}
		switch side := sides[u.Side]; {
		case isContracts(u):
			f.contracts = u.Path
		case side != nil:
			side.paths = append(slices.Clip(side.paths), u.Path)
		default:
			files = append(files, u.Path)
		}
	}
	f.csv = filepath.Join(order.Out, "csv")
	f.out = filepath.Join(order.Out, "对账报告_"+order.AsOf+".xlsx")
	if j.remembers() { // the night remembers its report: it must outlive the page
		f.out = filepath.Join(d.reports(), filepath.Base(f.out))
	}
	return j, said, files, nil
}

// reports is the folder for the reports of nights: that of the ledger's file.
func (d *pageDesk) reports() string {
	name := cmp.Or(d.flags.ledger, d.env.getenv(ledgerVariable))
	if isServer(name) {
		return "."
	}
	return filepath.Dir(name)
}

// pageProgress is the phase that is under way.
func (j *job) pageProgress() page.Progress {
	phases := j.progress.phases()
	i := latest(phases)
	if i < 0 {
		return page.Progress{}
	}
	return page.Progress{Phase: say(j.lang, phases[i].name), Done: phases[i].done(), Total: phases[i].total()}
}

// A pageResult is a finished run whose rows can still be read.
type pageResult struct {
	desk    *pageDesk
	order   page.Job
	notes   string
	buckets []pageBucket

	mu    sync.Mutex // one reader at a time, and none after Close
	job   *job
	names map[groupName]string       // item ids, once they were asked for
	kept  map[string]ledger.Decision // what the ledger has been told, by item
}

// A pageBucket is the groups of one outcome, by their place in the result.
type pageBucket struct {
	match  result.Match
	groups []int
}

// reviewed are the outcomes that a person goes through, in this order, with the
// decisions that make sense, the likeliest first.
var reviewed = []struct {
	match result.Match
	words []string
}{
	{result.Suggested, []string{ledger.Accept, ledger.Reject, ledger.Hold}},
	{result.PosOnly, []string{ledger.Claimed, ledger.Adjusted, ledger.WrittenOff, ledger.Hold}},
	{result.ClearingOnly, []string{ledger.Hold, ledger.Adjusted, ledger.WrittenOff}},
	{result.Partial, []string{ledger.Claimed, ledger.Accept, ledger.Adjusted, ledger.Hold}},
	{result.Over, []string{ledger.Accept, ledger.Adjusted, ledger.Hold}},
	{result.Conflict, []string{ledger.Hold, ledger.Accept, ledger.Adjusted}},
}

func wordsFor(m result.Match) []string {
	for _, r := range reviewed {
		if r.match == m {
			return r.words
		}
	}
	return nil
}

func bucketsOf(res *result.Result) []pageBucket {
	var list []pageBucket
	for _, r := range reviewed {
		b := pageBucket{match: r.match}
		for i := range res.Groups {
			if res.Groups[i].Match == r.match {
				b.groups = append(b.groups, i)
			}
		}
		if len(b.groups) > 0 {
			list = append(list, b)
		}
	}
	return list
}

func (r *pageResult) Buckets() []page.Bucket {
	out := make([]page.Bucket, len(r.buckets))
	for i, b := range r.buckets {
		out[i] = page.Bucket{Code: b.match.String(), Label: report.MatchName(b.match, r.desk.lang), Items: len(b.groups), Bulk: slices.Contains(wordsFor(b.match), ledger.Accept)}
	}
	return out
}

func (r *pageResult) bucket(code string) (b pageBucket) {
	for _, b := range r.buckets {
		if b.match.String() == code {
			return b
		}
	}
	return b
}

// Figures are those of the summary of run.
func (r *pageResult) Figures() page.Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, lang := r.job, r.desk.lang
	res, code := j.result, j.status()
	f := page.Figures{AsOf: j.flags.asOf.String(), Good: code == exitReconciled, Whole: code != exitIncomplete}
	headlines := map[exitCode]message{exitReconciled: msgPageGood, exitDifferences: msgPageDiffers, exitIncomplete: msgPageIncomplete}
	f.Headline = say(lang, headlines[code])
	for m := range result.NumMatch {
		t := &res.Match[m]
		if t.Groups == 0 {
			continue
		}
		f.Counts = append(f.Counts, page.Count{Code: m.String(), Label: report.MatchName(m, lang), Groups: t.Groups,
			Pos: sumsText(t.PosAmount), Clearing: sumsText(t.ClearingAmount), Bucket: wordsFor(m) != nil, Bad: m.Open() && m != result.InTransit})
	}
	owed := &res.Owed
	for i := range owed.By {
		b := &owed.By[i]
		if b.Items == 0 {
			continue
		}
		currency := ""
		if b.Currency != "" && b.Currency != result.BaseCurrency {
			currency = " " + b.Currency
		}
		oldest := ""
		if b.Oldest != 0 {
			oldest = b.Oldest.String()
		}
		f.Owed = append(f.Owed, page.Owed{Acquirer: orDash(b.Acquirer), Merchant: orDash(b.MerchantID), Sales: report.Grouped(b.Sales+b.Excess) + currency, Excess: report.Grouped(-b.Excess) + currency, Owed: report.Grouped(b.Owed()) + currency, Refunds: report.Grouped(b.Refunds) + currency,
			Overdue: report.Grouped(b.Overdue) + currency, Oldest: oldest, Items: b.Items})
	}
	for _, a := range []struct {
		name   message
		amount money.Fen
	}{{msgPageSales, owed.Sales + owed.Excess}, {msgPageOverdue, owed.Overdue}, {msgPageExcess, -owed.Excess}, {msgPageRefunds, owed.Refunds}, {msgPageOwed, owed.Total}, {msgPageUnplaced, owed.Unplaced}} {
		f.OwedTotal = append(f.OwedTotal, page.Amount{Label: say(lang, a.name), Value: report.Grouped(a.amount)})
	}
	for _, l := range strings.Split(strings.TrimSpace(r.notes), "\n") {
		if l != "" {
			f.Notes = append(f.Notes, l)
		}
	}
	return f
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return visible(s)
}

// sumsText is an amount per currency.
func sumsText(sums result.Sums) string {
	parts := make([]string, len(sums))
	for i, s := range sums {
		parts[i] = report.Grouped(s.Amount)
		if s.Currency != "" && s.Currency != result.BaseCurrency {
			parts[i] += " " + s.Currency
		}
	}
	return strings.Join(parts, "; ")
}

var errPageClosed = errors.New("closed")

// Items reads the rows of some groups again, and what came nearest to them.
func (r *pageResult) Items(ctx context.Context, code string, from, n int) ([]page.Item, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job == nil {
		return nil, errPageClosed
	}
	if err := r.nameItems(ctx); err != nil {
		return nil, r.desk.said(err)
	}
	b := r.bucket(code)
	from = min(from, len(b.groups))
	groups := make([]result.Group, 0, n)
	for _, g := range b.groups[from:min(from+n, len(b.groups))] {
		groups = append(groups, r.job.result.Groups[g])
	}
	rows, err := r.job.report.GroupRows(ctx, groups)
	if err != nil {
		return nil, r.desk.said(failed(err, msgReadFailed))
	}
	items := make([]page.Item, len(groups))
	for i := range groups {
		items[i] = r.item(&groups[i], &rows[i])
	}
	return items, nil
}

func (r *pageResult) item(g *result.Group, rows *report.GroupRows) page.Item {
	lang := r.desk.lang
	left, right := rows.Pos, rows.Clearing
	it := page.Item{ID: r.names[nameOf(g)], Bucket: g.Match.String(), Reason: visible(rows.Reason), Words: wordsFor(g.Match),
		Left: say(lang, msgPageShop), Right: say(lang, msgPageAcquirer)}
	own := left
	if len(own) == 0 {
		own = right
	}
	if rows.Other != nil && (len(left) == 0 || len(right) == 0) {
		other := []*record.Record{rows.Other}
		if len(left) == 0 {
			left, it.Left = other, say(lang, msgPageNearest, it.Left)
		} else {
			right, it.Right = other, say(lang, msgPageNearest, it.Right)
		}
	}
	for _, f := range pageFields {
		pair := page.Pair{Name: say(lang, f.name), Left: joined(left, f, lang), Right: joined(right, f, lang), Plain: f.plain}
		if pair.Left+pair.Right != "" {
			it.Fields = append(it.Fields, pair)
		}
	}
	it.Title = title(own, lang)
	return it
}

// joined is what some rows say of a field.
func joined(rows []*record.Record, f pageField, lang language) string {
	var parts []string
	for _, row := range rows {
		if s := visible(f.value(row, lang)); s != "" && (len(parts) == 0 || parts[len(parts)-1] != s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}

// title is an item in one line: amount, when, where, number.
func title(rows []*record.Record, lang language) string {
	if len(rows) == 0 {
		return ""
	}
	var sum money.Fen
	for _, row := range rows {
		sum += row.Amount
	}
	first := rows[0]
	parts := []string{report.Grouped(sum), timeText(first), report.KindName(first.Kind, lang), first.Text[record.Store], first.Text[record.TerminalID]}
	for _, f := range []record.Field{record.OrderNo, record.ChannelNo, record.RefNo, record.TraceNo} {
		if first.Text[f] != "" {
			parts = append(parts, first.Text[f])
			break
		}
	}
	if len(rows) > 1 {
		parts = append(parts, fmt.Sprintf("× %d", len(rows)))
	}
	return visible(strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), "  "))
}

// Brief are the items of a bucket without their rows.
func (r *pageResult) Brief(code string) []page.Brief {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job == nil || r.nameItems(context.Background()) != nil {
		return nil // Items says why
	}
	var out []page.Brief
	b := r.bucket(code)
	for _, i := range b.groups {
		g := &r.job.result.Groups[i]
		amount := g.PosAmount
		if len(g.Pos) == 0 {
			amount = g.ClearingAmount
		}
		out = append(out, page.Brief{ID: r.names[nameOf(g)], Amount: int64(amount), Words: wordsFor(g.Match)})
	}
	return out
}

// A groupName names a group by its first rows, in runs over the same files.
type groupName struct{ pos, clearing record.Pos }

func nameOf(g *result.Group) groupName {
	name := groupName{^record.Pos(0), ^record.Pos(0)}
	if len(g.Pos) > 0 {
		name.pos = g.Pos[0]
	}
	if len(g.Clearing) > 0 {
		name.clearing = g.Clearing[0]
	}
	return name
}

// nameItems finds the ids of the items. A run without a ledger has none: they
// are those that the same files give in the first night of a new one.
func (r *pageResult) nameItems(ctx context.Context) error {
	if r.names != nil {
		return nil
	}
	res := r.job.result
	if r.job.ledger == nil {
		j, _, files, err := r.desk.job(r.order)
		if err != nil {
			return err
		}
		defer j.close()
		j.flags.ledger = filepath.Join(r.order.Out, "names.db")
		j.flags.out = filepath.Join(r.order.Out, "names.xlsx")
		for _, step := range []func(context.Context) error{func(context.Context) error { return j.check(files) }, j.lock, j.open, j.match} {
			if err := step(ctx); err != nil {
				return err
			}
		}
		res = j.result
	}
	names := make(map[groupName]string, len(res.Groups))
	for i := range res.Groups {
		if id := res.Groups[i].ItemID; id != "" {
			names[nameOf(&res.Groups[i])] = id
		}
	}
	r.names = names
	return nil
}

// Save keeps decisions in the ledger, as duizhang decide does; without one it
// makes the table of decisions that run --decisions reads.
func (r *pageResult) Save(ctx context.Context, decisions []page.Decision) (page.Saved, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job == nil {
		return page.Saved{}, errPageClosed
	}
	if r.job.ledger != nil {
		saved, err := r.keep(ctx, decisions)
		return saved, r.desk.said(err)
	}
	var b bytes.Buffer
	b.WriteString("\ufeff") // a spreadsheet program takes it for GBK otherwise
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	rows := [][]string{{"item_id", "decision", "note", "by"}}
	for _, d := range decisions {
		rows = append(rows, []string{d.ID, d.Word, guardedCell(d.Note), guardedCell(d.By)})
	}
	if err := w.WriteAll(rows); err != nil {
		return page.Saved{}, err
	}
	return page.Saved{Table: b.Bytes()}, nil
}

// keep hands the ledger what is not in it yet: what was taken back on the page is
// taken back there.
func (r *pageResult) keep(ctx context.Context, decisions []page.Decision) (page.Saved, error) {
	now := make(map[string]ledger.Decision, len(decisions))
	var news []ledger.Decision
	for _, d := range decisions {
		one := ledger.Decision{ItemID: d.ID, Word: d.Word, Note: d.Note, By: d.By}
		if now[d.ID] = one; r.kept[d.ID] != one {
			news = append(news, one)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.kept)) {
		if _, still := now[id]; !still && r.kept[id].Word != "" {
			news = append(news, ledger.Decision{ItemID: id, Word: ledger.Open})
		}
	}
	said, err := sayDecisions(ctx, r.job.ledger, &ledgerFlags{}, news)
	if err != nil {
		return page.Saved{}, err
	}
	r.kept = now
	where := []string{say(r.desk.lang, msgDecided, len(said.good))}
	for i := range said.refused {
		delete(r.kept, said.refused[i].ItemID)
		where = append(where, said.refusal(i, r.desk.lang))
	}
	return page.Saved{Where: strings.Join(where, "; ")}, nil
}

// guardedCell keeps a spreadsheet from running a note as a formula; reading the
// table takes the apostrophe away.
func guardedCell(s string) string {
	if s != "" && strings.ContainsRune("=+-@", rune(s[0])) {
		return "'" + s
	}
	return s
}

// Downloads are the report's files.
func (r *pageResult) Downloads() []page.Download {
	r.mu.Lock()
	defer r.mu.Unlock()
	lang, w := r.desk.lang, &r.job.written
	return []page.Download{
		{Name: "workbook", File: filepath.Base(w.Workbook), Label: say(lang, msgPageWorkbook), Paths: []string{w.Workbook}},
		{Name: "csv", File: "对账结果_" + r.order.AsOf + ".zip", Label: say(lang, msgPageCSV), Paths: w.CSV},
	}
}

// Close lets the files go.
func (r *pageResult) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.job != nil {
		r.job.close()
	}
}
