package otelexport_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	sdk "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/causeway-go/causeway/compat/live"
	"github.com/causeway-go/causeway/compat/otelexport"
	"github.com/causeway-go/causeway/threadpool"
)

var background = context.Background()

// collect reads everything, by name and pool and percentile.
func collect(t testing.TB, reader sdk.Reader) map[string]float64 {
	t.Helper()
	var rm metricdata.ResourceMetrics
	if err := reader.Collect(background, &rm); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	put := func(name string, set attribute.Set, v float64) {
		pool, _ := set.Value("pool")
		percentile, _ := set.Value("percentile")
		got[name+" "+pool.AsString()+percentile.AsString()] = v
	}
	for _, s := range rm.ScopeMetrics {
		for _, m := range s.Metrics {
			switch d := m.Data.(type) {
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					put("gauge "+m.Name+" "+m.Unit, p.Attributes, p.Value)
				}
			case metricdata.Sum[float64]:
				if !d.IsMonotonic {
					t.Errorf("%s is not monotonic", m.Name)
				}
				for _, p := range d.DataPoints {
					put("counter "+m.Name+" "+m.Unit, p.Attributes, p.Value)
				}
			default:
				t.Errorf("%s is a %T", m.Name, m.Data)
			}
		}
	}
	return got
}

func newPool(t testing.TB, name string) *threadpool.Pool {
	t.Helper()
	p, err := threadpool.New(threadpool.Options{Name: name, Limit: 7})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestOpenTelemetryGetsTheFigures(t *testing.T) {
	reader := sdk.NewManualReader()
	meter := sdk.NewMeterProvider(sdk.WithReader(reader)).Meter("test")
	var view live.View
	if _, err := otelexport.Register(meter, &view); err == nil {
		t.Error("an empty view: no error")
	}
	first := newPool(t, "first")
	view.Pool(first)
	reg, err := otelexport.Register(meter, &view)
	if err != nil {
		t.Fatal(err)
	}
	second := newPool(t, "second")
	view.Pool(second)
	for range 5 {
		if err := second.Do(background, func() {}); err != nil {
			t.Fatal(err)
		}
	}
	got := collect(t, reader)
	for key, want := range map[string]float64{
		"counter causeway.pool.completed 1 first": 0, "counter causeway.pool.completed 1 second": 5, "gauge causeway.pool.limit_max 1 first": 7,
	} {
		if v, ok := got[key]; !ok || v != want {
			t.Errorf("%s: %v %v, of %v", key, v, ok, got)
		}
	}
	if v := got["gauge causeway.pool.service s second99"]; v <= 0 {
		t.Errorf("service time %v", v)
	}
	if err := reg.Unregister(); err != nil {
		t.Error(err)
	}
	if got := collect(t, reader); len(got) != 0 {
		t.Errorf("after the end: %v", got)
	}
}

type refusing struct{ noop.Meter }

var errRefused = errors.New("refused")

func (refusing) Float64ObservableGauge(string, ...metric.Float64ObservableGaugeOption) (metric.Float64ObservableGauge, error) {
	return nil, errRefused
}

func TestAnErrorOfTheMeter(t *testing.T) {
	var view live.View
	view.Pool(newPool(t, "p"))
	if _, err := otelexport.Register(refusing{}, &view); !errors.Is(err, errRefused) {
		t.Error(err)
	}
}

func ExampleRegister() {
	pool, err := threadpool.New(threadpool.Options{Name: "files"})
	if err != nil {
		panic(err)
	}
	var view live.View
	view.Pool(pool)
	provider := sdk.NewMeterProvider(sdk.WithReader(sdk.NewManualReader()))
	reg, err := otelexport.Register(provider.Meter("causeway"), &view)
	if err != nil {
		panic(err)
	}
	fmt.Println(reg.Unregister())
	// Output: <nil>
}
