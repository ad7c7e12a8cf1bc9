module podnet

go 1.19
