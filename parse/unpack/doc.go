// Package unpack turns archives and workbooks into documents of text: zip, gzip,
// .Z, XLSX, BIFF8, XML 2003 and HTML tables. What a file is, its bytes decide.
package unpack
