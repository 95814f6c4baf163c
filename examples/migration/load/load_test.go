package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// tries is how often a step may be measured until it is as it should be: the
// processors may be busy with something else, and p99 tells.
const tries = 4

// TestSteps measures the steps and wants of each what MIGRATING.md says of it.
func TestSteps(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("threads are counted in /proc, which is Linux's")
	}
	dir := t.TempDir()
	for step := range 5 {
		bin := filepath.Join(dir, fmt.Sprint("step", step))
		if err := build(bin, step); err != nil {
			t.Fatal(err)
		}
		for try := 1; ; try++ {
			r, err := measure(brief, step, bin, filepath.Join(dir, fmt.Sprint("data", step, "-", try)))
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", r)
			bad := judge(r)
			if bad == "" {
				break
			}
			if try == tries {
				t.Errorf("step %d: %s", step, bad)
				break
			}
		}
	}
}

// judge says what is not as it should be.
func judge(r result) string {
	switch {
	case r.Step == 0 && r.Peak < int64(r.Asked)/2:
		return fmt.Sprintf("no more than %d threads for %d calls that hang: it shows nothing", r.Peak, r.Asked)
	case r.Step == 1 && r.LongP99 < 10*r.P99:
		return fmt.Sprintf("the other routes take %v while the vendor hangs: it shows nothing", r.LongP99)
	case r.Step >= 1 && r.Peak > 600:
		return fmt.Sprintf("%d threads", r.Peak)
	case r.Step >= 2 && r.Peak > 80:
		return fmt.Sprintf("%d threads, with 16 for the vendor", r.Peak)
	case r.Step >= 2 && r.Ratio > 1.2:
		return fmt.Sprintf("p99 of the other routes is %v, and %v while the vendor hangs", r.P99, r.HangP99)
	case r.Step >= 2 && r.Unanswered > 0:
		return fmt.Sprintf("%d requests unanswered", r.Unanswered)
	case r.Step >= 1 && r.ThreadsAfterRelease > r.Peak/2 && r.Peak > 100:
		return fmt.Sprintf("%d threads are left of %d", r.ThreadsAfterRelease, r.Peak)
	}
	return ""
}

// TestExcerpts looks for what MIGRATING.md shows in the sources: a block marked
// «diff stepN» in steps N-1 and N, line by line, one marked «go stepN» in one piece.
func TestExcerpts(t *testing.T) {
	text, err := os.ReadFile("../../../MIGRATING.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, part := range strings.Split("\n"+string(text), "\n```")[1:] {
		info, body, _ := strings.Cut(part, "\n")
		kind, step, ok := strings.Cut(info, " step")
		if !ok {
			continue
		}
		blocks++
		n := int(step[0] - '0')
		switch kind {
		case "go":
			if !strings.Contains(source(t, n), body) {
				t.Errorf("step %d does not have:\n%s", n, body)
			}
		case "diff":
			checkDiff(t, n, body)
		default:
			t.Errorf("block of kind %q", kind)
		}
	}
	if blocks < 5 {
		t.Errorf("%d excerpts found", blocks)
	}
}

func checkDiff(t *testing.T, n int, body string) {
	before, after := lines(source(t, n-1)), lines(source(t, n))
	for line := range strings.Lines(body + "\n") {
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			continue
		}
		if strings.TrimSpace(line[1:]) == "}" {
			continue // of which there are many
		}
		was, is := before[line[1:]], after[line[1:]]
		switch line[0] {
		case '-':
			if is >= was {
				t.Errorf("step %d has not lost the line %q", n, line)
			}
		case '+':
			if is <= was {
				t.Errorf("step %d has not got the line %q", n, line)
			}
		case ' ':
			if is == 0 || was == 0 {
				t.Errorf("steps %d and %d do not share the line %q", n-1, n, line)
			}
		default:
			t.Errorf("line %q is of no kind", line)
		}
	}
}

func source(t *testing.T, step int) string {
	text, err := os.ReadFile(fmt.Sprintf("../step%d/main.go", step))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lines counts each line of text.
func lines(text string) map[string]int {
	count := map[string]int{}
	for line := range strings.Lines(text) {
		count[strings.TrimSuffix(line, "\n")]++
	}
	return count
}
