package tidy

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// environment is what reads or writes environment variables, by package.
var environment = map[string][]string{
	"os":                     {"Getenv", "LookupEnv", "Environ", "ExpandEnv", "Setenv", "Unsetenv", "Clearenv"},
	"syscall":                {"Getenv", "Environ", "Setenv", "Unsetenv", "Clearenv"},
	"golang.org/x/sys/unix":  {"Getenv", "Environ", "Setenv", "Unsetenv", "Clearenv"},
	"golang.org/x/sys/plan9": {"Getenv", "Environ", "Setenv", "Unsetenv", "Clearenv"},
}

// checkEnvironment wants a library that is set up by its caller alone.
func checkEnvironment(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if !p.isLibrary() {
			continue
		}
		for _, f := range p.files {
			if f.isTest() {
				continue
			}
			for from, names := range environment {
				uses(f, from, func(sel *ast.SelectorExpr) {
					if slices.Contains(names, sel.Sel.Name) {
						found = append(found, t.at(f, sel.Pos(), "", "uses %s.%s: a library takes no settings from the environment", from, sel.Sel.Name))
					}
				})
			}
		}
	}
	return found
}

// checkInit wants no func init in a public package.
func checkInit(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if !p.isPublic() {
			continue
		}
		for _, f := range p.files {
			for _, d := range funcs(f) {
				if d.Recv == nil && d.Name.Name == "init" && !f.isTest() {
					found = append(found, t.at(f, d.Pos(), "", "has an init function"))
				}
			}
		}
	}
	return found
}

// checkStartup wants no go statement that runs at import: in init functions and
// variable initialisers, and in the functions of the same package that these
// call. A function literal runs only if it is called on the spot; one that is
// handed to sync.OnceValue or a sync.Pool is for later.
func checkStartup(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if p.isLibrary() {
			found = append(found, t.startup(p)...)
		}
	}
	return found
}

func (t *tree) startup(p *pkg) []finding {
	type start struct {
		f    *file
		n    ast.Node
		from string
	}
	var queue []start
	bodies := map[string][]start{}
	for _, f := range p.files {
		if f.isTest() {
			continue
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				switch {
				case d.Body == nil || d.Recv != nil:
				case d.Name.Name == "init":
					queue = append(queue, start{f, d.Body, "init"})
				default:
					bodies[d.Name.Name] = append(bodies[d.Name.Name], start{f, d.Body, ""})
				}
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					queue = append(queue, start{f, d, "a variable's initialiser"})
				}
			}
		}
	}
	var found []finding
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		atOnce(s.n, func(n ast.Node) {
			switch n := n.(type) {
			case *ast.GoStmt:
				found = append(found, t.at(s.f, n.Pos(), "", "starts a goroutine at import, from %s", s.from))
			case *ast.CallExpr:
				name := called(n)
				for _, b := range bodies[name] {
					queue = append(queue, start{b.f, b.n, s.from})
				}
				delete(bodies, name)
			}
		})
	}
	return found
}

// called returns the name of the function of the same package that c calls.
func called(c *ast.CallExpr) string {
	fun := ast.Unparen(c.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	if id, ok := fun.(*ast.Ident); ok {
		return id.Name
	}
	return ""
}

// atOnce calls yield for what is below n, but for function literals that are
// not called where they stand. A go statement is not entered.
func atOnce(n ast.Node, yield func(n ast.Node)) {
	runs := map[*ast.FuncLit]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if lit, ok := ast.Unparen(n.Fun).(*ast.FuncLit); ok {
				runs[lit] = true
			}
		case *ast.FuncLit:
			return runs[n]
		case *ast.GoStmt:
			yield(n)
			return false
		case nil:
			return false
		}
		yield(n)
		return true
	})
}

// checkUnsafe wants the import of unsafe to show in the file's name, which is
// x_unsafe.go or x_unsafe_test.go.
func checkUnsafe(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		stem := strings.TrimSuffix(strings.TrimSuffix(f.path, ".go"), "_test")
		if !f.isGo() || f.nested || strings.HasSuffix(stem, "_unsafe") {
			continue
		}
		for _, spec := range f.syntax.Imports {
			if spec.Path.Value == `"unsafe"` {
				found = append(found, t.at(f, spec.Pos(), "", "imports unsafe, but is not named x_unsafe.go"))
			}
		}
	}
	return found
}

// checkLinkname wants no name of another package by go:linkname.
func checkLinkname(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		if !f.isGo() {
			continue
		}
		for _, g := range f.syntax.Comments {
			for _, c := range g.List {
				if strings.HasPrefix(c.Text, "//go:"+"linkname") {
					found = append(found, t.at(f, c.Pos(), "", "uses go:linkname"))
				}
			}
		}
	}
	return found
}

// checkRace wants the same code under the race detector as without: what is
// tested is what is shipped. Tests and internal/invariant may differ.
func checkRace(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		for _, f := range p.files {
			if f.isTest() || p.dir == "internal/invariant" {
				continue
			}
			for _, g := range f.syntax.Comments {
				for _, c := range g.List {
					if strings.HasPrefix(c.Text, "//go:build") && raceTag.MatchString(c.Text) {
						found = append(found, t.at(f, c.Pos(), "", "depends on the race detector"))
					}
				}
			}
		}
	}
	return found
}

var raceTag = regexp.MustCompile(`\brace\b`)
