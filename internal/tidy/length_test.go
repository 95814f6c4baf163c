package tidy

import (
	"go/ast"
	"strings"
)

// At most so many lines, comments included.
const (
	maxFile = 500
	maxFunc = 70
)

func checkFileLength(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		if n := strings.Count(f.text, "\n"); f.isGo() && n > maxFile {
			found = append(found, t.at(f, 0, "", "%d lines, more than %d", n, maxFile))
		}
	}
	return found
}

// checkFuncLength counts a function from func to the closing brace. Function
// literals count as part of what they stand in. Data may be as long as it is.
func checkFuncLength(t *tree) []finding {
	var found []finding
	for _, f := range t.files {
		for _, d := range funcs(f) {
			from, to := t.fset.Position(d.Type.Pos()).Line, t.fset.Position(d.End()).Line
			if n := to - from + 1; n > maxFunc {
				found = append(found, t.at(f, d.Pos(), funcName(d), "%s has %d lines, more than %d", funcName(d), n, maxFunc))
			}
		}
	}
	return found
}

// funcs returns the functions and methods of f.
func funcs(f *file) []*ast.FuncDecl {
	var list []*ast.FuncDecl
	if f.isGo() {
		for _, d := range f.syntax.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				list = append(list, d)
			}
		}
	}
	return list
}

// funcName returns the name of d, for a method with its type: «Waker.Wake».
func funcName(d *ast.FuncDecl) string {
	if r := receiver(d); r != "" {
		return r + "." + d.Name.Name
	}
	return d.Name.Name
}

// receiver returns the name of the type that d is a method of, or "".
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return ""
	}
	x := d.Recv.List[0].Type
	for {
		switch y := x.(type) {
		case *ast.StarExpr:
			x = y.X
		case *ast.ParenExpr:
			x = y.X
		case *ast.IndexExpr:
			x = y.X
		case *ast.IndexListExpr:
			x = y.X
		case *ast.Ident:
			return y.Name
		default:
			return "?"
		}
	}
}
