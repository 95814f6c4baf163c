package tidy

import (
	"bytes"
	"flag"
	"fmt"
	"go/ast"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the files in api/ anew")

// apiFile returns the golden file of the public package in dir.
func apiFile(dir string) string {
	if dir == "" {
		dir = "causeway" // the root
	}
	return "api/" + strings.ReplaceAll(dir, "/", ".") + ".txt"
}

// checkAPI compares the exported API of every public package with its golden
// file, line by line.
func checkAPI(t *tree) []finding {
	typed, err := t.typed()
	if err != nil {
		return []finding{{"api", 0, err.Error()}}
	}
	var found []finding
	golden := map[string]string{}
	for _, f := range t.files {
		if f.dir() == "api" {
			golden[f.path] = f.text
		}
	}
	for dir, p := range typed {
		name := apiFile(dir)
		want, exists := golden[name]
		delete(golden, name)
		if !exists {
			found = append(found, finding{name, 0, "does not exist" + howToUpdate})
			continue
		}
		found = append(found, compare(name, want, api(p))...)
	}
	for name := range golden {
		found = append(found, finding{name, 0, "there is no such package any more" + howToUpdate})
	}
	slices.SortFunc(found, func(a, b finding) int { return strings.Compare(a.String(), b.String()) })
	return found
}

const howToUpdate = "; go test ./internal/tidy -update"

// compare returns a finding for each line that is in one of the two only.
func compare(name, want, got string) []finding {
	var found []finding
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for _, line := range w {
		if !slices.Contains(g, line) {
			found = append(found, finding{name, 0, "is no longer there: " + line + howToUpdate})
		}
	}
	for _, line := range g {
		if !slices.Contains(w, line) {
			found = append(found, finding{name, 0, "is new: " + line + howToUpdate})
		}
	}
	return found
}

// typed returns the types of the public packages of t by folder. The root
// package exports nothing and is included, so that it stays like that.
func (t *tree) typed() (map[string]*types.Package, error) {
	var public []*pkg
	for _, p := range t.packages() {
		if p.isPublic() {
			public = append(public, p)
		}
	}
	typed := map[string]*types.Package{}
	if t.root == "" { // a sample, which imports nothing
		for _, p := range public {
			var files []*ast.File
			for _, f := range p.files {
				files = append(files, f.syntax)
			}
			tp, err := new(types.Config).Check(t.path(p.dir), t.fset, files, nil)
			if err != nil {
				return nil, err
			}
			typed[p.dir] = tp
		}
		return typed, nil
	}
	bySystem := map[string][]*pkg{}
	for _, p := range public {
		s := system(p.dir)
		bySystem[s] = append(bySystem[s], p)
	}
	for s, public := range bySystem {
		exports, err := t.exportData(public, s)
		if err != nil {
			return nil, err
		}
		imp := importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
		for _, p := range public {
			tp, err := imp.Import(t.path(p.dir))
			if err != nil {
				return nil, err
			}
			typed[p.dir] = tp
		}
	}
	return typed, nil
}

// path returns the import path of the package in dir.
func (t *tree) path(dir string) string {
	if dir == "" {
		return t.module
	}
	return t.module + "/" + dir
}

// ofOneSystem are the packages that exist on one system only, by folder.
var ofOneSystem = map[string]string{"compat/jspromise": "js/wasm"}

// system returns the one whose export data says everything about the package in
// dir, on every machine; checkPlatforms sees to it that linux/amd64 does.
func system(dir string) string {
	if s := ofOneSystem[dir]; s != "" {
		return s
	}
	return "linux/amd64"
}

// exportData returns the compiler's output for the given packages and what they
// import, by import path, on one system.
func (t *tree) exportData(public []*pkg, system string) (map[string]string, error) {
	goos, goarch, _ := strings.Cut(system, "/")
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}")
	for _, p := range public {
		cmd.Args = append(cmd.Args, t.path(p.dir))
	}
	cmd.Dir = t.root
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+goarch, "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %v\n%s", err, &stderr)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	return exports, nil
}

// api lists the exported names of p, one a line, sorted.
func api(p *types.Package) string {
	var lines []string
	q := func(other *types.Package) string {
		if other == p {
			return ""
		}
		return other.Name()
	}
	scope := p.Scope()
	for _, name := range scope.Names() {
		if !ast.IsExported(name) {
			continue
		}
		switch obj := scope.Lookup(name).(type) {
		case *types.Const:
			lines = append(lines, types.ObjectString(obj, q)+" = "+obj.Val().String())
		case *types.TypeName:
			lines = append(lines, apiOfType(obj, q)...)
		default:
			lines = append(lines, types.ObjectString(obj, q))
		}
	}
	slices.Sort(lines)
	return strings.Join(append(lines, ""), "\n")
}

func apiOfType(obj *types.TypeName, q types.Qualifier) []string {
	named, ok := obj.Type().(*types.Named)
	if !ok || obj.IsAlias() {
		return []string{types.ObjectString(obj, q)}
	}
	var lines []string
	head := "type " + types.TypeString(named, q)
	switch u := named.Underlying().(type) {
	case *types.Struct:
		hidden := ""
		for f := range u.Fields() {
			if !f.Exported() {
				hidden = ", with unexported fields"
				continue
			}
			lines = append(lines, fmt.Sprintf("%s struct, %s %s", head, f.Name(), types.TypeString(f.Type(), q)))
		}
		lines = append(lines, head+" struct"+hidden)
	case *types.Interface:
		hidden := ""
		for m := range u.Methods() {
			if !m.Exported() {
				hidden = ", with unexported methods"
				continue
			}
			lines = append(lines, fmt.Sprintf("%s interface, %s%s", head, m.Name(), signature(m, q)))
		}
		for e := range u.EmbeddedTypes() {
			if !types.IsInterface(e) {
				hidden += ", " + types.TypeString(e, q)
			}
		}
		return append(lines, head+" interface"+hidden)
	default:
		lines = append(lines, head+" "+types.TypeString(u, q))
	}
	// Methods, those of embedded fields included.
	byValue := types.NewMethodSet(named)
	for sel := range types.NewMethodSet(types.NewPointer(named)).Methods() {
		m := sel.Obj().(*types.Func)
		if !m.Exported() {
			continue
		}
		recv := types.TypeString(named, q)
		if byValue.Lookup(m.Pkg(), m.Name()) == nil {
			recv = "*" + recv
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", recv, m.Name(), signature(m, q)))
	}
	return lines
}

func signature(m *types.Func, q types.Qualifier) string {
	return strings.TrimPrefix(types.TypeString(m.Type(), q), "func")
}

// TestAPIListsEverything checks the listing itself.
func TestAPIListsEverything(t *testing.T) {
	tr := sample(t, `-- p/p.go --
package p

const Limit, hidden = 3, 4

var Err error

func F[T any](n int, f func(T) (bool, error)) (v T, err error) { panic(0) }

type S[T comparable] struct {
	Name string
	secret int
	inner
}

func (s *S[T]) Get() T { panic(0) }
func (s S[T]) Len() int { return 0 }
func (s S[T]) quiet() {}

type inner struct{}

func (inner) Promoted() {}

type I interface { M(x int) error; n() }

type Number interface { ~int | ~float64 }

type Func func(int) bool

type Alias = S[int]
`)
	typed, err := tr.typed()
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimPrefix(`
const Limit untyped int = 3
func F[T any](n int, f func(T) (bool, error)) (v T, err error)
method (*S[T comparable]) Get() T
method (S[T comparable]) Len() int
method (S[T comparable]) Promoted()
type Alias = S[int]
type Func func(int) bool
type I interface, M(x int) error
type I interface, with unexported methods
type Number interface, ~int | ~float64
type S[T comparable] struct, Name string
type S[T comparable] struct, with unexported fields
var Err error
`, "\n")
	if got := api(typed["p"]); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// TestUpdate writes the golden files if asked to. It stands in this file, and
// so runs before the test that compares.
func TestUpdate(t *testing.T) {
	if !*update {
		return
	}
	tr := load(t, "../..")
	typed, err := tr.typed()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(tr.root, "api")
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for p, tp := range typed {
		text := api(tp)
		if err := os.WriteFile(filepath.Join(tr.root, apiFile(p)), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}
