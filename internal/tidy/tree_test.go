package tidy

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A tree is the sources of the repository, or of a sample.
type tree struct {
	root       string // on disk; empty for a sample
	module     string // the path of the root module
	nested     []string
	files      []*file
	binary     []string // paths of what is not text
	fset       *token.FileSet
	exceptions []exception
}

// A file is one text file.
type file struct {
	path   string // slash-separated, from the root
	text   string
	nested bool      // belongs to a module of its own
	syntax *ast.File // nil unless it is Go and not below testdata
}

func (f *file) dir() string {
	if d := path.Dir(f.path); d != "." {
		return d
	}
	return ""
}

func (f *file) isTest() bool { return strings.HasSuffix(f.path, "_test.go") }

func (f *file) isGo() bool { return f.syntax != nil }

// A finding is one violation of one rule.
type finding struct {
	key  string // what an exception has to name
	line int
	text string
}

func (f finding) String() string {
	p, _, _ := strings.Cut(f.key, "#")
	if f.line > 0 {
		p = fmt.Sprintf("%s:%d", p, f.line)
	}
	return p + ": " + f.text
}

// at makes a finding at a place in f. Its key is the file's path, and name
// after a # if there is one.
func (t *tree) at(f *file, pos token.Pos, name, format string, args ...any) finding {
	key := f.path
	if name != "" {
		key += "#" + name
	}
	line := 0
	if pos.IsValid() {
		line = t.fset.Position(pos).Line
	}
	return finding{key, line, fmt.Sprintf(format, args...)}
}

// A pkg is the Go files of one folder, tests of both kinds included.
type pkg struct {
	dir   string // "" is the root
	files []*file
}

// name returns the name of the package, without _test.
func (p *pkg) name() string {
	return strings.TrimSuffix(p.files[0].syntax.Name.Name, "_test")
}

// hasCode reports whether there is a file that is not a test.
func (p *pkg) hasCode() bool {
	return slices.ContainsFunc(p.files, func(f *file) bool { return !f.isTest() })
}

func under(dir, top string) bool { return dir == top || strings.HasPrefix(dir, top+"/") }

// isPublic reports whether other modules can and should import p.
func (p *pkg) isPublic() bool {
	internal := under(p.dir, "internal") || strings.Contains(p.dir, "/internal")
	return !internal && !under(p.dir, "examples") && p.name() != "main" && p.hasCode()
}

// isLibrary reports whether p ends up in other people's programs.
func (p *pkg) isLibrary() bool { return p.name() != "main" && !under(p.dir, "examples") }

// packages returns the packages of the root module, by folder.
func (t *tree) packages() []*pkg {
	var list []*pkg
	for _, f := range t.files {
		if !f.isGo() || f.nested {
			continue
		}
		i := slices.IndexFunc(list, func(p *pkg) bool { return p.dir == f.dir() })
		if i < 0 {
			i = len(list)
			list = append(list, &pkg{dir: f.dir()})
		}
		list[i].files = append(list[i].files, f)
	}
	return list
}

// load reads the tree on disk below root.
func load(tb testing.TB, root string) *tree {
	t := &tree{root: root, exceptions: exceptions}
	texts := map[string]string{}
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if d.IsDir() && rel != "." && skipDir(d.Name()) {
			return filepath.SkipDir
		}
		if !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".nfs") || d.Name() == ".git" {
			return nil // the last is a file in a second working tree
		}
		data, err := os.ReadFile(p)
		if os.IsNotExist(err) {
			return nil // an editor's file that has just gone
		}
		if err == nil && bytes.ContainsRune(data, 0) {
			t.binary = append(t.binary, rel) // a picture
		} else if err == nil {
			texts[rel] = string(data)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	t.add(tb, texts)
	return t
}

// skipDir reports whether a folder of this name is none of our sources.
func skipDir(name string) bool {
	hidden := strings.HasPrefix(name, ".") && name != ".ci" && name != ".github"
	return hidden || name == "node_modules"
}

// sample makes a tree of one text, in which a line «-- path --» starts each
// file. If it has no go.mod, one for the module example.org/m is added.
func sample(tb testing.TB, text string) *tree {
	texts := map[string]string{"go.mod": "module example.org/m\n"}
	name := ""
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, "-- "); ok {
			name = strings.TrimSuffix(strings.TrimSpace(rest), " --")
			texts[name] = ""
			continue
		}
		texts[name] += line
	}
	delete(texts, "")
	t := &tree{}
	t.add(tb, texts)
	return t
}

// add takes in files by path and parses those that are Go.
func (t *tree) add(tb testing.TB, texts map[string]string) {
	t.fset = token.NewFileSet()
	for p := range texts {
		if path.Base(p) == "go.mod" && p != "go.mod" {
			t.nested = append(t.nested, path.Dir(p))
		}
		t.files = append(t.files, &file{path: p, text: texts[p]})
	}
	slices.SortFunc(t.files, func(a, b *file) int { return strings.Compare(a.path, b.path) })
	for _, f := range t.files {
		f.nested = slices.ContainsFunc(t.nested, func(dir string) bool { return under(f.path, dir) })
		if !strings.HasSuffix(f.path, ".go") || strings.Contains("/"+f.path, "/testdata/") {
			continue
		}
		syntax, err := parser.ParseFile(t.fset, f.path, f.text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			tb.Fatal(err)
		}
		f.syntax = syntax
	}
	for line := range strings.Lines(texts["go.mod"]) {
		if rest, ok := strings.CutPrefix(line, "module "); ok {
			t.module = strings.TrimSpace(rest)
		}
	}
}

// uses calls yield for each use in f of a name of the package that is imported
// as importPath, under whatever local name.
func uses(f *file, importPath string, yield func(sel *ast.SelectorExpr)) {
	local := ""
	for _, spec := range f.syntax.Imports {
		if spec.Path.Value == `"`+importPath+`"` {
			local = path.Base(importPath)
			if spec.Name != nil {
				local = spec.Name.Name
			}
		}
	}
	if local == "" {
		return
	}
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := sel.X.(*ast.Ident); ok && x.Name == local {
				yield(sel)
			}
		}
		return true
	})
}
