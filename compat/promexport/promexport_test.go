package promexport_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/causeway-go/causeway/compat/live"
	"github.com/causeway-go/causeway/compat/promexport"
	"github.com/causeway-go/causeway/threadpool"
)

func newPool(t testing.TB, name string) *threadpool.Pool {
	t.Helper()
	p, err := threadpool.New(threadpool.Options{Name: name, Limit: 7})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPrometheusGetsTheFigures(t *testing.T) {
	var view live.View
	reg := prometheus.NewPedanticRegistry()
	if err := reg.Register(promexport.NewCollector(&view)); err != nil {
		t.Fatal(err)
	}
	if got, err := reg.Gather(); err != nil || len(got) != 0 {
		t.Errorf("of nothing: %v %v", got, err)
	}
	pool := newPool(t, `na"me`)
	class, err := pool.Class(threadpool.ClassOptions{Name: "c"})
	if err != nil {
		t.Fatal(err)
	}
	view.Pool(pool)
	for range 3 {
		if err := class.Do(context.Background(), func() {}); err != nil {
			t.Fatal(err)
		}
	}
	const want = `
# HELP causeway_pool_completed_total Jobs that have ended.
# TYPE causeway_pool_completed_total counter
causeway_pool_completed_total{pool="na\"me"} 0
causeway_pool_completed_total{pool="na\"me/c"} 3
# HELP causeway_pool_limit_max Slots there may be.
# TYPE causeway_pool_limit_max gauge
causeway_pool_limit_max{pool="na\"me"} 7
causeway_pool_limit_max{pool="na\"me/c"} 6
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "causeway_pool_completed_total", "causeway_pool_limit_max"); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.GatherAndLint(reg); err != nil || len(problems) != 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// Prometheus takes nothing at all from a collector that gives one figure twice.
func TestTwoPoolsOfOneNameOrOfNone(t *testing.T) {
	var view live.View
	for _, name := range []string{"same", "same", "", ""} {
		view.Pool(newPool(t, name))
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(promexport.NewCollector(&view))
	const want = `
# HELP causeway_pool_limit_max Slots there may be.
# TYPE causeway_pool_limit_max gauge
causeway_pool_limit_max{pool=""} 7
causeway_pool_limit_max{pool="#2"} 7
causeway_pool_limit_max{pool="same"} 7
causeway_pool_limit_max{pool="same#2"} 7
`
	if err := testutil.GatherAndCompare(reg, strings.NewReader(want), "causeway_pool_limit_max"); err != nil {
		t.Error(err)
	}
}

func ExampleNewCollector() {
	pool, err := threadpool.New(threadpool.Options{Name: "files"})
	if err != nil {
		panic(err)
	}
	var view live.View
	view.Pool(pool)
	reg := prometheus.NewRegistry()
	reg.MustRegister(promexport.NewCollector(&view))
	families, err := reg.Gather()
	fmt.Println(len(families) > 10, err)
	// Output: true <nil>
}
