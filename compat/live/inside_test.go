package live

import (
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/threadpool"
)

// The names of tasks are chosen by the program, maybe by those who use it.
func TestANameIsNoMoreThanTextInADump(t *testing.T) {
	name := "a\nexecutor forged\t\x1b[2J\xff\vb"
	var out strings.Builder
	ex, err := executor.New(executor.Options{Inspect: true})
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close()
	var v View
	v.Executor(name, ex)
	if err := v.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "\n"); n != 4 {
		t.Errorf("%d lines, want 4:\n%s", n, out.String())
	}
	if !strings.Contains(out.String(), `executor a\nexecutor forged\t\x1b[2J\xff\vb`+"\n") {
		t.Errorf("%q", out.String())
	}
	if s := plain("Größe 4"); s != "Größe 4" {
		t.Errorf("%q is another", s)
	}
}

func TestACurveOfAYearIsInItsFrame(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(days int) time.Time { return start.AddDate(0, 0, days) }
	got := curve([]threadpool.Event{{Time: at(0), From: 1, To: 2}, {Time: at(200), From: 2, To: 4}}, at(400), 4, 4)
	if want := "0,45 0,30 300,30 300,0 600,0"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	// An event after the look has begun.
	if got := curve([]threadpool.Event{{Time: at(0), From: 1, To: 2}, {Time: at(1), From: 2, To: 4}}, at(0), 4, 4); strings.Contains(got, "-") ||
		!strings.HasSuffix(got, " 600,30 600,0 600,0") {
		t.Error(got)
	}
}

func TestATaskThatChangesWhileOneLooksIsNotOfTheFuture(t *testing.T) {
	now := time.Now()
	tasks := tasksOf([]executor.TaskInfo{{Since: now.Add(time.Second)}, {Since: now.Add(-time.Second)}}, now)
	if tasks[0].For != 0 || tasks[1].For != time.Second {
		t.Errorf("%v, %v", tasks[0].For, tasks[1].For)
	}
}
