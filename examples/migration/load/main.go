// The load of the migration example: it builds each step, runs it as a process of
// its own, asks it for things at a steady rate while the vendor's server answers
// and while it hangs, and draws what came of it.
//
//	go run ./load -chart steps.svg -table ../../MIGRATING.md
//
// Requests are sent when they are due, not when the last has been answered, and
// are timed from when they were due: a service that answers late does not get
// fewer of them.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"slices"
	"time"
)

func main() {
	quick := flag.Bool("quick", false, "fewer windows")
	chart := flag.String("chart", "", "`file` to draw the comparison into, as SVG")
	table := flag.String("table", "", "Markdown `file` whose figures are replaced")
	flag.Parse()
	p := full
	if *quick {
		p = brief
	}
	results, err := measureAll(p, 0, 1, 2, 3, 4)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(markdown(results))
	if *chart != "" {
		if err := os.WriteFile(*chart, []byte(svg(results)), 0o666); err != nil {
			log.Fatal(err)
		}
	}
	if *table != "" {
		if err := replaceFigures(*table, markdown(results)); err != nil {
			log.Fatal(err)
		}
	}
}

// A plan is how long each part of a measurement takes.
type plan struct {
	pairs  int           // of windows, one with the vendor answering and one with it hanging
	window time.Duration // of each
	long   time.Duration // of one more, with the vendor hanging
}

var (
	full  = plan{pairs: 12, window: time.Second, long: 4 * time.Second}
	brief = plan{pairs: 5, window: time.Second, long: 2 * time.Second}
)

// measureAll builds and measures steps, each in a folder of its own.
func measureAll(p plan, steps ...int) ([]result, error) {
	dir, err := os.MkdirTemp("", "migration")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var results []result
	for _, step := range steps {
		bin := filepath.Join(dir, fmt.Sprint("step", step))
		if err := build(bin, step); err != nil {
			return nil, err
		}
		r, err := measure(p, step, bin, filepath.Join(dir, fmt.Sprint("data", step)))
		if err != nil {
			return nil, fmt.Errorf("step %d: %w", step, err)
		}
		log.Printf("%+v", r)
		results = append(results, r)
	}
	return results, compareThroughput(dir, results)
}

// rounds is how often the throughput of each step is measured, in turn, so that
// what else the machine does hits all alike.
const rounds = 7

// compareThroughput fills in Throughput: the median of the ratios to the first step
// in the same round.
func compareThroughput(dir string, results []result) error {
	ratios := make([][]float64, len(results))
	for round := range rounds {
		first := 0.0
		for i, r := range results {
			s, err := start(filepath.Join(dir, fmt.Sprint("step", r.Step)), filepath.Join(dir, fmt.Sprint("round", round, "-", r.Step)))
			if err != nil {
				return err
			}
			c := newClient(s.url)
			c.throughput(200 * time.Millisecond) // warm up
			n := c.throughput(time.Second)
			s.end()
			if i == 0 {
				first = n
			}
			ratios[i] = append(ratios[i], n/first)
		}
	}
	for i := range results {
		slices.Sort(ratios[i])
		results[i].Throughput = ratios[i][rounds/2]
	}
	return nil
}
