package main

import (
	"errors"
	"io/fs"
	"syscall"

	"github.com/duizhang/duizhang/parse/problem"
)

// The sentences of this command. Errors say what is wrong and what to do; %s
// takes text from outside, which say makes visible.
var (
	msgCause         = message{"：%s", ": %s"}
	msgPanic         = message{"程序内部错误：%s（%s）；没有写出任何文件，请把这一行报告给开发者", "internal error: %s (%s); nothing was written, please report this line"}
	msgMemoryShort   = message{"内存不够：系统只允许本程序使用 %s，这次运行需要更多；没有写出任何文件。请放宽限制（ulimit -v、容器的内存上限），用 --memory 调小本程序自己的用量，或分几次对账", "out of memory: the system allows this program %s and the run needs more; nothing was written. Raise the limit (ulimit -v, the container's memory), let the program hold less with --memory, or reconcile in several runs"}
	msgMemoryGone    = message{"内存不够；没有写出任何文件。请关闭其他程序，用 --memory 调小本程序自己的用量，或分几次对账", "out of memory; nothing was written. Close other programs, let the program hold less with --memory, or reconcile in several runs"}
	msgMemorySummary = message{"报告已写出（%s），只是打印汇总时内存用尽；请打开报告查看结果", "the report is written (%s), only its summary was lost when memory ran out; open the report"}
	msgKilled        = message{"程序被强行终止（多半是系统内存不够）；没有写出任何文件，请放宽内存限制或用 --memory 调小用量后重新运行", "the program was killed (most likely the system ran out of memory); nothing was written. Raise the limit or let it hold less with --memory, and run again"}
	msgDied          = message{"程序意外终止；没有写出任何文件，请重新运行，再次出现时请报告给开发者", "the program ended unexpectedly; nothing was written, run it again, and report it if it happens again"}
	msgInterrupted   = message{"已中断：没有写出任何文件", "interrupted: nothing was written"}
	msgPressEnter    = message{"按回车键关闭窗口……", "press Enter to close this window …"}

	// Command line.
	msgUnknownCommand   = message{"没有命令或文件“%s”%s运行 duizhang help 查看全部命令", "no command or file \"%s\"%srun duizhang help for all commands"}
	msgNoSubcommand     = message{"%s 没有子命令“%s”%s加 --help 查看用法", "%s has no command \"%s\"%sadd --help for usage"}
	msgNoSuchFile       = message{"没有文件“%s”；请核对路径，或把文件拖到程序图标上", "there is no file \"%s\"; check the path, or drop the file on the program's icon"}
	msgMeant            = message{"；是否想用 %s？", "; did you mean %s? "}
	msgNotMeant         = message{"；", "; "}
	msgUnknownFlag      = message{"没有选项 %s%s加 --help 查看全部选项", "no flag %s%sadd --help for all flags"}
	msgFlagNeedsValue   = message{"选项 %s 后面缺少值；请在它后面写上，加 --help 查看用法", "flag %s needs a value; write it behind the flag, add --help for usage"}
	msgFlagSyntax       = message{"选项“%s”写法不对；长选项写作 --名称 或 --名称=值", "flag \"%s\" is malformed; write --name or --name=value"}
	msgFlagValue        = message{"选项 %s", "flag %s"}
	msgFlagNotBool      = message{"选项 %s：“%s”不是开关值；写 true 或 false，或者不写值", "flag %s: \"%s\" is not a switch; write true or false, or no value at all"}
	msgArguments        = message{"%s 需要%s，现在给了 %d 个；加 --help 查看用法", "%s wants %s, got %d; add --help for usage"}
	msgOneOrMoreFiles   = message{"一个或多个文件", "one or more files"}
	msgNoArguments      = message{"%s 不带参数，现在给了 %d 个；加 --help 查看用法", "%s takes no arguments, got %d; add --help for usage"}
	msgAtMostOneDir     = message{"至多一个文件夹", "at most one folder"}
	msgOneLayout        = message{"一个版式名称", "one layout name"}
	msgOneFile          = message{"一个文件", "one file"}
	msgNoDraft          = message{"不能为“%s”起草版式；请看下面的原因，改正文件后重试", "no layout could be drafted for \"%s\"; see why, and try again with a file without that"}
	msgOneShell         = message{"一个 shell 名称（bash、zsh、fish 或 powershell）", "the name of one shell (bash, zsh, fish or powershell)"}
	msgNoShell          = message{"没有 shell“%s”%s可用 bash、zsh、fish、powershell", "no shell \"%s\"%suse bash, zsh, fish or powershell"}
	msgOneDay           = message{"一个日期，如 2026-01-05", "one day such as 2026-01-05"}
	msgNoFiles          = message{"没有给出任何文件；例如：duizhang run --pos 销售.xlsx --clearing 对账单.csv", "no files given; for example: duizhang run --pos sales.xlsx --clearing clearing.csv"}
	msgOutNotXLSX       = message{"选项 --out：“%s”不是 .xlsx；工作簿的文件名要以 .xlsx 结尾", "flag --out: \"%s\" is not .xlsx; the workbook's name must end in .xlsx"}
	msgOutNoFolder      = message{"“%s”所在的文件夹不存在；请先建立文件夹或改正路径", "the folder of \"%s\" does not exist; create it or correct the path"}
	msgOutIsInput       = message{"“%s”既是输入又是输出；输入文件绝不会被改写，请换一个输出文件名", "\"%s\" is an input and an output; inputs are never modified, choose another output"}
	msgEmptyPath        = message{"路径是空的；请写文件或文件夹的路径", "the path is empty; write that of a file or a folder"}
	msgPathIsFlag       = message{"“%s”是下一个选项，不是文件；这里缺少值", "\"%s\" is the next flag and not a file; a value is missing here"}
	msgNotAFile         = message{"“%s”不是普通文件（是文件夹、管道或设备）；请给出文件", "\"%s\" is not a regular file (but a folder, a pipe or a device); give a file"}
	msgNoLayoutDir      = message{"选项 --layouts：文件夹“%s”不存在；请核对路径", "flag --layouts: there is no folder \"%s\"; check the path"}
	msgLayoutNoDir      = message{"选项 --layouts：“%s”不是文件夹；请给出放版式（.toml）的文件夹", "flag --layouts: \"%s\" is not a folder; name the folder that holds the layouts (.toml)"}
	msgEmptyFolder      = message{"文件夹“%s”里没有文件；请把要核对的文件放进去，或直接给出文件", "there are no files in the folder \"%s\"; put the files to reconcile into it, or name them"}
	msgFolderUnreadable = message{"读不了文件夹“%s”；请检查权限，或直接给出文件", "the folder \"%s\" cannot be read; check its rights, or name the files"}
	msgLongDash         = message{"“%s”开头的横线不是选项用的减号（多半被文字处理软件改过）%s请用两个减号重写", "\"%s\" begins with a dash where a flag has hyphens (a text program has changed them)%stype two hyphens"}
	msgFlagElsewhere    = message{"%s 没有选项 %s，它是 %s 的选项；加 --help 查看全部选项", "%s has no flag %s, it is one of %s; add --help for all flags"}
	msgBadDate          = message{"“%s”不是日期；写作 2026-01-05", "\"%s\" is not a date; write 2026-01-05"}
	msgBadSize          = message{"“%s”不是大小；写作 512MiB 或 1GiB", "\"%s\" is not a size; write 512MiB or 1GiB"}
	msgSmallMemory      = message{"“%s”太小；至少 %s", "\"%s\" is too small; at least %s"}
	msgBadWorkers       = message{"“%s”不是并行数；写 1 到 %d 之间的整数", "\"%s\" is no number of workers; write a whole number from 1 to %d"}
	msgBadLanguage      = message{"“%s”不是语言；写 zh 或 en", "\"%s\" is not a language; write zh or en"}
	msgBadFailOn        = message{"“%s”不是差异种类；可用 %s，或 all、none", "\"%s\" is no kind of difference; use %s, or all, none"}
	msgBadOverride      = message{"“%s”写法不对；写作 值 或 文件:值", "\"%s\" is malformed; write VALUE or FILE:VALUE"}
	msgOverrideNoFile   = message{"选项 --%s：“%s”不在给出的文件之中；写文件的路径或文件名", "flag --%s: \"%s\" is none of the given files; write a file's path or base name"}
	msgBadEncoding      = message{"选项 --encoding：没有编码“%s”；可用 %s", "flag --encoding: no encoding \"%s\"; use %s"}
	msgNoLayout         = message{"没有版式“%s”%s运行 duizhang layouts 查看全部", "no layout \"%s\"%srun duizhang layouts for all"}

	// Configuration.
	msgConfigTooBig     = message{"%s：配置文件大于 %s，这不像配置文件；请核对 --config", "%s: larger than %s, this does not look like a configuration; check --config"}
	msgConfigUnreadable = message{"%s：读不了配置文件；请核对路径与权限", "%s: cannot read the configuration; check its path and rights"}
	msgConfigNotUTF8    = message{"%s：配置文件不是 UTF-8 编码；请另存为 UTF-8", "%s: the configuration is not UTF-8; save it as UTF-8"}
	msgConfigSyntax     = message{"%s:%d:%d：配置文件写法有误：%s", "%s:%d:%d: the configuration is not TOML: %s"}
	msgConfigUnknownKey = message{"%s：没有配置项“%s”%s全部配置项见 duizhang run --help", "%s: no key \"%s\"%sduizhang run --help has them all"}
	msgConfigType       = message{"%s：“%s”的值不对；应当是%s", "%s: \"%s\" has a wrong value; it must be %s"}
	msgConfigValue      = message{"%s：“%s”", "%s: \"%s\""}
	msgTypeBool         = message{"true 或 false", "true or false"}
	msgTypeInteger      = message{"不带引号的整数", "a whole number without quotes"}
	msgTypeString       = message{"带引号的文字", "text in quotes"}
	msgTypeStrings      = message{"带引号的文字，或它们的列表", "text in quotes, or a list of them"}
	msgTypeTable        = message{"一个表，写作 [match]", "a table, written [match]"}
	msgTypeDuration     = message{"带引号的时长，如 \"10m\"", "a duration in quotes such as \"10m\""}
	msgTypeDate         = message{"日期，如 2026-01-05", "a date such as 2026-01-05"}
	msgThresholdRange   = message{"%s：“%s”超出范围；应当在 %s 到 %s 之间", "%s: \"%s\" is out of range; it must be from %s to %s"}

	// Run.
	msgCannotWrite    = message{"不能写出报告", "cannot write the report"}
	msgNoScratch      = message{"不能建立临时文件夹；请检查磁盘空间和环境变量 TMPDIR 所指文件夹的权限", "cannot make a temporary folder; check free space and the rights of the folder that TMPDIR names"}
	msgNothingToRead  = message{"没有一个文件可以使用；没有写出任何文件", "none of the files can be used; nothing was written"}
	msgReadFailed     = message{"读取失败；没有写出任何文件", "reading failed; nothing was written"}
	msgMatchFailed    = message{"对账失败；没有写出任何文件", "reconciling failed; nothing was written"}
	msgNotBalanced    = message{"自查不平：%s；没有写出任何文件，请报告给开发者", "the proof does not balance: %s; nothing was written, please report this"}
	msgMoreProblems   = message{"另有 %d 行被拒绝，见工作簿“拒绝的行”或 rejects.csv", "%d more rows are rejected, see the workbook's sheet of rejected rows or rejects.csv"}
	msgDuplicate      = message{"%s：与 %s 内容相同，只使用一次", "%s: same content as %s, used once"}
	msgCannotPrint    = message{"标准输出写不进去；请检查磁盘空间或重定向的目标", "standard output cannot be written to; check the disk, or where it is redirected to"}
	msgSummaryLost    = message{"报告已写出（%s），只是汇总打印不到标准输出：%s", "the report is written (%s), only its summary cannot be printed on standard output: %s"}
	msgPhaseRead      = message{"读取", "reading"}
	msgPhaseMatch     = message{"核对", "matching"}
	msgPhaseWrite     = message{"写报告", "writing"}
	msgKeptEdited     = message{"%s 不是本程序写出的，或已在其他程序中编辑保存过，予以保留；这次的结果写到了 %s", "%s was not written by this program, or was edited and saved by another, and is kept; this run's is %s"}
	msgRenamed        = message{"%s 正被其他程序打开；这次的结果写到了 %s", "%s is open in another program; this run's is %s"}
	msgUnfinished     = message{"上一次运行在交付结果时被中断：%s 是那一次的，%s 仍是更早的；这次运行会全部换新", "an earlier run was stopped while it delivered its results: %s are of that run, %s are still those of before; this run replaces all of them"}
	msgContractsFound = message{"%s：这是合同表，按它核对", "%s: a table of contracts, it is used"}
	msgContractsNamed = message{"%s：这是合同表，没有使用；已指定 %s", "%s: a table of contracts, it is not used; %s was named"}
	msgContractsTwice = message{"“%s”和“%s”都是合同表；请只给一份", "\"%s\" and \"%s\" are both tables of contracts; give one"}
	msgReportNotShown = message{"%s 已写出，但没能打开（%s）", "%s is written but could not be opened (%s)"}

	// Inspect.
	msgWordName      = message{"名称", "name"}
	msgWordSide      = message{"方", "side"}
	msgWordLayout    = message{"版式", "layout"}
	msgWordAcquirer  = message{"收单机构", "acquirer"}
	msgWordEncoding  = message{"编码", "encoding"}
	msgWordBytes     = message{"字节数", "bytes"}
	msgWordDigest    = message{"SHA-256", "SHA-256"}
	msgWordDuplicate = message{"内容同", "same as"}
	msgWordRows      = message{"行数", "rows"}
	msgRowCounts     = message{"共 %d = 采用 %d + 拒绝 %d + 跳过 %d", "%d = %d accepted + %d rejected + %d skipped"}
	msgWordAmount    = message{"金额合计", "amount"}
	msgWordChecks    = message{"自检", "checks"}
	msgCheckBalance  = message{"余额", "balance"}
	msgCheckTotals   = message{"合计", "totals"}
	msgCheckIdentity = message{"每行净额", "net of each row"}
	msgCheckBatch    = message{"批次与划款", "batches and payouts"}
	msgCheckAgrees   = message{"%s：%d 行相符", "%s: %d rows ok"}
	msgCheckFails    = message{"%s：不符（%d 行相符）", "%s: DIFFERS (%d rows ok)"}
	msgNotChecked    = message{"文件里没有可核对的：%s", "nothing in the file to check: %s"}
	msgListComma     = message{"、", ", "}
	msgListSemicolon = message{"；", "; "}
	msgWordControl   = message{"自报合计", "declared"}
	msgControlAgrees = message{"与读到的一致", "agrees with what was read"}
	msgControlFails  = message{"与读到的不一致", "does not agree with what was read"}
	msgWordColumns   = message{"列 → 字段", "columns → fields"}
	msgNotUsed       = message{"（不用）", "(not used)"}
	msgWordFirst     = message{"前几行", "first rows"}
	msgWordProblems  = message{"问题", "problems"}
	msgAndMore       = message{"……另有 %d 处", "… and %d more"}
	msgSideUnknown   = message{"未识别", "not recognised"}
	msgSidePos       = message{"商户（pos）", "pos"}
	msgSideClearing  = message{"收单（clearing）", "clearing"}
	msgSideBank      = message{"银行（bank）", "bank"}

	// Demo.
	msgDemoExists  = message{"“%s”里已有别的文件；请给一个空的或新的文件夹", "\"%s\" holds other files; name an empty or a new folder"}
	msgDemoWrote   = message{"已在 %s 生成演示数据：商户 %d 个文件、收单 %d 个、银行 %d 个，及合同表", "wrote demo data to %s: %d POS files, %d clearing files, %d bank files and a contract table"}
	msgDemoRuns    = message{"运行：%s", "running: %s"}
	msgDemoCannot  = message{"不能写出演示数据；请检查文件夹的权限与磁盘空间", "cannot write the demo data; check the rights of the folder and the free space"}
	msgDemoCompare = message{"演示数据里故意放入了差异，所以 run 在这里的退出码是 %d", "the data holds planted differences, so run itself would exit %d"}

	// Help.
	msgShort        = message{"商户销售、收单清算与银行到账的核对", "reconcile sales, acquirer clearing and bank credits"}
	msgLong         = message{"对账：把商户的销售记录与收单机构的对账单、银行到账逐笔核对，\n说清每一笔钱是否清算、是否到账、何时到账、手续费是否正确，并写出一份 Excel 报告。\n\n直接给出文件或文件夹（或把它们拖到程序图标上）等于 run，报告写在第一个文件旁边。\n不想敲命令：duizhang page 打开本机页面。", "Duizhang reconciles a shop's sales with the acquirer's clearing files and the bank's credits:\nwas each sale cleared, did the money arrive, on which day, and was the fee right. It writes one workbook.\n\nFiles or folders given without a command (or dropped on the icon) mean run, with the report beside the first file.\nThose who would rather look than type: duizhang page."}
	msgRootUse      = message{"命令 [选项] | 文件...", "COMMAND [flags] | FILE..."}
	msgUsageWord    = message{"用法：", "Usage:"}
	msgCommandsWord = message{"命令：", "Commands:"}
	msgFlagsWord    = message{"选项：", "Flags:"}
	msgExitWord     = message{"退出码：", "Exit status:"}
	msgHelpShort    = message{"某个命令的说明", "help on a command"}

	msgRunShort     = message{"对账并写出报告", "reconcile and write the report"}
	msgRunLong      = message{"对账：读取各方文件，逐笔匹配，证明不丢一行一分，写出工作簿。\n不写明哪一方的文件会自动识别。文件名可含 * 和 ?，文件夹代表其中所有文件。", "Reconcile: read all files, match row by row, prove that no row and no fen is lost, write the workbook.\nA file without a side is recognised. File names may hold * and ?; a folder stands for all files in it."}
	msgInspectShort = message{"说明一个文件是什么、怎样读取", "tell what a file is and how it is read"}
	msgInspectLong  = message{"识别：编码、版式、哪一方、各列对应的字段、前几行、合计与问题（会读完整个文件）。", "Recognise: encoding, layout, side, columns and their fields, first rows, totals, problems (reads all of it)."}
	msgLayoutsShort = message{"已知的文件版式", "the known file layouts"}
	msgNewShort     = message{"按一个文件起草版式（TOML）", "draft a layout from a file (TOML)"}
	msgNewLong      = message{"起草：看表头和内容，猜出是哪一方、怎样分列、各列是什么、单位和用词，写成带说明的 TOML。\n核对后存成 名称.toml，放进 --layouts 的文件夹。", "Draft: from the header and the values, propose the side, the columns and their fields, units and words, as commented TOML.\nCheck it and save it as NAME.toml in the folder of --layouts."}
	msgShowShort    = message{"打印一个版式的定义（TOML）", "print a layout's definition (TOML)"}
	msgDemoShort    = message{"生成一小套演示数据并对账", "write a small data set and reconcile it"}
	msgDemoLong     = message{"演示：在文件夹里生成一套带差异的演示数据（默认 duizhang-demo），再用与 run 相同的过程对账。", "Demo: write a small data set with differences into a folder (duizhang-demo by default) and reconcile it the way run does."}
	msgVersionShort = message{"程序版本", "the program's version"}
	msgComplShort   = message{"命令行补全脚本", "a completion script for a shell"}

	msgFlagHelp       = message{"显示说明", "show this help"}
	msgFlagLang       = message{"消息与报告的语言；不随系统环境变化", "language of messages and reports; does not follow the environment"}
	msgFlagPos        = message{"商户方文件（销售、收银、ERP 导出），可多次", "the shop's file (POS, till, ERP export), repeatable"}
	msgFlagClearing   = message{"收单方文件（对账单、清算、结算明细），可多次", "the acquirer's file (clearing, settlement), repeatable"}
	msgFlagBank       = message{"银行流水或出款明细，可多次", "bank statement or payout list, repeatable"}
	msgFlagAsOf       = message{"按哪一天判断是否到期；默认上海时间的今天", "the day the run is judged on; today in Shanghai by default"}
	msgFlagOut        = message{"工作簿；默认当前文件夹的 对账报告_<日期>.xlsx", "the workbook; 对账报告_<as-of>.xlsx in the current folder by default"}
	msgFlagCSV        = message{"另写机器可读的 CSV 到此文件夹", "also write machine-readable CSVs to this folder"}
	msgFlagAll        = message{"一致的交易也列出", "list matched rows too"}
	msgFlagJSON       = message{"在标准输出打印一个 JSON 汇总", "print the summary as one JSON object"}
	msgFlagContracts  = message{"合同表：结算周期、切点、费率（CSV 或 XLSX）", "contract table: cycles, cut-offs, rates (CSV or XLSX)"}
	msgFlagLedger     = message{"账本：一个文件（没有就新建）或 postgres://…，记住未了结的事项；也可用环境变量 DUIZHANG_LEDGER", "ledger: a file (made if absent) or postgres://…, which remembers what is open; also by DUIZHANG_LEDGER"}
	msgFlagDecisions  = message{"处理结果文件（CSV：item_id, decision, note, by）", "decisions (CSV: item_id, decision, note, by)"}
	msgFlagExpect     = message{"应到的清算文件没有到时退出码为 3", "exit 3 if an expected clearing file is missing"}
	msgFlagLockWait   = message{"账本被占用时最多等多久", "how long to wait for a ledger that another run holds"}
	msgFlagCalendar   = message{"补充或改动的节假日（日期, 类型 休/班）", "added or changed holidays (日期, 类型 休/班)"}
	msgFlagPatterns   = message{"补充的付款方与附言写法（TOML），认出银行流水里的收单机构", "added patterns of payers and remarks (TOML) by which bank lines are recognised"}
	msgFlagLayouts    = message{"自定义版式的文件夹，同名的取代内置版式", "folder of own layouts; one of the same name replaces a built-in"}
	msgFlagConfig     = message{"配置文件；默认当前文件夹的 duizhang.toml，可以没有", "configuration; duizhang.toml of the current folder if present"}
	msgFlagFailOn     = message{"哪些差异使退出码为 1，逗号分隔，或 none", "which differences make exit 1, comma separated, or none"}
	msgFlagWorkers    = message{"并行数；默认等于处理器核数", "workers; one per core by default"}
	msgFlagMemory     = message{"超过此数的数据经临时文件", "data above it goes through temporary files"}
	msgFlagQuiet      = message{"不打印汇总", "no summary"}
	msgFlagNoProgress = message{"不显示进度", "no progress line"}
	msgFlagEncoding   = message{"指定编码，如 gb18030，或 文件:编码", "encoding such as gb18030, or FILE:ENCODING"}
	msgFlagLayout     = message{"指定版式，或 文件:版式", "layout, or FILE:LAYOUT"}
	msgFlagSheet      = message{"指定工作表，或 文件:工作表", "sheet, or FILE:SHEET"}

	msgExitRun = message{
		"  0    全部核对一致\n  1    有差异，报告完整\n  2    命令行或配置有误，没有读取任何文件\n  3    报告已写出但不完整：有文件或行被拒绝，或有文件找不到\n  4    失败，没有写出任何文件\n  5    账本被占用、已损坏、版本较新，或日期倒退；没有写入账本\n  130  被中断，没有写出任何文件\n",
		"  0    everything reconciled\n  1    differences found, the report is complete\n  2    usage or configuration error, nothing was read\n  3    report written but incomplete: a file or a row was refused, or a file is missing\n  4    failed, nothing was written\n  5    the ledger is held, damaged or newer, or the day is out of order; the ledger is unchanged\n  130  interrupted, nothing was written\n"}
	msgExitInspect = message{
		"  0    可以使用，没有被拒绝的行\n  2    命令行或配置有误\n  3    有文件不能使用，或有被拒绝的行\n",
		"  0    usable, no rejected rows\n  2    usage or configuration error\n  3    a file is unusable or has rejected rows\n"}
)

// systemErrors are the failures of the system that a clerk meets, with what to
// do. Others are shown as the system words them.
var systemErrors = []struct {
	err error
	msg message
}{
	{fs.ErrNotExist, message{"文件或文件夹不存在", "no such file or folder"}},
	{fs.ErrPermission, message{"没有权限；请检查文件或文件夹的访问权限", "permission denied; check the rights of the file or folder"}},
	{syscall.ENOSPC, message{"磁盘空间不足；请腾出空间后重试", "no space left on the disk; free some and try again"}},
	{syscall.EROFS, message{"磁盘是只读的；请换一个文件夹", "the disk is read-only; choose another folder"}},
}

func systemErrorText(lang language, err error) string {
	for _, known := range systemErrors {
		if !errors.Is(err, known.err) {
			continue
		}
		var pe *fs.PathError
		if errors.As(err, &pe) {
			return pe.Path + say(lang, msgCause, known.msg)
		}
		return say(lang, known.msg)
	}
	return err.Error()
}

var _ localised = (*failure)(nil)

// Text is the failure in one language.
func (f *failure) Text(lang problem.Lang) string { return f.text(lang) }
