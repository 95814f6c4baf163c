// Package wasmrun builds Go programs and tests for js/wasm and runs them, in Node
// by the scripts that come with Go, and in a browser by a page of its own that is
// served on localhost and posts its output and exit code back. It needs nothing but
// the standard library, and no protocol of the browser's but HTTP, so it does not
// age with them. A page has no files, so examples, whose output testing keeps in
// one on js, run in Node only.
//
// The command in the folder wasmrun is for go test:
//
//	go build -o /usr/local/bin/wasmrun ./internal/wasmrun/wasmrun
//	GOOS=js GOARCH=wasm go test -exec wasmrun ./compat/jspromise
package wasmrun
