module github.com/causeway-go/causeway

go 1.26.0

require (
	go.uber.org/atomic v1.12.0
	golang.org/x/sys v0.49.0
)
