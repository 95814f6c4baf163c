package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// asProgram is set in the environment of a test binary that is to be the
// program itself.
const asProgram = "HASHTREE_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
	}
	os.Exit(m.Run())
}

// ways are the two ways to hash, and the new one with the smallest pool.
var ways = map[string][]string{
	"naive":      {"-naive"},
	"futures":    nil,
	"one worker": {"-workers", "1"},
}

// eachWay runs f once for every way, with the arguments that choose it.
func eachWay(t *testing.T, f func(t *testing.T, way []string)) {
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		t.Run(name, func(t *testing.T) { f(t, ways[name]) })
	}
}

// hashtree runs the program in this process.
func hashtree(t *testing.T, way []string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errOut bytes.Buffer
	status = run(t.Context(), slices.Concat(way, args), &out, &errOut)
	return status, out.String(), errOut.String()
}

// tree makes a directory with these files in it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// wantSums is what -sums must print for these files below dir.
func wantSums(dir string, files map[string]string) string {
	var b strings.Builder
	paths := make(map[string]string)
	for name, content := range files {
		paths[dir+separator+filepath.FromSlash(name)] = content
	}
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256([]byte(paths[path])), path)
	}
	return b.String()
}

// row returns the figure of a row of a table.
func row(t *testing.T, table, label string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + label + ` +([^ \n]+)`).FindStringSubmatch(table)
	if m == nil {
		t.Fatalf("no row %q in the table:\n%s", label, table)
	}
	return m[1]
}

// check compares rows of a table with what they must be.
func checkRows(t *testing.T, table string, want map[string]string) {
	t.Helper()
	for label, w := range want {
		if got := row(t, table, label); got != w {
			t.Errorf("%s: %s, want %s; the table is\n%s", label, got, w, table)
		}
	}
}

// some is an ordinary tree. Its names are chosen such that the order of the
// walk, if it went by names alone, would not be that of the paths.
var some = map[string]string{
	"a/b":     "in a directory",
	"a.txt":   "a dot comes before the separator",
	"a0":      "and a digit after it",
	"empty":   "",
	"a/c/d/e": "deeper",
	"long":    strings.Repeat("0123456789abcdef", 20_000), // some buffers' worth
	"z":       "z",
}

func TestSumsAreSortedAndRight(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, some)
		status, out, errOut := hashtree(t, way, "-sums", dir)
		if status != exitOK {
			t.Fatalf("exit status %d: %s", status, errOut)
		}
		if want := wantSums(dir, some); out != want {
			t.Errorf("sums:\n%swant:\n%s", out, want)
		}
		checkRows(t, errOut, map[string]string{"files": "7", "errors": "0"})
	})
}

func TestTableGoesToStandardOutput(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, some)
		total := 0
		for _, content := range some {
			total += len(content)
		}
		status, out, errOut := hashtree(t, way, dir)
		if status != exitOK || errOut != "" {
			t.Fatalf("exit status %d, standard error %q", status, errOut)
		}
		checkRows(t, out, map[string]string{"files": "7", "bytes": grouped(int64(total)), "errors": "0", "symlinks": "0"})
		for _, label := range []string{"peak OS threads", "peak goroutines"} {
			if row(t, out, label) == "0" {
				t.Errorf("%s is 0", label)
			}
		}
	})
}

func TestPoolPeakStaysBelowWorkers(t *testing.T) {
	files := make(map[string]string)
	for i := range 300 {
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = strings.Repeat("x", i)
	}
	dir := tree(t, files)
	for _, workers := range []string{"1", "2", "7"} {
		status, out, errOut := hashtree(t, []string{"-workers", workers}, dir)
		if status != exitOK {
			t.Fatalf("exit status %d: %s", status, errOut)
		}
		checkRows(t, out, map[string]string{"files": "300"})
		if peak := row(t, out, "pool peak"); len(peak) > 1 || peak < "1" || peak > workers {
			t.Errorf("-workers %s: peak %s", workers, peak)
		}
	}
}

func TestMoreFilesThanMayBeUnderWay(t *testing.T) {
	files := make(map[string]string)
	for i := range 1500 {
		files[fmt.Sprintf("d%02d/f%04d", i%31, i)] = fmt.Sprint(i)
	}
	dir := tree(t, files)
	want := wantSums(dir, files)
	eachWay(t, func(t *testing.T, way []string) {
		status, out, errOut := hashtree(t, way, "-sums", dir)
		if status != exitOK || out != want {
			t.Errorf("exit status %d, sums as wanted: %t, standard error:\n%s", status, out == want, errOut)
		}
	})
}

func TestEmptyDirectory(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		status, out, errOut := hashtree(t, way, t.TempDir())
		if status != exitOK || errOut != "" {
			t.Fatalf("exit status %d, standard error %q", status, errOut)
		}
		checkRows(t, out, map[string]string{"files": "0", "bytes": "0", "errors": "0"})
	})
}

func TestMissingDirectory(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := filepath.Join(t.TempDir(), "nothing here")
		status, out, errOut := hashtree(t, way, dir)
		if status != exitFailed || !strings.Contains(errOut, dir+": ") {
			t.Errorf("exit status %d, standard error %q", status, errOut)
		}
		checkRows(t, out, map[string]string{"files": "0", "errors": "1"})
	})
}

func TestDirectoryThatIsAFile(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, map[string]string{"f": "content"})
		status, out, errOut := hashtree(t, way, "-sums", filepath.Join(dir, "f"))
		if want := wantSums(dir, map[string]string{"f": "content"}); status != exitOK || out != want {
			t.Errorf("exit status %d, sums %q, want %q, standard error %q", status, out, want, errOut)
		}
	})
}

func TestSymlinksAreCountedAndNotFollowed(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, map[string]string{"d/f": "content"})
		for name, target := range map[string]string{"to-file": "d/f", "to-dir": "d", "to-nothing": "nothing", "d/loop": ".."} {
			if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
				if runtime.GOOS == "windows" || runtime.GOOS == "plan9" {
					t.Skipf("this system does not let us make symbolic links: %v", err)
				}
				t.Fatal(err)
			}
		}
		status, out, errOut := hashtree(t, way, "-sums", dir)
		if want := wantSums(dir, map[string]string{"d/f": "content"}); status != exitOK || out != want {
			t.Errorf("exit status %d, sums %q, want %q", status, out, want)
		}
		checkRows(t, errOut, map[string]string{"files": "1", "symlinks": "4", "errors": "0"})
		// The directory that was asked for may be one.
		link := filepath.Join(dir, "to-dir")
		if _, out, _ = hashtree(t, way, "-sums", link); out != wantSums(link, map[string]string{"f": "content"}) {
			t.Errorf("through a link: %q", out)
		}
	})
}

func TestWrongUsage(t *testing.T) {
	for _, test := range []struct{ args, says string }{
		{"-workers -1", "-workers must not be negative"},
		{"-workers x", "invalid value"},
		{"-naive -workers 4", "-naive has none"},
		{"a b", "more than one directory"},
		{"-nonsense", "not defined"},
	} {
		status, out, errOut := hashtree(t, nil, strings.Fields(test.args)...)
		if status != exitUsage || out != "" || !strings.Contains(errOut, test.says) {
			t.Errorf("%s: exit status %d, standard output %q, standard error %q", test.args, status, out, errOut)
		}
	}
	if status, _, errOut := hashtree(t, nil, "-h"); status != exitOK || !strings.Contains(errOut, "usage: hashtree") {
		t.Errorf("-h: exit status %d, standard error %q", status, errOut)
	}
	if status, _, errOut := hashtree(t, nil, "-workers", "1000000", t.TempDir()); status != exitFailed || !strings.Contains(errOut, "1000000") {
		t.Errorf("too many workers: exit status %d, standard error %q", status, errOut)
	}
}

func TestDefaultDirectoryIsGoSource(t *testing.T) {
	dir, err := goSource(t.Context())
	if err != nil {
		t.Fatal(err) // go test has run: there is a go command
	}
	if _, err := os.Stat(filepath.Join(dir, "fmt", "print.go")); err != nil {
		t.Errorf("%s is not the source of Go: %v", dir, err)
	}
	t.Setenv("PATH", t.TempDir())
	status, _, errOut := hashtree(t, nil)
	if status != exitFailed || !strings.Contains(errOut, "no directory given") {
		t.Errorf("without a go command: exit status %d, standard error %q", status, errOut)
	}
}

func TestEndedContextIsAnInterrupt(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var out, errOut bytes.Buffer
		status := run(ctx, append(slices.Clone(way), tree(t, some)), &out, &errOut)
		if status != exitInterrupted || !strings.Contains(out.String(), "; interrupted") {
			t.Errorf("exit status %d\n%s%s", status, &out, &errOut)
		}
		checkRows(t, out.String(), map[string]string{"errors": "0"})
	})
}
