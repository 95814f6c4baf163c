// Package tidy holds the house rules as tests: go test ./internal/tidy.
//
// It exports nothing and is only tests. Each rule is a function from the
// sources of the repository to a list of findings, and carries small samples
// that violate it: a rule that cannot fail is not a rule. The list of rules is
// in rules_test.go, the exceptions, each with its reason, in
// exceptions_test.go. An exception that excuses nothing is a finding too.
//
// What is read:
//
//   - Every text file below the root, for the rules about text.
//   - Every Go file, of every platform and build tag, tests included, for the
//     rules about code. So an import in a Windows file counts on Linux too.
//   - Modules nested in this one (bench and others with a go.mod of their own)
//     obey the rules about text, lengths and orphaned tests, and are left out of
//     the others: they may import what they like, and nothing here may import
//     them.
//   - The compiler's export data, for the exported API, which is compared with
//     the files in api/. After a wanted change of it, run
//     «go test ./internal/tidy -update».
//
// That the examples and the nested modules compile and run is .ci/run's part.
package tidy
