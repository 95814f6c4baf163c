package tidy

import (
	"go/ast"
	"go/build"
	"io"
	"path"
	"slices"
	"strings"
)

// platforms are those whose exported names are compared: one for each way that
// files are usually told apart. The first is what the others are held to.
var platforms = []string{
	"linux/amd64", "linux/386", "linux/arm64", "darwin/arm64", "freebsd/amd64", "netbsd/amd64", "openbsd/amd64",
	"dragonfly/amd64", "illumos/amd64", "solaris/amd64", "aix/ppc64", "windows/amd64", "js/wasm", "wasip1/wasm",
	"plan9/amd64", "android/arm64",
}

// checkPlatforms wants the same exported names on every platform: what one of
// them cannot do is an error there and not a name that is missing.
func checkPlatforms(t *tree) []finding {
	var found []finding
	for _, p := range t.packages() {
		if !p.isPublic() {
			continue
		}
		var want []string
		for i, platform := range platforms {
			names := exportedNames(p, platform)
			if i == 0 {
				want = names
				continue
			}
			for _, n := range append(missing(want, names, "does not have "), missing(names, want, "has, unlike "+platforms[0]+", ")...) {
				found = append(found, finding{p.dir + "#" + platform, 0, platform + " " + n})
			}
		}
	}
	return found
}

// missing returns what of a is not in b.
func missing(a, b []string, say string) []string {
	var list []string
	for _, n := range a {
		if !slices.Contains(b, n) {
			list = append(list, say+n)
		}
	}
	return list
}

// exportedNames returns the exported names of p on a platform, sorted; methods
// as «Type.Method».
func exportedNames(p *pkg, platform string) []string {
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, _ = strings.Cut(platform, "/")
	ctx.CgoEnabled, ctx.BuildTags = false, nil
	ctx.JoinPath = path.Join
	var names []string
	for _, f := range p.files {
		if f.isTest() {
			continue
		}
		ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(f.text)), nil }
		if ok, err := ctx.MatchFile(f.dir(), path.Base(f.path)); !ok || err != nil {
			continue
		}
		for _, d := range f.syntax.Decls {
			names = append(names, declared(d)...)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func declared(d ast.Decl) []string {
	var names []string
	switch d := d.(type) {
	case *ast.FuncDecl:
		if of := receiver(d); d.Name.IsExported() && (of == "" || ast.IsExported(of)) {
			names = append(names, funcName(d))
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				if spec.Name.IsExported() {
					names = append(names, spec.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					if n.IsExported() {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}
