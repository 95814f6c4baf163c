module github.com/causeway-go/causeway/examples/terminal

go 1.26.0

replace github.com/causeway-go/causeway => ../..

require (
	github.com/causeway-go/causeway v0.0.0-00010101000000-000000000000
	github.com/gdamore/tcell/v2 v2.13.10
)

require (
	github.com/gdamore/encoding v1.0.1 // indirect
	github.com/lucasb-eyer/go-colorful v1.3.0 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
	golang.org/x/term v0.37.0 // indirect
	golang.org/x/text v0.31.0 // indirect
)
