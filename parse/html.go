package parse

func openHTML(name string, src byteSource, opt containerOptions) (grid, *Problem) {
	return nil, problemAt(name, codeWorkbookOther, "HTML")
}
