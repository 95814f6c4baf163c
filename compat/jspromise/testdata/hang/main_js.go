// Command hang waits for a promise where that cannot come: in a callback.
package main

import (
	"context"
	"fmt"
	"os"
	"syscall/js"
	"time"

	"github.com/causeway-go/causeway/compat/jspromise"
)

func main() {
	// A promise that the page settles in a moment.
	later := func() js.Value {
		return js.Global().Get("Function").New("return new Promise(done => setTimeout(done, 10, 'it came'))").Invoke()
	}
	var wait func() string
	switch os.Args[len(os.Args)-1] {
	case "plain":
		wait = func() string {
			came := make(chan string, 1)
			later().Call("then", js.FuncOf(func(_ js.Value, args []js.Value) any {
				came <- args[0].String()
				return nil
			}))
			return <-came
		}
	case "ours":
		wait = func() string {
			v, err := jspromise.Wait(context.Background(), later())
			return fmt.Sprint(v, err)
		}
	case "deadline": // plain Go would not deadlock but spin
		wait = func() string {
			ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
			defer cancel()
			v, err := jspromise.Wait(ctx, later())
			return fmt.Sprint(v, err)
		}
	}
	// A plain js.FuncOf in each case: its callback is found all the same.
	got := make(chan string, 1)
	js.Global().Call("setTimeout", js.FuncOf(func(js.Value, []js.Value) any {
		got <- wait()
		return nil
	}), 1)
	println("the callback got:", <-got)
	v, err := jspromise.Wait(context.Background(), later())
	println("main goes on:", v.String(), err == nil)
}
