package tidy

import (
	"slices"
	"strings"
	"testing"
)

// A rule is one house rule.
type rule struct {
	name  string
	check func(t *tree) []finding
	// bad are trees that violate the rule, each with a part of the finding
	// that is expected. good is one that obeys it.
	bad  []violation
	good string
}

type violation struct {
	want string
	tree string
}

// run applies r to t and the exceptions of t to what it finds.
func (r rule) run(t *tree) []finding {
	used := make([]bool, len(t.exceptions))
	var left []finding
	for _, f := range r.check(t) {
		i := slices.IndexFunc(t.exceptions, func(e exception) bool { return e.rule == r.name && e.key == f.key })
		if i < 0 {
			left = append(left, f)
			continue
		}
		used[i] = true
	}
	for i, e := range t.exceptions {
		switch {
		case e.rule != r.name:
		case !used[i]:
			left = append(left, finding{e.key, 0, "the exception from «" + e.rule + "» excuses nothing; remove it"})
		case e.reason == "":
			left = append(left, finding{e.key, 0, "the exception from «" + e.rule + "» has no reason"})
		}
	}
	return left
}

func TestTheTreeIsTidy(t *testing.T) {
	tr := load(t, "../..")
	if len(tr.packages()) == 0 {
		t.Fatal("found no packages; is this the root of the module?")
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.run(tr) {
				t.Error(f)
			}
		})
	}
}

func TestEveryRuleCanFail(t *testing.T) {
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			if len(r.bad) == 0 {
				t.Error("no sample violates this rule")
			}
			for _, bad := range r.bad {
				found := r.run(sample(t, bad.tree))
				if !slices.ContainsFunc(found, func(f finding) bool { return strings.Contains(f.String(), bad.want) }) {
					t.Errorf("want a finding with %q, got %v, in:\n%s", bad.want, found, bad.tree)
				}
			}
			if found := r.run(sample(t, r.good)); len(found) != 0 {
				t.Errorf("findings where all is well: %v, in:\n%s", found, r.good)
			}
		})
	}
}

func TestExceptionsExcuseOneThingEach(t *testing.T) {
	const bad = "-- a.go --\npackage m\n\nimport _ \"unsafe\"\n-- b.go --\npackage m\n\nimport _ \"unsafe\"\n"
	r := rules[slices.IndexFunc(rules, func(r rule) bool { return r.name == "unsafe" })]
	for _, c := range []struct {
		name       string
		exceptions []exception
		want       []string // in the findings, in order
	}{
		{"none", nil, []string{"a.go", "b.go"}},
		{"one", []exception{{"unsafe", "a.go", "because"}}, []string{"b.go"}},
		{"all", []exception{{"unsafe", "a.go", "because"}, {"unsafe", "b.go", "because"}}, nil},
		{"of another rule", []exception{{"length", "a.go", "because"}}, []string{"a.go", "b.go"}},
		{"unused", []exception{{"unsafe", "a.go", "x"}, {"unsafe", "b.go", "x"}, {"unsafe", "c.go", "x"}}, []string{"excuses nothing"}},
		{"without a reason", []exception{{"unsafe", "a.go", ""}, {"unsafe", "b.go", "x"}}, []string{"no reason"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := sample(t, bad)
			tr.exceptions = c.exceptions
			found := r.run(tr)
			if len(found) != len(c.want) {
				t.Fatalf("found %v, want %v", found, c.want)
			}
			for i, f := range found {
				if !strings.Contains(f.String(), c.want[i]) {
					t.Errorf("found %v, want %q", f, c.want[i])
				}
			}
		})
	}
}

func TestEveryExceptionNamesARule(t *testing.T) {
	for _, e := range exceptions {
		if !slices.ContainsFunc(rules, func(r rule) bool { return r.name == e.rule }) {
			t.Errorf("exception for %s: there is no rule named %q", e.key, e.rule)
		}
	}
}
