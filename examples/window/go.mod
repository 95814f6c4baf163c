module github.com/causeway-go/causeway/examples/window

go 1.26.0

replace github.com/causeway-go/causeway => ../..

require (
	github.com/causeway-go/causeway v0.0.0-00010101000000-000000000000
	github.com/go-gl/glfw/v3.3/glfw v0.0.0-20260823155953-d41da22a9587
	github.com/mattn/go-sqlite3 v1.14.53
)

require (
	go.uber.org/atomic v1.12.0 // indirect
	golang.org/x/sys v0.49.0 // indirect
)
