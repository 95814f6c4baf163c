module github.com/causeway-go/causeway/reactor/nettest

go 1.26.0

replace github.com/causeway-go/causeway => ../..

require (
	github.com/causeway-go/causeway v0.0.0-00010101000000-000000000000
	golang.org/x/net v0.62.0
)

require (
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
