package tidy

import (
	"go/ast"
	"strings"
)

// checkOrphans wants every test to be run: a function of a test file that takes
// a *testing.T (or B, F, TB) is a test by its name, or is reached from one.
func checkOrphans(t *tree) []finding {
	var found []finding
	dirs := map[string][]*file{}
	for _, f := range t.files {
		if f.isGo() && f.isTest() {
			dirs[f.dir()] = append(dirs[f.dir()], f)
			continue
		}
		for _, d := range funcs(f) {
			alone := d.Type.Params.NumFields() == 1 // with more it is a helper, such as TestFuture(t, make)
			if d.Recv == nil && testKind(d) != "" && isTestName(d.Name.Name, "Test") && alone {
				found = append(found, t.at(f, d.Pos(), d.Name.Name, "%s is a test in a file that is not one, so go test does not run it", d.Name.Name))
			}
		}
	}
	for _, files := range dirs {
		reached := reachedNames(files)
		for _, f := range files {
			for _, d := range funcs(f) {
				if kind := testKind(d); d.Recv == nil && kind != "" && !reached[d.Name.Name] {
					found = append(found, t.at(f, d.Pos(), d.Name.Name, "nothing runs %s: its name does not start with %s, and no test calls it", d.Name.Name, kind))
				}
			}
		}
	}
	return found
}

// testKind returns the prefix that a test with d's parameters has, or "".
func testKind(d *ast.FuncDecl) string {
	for _, p := range d.Type.Params.List {
		x := p.Type
		if star, ok := x.(*ast.StarExpr); ok {
			x = star.X
		}
		if sel, ok := x.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && pkg.Name == "testing" {
				switch sel.Sel.Name {
				case "T", "TB":
					return "Test"
				case "B":
					return "Benchmark"
				case "F":
					return "Fuzz"
				}
			}
		}
	}
	return ""
}

// isTestName reports whether name is prefix or goes on with no small letter.
func isTestName(name, prefix string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	return ok && (rest == "" || rest[0] < 'a' || rest[0] > 'z')
}

// reachedNames returns the names of functions that are used, directly or not,
// from what go test runs in the given files of one folder: tests, benchmarks,
// fuzz tests, examples, methods (which run by way of their type), variables.
func reachedNames(files []*file) map[string]bool {
	reached := map[string]bool{}
	bodies := map[string][]ast.Node{}
	var queue []ast.Node
	for _, f := range files {
		for _, d := range f.syntax.Decls {
			fd, ok := d.(*ast.FuncDecl)
			if !ok || fd.Recv != nil || fd.Body == nil {
				queue = append(queue, d)
				continue
			}
			name := fd.Name.Name
			bodies[name] = append(bodies[name], fd.Body)
			kind := testKind(fd)
			if kind != "" && isTestName(name, kind) || name == "TestMain" || name == "init" || isTestName(name, "Example") {
				reached[name] = true
				queue = append(queue, fd.Body)
			}
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		ast.Inspect(n, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && !reached[id.Name] && bodies[id.Name] != nil {
				reached[id.Name] = true
				queue = append(queue, bodies[id.Name]...)
			}
			return true
		})
	}
	return reached
}
