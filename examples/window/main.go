//go:build cgo && (linux || freebsd || netbsd || openbsd)

// Command window keeps a window at 60 frames a second while a file is downloaded
// and a query runs in SQLite, both started from the window's own thread, as tasks
// of its main loop.
//
//	cd examples/window && ./setup.sh && go run .
//
// The window shows the last two seconds of frames, one bar each, red if late. Press
// Q for another query, N for the same query called in the key's handler, which is
// how the window stops, W to wait there for a task, which is refused with an error,
// and Escape to leave.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
)

const (
	width, height = 480, 270
	period        = time.Second / 60
)

func init() { runtime.LockOSThread() } // GLFW wants the main thread

func main() {
	rows := flag.Int("rows", 20_000_000, "how many rows the query counts")
	flag.Parse()
	if err := run(*rows, nil); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// An app is the window and what it shows. Everything in it belongs to the loop:
// the drawing, the handlers and the tasks take turns, so there is no lock.
type app struct {
	loop   *mainloop.Loop
	window *glfw.Window
	canvas *canvas
	data   *data

	frames  frames
	loaded  float64 // of the download, 0 to 1
	queries int     // under way
	naive   bool    // one of them is in our way
	said    string
}

// run opens the window and returns when it is closed, or when script is over, a
// task that does what a user might.
func run(rows int, script func(ctx context.Context, a *app) error) error {
	if err := glfw.Init(); err != nil {
		return err
	}
	defer glfw.Terminate() // after loop.Run, which is the end of all wakes
	glfw.WindowHint(glfw.ClientAPI, glfw.NoAPI)
	glfw.WindowHint(glfw.Resizable, glfw.False)
	w, err := glfw.CreateWindow(width, height, "Causeway", nil, nil)
	if err != nil {
		return err
	}
	defer w.Destroy()
	d, err := openData(rows)
	if err != nil {
		return err
	}
	defer d.close()

	// This is the whole of it: GLFW sleeps in C, and this is what wakes it.
	loop, err := mainloop.NewBlocked(glfw.PostEmptyEvent, mainloop.Options{})
	if err != nil {
		return err
	}
	a := &app{loop: loop, window: w, canvas: newCanvas(w), data: d, said: "Q: query, N: naive, W: wait, Esc: leave"}
	defer a.canvas.close()
	w.SetKeyCallback(a.key)
	if script == nil {
		script = func(ctx context.Context, a *app) error { // a first impression
			executor.Go(a.loop, a.download).Detach()
			executor.Go(a.loop, a.query).Detach()
			return nil
		}
		executor.Go(loop, func(ctx context.Context) (int, error) { return 0, script(ctx, a) }).Detach()
		return loop.Run(a.mainLoop)
	}
	task := executor.Go(loop, func(ctx context.Context) (int, error) {
		defer w.SetShouldClose(true)
		return 0, script(ctx, a)
	})
	if err := loop.Run(a.mainLoop); err != nil {
		return err
	}
	_, err = task.Wait(context.Background())
	return err
}

// mainLoop is an ordinary one, but for Turn.
func (a *app) mainLoop() error {
	for next := time.Now(); !a.window.ShouldClose(); {
		if wait := min(a.loop.Turn(), time.Until(next)); wait > 0 {
			glfw.WaitEventsTimeout(wait.Seconds())
		} else {
			glfw.PollEvents()
		}
		if now := time.Now(); !now.Before(next) {
			a.draw(now)
			if next = next.Add(period); next.Before(now) {
				next = now.Add(period) // what was missed is missed
			}
		}
	}
	return nil
}

// key is called by GLFW, out of C, on the loop's thread and outside of any task.
func (a *app) key(_ *glfw.Window, key glfw.Key, _ int, action glfw.Action, _ glfw.ModifierKey) {
	if action != glfw.Press {
		return
	}
	switch key {
	case glfw.KeyEscape:
		a.window.SetShouldClose(true)
	case glfw.KeyQ:
		executor.Go(a.loop, a.query).Detach()
	case glfw.KeyN:
		a.queryNaively()
	case glfw.KeyW:
		// Only this thread can run the task, and it would be waiting here.
		_, err := executor.Go(a.loop, a.query).Wait(context.Background())
		a.said = fmt.Sprint(err)
	}
}
