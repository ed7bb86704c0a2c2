package main

// The sentences of the page's command and of what it shows.
var (
	msgPageShort    = message{"打开本机页面：拖入文件，看结果，逐笔处理", "a page on this computer: drop files, see the result, review"}
	msgPageLong     = message{"页面：在浏览器里拖入文件，核对前先看识别结果，然后对账、逐笔处理、下载报告。\n只在本机（127.0.0.1），不上网；退出时删除放入的文件。按 Ctrl-C、点“退出”或关闭窗口结束。", "Page: drop files in the browser, see how they are recognised, reconcile, review and download the report.\nOn this computer only (127.0.0.1), no network; dropped files are removed at the end. Ctrl-C, Quit or closing the window ends it."}
	msgExitPage     = message{"  0    页面已关闭\n  2    命令行或配置有误\n  4    失败\n", "  0    the page was closed\n  2    usage or configuration error\n  4    failed\n"}
	msgFlagNoOpen   = message{"不打开浏览器，只打印地址", "do not open a browser, only print the address"}
	msgPageAt       = message{"页面（只能打开一次）：%s\n结束：点页面上的“退出”，关闭窗口，或按 Ctrl-C", "the page (good for one browser): %s\nto end it: Quit on the page, close its window, or Ctrl-C"}
	msgPageNotShown = message{"浏览器没能打开（%s）；请把上面的地址复制到浏览器", "no browser could be opened (%s); copy the address above into one"}
	msgPageFailed   = message{"页面不能运行；可改用 duizhang run", "the page cannot run; duizhang run does the same"}

	msgPageGood       = message{"全部核对一致", "everything agrees"}
	msgPageDiffers    = message{"有差异，需要处理", "there are differences to look at"}
	msgPageIncomplete = message{"不完整：有文件或行没有用上，见下方提示", "incomplete: a file or a row is missing, see the notes below"}
	msgPageSales      = message{"销售欠款", "for sales"}
	msgPageRefunds    = message{"待扣退款", "refunds to deduct"}
	msgPageOwed       = message{"欠款合计", "owed"}
	msgPageOverdue    = message{"其中逾期", "of it overdue"}
	msgPageExcess     = message{"多清算或多付", "cleared or paid too much"}
	msgPageUnplaced   = message{"已到、待认领", "came, not placed"}
	msgPageShop       = message{"商户", "shop"}
	msgPageAcquirer   = message{"收单", "acquirer"}
	msgPageNearest    = message{"%s（最接近的）", "%s (nearest)"}
	msgPageWorkbook   = message{"下载工作簿", "workbook"}
	msgPageCSV        = message{"下载 CSV", "CSV files"}
)
