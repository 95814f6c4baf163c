//go:build cgo && (linux || freebsd || netbsd || openbsd)

package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"image/png"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-gl/glfw/v3.3/glfw"

	"github.com/causeway-go/causeway/compat"
	"github.com/causeway-go/causeway/compat/mainloop"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/unblock"
)

var update = flag.Bool("update", false, "write screenshot.png anew")

// screen starts an X server without a screen, for the length of a test.
func screen(t *testing.T) {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Skip("there is no Xvfb here; setup.sh installs it:", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", "640x480x24", "-nolisten", "tcp")
	cmd.ExtraFiles = []*os.File{w}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	number, err := bufio.NewReader(r).ReadString('\n') // it listens now
	if err != nil {
		t.Skip("Xvfb does not start here:", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(number))
	t.Setenv("WAYLAND_DISPLAY", "")
}

// onThread runs f as main runs run: on a thread of its own. On X that may be any.
func onThread(t *testing.T, rows int, script func(context.Context, *app) error) {
	t.Helper()
	result := make(chan error)
	go func() {
		runtime.LockOSThread()
		result <- run(rows, script)
	}()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
}

// A span is what happened to the frames for a while.
type span struct {
	frames, late int
	took, worst  time.Duration
}

func (s span) String() string {
	return fmt.Sprintf("%d frames in %v: %.1f a second, %d late, the longest gap %v",
		s.frames, s.took.Round(time.Millisecond), s.rate(), s.late, s.worst.Round(100*time.Microsecond))
}

func (s span) rate() float64     { return float64(s.frames) / s.took.Seconds() }
func (s span) lateness() float64 { return float64(s.late) / float64(max(s.frames, 1)) }

func (s span) plus(o span) span {
	return span{s.frames + o.frames, s.late + o.late, s.took + o.took, max(s.worst, o.worst)}
}

// during counts the frames while f waits.
func (a *app) during(f func() error) (span, error) {
	a.frames.worst = 0
	before, began := a.frames, time.Now()
	err := f()
	return span{a.frames.n - before.n, a.frames.late - before.late, time.Since(began), a.frames.worst}, err
}

// calibrate returns how many rows make a query take about d.
func (a *app) calibrate(ctx context.Context, d time.Duration) (int, error) {
	a.data.rows = 200_000
	began := time.Now()
	if _, err := unblock.Call(ctx, func() (int, error) { return a.data.count(ctx) }); err != nil {
		return 0, err
	}
	return int(float64(a.data.rows) * float64(d) / float64(time.Since(began)+1)), nil
}

// load downloads and counts at the same time, each to its end.
func (a *app) load(ctx context.Context) error {
	return executor.Within(ctx, a.loop, func(s *executor.Scope) error {
		download := executor.Go(s, a.download)
		query := executor.Go(s, a.query)
		if n, err := download.Wait(ctx); n != fileSize || err != nil {
			return fmt.Errorf("downloaded %d: %w", n, err)
		}
		if n, err := query.Wait(ctx); n != a.data.rows || err != nil {
			return fmt.Errorf("counted %d: %w", n, err)
		}
		return nil
	})
}

func idle(ctx context.Context) error {
	_, err := pollster.BlockOn(ctx, compat.After(time.Second))
	return err
}

// The window is as smooth with the load as without it, and stands still if the same
// query is called in its loop. The window is compared with itself, so it does not
// matter how fast this machine is; if it has other things to do the comparison may
// fail for once, and is made again.
func TestTheWindowKeepsItsFramesUnderLoad(t *testing.T) {
	screen(t)
	var quiet, loaded, naive, after span
	var failure string
	for range 5 {
		quiet, loaded, naive, after = span{}, span{}, span{}, span{}
		onThread(t, 0, func(ctx context.Context, a *app) (err error) {
			if err := idle(ctx); err != nil { // the first frames are dear
				return err
			}
			if a.data.rows, err = a.calibrate(ctx, 2*time.Second); err != nil {
				return err
			}
			for range 2 {
				s, err := a.during(func() error { return idle(ctx) })
				if err != nil {
					return err
				}
				quiet = quiet.plus(s)
				s, err = a.during(func() error { return a.load(ctx) })
				if err != nil {
					return err
				}
				loaded = loaded.plus(s)
			}
			a.data.rows /= 3
			naive, _ = a.during(func() error { a.queryNaively(); return nil })
			after, err = a.during(func() error { return idle(ctx) })
			return err
		})
		t.Log("quiet:", quiet)
		t.Log("loaded:", loaded)
		t.Log("naive:", naive)
		if failure = compareSpans(quiet, loaded, naive, after); failure == "" {
			return
		}
		t.Log("again:", failure)
	}
	t.Error(failure)
}

// compareSpans returns what is wrong, or "".
func compareSpans(quiet, loaded, naive, after span) string {
	switch {
	case quiet.frames == 0 || loaded.took < quiet.took/2:
		return "there was nothing to compare"
	case loaded.rate() < 0.95*quiet.rate():
		return fmt.Sprintf("%.1f frames a second under load, %.1f without", loaded.rate(), quiet.rate())
	case loaded.lateness() > quiet.lateness()+0.05:
		return fmt.Sprintf("%.3f of the frames late under load, %.3f without", loaded.lateness(), quiet.lateness())
	case naive.rate() > 0.05*quiet.rate():
		return "the naive query did not stop the window: then the rest proves nothing"
	case after.worst < naive.took/2:
		return "the frames do not show that the naive query stopped the window"
	}
	return ""
}

func TestAWaitInTheHandlerOfAKeyIsRefused(t *testing.T) {
	screen(t)
	onThread(t, 1000, func(ctx context.Context, a *app) error {
		var early, late error
		w := a.window
		// A handler, called by GLFW out of C, between two turns: as that of a key.
		w.SetPosCallback(func(*glfw.Window, int, int) {
			_, early = executor.Go(a.loop, a.query).Wait(context.Background())
		})
		a.key(w, glfw.KeyQ, 0, glfw.Press, 0) // in a task, nothing is wrong with it
		if _, late = executor.Go(a.loop, a.query).Wait(ctx); late != nil {
			return late
		}
		w.SetPos(30, 40)
		for early == nil {
			if _, err := pollster.BlockOn(ctx, compat.After(time.Millisecond)); err != nil {
				return err
			}
		}
		if !errors.Is(early, mainloop.ErrWait) {
			return fmt.Errorf("in the handler: %v", early)
		}
		return nil
	})
}

// The picture in the README is what this test has seen.
func TestScreenshot(t *testing.T) {
	screen(t)
	onThread(t, 0, func(ctx context.Context, a *app) (err error) {
		if a.data.rows, err = a.calibrate(ctx, 3*time.Second); err != nil {
			return err
		}
		download := executor.Go(a.loop, a.download)
		query := executor.Go(a.loop, a.query)
		if _, err := pollster.BlockOn(ctx, compat.After(1500*time.Millisecond)); err != nil {
			return err
		}
		img, err := a.canvas.screenshot()
		if err != nil {
			return err
		}
		name := t.TempDir() + "/screenshot.png"
		if *update {
			name = "screenshot.png"
		}
		f, err := os.Create(name)
		if err != nil {
			return err
		}
		if err := png.Encode(f, img); err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		// Something has been drawn, in colour, and the file may be kept in git.
		seen := map[[3]uint32]bool{}
		for y := range height {
			for x := range width {
				r, g, b, _ := img.At(x, y).RGBA()
				seen[[3]uint32{r, g, b}] = true
			}
		}
		if len(seen) < 4 || info.Size() > 32<<10 {
			t.Errorf("%d colours in %d bytes", len(seen), info.Size())
		}
		download.Cancel()
		query.Cancel()
		return f.Close()
	})
}
