package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"time"
)

// markdown returns the results as a table.
func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| step | throughput | p99 of the other routes | while the vendor hangs | ratio | late in a long hang | a page, median | while the vendor hangs | threads before | at most | 1 s after |\n")
	b.WriteString("|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %d | %.2f | %s | %s | %.2f | %s, %d unanswered | %s | %s | %d | %d | %d |\n", r.Step, r.Throughput,
			ms(r.P99), ms(r.HangP99), r.Ratio, ms(r.LongP99), r.Unanswered, ms(r.Page), ms(r.HangPage), r.Threads, r.Peak, r.ThreadsAfterRelease)
	}
	return b.String()
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// What stands between these lines in a file is replaced.
const (
	figuresBegin = "<!-- figures -->\n"
	figuresEnd   = "<!-- /figures -->\n"
)

func replaceFigures(name, table string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), figuresBegin)
	_, after, ok2 := strings.Cut(rest, figuresEnd)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for figures", name)
	}
	return os.WriteFile(name, []byte(before+figuresBegin+"\n"+table+"\n"+figuresEnd+after), 0o666)
}

// A panel is one group of bars over the steps, on a logarithmic scale.
type panel struct {
	title    string
	low      float64
	bars     [2]string // what the two bars of each step are
	value    func(result, int) float64
	unit     string
	decimals int
}

var panels = []panel{
	{"OS threads", 1, [2]string{"vendor answers", "vendor hangs"}, func(r result, i int) float64 {
		return float64([]int64{r.Threads, r.Peak}[i])
	}, "", 0},
	{"p99 of the routes that do not need the vendor", 0.1, [2]string{"vendor answers", "hangs for long"}, func(r result, i int) float64 {
		return float64([]time.Duration{r.P99, r.LongP99}[i]) / 1e6
	}, " ms", 1},
	{"a page that shows prices, median", 0.1, [2]string{"vendor answers", "vendor hangs"}, func(r result, i int) float64 {
		return float64([]time.Duration{r.Page, r.HangPage}[i]) / 1e6
	}, " ms", 1},
}

const (
	panelWidth, panelHeight = 420, 220
	left, bottom            = 20, 44
)

// svg draws the results.
func svg(results []result) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", panelWidth*len(panels), panelHeight+30)
	b.WriteString(`<rect width="100%" height="100%" fill="white"/>` + "\n")
	for i, p := range panels {
		p.draw(&b, i*panelWidth, results)
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (p panel) draw(b *strings.Builder, x0 int, results []result) {
	colors := [2]string{"#4c9a6a", "#c0504d"}
	high := p.low
	for _, r := range results {
		high = max(high, p.value(r, 0), p.value(r, 1))
	}
	plot := float64(panelHeight - bottom - 40)
	fmt.Fprintf(b, `<text x="%d" y="18" font-weight="bold">%s (log scale)</text>`+"\n", x0+left, p.title)
	for i, name := range p.bars {
		fmt.Fprintf(b, `<rect x="%d" y="26" width="10" height="10" fill="%s"/><text x="%d" y="35">%s</text>`+"\n", x0+left+i*120, colors[i], x0+left+14+i*120, name)
	}
	wide := (panelWidth - 2*left) / len(results)
	base := panelHeight - bottom + 30
	for n, r := range results {
		x := x0 + left + n*wide
		for i := range p.bars {
			v := max(p.value(r, i), p.low)
			h := plot * math.Log(v/p.low) / math.Log(high/p.low)
			bar := wide/2 - 4
			fmt.Fprintf(b, `<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"/>`+"\n", x+i*bar, float64(base)-h, bar-2, h, colors[i])
			fmt.Fprintf(b, `<text x="%d" y="%.1f" font-size="9" text-anchor="middle">%.*f</text>`+"\n", x+i*bar+bar/2, float64(base)-h-3, p.decimals, p.value(r, i))
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">step %d</text>`+"\n", x+wide/2-4, base+16, r.Step)
	}
	if p.unit != "" {
		fmt.Fprintf(b, `<text x="%d" y="35" text-anchor="end">%s</text>`+"\n", x0+panelWidth-left, strings.TrimSpace(p.unit))
	}
}
