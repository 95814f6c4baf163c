package compat

import (
	"io"
	"os"
	"sync"

	"github.com/causeway-go/causeway/threadpool"
	"github.com/causeway-go/causeway/unblock"
)

// Stdin returns a reader of standard input that can be left: its ReadContext
// returns when the context ends, and what is typed later is there for the next
// Read. There is one for the process, made by the first call, which takes
// os.Stdin as it is then; everybody who reads standard input has to use it, one
// at a time. Call it outside synctest bubbles.
//
// Nothing is read before the first Read. From then on one goroutine, and one OS
// thread if the input is a terminal or a file, waits for input as long as there
// is room for it, in a pool of its own. So what a child process that inherits
// standard input gets is what is left over. Do not close it: the input would be
// lost to the rest of the program. Close does not close os.Stdin.
func Stdin() *unblock.Reader { return stdin() }

var stdin = sync.OnceValue(func() *unblock.Reader { return leavable(os.Stdin) })

// leavable returns a Reader of r, with a pool that a Read for ever may fill.
func leavable(r io.Reader) *unblock.Reader {
	pool, err := threadpool.New(threadpool.Options{Name: "stdin", Limit: 1})
	if err != nil {
		panic(err) // impossible: the options are good
	}
	return unblock.NewReader(struct{ io.Reader }{r}, unblock.Options{Pool: pool})
}
