package tidy

import (
	"go/ast"
	"go/doc"
	"go/token"
	"path"
	"slices"
	"strings"
)

// checkPackageDocs wants one package comment for each package, and for a
// public one an example that runs.
func checkPackageDocs(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if !p.hasCode() {
			continue
		}
		var docs []*file
		for _, f := range p.files {
			if f.syntax.Doc != nil && !f.isTest() {
				docs = append(docs, f)
			}
		}
		where := p.files[0]
		switch {
		case len(docs) == 0:
			found = append(found, t.at(where, 0, "", "package %s has no package comment", p.name()))
		case len(docs) > 1:
			found = append(found, t.at(docs[1], 0, "", "package %s has a second package comment", p.name()))
		case p.name() != "main" && !strings.HasPrefix(docs[0].syntax.Doc.Text(), "Package "+p.name()+" "):
			found = append(found, t.at(docs[0], 0, "", "the package comment does not start with «Package %s»", p.name()))
		}
		if p.isPublic() && !hasExample(p) {
			found = append(found, t.at(where, 0, "", "package %s has no Example with an output to check", p.name()))
		}
	}
	return found
}

// hasExample reports whether p has an example that go test runs.
func hasExample(p *pkg) bool {
	var tests []*ast.File
	for _, f := range p.files {
		if f.isTest() {
			tests = append(tests, f.syntax)
		}
	}
	return slices.ContainsFunc(doc.Examples(tests...), func(e *doc.Example) bool { return e.Output != "" || e.EmptyOutput })
}

// checkExportedDocs wants a comment at every exported name: functions, types,
// methods of exported types, fields and interface methods of exported types,
// constants and variables. The comment of a group documents no name in it.
//
// In packages that are not public, constants and variables may share the
// comment of their group, and fields that of their struct.
func checkExportedDocs(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if p.name() == "main" {
			continue
		}
		for _, f := range p.files {
			if f.isTest() {
				continue
			}
			undocumented(f, p.isPublic(), func(n ast.Node, name string) {
				found = append(found, t.at(f, n.Pos(), name, "%s has no comment", name))
			})
		}
	}
	return found
}

// undocumented calls yield for each exported name of f without a comment.
func undocumented(f *file, strict bool, yield func(n ast.Node, name string)) {
	for _, d := range f.syntax.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			of := receiver(d)
			if d.Doc == nil && d.Name.IsExported() && (of == "" || ast.IsExported(of)) {
				yield(d, funcName(d))
			}
		case *ast.GenDecl:
			alone := d.Doc
			if d.Lparen.IsValid() && (strict || d.Tok == token.TYPE) {
				alone = nil
			}
			for _, spec := range d.Specs {
				undocumentedSpec(spec, alone, strict, yield)
			}
		}
	}
}

func undocumentedSpec(spec ast.Spec, alone *ast.CommentGroup, strict bool, yield func(n ast.Node, name string)) {
	switch spec := spec.(type) {
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && alone == nil && spec.Doc == nil && spec.Comment == nil {
				yield(name, name.Name)
			}
		}
	case *ast.TypeSpec:
		if !spec.Name.IsExported() {
			return
		}
		if alone == nil && spec.Doc == nil && spec.Comment == nil {
			yield(spec, spec.Name.Name)
		}
		var members *ast.FieldList
		switch x := spec.Type.(type) {
		case *ast.StructType:
			members = x.Fields
			if !strict {
				return
			}
		case *ast.InterfaceType:
			members = x.Methods
		default:
			return
		}
		for _, m := range members.List {
			for _, name := range m.Names { // none if it is embedded
				if name.IsExported() && m.Doc == nil && m.Comment == nil {
					yield(name, spec.Name.Name+"."+name.Name)
				}
			}
		}
	}
}

// checkMap wants every package that is not an example or a command in the code
// map of ARCHITECTURE.md, by its folder in backquotes.
func checkMap(t *tree) []finding {
	i := slices.IndexFunc(t.files, func(f *file) bool { return f.path == "ARCHITECTURE.md" })
	if i < 0 {
		return []finding{{"ARCHITECTURE.md", 0, "does not exist"}}
	}
	var found []finding
	for _, p := range t.packages() {
		if p.dir != "" && p.isLibrary() && !strings.Contains(t.files[i].text, "`"+p.dir+"`") {
			found = append(found, finding{"ARCHITECTURE.md#" + p.dir, 0, "the code map does not name `" + p.dir + "`"})
		}
	}
	return found
}

// checkStartupTest wants every public package imported by the tests of the root,
// which look at what has been started by then.
func checkStartupTest(t *tree) []finding {
	imported := map[string]bool{}
	packages := t.packages()
	for _, p := range packages {
		if p.dir == "" {
			for _, e := range t.edges(p) {
				imported[e.to] = true
			}
		}
	}
	var found []finding
	for _, p := range packages {
		if p.dir != "" && p.isPublic() && !imported[p.dir] {
			found = append(found, finding{"import_test.go#" + p.dir, 0, "does not import " + p.dir})
		}
	}
	return found
}

// checkLinks wants the target of every relative link of a Markdown file.
func checkLinks(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		if !strings.HasSuffix(f.path, ".md") {
			continue
		}
		for i, part := range strings.Split(f.text, "](") {
			target, _, closed := strings.Cut(part, ")")
			target, _, _ = strings.Cut(target, "#")
			if i == 0 || !closed || target == "" || strings.Contains(target, ":") {
				continue
			}
			target = path.Join(f.dir(), target)
			if !slices.Contains(t.binary, target) && !slices.ContainsFunc(t.files, func(f *file) bool { return under(f.path, target) }) {
				found = append(found, finding{f.path, 0, "links to " + target + ", which does not exist"})
			}
		}
	}
	return found
}
