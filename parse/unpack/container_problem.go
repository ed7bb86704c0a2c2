package unpack

import (
	"archive/zip"
	"compress/gzip"
	"errors"
	"io"
	"io/fs"
	"strconv"

	"github.com/duizhang/duizhang/parse/problem"
	"github.com/duizhang/duizhang/parse/text"

	"github.com/klauspost/compress/flate"
)

// Problems of containers and workbooks, found before any text is read.
const (
	CodeUnreadable        problem.Code = "unreadable"
	CodeSpool             problem.Code = "temporary_file"
	CodePackDamaged       problem.Code = "archive_damaged"
	CodePackEncrypted     problem.Code = "archive_encrypted"
	CodePackMethod        problem.Code = "archive_method"
	CodePackSplit         problem.Code = "archive_split"
	CodePackLink          problem.Code = "archive_link"
	CodePackedOther       problem.Code = "archive_kind"
	CodeArchiveDeep       problem.Code = "archive_depth"
	CodeArchiveEmpty      problem.Code = "archive_empty"
	CodeArchiveMany       problem.Code = "archive_entries"
	CodeUnpackLarge       problem.Code = "archive_size"
	CodeUnpackRatio       problem.Code = "archive_ratio"
	CodeNotData           problem.Code = "not_data"
	CodeWebPage           problem.Code = "web_page"
	CodeWorkbookOld       problem.Code = "workbook_old"
	CodeWorkbookOther     problem.Code = "workbook_kind"
	CodeWorkbookEncrypted problem.Code = "workbook_encrypted"
	CodeWorkbookDamaged   problem.Code = "workbook_damaged"
	CodeWorkbookEntity    problem.Code = "workbook_entity"
	CodeWorkbookRows      problem.Code = "workbook_rows"
	CodeWorkbookColumns   problem.Code = "workbook_columns"
	CodeWorkbookStrings   problem.Code = "workbook_strings"
	CodeWorkbookSheets    problem.Code = "workbook_sheets"
)

var _ = problem.AddMessages(map[problem.Code]problem.Message{
	CodeUnreadable:        {ZH: "读取失败（{0}）；请检查文件权限、磁盘或网络共享后重试", EN: "cannot be read ({0}); check its permissions, the disk or the network share and try again"},
	CodeSpool:             {ZH: "临时文件写入失败（{0}）；请腾出磁盘空间，或用环境变量 TMPDIR 指定另一个临时目录", EN: "a temporary file could not be written ({0}); free disk space, or name another folder in TMPDIR"},
	CodePackDamaged:       {ZH: "压缩包或工作簿不完整或已损坏（{0}）；请重新下载", EN: "the archive or workbook is incomplete or damaged ({0}); download it again"},
	CodePackEncrypted:     {ZH: "压缩包有密码；请先用密码解压，再核对解压后的文件", EN: "the archive needs a password; unpack it with the password and give the unpacked files"},
	CodePackMethod:        {ZH: "压缩包使用了不支持的压缩方法；请解压后给出其中的文件，或重新压缩为普通 zip", EN: "the archive uses a compression method that is not supported; unpack it and give the files, or pack them as a plain zip"},
	CodePackSplit:         {ZH: "这是分卷压缩包的一部分；请合并解压后给出其中的文件", EN: "this is one part of a split archive; unpack all parts together and give the files"},
	CodePackLink:          {ZH: "压缩包里的这一项是链接或设备，不是文件；请把真实文件打包", EN: "this entry is a link or a device and not a file; pack the real file"},
	CodePackedOther:       {ZH: "这是 {0} 压缩包，不能直接读取；请解压后给出其中的文件", EN: "this is a {0} archive, which is not read directly; unpack it and give the files"},
	CodeArchiveDeep:       {ZH: "压缩包嵌套太多层；请解压里层后给出其中的文件", EN: "archives are nested too deeply; unpack the inner one and give the files"},
	CodeArchiveEmpty:      {ZH: "压缩包里没有文件；请重新下载", EN: "there is no file in the archive; download it again"},
	CodeArchiveMany:       {ZH: "压缩包有 {0} 项，上限是 {1}；请解压后给出需要的文件", EN: "the archive has {0} entries, the limit is {1}; unpack it and give the files that are needed"},
	CodeUnpackLarge:       {ZH: "解压后超过大小上限，未读取；若确实是账单，请解压后给出文件", EN: "unpacks to more than the size limit and was not read; if it really is a statement, unpack it and give the file"},
	CodeUnpackRatio:       {ZH: "压缩比异常（疑似压缩炸弹），未读取；若确实是账单，请解压后给出文件", EN: "unpacks to far too many times its size (a zip bomb?) and was not read; if it really is a statement, unpack it and give the file"},
	CodeNotData:           {ZH: "这是 {0} 文件，不是表格数据；请导出 CSV 或 Excel", EN: "this is a {0} file and not a table; export CSV or Excel"},
	CodeWebPage:           {ZH: "这是网页，里面没有表格：可能登录已过期；请重新登录下载", EN: "this is a web page without a table, perhaps because a login has expired; log in and download again"},
	CodeWorkbookOld:       {ZH: "这是旧格式工作簿（{0}）；请用 Excel 或 WPS 打开，另存为 xlsx", EN: "this is a workbook in an old format ({0}); open it in Excel or WPS and save it as xlsx"},
	CodeWorkbookOther:     {ZH: "不能读取这种文档（{0}）；请用 Excel 或 WPS 打开，另存为 xlsx 或 CSV", EN: "this kind of document ({0}) is not read; open it in Excel or WPS and save it as xlsx or CSV"},
	CodeWorkbookEncrypted: {ZH: "工作簿有打开密码；请用密码打开，去掉密码另存后再给出", EN: "the workbook is password-protected; open it, save it without a password and give that file"},
	CodeWorkbookDamaged:   {ZH: "工作簿不完整或已损坏（{0}），未读取；请重新下载，或用 Excel、WPS 打开修复后另存", EN: "the workbook is incomplete or damaged ({0}) and was not read; download it again, or open it in Excel or WPS and save it"},
	CodeWorkbookEntity:    {ZH: "工作簿的 XML 带有文档类型或自定义实体，不安全，未读取；请用 Excel 或 WPS 打开后另存", EN: "the workbook's XML has a document type or its own entities, which is unsafe, and was not read; open it in Excel or WPS and save it"},
	CodeWorkbookRows:      {ZH: "行号 {value} 超过工作表上限 {0}，未读取；请用 Excel 或 WPS 打开后另存", EN: "row number {value} is beyond the limit of a sheet, {0}, so it was not read; open it in Excel or WPS and save it"},
	CodeWorkbookColumns:   {ZH: "第 {0} 列有内容，上限是 {1} 列；请删去多余的列后另存", EN: "there is a value in column {0}, the limit is {1} columns; remove what is not needed and save it"},
	CodeWorkbookStrings:   {ZH: "工作簿的文字超过 {0}；请另存为 CSV", EN: "the workbook's texts exceed {0}; save it as CSV"},
	CodeWorkbookSheets:    {ZH: "工作簿的工作表超过 {0} 张；请只留下需要的工作表", EN: "the workbook has more than {0} sheets; keep only those that are needed"},
})

// problemAt is a problem of a whole document.
func problemAt(file string, code problem.Code, args ...string) *problem.Problem {
	return &problem.Problem{Code: code, File: file, Args: args}
}

// unpackProblem says why a packed document could not be unpacked.
func unpackProblem(file string, err error) *problem.Problem {
	var p *problem.Problem
	var s *text.SpoolError
	switch {
	case errors.As(err, &p):
		q := *p
		q.File = file
		return &q
	case errors.As(err, &s):
		return problemAt(file, CodeSpool, s.Error())
	case errors.Is(err, ErrTooLarge):
		return problemAt(file, CodeUnpackLarge)
	case errors.Is(err, errRatio):
		return problemAt(file, CodeUnpackRatio)
	case errors.Is(err, zip.ErrAlgorithm):
		return problemAt(file, CodePackMethod)
	case isDamage(err):
		return problemAt(file, CodePackDamaged, err.Error())
	}
	return problemAt(file, CodeUnreadable, err.Error())
}

// columnsProblem is a value beyond the columns that are read.
func columnsProblem(col, limit int) *problem.Problem {
	return &problem.Problem{Code: CodeWorkbookColumns, Args: []string{strconv.Itoa(col), strconv.Itoa(limit)}}
}

// isDamage tells an error of the packed bytes from one of reading them.
func isDamage(err error) bool {
	var corrupt flate.CorruptInputError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) ||
		errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) ||
		errors.Is(err, errCompress) || errors.As(err, &corrupt)
}

// workbookProblem says what is wrong with a workbook near a row (0: none) of a
// sheet ("": the workbook itself).
func workbookProblem(file, sheet string, row int, err error) *problem.Problem {
	if sheet != "" {
		file += ":" + sheet
	}
	var p *problem.Problem
	var s *text.SpoolError
	var disk *fs.PathError
	q := problem.Problem{Code: CodeWorkbookDamaged, Args: []string{err.Error()}}
	switch {
	case errors.As(err, &p):
		q = *p
	case errors.As(err, &s), errors.As(err, &disk):
		q = *unpackProblem(file, err)
	case errors.Is(err, errXMLEntity):
		q = problem.Problem{Code: CodeWorkbookEntity}
	case errors.Is(err, ErrTooLarge), errors.Is(err, errRatio), errors.Is(err, zip.ErrAlgorithm):
		q = *unpackProblem(file, err)
	}
	q.File, q.Line = file, int64(row)
	return &q
}
