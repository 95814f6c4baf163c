package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A result is what has been measured of one step. Times are of the routes that do
// not need the vendor, unless they say otherwise.
type result struct {
	Step                int
	Throughput          float64       // requests a second, from 8 clients, those of step 0 being 1
	P50, P99            time.Duration // the vendor answers
	HangP50, HangP99    time.Duration // it hangs
	Ratio               float64       // HangP99 to P99
	Page, HangPage      time.Duration // medians of the page
	LongP99             time.Duration // late in a long hang
	Unanswered          int           // requests that failed in the long hang
	Threads, Peak       int64         // most threads before any hang, and at all
	Asked               int           // what the vendor was asked in the long hang
	ThreadsAfterRelease int64         // a second after the vendor answers again
}

// patience is how long a client waits.
const patience = 2 * time.Second

// measure measures one step.
func measure(p plan, step int, bin, dir string) (result, error) {
	r := result{Step: step}
	s, err := start(bin, dir)
	if err != nil {
		return r, err
	}
	defer s.end()
	c := newClient(s.url)
	nothing := func() {}
	c.window(p.window, nothing) // warm up
	r.Threads = s.peak.Load()

	var well, ill []sample
	for range p.pairs {
		well = append(well, c.window(p.window, nothing))
		s.vendor.Hang()
		ill = append(ill, c.window(p.window, s.vendor.Release))
	}
	r.P50, r.P99 = over(well, others, 0.5), over(well, others, 0.99)
	r.HangP50, r.HangP99 = over(ill, others, 0.5), over(ill, others, 0.99)
	r.Ratio = float64(r.HangP99) / float64(r.P99)
	r.Page, r.HangPage = over(well, pages, 0.5), over(ill, pages, 0.5)

	s.vendor.Hang()
	long := c.window(p.long, c.pending.Wait)
	r.LongP99, r.Unanswered, r.Asked = long.quantile(others, 0.99), long.failed, len(long.took[prices])
	r.Peak = s.peak.Load()
	s.vendor.Release()
	time.Sleep(time.Second)
	r.ThreadsAfterRelease = s.threads()
	return r, nil
}

// over is the median, over windows, of a quantile of each.
func over(windows []sample, k kind, q float64) time.Duration {
	var list []time.Duration
	for _, w := range windows {
		list = append(list, w.quantile(k, q))
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// A kind is a kind of request.
type kind int

const (
	others kind = iota // notes, files, hosts
	prices
	pages
)

// rates are requests a second by kind.
var rates = [3]int{others: 300, prices: 600, pages: 20}

// A sample is how long the requests of one window took, by kind.
type sample struct {
	took   [3][]time.Duration
	failed int // of the others
}

func (s *sample) quantile(k kind, q float64) time.Duration {
	list := slices.Sorted(slices.Values(s.took[k]))
	if len(list) == 0 {
		return 0
	}
	return list[min(int(q*float64(len(list))), len(list)-1)]
}

type client struct {
	http    http.Client
	url     string
	pending sync.WaitGroup
}

func newClient(url string) *client {
	return &client{url: url, http: http.Client{Transport: &http.Transport{MaxIdleConns: 4000, MaxIdleConnsPerHost: 4000}}}
}

// get makes the i-th request of its kind.
func (c *client) get(k kind, i int) error {
	path := fmt.Sprintf("/price/%d", i%1000)
	switch {
	case k == pages:
		path = fmt.Sprintf("/page/%d", i%1000)
	case k == others:
		path = fmt.Sprintf("/%s/%d", []string{"note", "file", "host"}[i%3], i%1000)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.url+path, nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return nil
}

// window sends requests for as long as d, calls after, and returns what came of
// them when all have been answered or given up.
func (c *client) window(d time.Duration, after func()) sample {
	var mu sync.Mutex
	var s sample
	var sent sync.WaitGroup
	begin := time.Now()
	for k, rate := range rates {
		sent.Go(func() {
			gap := time.Second / time.Duration(rate)
			for i := 0; time.Duration(i)*gap < d; i++ {
				due := begin.Add(time.Duration(i) * gap)
				time.Sleep(time.Until(due))
				c.pending.Add(1)
				go func() {
					defer c.pending.Done()
					err := c.get(kind(k), i)
					took := time.Since(due)
					mu.Lock()
					defer mu.Unlock()
					s.took[k] = append(s.took[k], took)
					if err != nil && kind(k) == others {
						s.failed++
					}
				}()
			}
		})
	}
	sent.Wait()
	after()
	c.pending.Wait()
	return s
}

// throughput lets 8 clients ask one thing after the other.
func (c *client) throughput(d time.Duration) float64 {
	var wg sync.WaitGroup
	var mu sync.Mutex
	total := 0
	begin := time.Now()
	for w := range 8 {
		wg.Go(func() {
			n := 0
			for ; time.Since(begin) < d; n++ {
				if c.get(others, w+n) != nil {
					n--
				}
			}
			mu.Lock()
			defer mu.Unlock()
			total += n
		})
	}
	wg.Wait()
	return float64(total) / time.Since(begin).Seconds()
}
