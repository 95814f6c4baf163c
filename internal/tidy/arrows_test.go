package tidy

import (
	"path"
	"slices"
	"strconv"
	"strings"
)

// An arrow says what one package, or all below a folder, may import beside the
// standard library: folders of this module, and modules of others. A path that
// ends in /... stands for the folder and all below it.
//
// An import by way of packages under internal/ counts as the package's own: if
// pollster imports internal/x, what internal/x imports must be allowed to
// pollster too.
type arrow struct {
	from string
	to   []string
}

const (
	xsys    = "golang.org/x/sys/..."
	uatomic = "go.uber.org/atomic/..."
)

// arrows is DESIGN's drawing of the packages. The first entry that matches a
// package is the one that holds. A package without an entry is a finding: a
// new package is a decision.
var arrows = []arrow{
	{"", nil}, // documentation only
	{"pollster/...", []string{"pollster/...", "internal/..."}},
	{"threadpool/...", []string{"threadpool/...", "internal/...", xsys, uatomic}},
	{"unblock/...", []string{"unblock/...", "pollster/...", "threadpool/...", "internal/...", xsys, uatomic}},
	{"executor/...", []string{"executor/...", "pollster/...", "internal/..."}},
	{"reactor/...", []string{"reactor/...", "pollster/...", "threadpool/...", "internal/...", xsys}},
	{"compat/...", []string{"compat/...", "pollster/...", "threadpool/...", "unblock/...", "executor/...", "reactor/...", "internal/...", xsys, uatomic}},
	{"examples/...", []string{"examples/...", "pollster/...", "threadpool/...", "unblock/...", "executor/...", "reactor/...", "compat/...", xsys}},

	{"internal/goroutine", nil},
	{"internal/control", nil},
	{"internal/ended", nil},
	{"internal/glance", nil},
	{"internal/stacks", nil},
	{"internal/waitlist", nil},
	{"internal/park", []string{"internal/goroutine"}},
	{"internal/poller", []string{"internal/invariant", xsys}},
	{"internal/uring", []string{xsys}},
	// Helpers of tests.
	{"internal/hammer", []string{"internal/goroutine"}},
	{"internal/interleave", nil},
	{"internal/invariant", nil},
	{"internal/leak", nil},
	{"internal/poolsim", []string{"internal/control"}},
	{"internal/tidy", nil},
	{"internal/wasmrun/...", []string{"internal/wasmrun"}},
}

// Tests obey the arrows of their package. In addition they may import the leaf
// that everyone shares and the helpers made for tests; the tests of the root
// package, which show the packages together, may import every public one.
var (
	testArrows     = []string{"pollster/...", "internal/goroutine", "internal/hammer", "internal/interleave", "internal/invariant", "internal/leak", "internal/wasmrun"}
	rootTestArrows = []string{"pollster/...", "threadpool/...", "unblock/...", "executor/...", "reactor/...", "compat/..."}
)

// thirdParty is every module that the root go.mod may require.
var thirdParty = []string{"golang.org/x/sys", "go.uber.org/atomic"}

func matches(pattern, p string) bool {
	if top, ok := strings.CutSuffix(pattern, "/..."); ok {
		return under(p, top)
	}
	return pattern == p
}

func allowed(to []string, p string) bool {
	return slices.ContainsFunc(to, func(pattern string) bool { return matches(pattern, p) })
}

// imported returns the import path of spec in the form of the arrows: a folder
// for a package of this module, "" for one of the standard library.
func (t *tree) imported(importPath string) string {
	if importPath == t.module {
		return "."
	}
	if rest, ok := strings.CutPrefix(importPath, t.module+"/"); ok {
		return rest
	}
	if first, _, _ := strings.Cut(importPath, "/"); !strings.Contains(first, ".") && importPath != "C" {
		return ""
	}
	return importPath
}

// An edge is one import in one file.
type edge struct {
	f    *file
	line int
	to   string
}

// edges returns the imports of p beside the standard library and itself.
func (t *tree) edges(p *pkg) []edge {
	var list []edge
	for _, f := range p.files {
		for _, spec := range f.syntax.Imports {
			importPath, _ := strconv.Unquote(spec.Path.Value)
			to := t.imported(importPath)
			own := to == p.dir || to == "." && p.dir == ""
			if to != "" && !own {
				list = append(list, edge{f, t.fset.Position(spec.Pos()).Line, to})
			}
		}
	}
	return list
}

func checkArrows(t *tree) []finding {
	var found []finding
	byDir := map[string]*pkg{}
	for _, p := range t.packages() {
		byDir[p.dir] = p
	}
	for _, p := range t.packages() {
		i := slices.IndexFunc(arrows, func(a arrow) bool { return matches(a.from, p.dir) })
		if i < 0 {
			found = append(found, finding{path.Join(p.dir, path.Base(p.files[0].path)), 0, "no arrow says what package " + p.dir + " may import; add it to internal/tidy/arrows_test.go"})
			continue
		}
		for _, e := range t.edges(p) {
			found = append(found, t.follow(byDir, arrows[i].to, e)...)
		}
	}
	return found
}

// follow checks one import against to, and, if it is of an internal package,
// what it brings along.
func (t *tree) follow(byDir map[string]*pkg, to []string, e edge) []finding {
	test := e.f.isTest()
	if test && e.f.dir() == "" {
		to = rootTestArrows
	} else if test && allowed(testArrows, e.to) {
		return nil
	}
	if !allowed(to, e.to) {
		return []finding{{e.f.path, e.line, "imports " + e.to + ", which the arrows do not allow"}}
	}
	seen := map[string]bool{}
	var found []finding
	var walk func(dir string)
	walk = func(dir string) {
		if seen[dir] || !under(dir, "internal") || byDir[dir] == nil {
			return
		}
		seen[dir] = true
		for _, next := range t.edges(byDir[dir]) {
			if next.f.isTest() {
				continue
			}
			if !allowed(to, next.to) && !under(next.to, "internal") {
				found = append(found, finding{e.f.path, e.line, "imports " + next.to + " by way of " + next.f.path + ", which the arrows do not allow"})
			}
			walk(next.to)
		}
	}
	walk(e.to)
	return found
}

// checkRequires looks at the root go.mod.
func checkRequires(t *tree) []finding {
	var found []finding
	i := slices.IndexFunc(t.files, func(f *file) bool { return f.path == "go.mod" })
	block := ""
	n := 0
	for line := range strings.Lines(t.files[i].text) {
		n++
		line, _, _ = strings.Cut(line, "//")
		words := strings.Fields(line)
		switch {
		case len(words) == 0:
			continue
		case words[0] == ")":
			block = ""
			continue
		case len(words) == 2 && words[1] == "(":
			block = words[0]
			continue
		case block != "":
			words = append([]string{block}, words...)
		}
		switch words[0] {
		case "require":
			if !slices.Contains(thirdParty, words[1]) {
				found = append(found, finding{"go.mod", n, "requires " + words[1]})
			}
		case "replace", "exclude", "tool":
			found = append(found, finding{"go.mod", n, "has a directive that users would not see obeyed or would have to download for: " + words[0]})
		}
	}
	return found
}
