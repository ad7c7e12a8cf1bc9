module go_app

go 1.19

require podnet v0.0.0

replace podnet => ../../bindings/go
