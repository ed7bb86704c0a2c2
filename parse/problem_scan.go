package parse

import "github.com/duizhang/duizhang/parse/problem"

// Problems of records that cannot be cut, and of files that cannot be scanned.
const (
	codeLoneQuote      problem.Code = "lone_quote"
	codeLongRecord     problem.Code = "long_record"
	codeLongField      problem.Code = "long_field"
	codeManyColumns    problem.Code = "many_columns"
	codeNUL            problem.Code = "nul_byte"
	codeCoding         problem.Code = "bad_encoding"
	codeMixedCoding    problem.Code = "mixed_encoding"
	codeUnknownCoding  problem.Code = "unknown_encoding"
	codeMisnamed       problem.Code = "encoding_misnamed"
	codeNotFound       problem.Code = "file_not_found"
	codeNotRegular     problem.Code = "not_a_file"
	codeFormula        problem.Code = "formula_without_value"
	codeUnfinished     problem.Code = "file_unfinished"
	codeCutOff         problem.Code = "file_cut_off"
	codeChanged        problem.Code = "file_changed"
	codeTooManyRejects problem.Code = "too_many_rejects"
	codeSumRange       problem.Code = "sum_range"
	codeTooLarge       problem.Code = "too_large"
	codeNoSuchSheet    problem.Code = "no_such_sheet"
	codeNotDataPart    problem.Code = "part_not_data"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	codeLoneQuote:      {ZH: "引号不成对：这一行从 {value} 起有开引号而没有闭引号，或闭引号后还有内容；请更正该行后重新导出", EN: "unbalanced quotes: the line that begins with {value} opens a quote that is not closed, or has text behind the closing one; correct the line and export again"},
	codeLongRecord:     {ZH: "一条记录超过 {0}；多半是缺少换行或引号，请重新导出", EN: "a record is longer than {0}; most likely a line end or a quote is missing, export again"},
	codeLongField:      {ZH: "一个单元格超过 {0}；请核对该行", EN: "a cell is longer than {0}; check the row"},
	codeManyColumns:    {ZH: "一行超过 {0} 个单元格；请核对该行", EN: "a row has more than {0} cells; check the row"},
	codeNUL:            {ZH: "这一行含有空字节（NUL）：文件已损坏或尚未传完；请重新下载", EN: "the row holds zero bytes (NUL): the file is damaged or was not fully uploaded; download it again"},
	codeCoding:         {ZH: "这一行 {value} 不是有效的 {0} 文字；请以单一编码重新导出", EN: "the line {value} is not valid {0}; export again in one encoding"},
	codeMixedCoding:    {ZH: "这一行 {value} 是 {1} 编码，而文件是 {0}：文件由不同编码拼成；请以单一编码重新导出", EN: "the line {value} is in {1} while the file is in {0}: files of different encodings were joined; export again in one encoding"},
	codeMisnamed:       {ZH: "--encoding 指定为 {0}，但文件是 {1}，按 {0} 读出来是乱码；请去掉对这个文件的 --encoding，或写成 {1}", EN: "--encoding says {0}, but the file is {1} and reads as garbage in {0}; leave --encoding out for this file, or name {1}"},
	codeUnknownCoding:  {ZH: "既不是 UTF-8 也不是 GB18030（GBK）：无法确定编码；请另存为 UTF-8 后再试，或用 --encoding 指定", EN: "neither UTF-8 nor GB18030 (GBK), so its encoding is unknown; save it as UTF-8, or name the encoding with --encoding"},
	codeNotFound:       {ZH: "文件不存在；请核对路径", EN: "there is no such file; check the path"},
	codeNotRegular:     {ZH: "不是普通文件（是文件夹或设备）；请给出文件", EN: "not a regular file (a folder or a device); give a file"},
	codeFormula:        {ZH: "单元格是没有保存结果的公式，其值未知；请在表格软件中打开并保存一次", EN: "the cell is a formula whose result was never stored; open the workbook in a spreadsheet program and save it once"},
	codeUnfinished:     {ZH: "文件以空字节结尾：仍在上传或写入中；请等传输完成后再运行", EN: "the file ends in zero bytes: it is still being uploaded or written; run again when it is complete"},
	codeCutOff:         {ZH: "文件在最后一行中间断开（末行不完整且没有换行）：下载或传输未完成；请重新下载", EN: "the file ends in the middle of its last row (incomplete, without a line end): it was not fully downloaded; download it again"},
	codeChanged:        {ZH: "读取过程中文件被改动；请等写入完成后再运行", EN: "the file was changed while it was being read; run again when it is complete"},
	codeTooManyRejects: {ZH: "被拒绝的行超过 {0} 行：版式与文件不符；请用 --layout 指定版式", EN: "more than {0} rows were rejected: the layout does not fit the file; name one with --layout"},
	codeSumRange:       {ZH: "金额合计超出范围；请核对金额列与单位", EN: "the total of its amounts is out of range; check the amount column and its unit"},
	codeTooLarge:       {ZH: "文件总量超过 1 TiB；请分批运行", EN: "the files are more than 1 TiB together; run them in parts"},
	codeNoSuchSheet:    {ZH: "没有名为 {0} 的工作表；请用 --sheet 写出其中之一：{1}", EN: "there is no sheet named {0}; name one of these with --sheet: {1}"},
	codeNotDataPart:    {ZH: "这一部分不像交易数据，未使用；如果它是要核对的数据，请解压后单独给出", EN: "this part does not look like transactions and was not used; if it is to be reconciled, unpack it and give it alone"},
})
