package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gdamore/tcell/v2"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
)

// open returns the program on a screen that is not there, and a folder of 100
// files with 10 bytes each.
func open(t *testing.T) (*app, tcell.SimulationScreen) {
	t.Helper()
	root := t.TempDir()
	for i := range 10 {
		dir := filepath.Join(root, fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for k := range 10 {
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(k)), make([]byte, 10), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	screen := tcell.NewSimulationScreen("UTF-8")
	if err := screen.Init(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(screen.Fini)
	a, err := newApp(screen, root)
	if err != nil {
		t.Fatal(err)
	}
	return a, screen
}

// user runs the program, with a task of its loop in the user's place.
func user(t *testing.T, a *app, f func(ctx context.Context) error) {
	t.Helper()
	task := executor.Go(a.loop, func(ctx context.Context) (int, error) {
		defer press(a, 'q')
		return 0, f(ctx)
	})
	if err := a.run(); err != nil {
		t.Error(err)
	}
	if _, err := task.Wait(context.Background()); err != nil {
		t.Error(err)
	}
	if err := a.loop.Post(func() {}); !errors.Is(err, mainloop.ErrEnded) {
		t.Errorf("Post after the end: %v", err)
	}
}

// press presses a key. It may be called on the loop, which must not wait for room in
// its own queue.
func press(a *app, r rune) {
	ev := tcell.NewEventKey(tcell.KeyRune, r, 0)
	go func() {
		for a.screen.PostEvent(ev) != nil {
			time.Sleep(time.Millisecond)
		}
	}()
}

// until waits, on the loop, until something is so.
func until(ctx context.Context, so func() bool) error {
	for !so() {
		if _, err := pollster.BlockOn(ctx, compat.After(time.Millisecond)); err != nil {
			return err
		}
	}
	return nil
}

func TestFilesAreCountedWhileKeysAreAnswered(t *testing.T) {
	a, screen := open(t)
	user(t, a, func(ctx context.Context) error {
		began := a.now
		for range 3 {
			if err := until(ctx, func() bool { return a.state == "done" }); err != nil {
				return err
			}
			if a.files != 100 || a.bytes != 1000 {
				t.Errorf("%d files, %d bytes", a.files, a.bytes)
			}
			keys := a.keys
			press(a, 'r')
			if err := until(ctx, func() bool { return a.keys > keys }); err != nil {
				return err
			}
		}
		return until(ctx, func() bool { return a.now.After(began) && a.state == "done" })
	})
	cells, width, _ := screen.GetContents()
	var text strings.Builder
	for _, c := range cells[2*width : 3*width] {
		text.WriteRune(c.Runes[0])
	}
	if !strings.Contains(text.String(), "100 files, 0.0 MB, done") {
		t.Errorf("the screen says %q", text.String())
	}
}

// More events than the queue takes, from all sides: Post is refused, asked again,
// and no function is lost.
func TestAFullQueueLosesNothing(t *testing.T) {
	a, screen := open(t)
	const calls = 200
	user(t, a, func(ctx context.Context) error {
		for a.loop.Stats().Refused == 0 {
			// On the loop, so that nobody empties the queue meanwhile.
			for screen.PostEvent(tcell.NewEventInterrupt(nil)) == nil {
			}
			// A wake from elsewhere that finds it full.
			if _, err := pollster.BlockOn(ctx, compat.After(time.Microsecond)); err != nil {
				return err
			}
		}
		ran := 0
		var wg sync.WaitGroup
		for range calls {
			wg.Go(func() {
				for screen.PostEvent(tcell.NewEventInterrupt(nil)) == nil {
				}
				if err := a.loop.Call(context.Background(), func() { ran++ }); err != nil {
					t.Error(err)
				}
			})
		}
		_, err := pollster.BlockOn(ctx, compat.Async(ctx, func(context.Context) (int, error) { wg.Wait(); return 0, nil }))
		if ran != calls {
			t.Errorf("%d of %d ran", ran, calls)
		}
		return err
	})
	t.Logf("%+v", a.loop.Stats())
}

func TestAWaitInAKeysHandlerIsRefused(t *testing.T) {
	a, _ := open(t)
	user(t, a, func(ctx context.Context) error {
		if err := until(ctx, func() bool { return a.state == "done" }); err != nil {
			return err
		}
		a.counting = executor.Spawn(a.loop, pollster.Future[int](&pollster.Promise[int]{}))
		press(a, 'w')
		return until(ctx, func() bool { return a.state == mainloop.ErrWait.Error() })
	})
}
