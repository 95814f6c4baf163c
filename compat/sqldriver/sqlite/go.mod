module github.com/causeway-go/causeway/compat/sqldriver/sqlite

go 1.26.0

require (
	github.com/causeway-go/causeway v0.0.0
	github.com/mattn/go-sqlite3 v1.14.53
)

require (
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/causeway-go/causeway => ../../..
