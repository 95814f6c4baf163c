// Command terminal counts the files below a folder, and their bytes, while its
// screen goes on: the clock ticks, keys are answered, and the count can be begun
// anew or stopped at any time. It is a tcell program with one more kind of event: a
// function from its tasks.
//
//	cd examples/terminal && go run . /usr
//
// Press R to begin anew, S to stop, Q to leave.
package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	if err := start(root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func start(root string) error {
	screen, err := tcell.NewScreen()
	if err != nil {
		return err
	}
	if err := screen.Init(); err != nil {
		return err
	}
	defer screen.Fini()
	a, err := newApp(screen, root)
	if err != nil {
		return err
	}
	return a.run()
}

// An app is a screen and what is on it. All of it belongs to the loop.
type app struct {
	screen tcell.Screen
	loop   *mainloop.Loop
	root   string

	now      time.Time
	files    int
	bytes    int64
	state    string
	counting *executor.Task[int]
	keys     int
}

func newApp(screen tcell.Screen, root string) (*app, error) {
	// tcell's queue takes some events and says so when it is full. The Loop asks
	// again then; nothing is lost.
	host := mainloop.HostFunc(func(f func()) error { return screen.PostEvent(tcell.NewEventInterrupt(f)) })
	loop, err := mainloop.NewQueued(host, mainloop.Options{})
	if err != nil {
		return nil, err
	}
	return &app{screen: screen, loop: loop, root: root, now: time.Now()}, nil
}

// run is the main loop, until somebody leaves.
func (a *app) run() error {
	executor.Go(a.loop, a.clock).Detach()
	a.begin()
	return a.loop.Run(func() error {
		for {
			a.draw()
			switch ev := a.screen.PollEvent().(type) {
			case nil: // the screen is gone
				return nil
			case *tcell.EventInterrupt:
				if f, ok := ev.Data().(func()); ok {
					f()
				}
			case *tcell.EventResize:
				a.screen.Sync()
			case *tcell.EventKey:
				if a.key(ev) {
					return nil
				}
			}
		}
	})
}

// key answers a key and reports whether it was the last one.
func (a *app) key(ev *tcell.EventKey) (leave bool) {
	a.keys++
	switch {
	case ev.Key() == tcell.KeyEscape, ev.Key() == tcell.KeyCtrlC, ev.Rune() == 'q':
		return true
	case ev.Rune() == 'r':
		a.begin()
	case ev.Rune() == 's' && a.counting != nil:
		a.counting.Cancel()
	case ev.Rune() == 'w':
		// A wait here would leave the screen dead; it is refused.
		_, err := a.counting.Wait(context.Background())
		a.state = fmt.Sprint(err)
	}
	return false
}

// clock is a task that ends with the loop.
func (a *app) clock(ctx context.Context) (int, error) {
	for {
		if _, err := pollster.BlockOn(ctx, compat.After(100*time.Millisecond)); err != nil {
			return 0, err
		}
		a.now = time.Now()
	}
}

// begin counts anew.
func (a *app) begin() {
	if a.counting != nil {
		a.counting.Cancel()
	}
	a.files, a.bytes, a.state = 0, 0, "counting"
	a.counting = executor.Go(a.loop, a.count)
}

// count walks through the files. Reading a folder may take long, and for ever on a
// network drive that hangs, so it is done by the pool; what comes of it is added up
// here, on the loop.
func (a *app) count(ctx context.Context) (int, error) {
	me := a.counting // this task: it has not run before begin was over
	folders := []string{a.root}
	for len(folders) > 0 {
		folder := folders[len(folders)-1]
		folders = folders[:len(folders)-1]
		found, err := unblock.Call(ctx, func() (listing, error) { return list(folder), nil })
		if err != nil {
			if me == a.counting {
				a.state = "stopped"
			}
			return 0, err
		}
		folders = append(folders, found.folders...)
		a.files += found.files
		a.bytes += found.bytes
	}
	a.state = "done"
	return a.files, nil
}

// A listing is what there is in one folder. One that cannot be read is empty.
type listing struct {
	folders []string
	files   int
	bytes   int64
}

func list(folder string) (l listing) {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		switch info, err := e.Info(); {
		case err != nil:
		case e.IsDir():
			l.folders = append(l.folders, filepath.Join(folder, e.Name()))
		case info.Mode()&fs.ModeType == 0:
			l.files++
			l.bytes += info.Size()
		}
	}
	return l
}

func (a *app) draw() {
	a.screen.Clear()
	lines := []string{
		a.now.Format(time.TimeOnly),
		a.root,
		fmt.Sprintf("%d files, %.1f MB, %s", a.files, float64(a.bytes)/1e6, a.state),
		"R: anew, S: stop, W: wait, Q: leave",
	}
	for y, line := range lines {
		for x, r := range []rune(line) {
			a.screen.SetContent(x, y, r, nil, tcell.StyleDefault)
		}
	}
	a.screen.Show()
}
