// Command wasmrun runs a program for js/wasm in a headless Chromium and ends as it
// does. It is made for go test -exec.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/causeway-go/causeway/internal/wasmrun"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: wasmrun program [arguments]")
		os.Exit(2)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	output, code, err := wasmrun.Browser(ctx, nil, os.Args[1], os.Args[2:]...)
	fmt.Print(output)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}
