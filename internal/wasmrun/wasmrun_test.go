package wasmrun_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/internal/wasmrun"
)

func browser(ctx context.Context, program string, args ...string) (string, int, error) {
	return wasmrun.Browser(ctx, nil, program, args...)
}

func TestProgramsEndAsTheyDo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a build for another system; -short")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	if _, err := wasmrun.Support(ctx); err != nil {
		t.Skip(err)
	}
	program := filepath.Join(t.TempDir(), "exit.wasm")
	if err := wasmrun.Build(ctx, filepath.Join("testdata", "exit"), program, false); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(context.Context, string, ...string) (string, int, error){
		"node": wasmrun.Node, "browser": browser,
	} {
		t.Run(name, func(t *testing.T) {
			leak.Check(t)
			for _, c := range []struct {
				how, has string
				code     int
			}{
				{"ok", "args: ok|ü b|\nand an error\n", 0},
				{"three", "args: three", 3},
				{"panic", "panic: as asked", 2},
				{"deadlock", "all goroutines are asleep", 2},
			} {
				if c.how == "deadlock" && name == "browser" {
					continue // a page waits for events, so none is seen there
				}
				out, code, err := run(ctx, program, c.how, "ü b", "")
				if errors.Is(err, wasmrun.ErrMissing) {
					t.Skip(err)
				}
				if err != nil || code != c.code || !strings.Contains(out, c.has) {
					t.Errorf("%s: code %d, want %d, %v\n%s", c.how, code, c.code, err, out)
				}
			}
			soon, cancel := context.WithTimeout(ctx, 2*time.Second)
			defer cancel()
			out, _, err := run(soon, program, "long", "")
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

func TestAFailedBuildSaysWhy(t *testing.T) {
	err := wasmrun.Build(context.Background(), t.TempDir(), "x", false)
	if err == nil || !strings.Contains(err.Error(), "go build") {
		t.Error(err)
	}
}

func TestNothingIsThere(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := wasmrun.Node(context.Background(), os.Args[0]); !errors.Is(err, wasmrun.ErrMissing) {
		t.Error(err)
	}
	if _, err := wasmrun.FindBrowser(); !errors.Is(err, wasmrun.ErrMissing) {
		t.Error(err)
	}
}
