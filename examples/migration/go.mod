module github.com/causeway-go/causeway/examples/migration

go 1.26.0

require (
	github.com/causeway-go/causeway v0.0.0
	github.com/causeway-go/causeway/compat/sqldriver/sqlite v0.0.0-00010101000000-000000000000
	github.com/mattn/go-sqlite3 v1.14.53
)

require (
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace (
	github.com/causeway-go/causeway => ../..
	github.com/causeway-go/causeway/compat/sqldriver/sqlite => ../../compat/sqldriver/sqlite
)
