package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSumLineIsThatOfSha256sum(t *testing.T) {
	s := sum(sha256.Sum256([]byte("x")))
	const x = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
	// Each line is what GNU coreutils 9.1 prints for such a name.
	for path, want := range map[string]string{
		"a":           x + "  a\n",
		"a b":         x + "  a b\n",
		" a":          x + "   a\n",
		"*a":          x + "  *a\n",
		`a\b`:         `\` + x + `  a\\b` + "\n",
		"a\nb":        `\` + x + `  a\nb` + "\n",
		"a\rb":        `\` + x + `  a\rb` + "\n",
		"a\tb":        x + "  a\tb\n",
		"a\xffb":      x + "  a\xffb\n",
		"\\n\n\\\r\\": `\` + x + `  \\n\n\\\r\\` + "\n",
	} {
		if got := sumLine(path, s); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// TestSumsAreThoseOfSha256sum asks the real program, if it is here, for the
// sums of the same tree, by way of find and sort as the documentation says.
func TestSumsAreThoseOfSha256sum(t *testing.T) {
	names := []string{"a/b", "a.txt", "a0", "A", "é", "-c", "- ", "sp ace/two  spaces", "a/.hidden", "ünïcode/ß"}
	version, err := exec.Command("sha256sum", "--version").Output()
	if err != nil {
		t.Skipf("there is no sha256sum here to compare with (%v); TestSumLineIsThatOfSha256sum holds its lines", err)
	}
	if bytes.Contains(version, []byte("GNU coreutils")) && os.PathSeparator == '/' {
		names = append(names, `back\slash`, "new\nline", `\`, "both\\\n/in a dir")
		if escapesReturn(t) {
			names = append(names, "re\rturn")
		}
	}
	files := make(map[string]string)
	for i, name := range names {
		files[name] = strings.Repeat(name, i*1000)
	}
	dir := tree(t, files)
	for _, root := range []string{dir, ".", "./", "a"} {
		t.Run(root, func(t *testing.T) {
			t.Chdir(dir)
			var paths []string
			_ = disk.walk(root, func(e entry) error { paths = append(paths, e.path); return nil })
			if !slices.IsSorted(paths) {
				t.Errorf("not in order: %q", paths)
			}
			want, err := exec.Command("sha256sum", append([]string{"--"}, paths...)...).Output()
			if err != nil {
				t.Fatal(err)
			}
			eachWay(t, func(t *testing.T, way []string) {
				status, out, errOut := hashtree(t, way, "-sums", root)
				if status != exitOK || out != string(want) {
					t.Errorf("exit status %d, standard error:\n%s\nsums:\n%s\nwant:\n%s", status, errOut, out, want)
				}
			})
		})
	}
}

// escapesReturn reports whether the sha256sum here escapes carriage returns,
// which older ones do not.
func escapesReturn(t *testing.T) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a\rb")
	if err := os.WriteFile(path, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("sha256sum", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	return out[0] == '\\'
}

func TestPathsAreThoseOfFind(t *testing.T) {
	if _, err := exec.LookPath("find"); err != nil || os.PathSeparator != '/' {
		t.Skip("there is no find here to compare with")
	}
	t.Chdir(tree(t, some))
	for _, root := range []string{".", "./", "a", "a/", "a//", "../" + filepath.Base(must(os.Getwd()))} {
		out, err := exec.Command("find", root, "-type", "f").Output()
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Sorted(strings.Lines(string(out)))
		var got []string
		err = disk.walk(root, func(e entry) error { got = append(got, e.path+"\n"); return nil })
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q (%v)", root, got, want, err)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestFailuresAreCountedByKind(t *testing.T) {
	var said []string
	r := &report{complain: func(m string) { said = append(said, m) }}
	for path, err := range map[string]error{
		"secret": &fs.PathError{Op: "open", Path: "secret", Err: fs.ErrPermission},
		"gone":   fmt.Errorf("wrapped: %w", fs.ErrNotExist),
		"b\nd":   errors.New("bad disk"),
	} {
		r.outcome(outcome{path: path, err: err})
	}
	if r.denied.Load() != 1 || r.vanished.Load() != 1 || r.others.Load() != 1 || r.failures() != 3 || r.hashed.Load() != 0 {
		t.Errorf("denied %d, vanished %d, others %d", r.denied.Load(), r.vanished.Load(), r.others.Load())
	}
	slices.Sort(said)
	want := []string{`"b\nd": bad disk`, "gone: wrapped: file does not exist", "secret: permission denied"}
	if !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
}

func TestPrintableQuotesWhatWouldDoMoreThanBeSeen(t *testing.T) {
	for path, want := range map[string]string{
		"a b/c\\d":  "a b/c\\d",
		"é/日本":      "é/日本",
		"a\x1b[2Jb": `"a\x1b[2Jb"`,
		"a\nb":      `"a\nb"`,
		"a\xffb":    `"a\xffb"`,
		"\u202e":    `"\u202e"`,
	} {
		if got := printable(path); got != want {
			t.Errorf("%q: %s, want %s", path, got, want)
		}
	}
}

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 123456: "123,456", 1234567: "1,234,567", -1: "-1", -123: "-123", -1234: "-1,234",
	} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func TestRateOfNoTime(t *testing.T) {
	if got := rate(1e6, 0); got != 0 {
		t.Error(got)
	}
	if got := rate(3e6, 2*time.Second); got != 1.5 {
		t.Error(got)
	}
}

// full is a writer with room for n bytes.
type full struct{ n int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	n := min(f.n, len(b))
	f.n -= n
	if n < len(b) {
		return n, errFull
	}
	return n, nil
}

func TestFullOutputIsAFailure(t *testing.T) {
	eachWay(t, func(t *testing.T, way []string) {
		dir := tree(t, some)
		for _, extra := range [][]string{nil, {"-sums"}} {
			var errOut bytes.Buffer
			status := run(t.Context(), slices.Concat(way, extra, []string{dir}), &full{100}, &errOut)
			if status != exitFailed || strings.Count(errOut.String(), "write error: no space left") != 1 {
				t.Errorf("%v: exit status %d, standard error %q", extra, status, &errOut)
			}
		}
	})
}

func TestProgressLineIsOverwrittenAndTakenAway(t *testing.T) {
	var out bytes.Buffer
	p := &progress{w: &out}
	p.show("a long line")
	p.show("short")
	p.hide(func() { out.WriteString("message\n") })
	p.show("x")
	want := "\ra long line" + "\rshort      " + "\r     \r" + "message\n" + "\rx"
	if out.String() != want {
		t.Errorf("%q, want %q", &out, want)
	}
	live := newProgress(&out, func() string { return "shown" })
	live.end()
	if !strings.HasSuffix(out.String(), "\rshown\r     \r") {
		t.Errorf("%q", &out)
	}
}

func TestSortAsPathsIsTheOrderOfPaths(t *testing.T) {
	files := make(map[string]string)
	// Every name of up to two of these characters, as a file or a directory.
	for i, a := range "+./0a" {
		for j, b := range "-./0b" {
			name := strings.Trim(string(a)+"x"+string(b)+"y", "/")
			files[filepath.Join(strings.Repeat("d", 1+(i+j)%2), name)] = ""
		}
	}
	dir := tree(t, files)
	var got []string
	if err := disk.walk(dir, func(e entry) error { got = append(got, e.path); return e.err }); err != nil {
		t.Fatal(err)
	}
	var want []string
	for name := range maps.Keys(files) {
		want = append(want, dir+separator+name)
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
