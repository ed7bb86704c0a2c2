package layout

import "github.com/duizhang/duizhang/parse/problem"

// Problems of rows: a cell, or how cells go together.
const (
	CodeEmptyRequired  problem.Code = "empty_required"
	CodeBadAmount      problem.Code = "bad_amount"
	CodeAmountExponent problem.Code = "amount_exponent"
	CodeAmountDecimals problem.Code = "amount_decimals"
	CodeAmountRange    problem.Code = "amount_range"
	CodeAmountUnit     problem.Code = "amount_unit"
	CodeBothSides      problem.Code = "income_and_expense"
	CodeNoAmount       problem.Code = "no_amount"
	CodeBadCurrency    problem.Code = "bad_currency"
	CodeBadTime        problem.Code = "bad_time"
	CodeAmbiguousTime  problem.Code = "ambiguous_time"
	CodeClockOnly      problem.Code = "clock_without_date"
	CodeLostPrecision  problem.Code = "lost_precision"
	CodeBadIdentifier  problem.Code = "bad_identifier"
	CodeUnknownKind    problem.Code = "unknown_kind"
	CodeUnknownStatus  problem.Code = "unknown_status"
	CodeUnknownWord    problem.Code = "unknown_word"
	CodeShortRow       problem.Code = "short_row"
	CodeLongRow        problem.Code = "long_row"
	CodeLineShape      problem.Code = "line_shape"
	CodeTwoInOne       problem.Code = "two_in_one"
	CodeUnreadColumn   problem.Code = "unread_column"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeEmptyRequired:  {ZH: "必填列为空，无法核对这一行；请向提供方补齐后重新导出", EN: "required cell is empty, so the row cannot be reconciled; have it filled in and export again"},
	CodeBadAmount:      {ZH: "金额 {value} 无法识别；只接受 1234.56、1,234.56、￥1,234.56、(100.00) 这类写法", EN: "amount {value} cannot be read; only forms like 1234.56, 1,234.56, ￥1,234.56, (100.00) are taken"},
	CodeAmountExponent: {ZH: "金额 {value} 是科学计数法，位数已丢失；请把该列设为文本后重新导出", EN: "amount {value} is in scientific notation, digits are lost; set the column to text and export again"},
	CodeAmountDecimals: {ZH: "金额 {value} 超过两位小数，不足一分的部分不能舍入；请按分重新导出", EN: "amount {value} has more than two decimals and is never rounded; export it in whole fen"},
	CodeAmountRange:    {ZH: "金额 {value} 超出范围；请核对该单元格", EN: "amount {value} is too large; check the cell"},
	CodeAmountUnit:     {ZH: "金额 {value} 与单位矛盾：该列按「分」读取，却带小数或货币符号；若文件实际为元，请用 --layout 指定单位为元的版式", EN: "amount {value} contradicts its unit: the column counts fen, yet it has decimals or a yuan sign; if the file is in yuan, name a layout in yuan with --layout"},
	CodeBothSides:      {ZH: "收入与支出两列同时有金额（{0} 与 {1}），方向不明；请核对该行", EN: "both income and expense are filled in ({0} and {1}), so the direction is unknown; check the row"},
	CodeNoAmount:       {ZH: "收入与支出两列都没有金额；请核对该行", EN: "neither income nor expense is filled in; check the row"},
	CodeBadCurrency:    {ZH: "币种 {value} 不是三位字母代码或常见名称；请核对该单元格", EN: "currency {value} is neither a three-letter code nor a common name; check the cell"},
	CodeBadTime:        {ZH: "日期或时间 {value} 无法识别；请用 2006-01-02 15:04:05 这类写法", EN: "date or time {value} cannot be read; write it like 2006-01-02 15:04:05"},
	CodeAmbiguousTime:  {ZH: "日期或时间 {value} 有多种读法（年月日次序或时分秒不明）；请改为 2006-01-02 15:04:05，或在版式中写明 formats", EN: "date or time {value} can be read in more than one way; write it like 2006-01-02 15:04:05, or state its formats in the layout"},
	CodeClockOnly:      {ZH: "只有时间 {value} 而没有日期；请连同交易日期列一起导出", EN: "{value} is a time without a date; export the date column as well"},
	CodeLostPrecision:  {ZH: "编号 {value} 是科学计数法，末尾数字已丢失，不能用来核对；请把该列设为文本后重新导出", EN: "identifier {value} is in scientific notation: its last digits are lost and it cannot be matched; set the column to text and export again"},
	CodeBadIdentifier:  {ZH: "编号 {value} 含有控制字符或过长；请核对该单元格", EN: "identifier {value} has control characters or is too long; check the cell"},
	CodeUnknownKind:    {ZH: "交易类型 {value} 未知；请在版式的 [words.kind] 中写明它是什么", EN: "transaction kind {value} is unknown; say what it is in [words.kind] of the layout"},
	CodeUnknownStatus:  {ZH: "交易状态 {value} 未知；请在版式的 [words.status] 中写明它是成功、失败还是处理中", EN: "status {value} is unknown; say in [words.status] of the layout whether it is ok, failed or pending"},
	CodeUnknownWord:    {ZH: "{value} 未知；请在版式的 [words.{0}] 中写明它是什么", EN: "{value} is unknown; say what it is in [words.{0}] of the layout"},
	CodeShortRow:       {ZH: "只有 {0} 个单元格，表头有 {1} 个：行被截断或少了分隔符；请重新导出或下载文件", EN: "only {0} cells where the header has {1}: the row is cut short or lacks a separator; export or download the file again"},
	CodeLongRow:        {ZH: "有 {0} 个单元格，表头只有 {1} 个：内容里多了分隔符，各列已错位；请用引号括住该内容后重新导出", EN: "{0} cells where the header has {1}: a separator inside a value has shifted the columns; quote the value and export again"},
	CodeTwoInOne:       {ZH: "这一行既有收款又有退款（{value}），是两笔交易，不能读作一笔；请把退款单独列成一行后重新导出", EN: "the row holds a payment and a refund ({value}), which are two transactions and cannot be read as one; export the refund as a row of its own"},
	CodeUnreadColumn:   {ZH: "这一列写着 {value}，会改变这一行的含义，但版式 {0} 不读它；请用 duizhang layouts new 为此文件起草版式，写明该列是什么", EN: "the column says {value}, which changes what the row means, but layout {0} does not read it; draft a layout for this file with duizhang layouts new and say what the column is"},
	CodeLineShape:      {ZH: "这一行 {value} 不合版式 {0} 的行格式；请核对文件是否完整", EN: "line {value} does not have the shape of layout {0}; check that the file is complete"},
})

// Problems of whole files, found before any row is read.
const (
	CodeUnknownLayout   problem.Code = "unknown_layout"
	CodeNoSuchLayout    problem.Code = "no_such_layout"
	CodeMissingColumns  problem.Code = "missing_columns"
	CodeDoubledColumn   problem.Code = "doubled_column"
	CodeAmbiguousLayout problem.Code = "ambiguous_layout"
	CodeWrongSide       problem.Code = "wrong_side"
	CodeSideUnknown     problem.Code = "side_unknown"
	CodeSideOpen        problem.Code = "side_open"
	CodePersonalBill    problem.Code = "personal_bill"
	CodeUnitConflict    problem.Code = "unit_conflict"
	CodeEmptyFile       problem.Code = "empty_file"
	CodeControlRows     problem.Code = "control_rows"
	CodeControlAmount   problem.Code = "control_amount"
	CodeControlMissing  problem.Code = "control_missing"
	CodeNoYear          problem.Code = "no_year"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeUnknownLayout:   {ZH: "没有认得的版式：最接近的是 {0}，缺少列 {1}，文件的表头是 {2}；可用 duizhang layouts new 起草版式", EN: "no layout fits: the nearest is {0}, which lacks {1}; the file's header is {2}; draft a layout with duizhang layouts new"},
	CodeNoSuchLayout:    {ZH: "没有名为 {0} 的版式；可用 duizhang layouts 查看全部名称", EN: "there is no layout named {0}; duizhang layouts lists them all"},
	CodeMissingColumns:  {ZH: "按版式 {0} 缺少必需的列 {1}；文件的表头是 {2}；请补齐列后重新导出", EN: "layout {0} needs columns that are missing: {1}; the file's header is {2}; export again with them"},
	CodeDoubledColumn:   {ZH: "列 {0} 出现了 {1} 次，无法确定用哪一列；请删去多余的列后重新导出", EN: "column {0} stands {1} times, so it is unclear which one counts; remove the others and export again"},
	CodeAmbiguousLayout: {ZH: "版式 {0} 都适合此文件；请用 --layout 指定一个", EN: "layouts {0} fit equally well; name one with --layout"},
	CodeWrongSide:       {ZH: "按内容这是 {0}（{1} 方），却作为 {2} 方给出；请更正参数，或用 --layout 文件:版式 指定", EN: "by its content this is {0} (side {1}), but it was given as {2}; correct the flag, or name a layout with --layout FILE:NAME"},
	CodeSideUnknown:     {ZH: "看不出是哪一方的文件：表头 {0} 里没有手续费、结算金额、清算日期等收单列，没有收银员、小票、桌台、会员、班次或「门店＋支付方式」等收银列，也没有余额、收入等银行列；请用 --pos、--clearing 或 --bank 指明", EN: "whose file it is does not show: the header {0} has no fees, nets or clearing days (acquirer), no cashier, receipt, table, member, shift, or store with payment method (till), no balance or money in (bank); say --pos, --clearing or --bank"},
	CodeSideOpen:        {ZH: "表头 {0} 既像销售文件又像收单或银行文件，不能替您决定；请用 --pos、--clearing 或 --bank 指明", EN: "the header {0} may be a till's as well as an acquirer's or a bank's; say --pos, --clearing or --bank"},
	CodePersonalBill:    {ZH: "这是个人账单（收支混在一起，表头 {0}），不能当作店铺的销售或银行流水来猜；确要使用，请用 --pos、--clearing 或 --bank 指明", EN: "this is a person's own bill (money in and out together, header {0}) and is not guessed to be a shop's; to use it nevertheless say --pos, --clearing or --bank"},
	CodeUnitConflict:    {ZH: "表头写的单位是「{0}」，版式 {1} 规定为「{2}」；请核实后用 --layout 指定单位相符的版式", EN: "the header says {0}, layout {1} says {2}; find out which is right and name a layout with that unit"},
	CodeEmptyFile:       {ZH: "文件没有内容；请重新导出或下载", EN: "the file is empty; export or download it again"},
	CodeControlRows:     {ZH: "文件声明共 {0} 笔，实际读到 {1} 笔：文件不完整或被改动；请重新下载", EN: "the file declares {0} rows but holds {1}: it is incomplete or was changed; download it again"},
	CodeControlAmount:   {ZH: "文件声明合计 {0}，实际合计 {1}，相差 {2}：文件不完整或被改动；请重新下载", EN: "the file declares a total of {0} but adds up to {1}, {2} apart: it is incomplete or was changed; download it again"},
	CodeControlMissing:  {ZH: "没有版式 {0} 应有的合计行：文件被截断；请重新下载", EN: "the totals line that layout {0} ends with is missing: the file was cut short; download it again"},
	CodeNoYear:          {ZH: "日期不带年份，文件名和标题里也没有；请保留原文件名或用 --as-of 指明日期", EN: "dates have no year, and neither the file's name nor its title gives one; keep the original name or give --as-of"},
})
