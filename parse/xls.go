package parse

func openXLS(name string, src byteSource, opt containerOptions) (grid, *Problem) {
	return nil, problemAt(name, codeWorkbookOther, "XLS")
}
