package live_test

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"expvar"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/causeway-go/causeway/compat/live"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/internal/leak"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
	"github.com/causeway-go/causeway/threadpool"
)

var background = context.Background()

//go:noinline
func hangHere(stop <-chan struct{}) { <-stop }

// A world has one of everything, and something of everything that can be seen.
type world struct {
	view live.View
	pool *threadpool.Pool
	end  func()
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	pool, err := threadpool.New(threadpool.Options{Name: "p<1>", Limit: 20, Track: true})
	if err != nil {
		t.Fatal(err)
	}
	class, err := pool.Class(threadpool.ClassOptions{Name: "slow", Hint: threadpool.WillBlock})
	if err != nil {
		t.Fatal(err)
	}
	w.pool = pool
	w.view.Pool(pool)
	stop := make(chan struct{})
	left, cancel := context.WithCancel(background)
	var all sync.WaitGroup
	begun := make(chan struct{})
	all.Go(func() {
		if err := class.Do(left, func() { close(begun); hangHere(stop) }); !errors.Is(err, context.Canceled) {
			t.Errorf("the call that is left: %v", err)
		}
	})
	<-begun
	cancel()
	all.Wait()
	for range 40 { // so that it has to grow
		all.Go(func() { _ = pool.Do(background, func() { hangHere(stop) }) })
	}
	waitFor(t, func() bool { return len(pool.Events()) > 0 })

	ex, err := executor.New(executor.Options{Inspect: true})
	if err != nil {
		t.Fatal(err)
	}
	w.view.Executor("work", ex)
	run, endRun := context.WithCancel(background)
	all.Go(func() { _ = ex.Run(run) })
	var never pollster.Promise[int]
	task := executor.Go(ex, func(ctx context.Context) (int, error) { return waitHere(ctx, &never) })
	waitFor(t, func() bool { i := ex.Tasks(); return len(i) == 1 && i[0].State == executor.Waiting })

	r, err := reactor.New(reactor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.view.Reactor("net", r)
	w.end = func() {
		close(stop)
		never.Resolve(1)
		_, _ = task.Wait(background)
		endRun()
		all.Wait()
		_ = ex.Close()
		_ = r.Close()
		_ = pool.Shutdown(background)
	}
	return w
}

//go:noinline
func waitHere(ctx context.Context, f pollster.Future[int]) (int, error) {
	return pollster.BlockOn(ctx, f)
}

func waitFor(t *testing.T, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it has not come")
		}
	}
}

func get(t *testing.T, h http.Handler, target string) (*http.Response, string) {
	t.Helper()
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, target, nil))
	res := rec.Result()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestEverythingIsSeen(t *testing.T) {
	leak.Check(t)
	w := newWorld(t)
	defer w.end()
	s := w.view.Snapshot()
	if len(s.Pools) != 1 || len(s.Pools[0].Classes) != 1 || len(s.Pools[0].Events) == 0 || len(s.Executors) != 1 || len(s.Reactors) != 1 {
		t.Fatalf("%+v", s)
	}
	abandoned := 0
	for _, j := range s.Pools[0].Jobs {
		if j.State == "abandoned" {
			abandoned++
			if j.Pool != "p<1>/slow" || !strings.Contains(j.Stack, "hangHere") || !strings.Contains(live.Where(j.Stack), "hangHere") {
				t.Errorf("%+v is in %s", j, live.Where(j.Stack))
			}
		}
	}
	if abandoned != 1 {
		t.Errorf("%d abandoned jobs", abandoned)
	}
	if tasks := s.Executors[0].Tasks; len(tasks) != 1 || tasks[0].State != "waiting" || !slices.ContainsFunc(tasks[0].At, func(f string) bool { return strings.Contains(f, "waitHere") }) {
		t.Errorf("%+v", tasks)
	}

	res, body := get(t, &w.view, "/?format=json")
	var back live.Snapshot
	if err := json.Unmarshal([]byte(body), &back); err != nil || res.Header.Get("Content-Type") != "application/json" {
		t.Fatal(err, res.Header)
	}
	if back.Pools[0].Stats.Name != "p<1>" || len(back.Pools[0].Jobs) == 0 {
		t.Errorf("by JSON: %+v", back.Pools[0])
	}

	res, body = get(t, &w.view, "/")
	for _, want := range []string{"p&lt;1&gt;/slow", "<polyline points=", "abandoned", "hangHere", "waitHere", "Executor work", "Reactor net"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(body, "p<1>") || res.StatusCode != http.StatusOK {
		t.Errorf("status %d, or a name is not escaped", res.StatusCode)
	}
	var svg struct {
		Points string `xml:"points,attr"`
	}
	from := strings.Index(body, "<polyline")
	if err := xml.Unmarshal([]byte(body[from:from+strings.Index(body[from:], "/>")+2]), &svg); err != nil || !strings.HasPrefix(svg.Points, "0,") || !strings.Contains(svg.Points, " 600,") {
		t.Errorf("the curve: %v %q", err, svg.Points)
	}

	_, body = get(t, &w.view, "/?format=text")
	for _, want := range []string{"pool p<1>:", "abandoned for", "hangHere", "executor work", "reactor net"} {
		if !strings.Contains(body, want) {
			t.Errorf("the text does not have %q:\n%s", want, body)
		}
	}
}

func TestRequestsThatMakeNoSense(t *testing.T) {
	var v live.View
	if res, _ := get(t, &v, "/?format=yaml"); res.StatusCode != http.StatusBadRequest {
		t.Error(res.Status)
	}
	rec := httptest.NewRecorder()
	v.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/", nil))
	if rec.Code != http.StatusMethodNotAllowed || rec.Header().Get("Allow") == "" {
		t.Error(rec.Code)
	}
	if res, body := get(t, &v, "/"); res.StatusCode != http.StatusOK || !strings.Contains(body, "goroutines") {
		t.Error("an empty view:", res.Status, body)
	}
	want := errors.New("full")
	if err := v.WriteText(failing{want}); !errors.Is(err, want) {
		t.Error(err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestFiguresAndExpvar(t *testing.T) {
	leak.Check(t)
	w := newWorld(t)
	defer w.end()
	values := map[string]float64{}
	for f := range w.view.Figures() {
		key := f.Name
		for _, l := range f.Labels {
			key += fmt.Sprintf(" %s=%s", l.Name, l.Value)
		}
		if _, twice := values[key]; twice || f.Help == "" || f.Counter != strings.HasSuffix(f.Name, "_total") {
			t.Errorf("%+v", f)
		}
		values[key] = f.Value
	}
	for key, want := range map[string]float64{
		"causeway_pool_abandoned pool=p<1>/slow": 1, "causeway_pool_limit_max pool=p<1>": 20,
		"causeway_executor_tasks executor=work": 1, "causeway_reactor_sources reactor=net": 0,
	} {
		if got, ok := values[key]; !ok || got != want {
			t.Errorf("%s is %v, there %v, of %v", key, got, ok, slices.Sorted(maps.Keys(values)))
		}
	}
	for range w.view.Figures() {
		break // a reader may stop anywhere
	}
	n := 0
	for range w.view.Figures() {
		if n++; n == 30 {
			break
		}
	}
	name := fmt.Sprint("live_test ", published.Add(1)) // names are for ever
	w.view.Publish(name)
	var back map[string]float64
	if err := json.Unmarshal([]byte(expvar.Get(name).String()), &back); err != nil || back["causeway_pool_abandoned p<1>/slow"] != 1 {
		t.Errorf("%v: %v", err, back)
	}
}

var published atomic.Int64

func TestPartsCanBeTakenOut(t *testing.T) {
	leak.Check(t)
	var v live.View
	pool, err := threadpool.New(threadpool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	local, err := executor.NewLocal(executor.LocalOptions{Inspect: true})
	if err != nil {
		t.Fatal(err)
	}
	first, second := v.Pool(pool), v.Local("l", local)
	again := v.Pool(pool)
	first()
	first()
	if s := v.Snapshot(); len(s.Pools) != 1 || len(s.Executors) != 1 || s.Executors[0].Stats != nil {
		t.Errorf("%+v", s)
	}
	second()
	again()
	if s := v.Snapshot(); len(s.Pools)+len(s.Executors) != 0 {
		t.Errorf("%+v", s)
	}
	var b bytes.Buffer
	if err := v.WriteText(&b); err != nil || !strings.Contains(b.String(), "goroutines") {
		t.Error(err, b.String())
	}
	_ = local.Close()
}

// Everybody looks while everything changes.
func TestLookingWhileThingsChange(t *testing.T) {
	leak.Check(t)
	w := newWorld(t)
	defer w.end()
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for range 20 {
				switch i {
				case 0:
					c, err := w.pool.Class(threadpool.ClassOptions{})
					if err != nil {
						t.Error(err)
						return
					}
					_ = c.Do(background, func() {})
					_ = c.Close()
				case 1:
					defer w.view.Pool(w.pool)()
				default:
					get(t, &w.view, []string{"/", "/?format=text"}[i%2])
				}
			}
		})
	}
	all.Wait()
}

func TestWhere(t *testing.T) {
	for stack, want := range map[string]string{
		"": "",
		"goroutine 1 [chan receive]:\nmain.main()\n\t/x.go:1 +0x1\n":                                                                      "main.main",
		"goroutine 1 [syscall]:\nsyscall.Syscall6(0x1)\n\t/a.go:1\nos.(*File).Read(0x2)\n\t/b.go:1\nexample.org/m.read(...)\n\t/c.go:2\n": "example.org/m.read",
		"goroutine 1 [select]:\nruntime.gopark()\n\t/a.go:1\ncreated by main.main in goroutine 1\n\t/b.go:1\n":                            "runtime.gopark",
	} {
		if got := live.Where(stack); got != want {
			t.Errorf("%q: %q, want %q", stack, got, want)
		}
	}
}

func Example() {
	pool, err := threadpool.New(threadpool.Options{Name: "files", Limit: 4, Track: true})
	if err != nil {
		panic(err)
	}
	var view live.View
	view.Pool(pool)
	mux := http.NewServeMux()
	mux.Handle("/debug/causeway", &view)
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/debug/causeway?format=text", nil))
	for line := range strings.Lines(rec.Body.String()) {
		if strings.HasPrefix(line, "pool") {
			fmt.Print(line)
		}
	}
	// Output: pool files: 4 of at most 4 slots, last changed by start
}

// Metrics libraries and expvar know figures by name and labels alone.
func TestFiguresOfPartsWithOneNameAreToldApart(t *testing.T) {
	leak.Check(t)
	var view live.View
	pool := func(name string) *threadpool.Pool {
		p, err := threadpool.New(threadpool.Options{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { p.Shutdown(context.Background()) })
		if _, err := p.Class(threadpool.ClassOptions{Name: "c"}); err != nil {
			t.Fatal(err)
		}
		return p
	}
	ex, err := executor.New(executor.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	view.Pool(pool("a"))
	remove := view.Pool(pool("a"))
	view.Pool(pool("a"))
	view.Pool(pool(""))
	view.Pool(pool(""))
	view.Executor("a", ex)
	view.Executor("a", ex)
	check := func(want ...string) {
		t.Helper()
		var got []string
		for f := range view.Figures() {
			if f.Name == "causeway_pool_limit" || f.Name == "causeway_executor_tasks" {
				got = append(got, f.Labels[0].Name+" "+f.Labels[0].Value)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("labels %q, want %q", got, want)
		}
	}
	check("pool a", "pool a/c", "pool a#2", "pool a#2/c", "pool a#3", "pool a#3/c", "pool ", "pool /c", "pool #2", "pool #2/c",
		"executor a", "executor a#2")
	remove() // nobody else's label changes
	check("pool a", "pool a/c", "pool a#3", "pool a#3/c", "pool ", "pool /c", "pool #2", "pool #2/c", "executor a", "executor a#2")
	view.Pool(pool("a"))
	check("pool a", "pool a/c", "pool a#3", "pool a#3/c", "pool ", "pool /c", "pool #2", "pool #2/c", "executor a", "executor a#2",
		"pool a#2", "pool a#2/c")
}
