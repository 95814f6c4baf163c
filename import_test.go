package causeway_test

import (
	"fmt"
	"os"
	"runtime"
	"testing"

	// Every public package (internal/tidy checks that), so that TestMain sees
	// what importing them does.
	_ "github.com/causeway-go/causeway/compat"
	_ "github.com/causeway-go/causeway/compat/jspromise"
	_ "github.com/causeway-go/causeway/compat/live"
	_ "github.com/causeway-go/causeway/compat/mainloop"
	_ "github.com/causeway-go/causeway/compat/nethttp"
	_ "github.com/causeway-go/causeway/compat/sqldriver"
	_ "github.com/causeway-go/causeway/executor"
	_ "github.com/causeway-go/causeway/executor/meet"
	_ "github.com/causeway-go/causeway/pollster"
	_ "github.com/causeway-go/causeway/pollster/futuretest"
	_ "github.com/causeway-go/causeway/reactor"
	_ "github.com/causeway-go/causeway/threadpool"
	_ "github.com/causeway-go/causeway/unblock"
)

// TestMain sees the process as the imports have left it: nothing of the library
// may have started a goroutine.
func TestMain(m *testing.M) {
	if n := runtime.NumGoroutine(); n != 1 {
		buf := make([]byte, 1<<16)
		buf = buf[:runtime.Stack(buf, true)]
		fmt.Printf("%d goroutines after the imports, want main alone:\n%s\n", n, buf)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
