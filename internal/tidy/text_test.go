package tidy

import (
	"path"
	"regexp"
	"strings"
)

// Words are put together here so that this file does not violate its own rules.
var (
	markers = regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X|HA` + `CK)\b`)
	emDash  = regexp.MustCompile("\u2014")
	// The home and work folders that machines usually have.
	machine = regexp.MustCompile(`(^|[\s"'(=:,` + "`" + `])(/(root|home|work|Users|build|builds)/\w|[A-Z]:\\Users\\)`)

	goName = regexp.MustCompile(`^[a-z0-9_]+\.(go|s)$`)
	anName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

// forbid makes a rule of a pattern that no line of any text file may match.
func forbid(re *regexp.Regexp, why string) func(t *tree) []finding {
	return func(t *tree) []finding {
		var found []finding
		for _, f := range t.files {
			if !re.MatchString(f.text) {
				continue
			}
			n := 0
			for line := range strings.Lines(f.text) {
				n++
				if m := re.FindString(line); m != "" {
					found = append(found, finding{f.path, n, why + ": " + strings.TrimSpace(m)})
				}
			}
		}
		return found
	}
}

// checkFileNames wants names that every file system can hold, and of Go files
// the usual ones.
func checkFileNames(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		base := path.Base(f.path)
		ok := anName.MatchString(base)
		if f.isGo() || strings.HasSuffix(base, ".s") {
			ok = goName.MatchString(base)
		}
		if !ok {
			found = append(found, finding{f.path, 0, "is named with other than small letters, digits and underscores (Go), or letters, digits, dots, dashes and underscores"})
		}
	}
	return found
}

// checkLineEnds wants a newline at the end of every line, no carriage return
// before it, and no blanks (in Go files that is the part of gofmt).
func checkLineEnds(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		if strings.Contains("/"+f.path, "/testdata/") {
			continue
		}
		n := 0
		for line := range strings.Lines(f.text) {
			n++
			body, ended := strings.CutSuffix(line, "\n")
			switch {
			case !ended:
				found = append(found, finding{f.path, n, "the last line does not end"})
			case strings.HasSuffix(body, "\r"):
				found = append(found, finding{f.path, n, "ends in a carriage return"})
			case strings.TrimRight(body, " \t") != body && !f.isGo():
				found = append(found, finding{f.path, n, "ends in blanks"})
			}
		}
	}
	return found
}
