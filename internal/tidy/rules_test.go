package tidy

import "strings"

// rules is every house rule, with samples that violate it and one that obeys.
var rules = slicesOf(shapeRules, docRules, codeRules, textRules)

func slicesOf(lists ...[]rule) []rule {
	var all []rule
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

var shapeRules = []rule{
	{
		name:  "arrows",
		check: checkArrows,
		bad: []violation{
			{"executor/x.go:3: imports reactor", "-- executor/x.go --\npackage executor\n\nimport _ \"example.org/m/reactor\"\n"},
			{"imports unblock", "-- reactor/x_windows.go --\npackage reactor\n\nimport _ \"example.org/m/unblock\"\n"},
			{"imports pollster", "-- threadpool/x.go --\npackage threadpool\n\nimport _ \"example.org/m/pollster\"\n"},
			{"imports golang.org/x/sys/unix, which", "-- pollster/x.go --\npackage pollster\n\nimport _ \"golang.org/x/sys/unix\"\n"},
			{"pollster/x.go:3: imports golang.org/x/sys/unix by way of internal/poller/y.go",
				"-- pollster/x.go --\npackage pollster\n\nimport _ \"example.org/m/internal/poller\"\n-- internal/poller/y.go --\npackage poller\n\nimport _ \"golang.org/x/sys/unix\"\n"},
			{"imports examples/hello", "-- compat/x.go --\npackage compat\n\nimport _ \"example.org/m/examples/hello\"\n"},
			{"imports bench", "-- pollster/x.go --\npackage pollster\n\nimport _ \"example.org/m/bench\"\n"},
			{"imports github.com/x/y", "-- compat/x_test.go --\npackage compat_test\n\nimport _ \"github.com/x/y\"\n"},
			{"imports executor", "-- reactor/x_test.go --\npackage reactor_test\n\nimport _ \"example.org/m/executor\"\n"},
			{"imports C", "-- pollster/x.go --\npackage pollster\n\nimport \"C\"\n"},
			{"no arrow says what package novelty may import", "-- novelty/x.go --\npackage novelty\n"},
			{"imports pollster", "-- x.go --\npackage m\n\nimport _ \"example.org/m/pollster\"\n"},
		},
		good: "-- executor/x.go --\npackage executor\n\nimport (\n\t_ \"context\"\n\t_ \"example.org/m/pollster\"\n)\n" +
			"-- threadpool/x_test.go --\npackage threadpool_test\n\nimport (\n\t_ \"example.org/m/pollster\"\n\t_ \"example.org/m/threadpool\"\n\t_ \"example.org/m/internal/leak\"\n)\n" +
			"-- x_test.go --\npackage m_test\n\nimport _ \"example.org/m/unblock\"\n" +
			"-- bench/go.mod --\nmodule bench\n-- bench/x.go --\npackage main\n\nimport _ \"github.com/x/y\"\n",
	},
	{
		name:  "requires",
		check: checkRequires,
		bad: []violation{
			{"go.mod:3: requires github.com/x/y", "-- go.mod --\nmodule example.org/m\n\nrequire github.com/x/y v1.0.0\n"},
			{"go.mod:4: requires github.com/x/y", "-- go.mod --\nmodule example.org/m\nrequire (\n\tgolang.org/x/sys v0.1.0\n\tgithub.com/x/y v1.0.0 // indirect\n)\n"},
			{"replace", "-- go.mod --\nmodule example.org/m\n\nreplace golang.org/x/sys => ../sys\n"},
		},
		good: "-- go.mod --\nmodule example.org/m\n\ngo 1.26\n\nrequire (\n\tgolang.org/x/sys v0.1.0\n\tgo.uber.org/atomic v1.11.0\n)\n",
	},
	{
		name:  "file length",
		check: checkFileLength,
		bad:   []violation{{"a.go: 501 lines", "-- a.go --\npackage m\n" + strings.Repeat("\n", 500)}},
		good:  "-- a.go --\npackage m\n" + strings.Repeat("\n", 499) + "-- long.md --\n" + strings.Repeat("\n", 501),
	},
	{
		name:  "function length",
		check: checkFuncLength,
		bad: []violation{
			{"f has 71 lines", "-- a.go --\npackage m\n\nfunc f() {\n" + strings.Repeat("\n", 69) + "}\n"},
			{"T.M has 71 lines", "-- a.go --\npackage m\n\nfunc (t *T[K, V]) M() {\n" + strings.Repeat("\n", 69) + "}\n"},
			{"bench/a_test.go", "-- bench/go.mod --\nmodule b\n-- bench/a_test.go --\npackage m\n\nfunc f() {\n" + strings.Repeat("\n", 69) + "}\n"},
		},
		good: "-- a.go --\npackage m\n\n// A comment is\n// not counted.\nfunc f() {\n" + strings.Repeat("\n", 68) + "}\n\nvar data = []int{\n" + strings.Repeat("\n", 99) + "}\n",
	},
	{
		name:  "file names",
		check: checkFileNames,
		bad: []violation{
			{"Upper.go", "-- Upper.go --\npackage m\n"},
			{"a-b.go", "-- a-b.go --\npackage m\n"},
			{"a b.txt", "-- a b.txt --\nx\n"},
			{"naïve.md", "-- naïve.md --\nx\n"},
		},
		good: "-- a_b1_test.go --\npackage m\n-- README.md --\n-- .ci/run --\n",
	},
}

var docRules = []rule{
	{
		name:  "package docs",
		check: checkPackageDocs,
		bad: []violation{
			{"no package comment", "-- a.go --\npackage m\n" + exampleFile},
			{"second package comment", "-- a.go --\n// Package m is.\npackage m\n-- b.go --\n// Package m is.\npackage m\n" + exampleFile},
			{"does not start with «Package m»", "-- a.go --\n// This is m.\npackage m\n" + exampleFile},
			{"no Example", "-- a.go --\n// Package m is.\npackage m\n"},
			{"no Example", "-- a.go --\n// Package m is.\npackage m\n-- e_test.go --\npackage m_test\n\nfunc Example() { println() }\n"},
			{"internal/x/a.go: package x has no package comment", "-- internal/x/a.go --\npackage x\n"},
		},
		good: "-- a.go --\n// Package m is.\npackage m\n" + exampleFile + "-- internal/x/a.go --\n// Package x is.\npackage x\n" +
			"-- examples/y/a.go --\n// Y shows.\npackage main\n-- internal/z/a_test.go --\npackage z\n",
	},
	{
		name:  "exported docs",
		check: checkExportedDocs,
		bad: []violation{
			{"F has no comment", "-- a.go --\npackage m\n\nfunc F() {}\n"},
			{"T has no comment", "-- a.go --\npackage m\n\ntype T int\n"},
			{"T.M has no comment", "-- a.go --\npackage m\n\n// T is.\ntype T[K any] int\n\nfunc (t *T[K]) M() {}\n"},
			{"T.Name has no comment", "-- a.go --\npackage m\n\n// T is.\ntype T struct{ Name string }\n"},
			{"I.M has no comment", "-- a.go --\npackage m\n\n// I is.\ntype I interface{ M() }\n"},
			{"C has no comment", "-- a.go --\npackage m\n\n// All of them.\nconst (\n\tC = 1\n\t// D is.\n\tD = 2\n)\n"},
			{"C has no comment", "-- internal/x/a.go --\npackage x\n\nconst (\n\tC = 1\n)\n"},
			{"I.M has no comment", "-- internal/x/a.go --\npackage x\n\n// I is.\ntype I interface{ M() }\n"},
			{"ErrA has no comment", "-- a.go --\npackage m\n\nvar ErrA, errB error\n"},
		},
		good: "-- a.go --\npackage m\n\n// F is.\nfunc F() {}\n\nfunc g() {}\n\ntype t struct{ Name string }\n\nfunc (t) M() {}\n\n// C is.\nconst C = 1\n\n" +
			"// T is.\ntype T struct {\n\tt\n\tName string // the name\n\t// Size is.\n\tSize int\n\tx int\n}\n" +
			"-- internal/y/a.go --\npackage y\n\n// All.\nconst (\n\tC = 1\n\tD = 2\n)\n\n// S is.\ntype S struct{ Name string }\n-- examples/x/a.go --\npackage main\n\nfunc F() {}\n",
	},
	{
		name:  "api",
		check: checkAPI,
		bad: []violation{
			{"api/p.txt: does not exist", "-- p/a.go --\npackage p\n"},
			{"is new: func F(n int)", "-- p/a.go --\npackage p\n\nfunc F(n int) {}\n-- api/p.txt --\n"},
			{"is no longer there: func F(n int)", "-- p/a.go --\npackage p\n-- api/p.txt --\nfunc F(n int)\n"},
			{"is new: func F(n uint)", "-- p/a.go --\npackage p\n\nfunc F(n uint) {}\n-- api/p.txt --\nfunc F(n int)\n"},
			{"no such package", "-- api/p.txt --\n"},
		},
		good: "-- p/a.go --\npackage p\n\nfunc F(n int) {}\n-- p/q/a.go --\npackage q\n-- api/p.txt --\nfunc F(n int)\n-- api/p.q.txt --\n-- internal/x/a.go --\npackage x\n\nfunc F() {}\n",
	},
	{
		name:  "platforms",
		check: checkPlatforms,
		bad: []violation{
			{"windows/amd64 has, unlike linux/amd64, F", "-- p/a_windows.go --\npackage p\n\nfunc F() {}\n"},
			{"darwin/arm64 does not have T.M", "-- p/a.go --\n//go:build linux || windows\n\npackage p\n\nfunc (t *T) M() {}\n"},
		},
		good: "-- p/a_linux.go --\npackage p\n\nfunc F() {}\n\nfunc g() {}\n-- p/b.go --\n//go:build !linux\n\npackage p\n\nfunc F() {}\n",
	},
	{
		name:  "code map",
		check: checkMap,
		bad: []violation{
			{"ARCHITECTURE.md: does not exist", "-- a.go --\npackage m\n"},
			{"does not name `internal/x`", "-- ARCHITECTURE.md --\ninternal/x\n-- internal/x/a.go --\npackage x\n"},
		},
		good: "-- ARCHITECTURE.md --\n`internal/x` is.\n-- internal/x/a.go --\npackage x\n-- examples/e/a.go --\npackage main\n",
	},
	{
		name:  "links",
		check: checkLinks,
		bad:   []violation{{"links to docs/gone.md", "-- docs/a.md --\nSee [it](gone.md#part).\n"}},
		good:  "-- docs/a.md --\nSee [it](../README.md), [there](#here), [web](https://example.org/a) and [all](../docs).\n-- README.md --\n",
	},
	{
		name:  "orphans",
		check: checkOrphans,
		bad: []violation{
			{"nothing runs WakerIsWoken", "-- a_test.go --\npackage m\n\nimport \"testing\"\n\nfunc WakerIsWoken(t *testing.T) {}\n"},
			{"nothing runs Testing", "-- a_test.go --\npackage m\n\nimport \"testing\"\n\nfunc Testing(t *testing.T) {}\n"},
			{"nothing runs helper", "-- a_test.go --\npackage m\n\nimport \"testing\"\n\nfunc helper(tb testing.TB) {}\n\nfunc other() { helper(nil) }\n"},
			{"does not start with Benchmark", "-- a_test.go --\npackage m\n\nimport \"testing\"\n\nfunc TestX(b *testing.B) {}\n"},
			{"a file that is not one", "-- a.go --\npackage m\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n"},
		},
		good: "-- a_test.go --\npackage m\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Run(\"\", table[0]) }\n\nfunc FuzzX(f *testing.F) {}\n\n" +
			"func one(t *testing.T) { two(t) }\n-- b_test.go --\npackage m_test\n\nimport \"testing\"\n\nvar table = []func(*testing.T){one}\n\nfunc two(t *testing.T) {}\n" +
			"-- internal/h/h.go --\npackage h\n\nimport \"testing\"\n\nfunc Run(t *testing.T) {}\n\nfunc TestAll(t *testing.T, n int) {}\n",
	},
}

const exampleFile = "-- e_test.go --\npackage m_test\n\nfunc Example() {\n\tprintln()\n\t// Output:\n}\n"

var codeRules = []rule{
	{
		name:  "environment",
		check: checkEnvironment,
		bad: []violation{
			{"a.go:5: uses os.LookupEnv", "-- a.go --\npackage m\n\nimport \"os\"\n\nvar x, _ = os.LookupEnv(\"X\")\n"},
			{"uses os.Getenv", "-- internal/x/a.go --\npackage x\n\nimport other \"os\"\n\nfunc f() { g(other.Getenv) }\n"},
		},
		good: "-- a.go --\npackage m\n\nimport \"os\"\n\nvar x = os.Getpid()\n-- a_test.go --\npackage m\n\nimport \"os\"\n\nvar y = os.Environ()\n" +
			"-- examples/e/a.go --\npackage main\n\nimport \"os\"\n\nvar x = os.Getenv(\"X\")\n",
	},
	{
		name:  "init",
		check: checkInit,
		bad:   []violation{{"has an init function", "-- a.go --\npackage m\n\nfunc init() {}\n"}},
		good:  "-- a.go --\npackage m\n\nfunc (t) init() {}\n-- internal/x/a.go --\npackage x\n\nfunc init() {}\n",
	},
	{
		name:  "startup",
		check: checkStartup,
		bad: []violation{
			{"a.go:3: starts a goroutine at import, from init", "-- a.go --\npackage m\n\nfunc init() { go f() }\n"},
			{"starts a goroutine at import, from a variable", "-- a.go --\npackage m\n\nvar x = func() int { go f(); return 1 }()\n"},
			{"b.go:3: starts a goroutine at import", "-- a.go --\npackage m\n\nvar x = start()\n-- b.go --\npackage m\n\nfunc start() int { if true { go f() }; return 1 }\n"},
			{"b.go:3: starts", "-- internal/x/a.go --\npackage x\n\nfunc init() { g() }\n\nfunc g() { start[int]() }\n-- internal/x/b.go --\npackage x\n\nfunc start[T any]() { go f() }\n"},
		},
		good: "-- a.go --\npackage m\n\nvar pool = sync.OnceValue(func() int { go f(); return 1 })\n\nvar lazy = sync.OnceValue(start)\n\nfunc start() int { go f(); return 1 }\n",
	},
	{
		name:  "startup test",
		check: checkStartupTest,
		bad:   []violation{{"import_test.go: does not import p/q", "-- p/q/a.go --\npackage q\n"}},
		good:  "-- p/a.go --\npackage p\n-- internal/x/a.go --\npackage x\n-- a_test.go --\npackage m_test\n\nimport _ \"example.org/m/p\"\n",
	},
	{
		name:  "unsafe",
		check: checkUnsafe,
		bad:   []violation{{"a.go:3: imports unsafe", "-- a.go --\npackage m\n\nimport \"unsafe\"\n"}},
		good:  "-- a_unsafe.go --\npackage m\n\nimport \"unsafe\"\n-- a_unsafe_test.go --\npackage m\n\nimport \"unsafe\"\n",
	},
	{
		name:  "race",
		check: checkRace,
		bad:   []violation{{"a.go:1: depends on the race detector", "-- a.go --\n//go:build linux && !race\n\npackage m\n"}},
		good:  "-- a.go --\n//go:build linux\n\npackage m\n-- a_test.go --\n//go:build race\n\npackage m\n",
	},
	{
		name:  "linkname",
		check: checkLinkname,
		bad:   []violation{{"a.go:3: uses go:linkname", "-- a.go --\npackage m\n\n//go:" + "linkname a b\nfunc a()\n"}},
		good:  "-- a.go --\npackage m\n\n// We do without go:linkname.\n",
	},
}

var textRules = []rule{
	{
		name:  "markers",
		check: forbid(markers, "a leftover marker"),
		bad: []violation{
			{"a.go:3: a leftover marker", "-- a.go --\npackage m\n\n// TO" + "DO: later\n"},
			{"README.md:1", "-- README.md --\nFIX" + "ME\n"},
			{"bench/run.sh:2", "-- bench/go.mod --\nmodule b\n-- bench/run.sh --\n\n# XX" + "X\n"},
		},
		good: "-- a.go --\npackage m\n\n// mktemp XXXXXX, todo lists, context.TO" + "DOs\n",
	},
	{
		name:  "em dashes",
		check: forbid(emDash, "an em dash"),
		bad:   []violation{{"a.md:2: an em dash", "-- a.md --\n\nit \u2014 this\n"}, {"a.go:3", "-- a.go --\npackage m\n\n// \u2014\n"}},
		good:  "-- a.md --\nit - this: «that» 1\u20132\n",
	},
	{
		name:  "machine paths",
		check: forbid(machine, "a path of somebody's machine"),
		bad: []violation{
			{"a.md:1", "-- a.md --\n/ho" + "me/me/x\n"},
			{"a.go:3", "-- a.go --\npackage m\n\nvar x = \"/ro" + "ot/x\"\n"},
			{"a.md:1", "-- a.md --\nC:\\Us" + "ers\\me\n"},
		},
		good: "-- a.md --\nhttps://example.org/home/x and internal/work/x, /proc/self/fd\n",
	},
	{
		name:  "line ends",
		check: checkLineEnds,
		bad: []violation{
			{"a.md:2: the last line", "-- a.md --\nx\ny"},
			{"a.md:1: ends in a carriage return", "-- a.md --\nx\r\n"},
			{"a.md:1: ends in blanks", "-- a.md --\nx \n"},
		},
		good: "-- a.md --\nx\n\ny\n-- p/testdata/a --\nx ",
	},
}
