module duizhang

go 1.26.0
