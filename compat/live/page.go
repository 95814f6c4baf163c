package live

import (
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"

	"github.com/causeway-go/causeway/threadpool"
)

// ServeHTTP serves the view: a page that renews itself every two seconds, JSON with
// ?format=json, or text with ?format=text.
func (v *View) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "live: only GET", http.StatusMethodNotAllowed)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	var err error
	switch r.URL.Query().Get("format") {
	case "json":
		w.Header().Set("Content-Type", "application/json")
		e := json.NewEncoder(w)
		e.SetIndent("", "\t")
		err = e.Encode(v.Snapshot())
	case "text":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		err = v.WriteText(w)
	case "":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		err = page.Execute(w, v.Snapshot())
	default:
		http.Error(w, "live: format is json, text or nothing", http.StatusBadRequest)
	}
	_ = err // the reader has gone
}

var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"short": short, "where": Where, "curve": curve, "join": func(s []string) string { return strings.Join(s, "\n") },
	"flat": flat,
}).Parse(pageText))

// flat returns the pools with their classes, as one list.
func flat(pools []Pool) (all []Pool) {
	for _, p := range pools {
		all = append(append(all, p), flat(p.Classes)...)
	}
	return all
}

// The size of a curve in pixels.
const (
	curveWidth  = 600
	curveHeight = 60
)

// curve draws the size of a pool over time as the points of a line, from its first
// event to now.
func curve(events []threadpool.Event, now time.Time, limit, most int) string {
	if len(events) == 0 {
		return fmt.Sprintf("0,%d %d,%[1]d", curveY(limit, most), curveWidth)
	}
	start := events[0].Time
	whole := max(now.Sub(start), time.Millisecond)
	var b strings.Builder
	for _, e := range events {
		x := int(curveWidth * min(float64(e.Time.Sub(start))/float64(whole), 1))
		fmt.Fprintf(&b, "%d,%d %d,%d ", x, curveY(e.From, most), x, curveY(e.To, most))
	}
	fmt.Fprintf(&b, "%d,%d", curveWidth, curveY(limit, most))
	return b.String()
}

func curveY(n, most int) int { return curveHeight - curveHeight*n/max(most, n, 1) }

const pageText = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2"><title>causeway</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; max-width: 75em }
table { border-collapse: collapse } th, td { text-align: left; padding: .1em 1em .1em 0; vertical-align: top }
td.n { text-align: right; font-variant-numeric: tabular-nums } .abandoned, .blocked { color: #b00 }
svg { background: #f4f4f4 } polyline { fill: none; stroke: #06c; stroke-width: 2 } pre { margin: 0; font-size: 12px }
</style></head><body>
<p>{{.Time.Format "15:04:05"}}, {{.Goroutines}} goroutines. <a href="?format=json">JSON</a> <a href="?format=text">text</a></p>
{{$now := .Time}}
{{range flat .Pools}}
<h2>Pool {{.Stats.Name}}</h2>
<p>{{.Stats.Limit}} of at most {{.Stats.Max}} slots{{with .Stats.Reason}}, last changed by {{.}}{{end}}</p>
<svg width="600" height="60" role="img" aria-label="size over time"><polyline points="{{curve .Events $now .Stats.Limit .Stats.Max}}"/></svg>
<table><tr><th>running<th>waiting<th>queued<th>abandoned<th>completed<th>dropped<th>refused<th>service p50<th>p99<th>wait p50<th>p99</tr>
<tr><td class="n">{{.Stats.Running}}<td class="n">{{.Stats.Waiting}}<td class="n">{{.Stats.Queued}}<td class="n">{{.Stats.Abandoned}}<td class="n">{{.Stats.Completed}}<td class="n">{{.Stats.Dropped}}<td class="n">{{.Stats.Refused}}<td class="n">{{short .Stats.Service.P50}}<td class="n">{{short .Stats.Service.P99}}<td class="n">{{short .Stats.Wait.P50}}<td class="n">{{short .Stats.Wait.P99}}</tr></table>
{{if .Jobs}}<table><tr><th>job of<th>for<th>state<th>where</tr>
{{range .Jobs}}<tr class="{{.State}}"><td>{{.Pool}}<td class="n">{{short .For}}<td>{{.State}}<td><details><summary>{{where .Stack}}</summary><pre>{{.Stack}}</pre></details></tr>
{{end}}</table>{{end}}
{{end}}
{{range .Executors}}
<h2>Executor {{.Name}}</h2>
{{with .Stats}}<p>{{.Tasks}} tasks, {{.Queued}} ready; {{.Workers}} workers, {{.Idle}} of them idle; found stuck {{.Stuck}} times, stood in for {{.StandIns}} times</p>{{end}}
{{if .Tasks}}<table><tr><th>task<th>name<th>code<th>state<th>for<th>polls<th>busy<th>where it waits</tr>
{{range .Tasks}}<tr class="{{.State}}"><td class="n">{{.ID}}<td>{{.Name}}<td>{{.Code}}<td>{{.State}}<td class="n">{{short .For}}<td class="n">{{.Polls}}<td class="n">{{short .Busy}}<td><pre>{{join .At}}</pre></tr>
{{end}}</table>{{end}}
{{end}}
{{range .Reactors}}
<h2>Reactor {{.Name}}</h2>
<p>{{.Stats.Backend}} by {{.Stats.Driver}}: {{.Stats.Sources}} sources, {{.Stats.Waiting}} waiters, {{.Stats.Timers}} timers; {{.Stats.Events}} events, {{.Stats.Fired}} timers fired</p>
{{end}}
</body></html>
`
