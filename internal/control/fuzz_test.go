package control_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/control"
)

// check runs a Controller on what the bytes say, however absurd.
func check(t *testing.T, data []byte) {
	word := func() uint64 {
		var b [8]byte
		data = data[copy(b[:], data):]
		return binary.LittleEndian.Uint64(b[:])
	}
	a := word()
	cfg := control.Config{Min: int(int8(a)), Max: int(int16(a >> 8)), Initial: int(int16(a >> 24))}
	c, d := control.New(cfg), control.New(cfg)
	least := max(cfg.Min, 1)
	most := 512
	if cfg.Max > 0 {
		most = cfg.Max
	}
	most = max(most, least)
	var in control.Input
	for len(data) > 0 {
		change(&in, word(), word)
		got := c.Tick(in)
		if got.Limit < least || got.Limit > most {
			t.Fatalf("limit %d outside %d to %d after %+v", got.Limit, least, most, in)
		}
		if again := d.Tick(in); again != got {
			t.Fatalf("%+v, then %+v for the same inputs", got, again)
		}
		s := c.State()
		if s.Load != s.Load || s.Rate != s.Rate {
			t.Fatalf("state %+v after %+v", s, in)
		}
	}
}

// change makes the next input: mostly what a pool could say, sometimes not.
func change(in *control.Input, x uint64, word func() uint64) {
	dt := time.Duration(x>>8&0xfffffff) * 4
	in.Now += dt
	done := x >> 36 & 0xfff
	in.Completions += done
	in.Running = int(x >> 48 & 0x3ff)
	in.ServiceSum += time.Duration(done) * dt
	in.StartSum = time.Duration(in.Running) * (in.Now - dt)
	ln := math.Log(max(dt.Seconds(), 1e-9))
	in.LogSum += float64(done) * ln
	in.LogSquareSum += float64(done) * ln * ln
	in.Procs = float64(x>>60) / 4
	in.CPU += time.Duration(float64(dt) * in.Procs * float64(x>>58&3) / 2)
	in.Lateness = time.Duration(x>>40&0xff) * 10 * time.Microsecond
	in.Resumed = x&0x3f == 1
	switch x & 0xff {
	case 2:
		in.Now = time.Duration(word())
	case 3:
		in.Completions = word()
	case 4:
		in.ServiceSum = time.Duration(word())
	case 5:
		in.LogSum = math.Float64frombits(word())
	case 6:
		in.LogSquareSum = math.Float64frombits(word())
	case 7:
		in.CPU = time.Duration(word())
	case 8:
		in.Procs = math.Float64frombits(word())
	case 9:
		in.StartSum = time.Duration(word())
	case 10:
		in.Running = int(word())
	case 11:
		in.LogSum, in.LogSquareSum = 0, 0
	case 12:
		in.Lateness = time.Duration(word())
	}
}

func FuzzTick(f *testing.F) {
	f.Add([]byte("a pool says this and that, and the limit stays in its bounds"))
	f.Add(make([]byte, 400))
	f.Fuzz(check)
}

func TestThousandsOfAbsurdHistoriesKeepTheBounds(t *testing.T) {
	n := 5000
	if testing.Short() {
		n = 500
	}
	data := make([]byte, 8*300)
	for seed := range n {
		r := rand.New(rand.NewPCG(uint64(seed), 7))
		for i := 0; i < len(data); i += 8 {
			binary.LittleEndian.PutUint64(data[i:], r.Uint64())
		}
		check(t, data)
	}
}

// A pool under a debugger, in a suspended laptop, with a clock that was set:
// whatever is odd about one call, the next good ones count again.
func TestOddInputsAreForgotten(t *testing.T) {
	const big = math.MaxInt64
	odd := map[string]func(in *control.Input){
		"no time has passed":      func(in *control.Input) { in.Now -= 10 * time.Millisecond },
		"the clock goes back":     func(in *control.Input) { in.Now -= time.Hour },
		"the clock is at its end": func(in *control.Input) { in.Now = big },
		"NaN":                     func(in *control.Input) { in.LogSum, in.LogSquareSum = math.NaN(), math.NaN() },
		"infinite":                func(in *control.Input) { in.LogSum, in.LogSquareSum = math.Inf(1), math.Inf(-1) },
		"huge counts":             func(in *control.Input) { in.Completions, in.Running, in.Queued = 1<<63, math.MaxInt, math.MaxInt },
		"huge sums":               func(in *control.Input) { in.ServiceSum, in.StartSum, in.CPU = big, -big, big },
		"no processors":           func(in *control.Input) { in.Procs = 0 },
		"processors not a number": func(in *control.Input) { in.Procs = math.NaN() },
		"less than none":          func(in *control.Input) { in.Procs, in.CPU, in.Running, in.Queued = -1, -1, -1, -1 },
		"late by an hour":         func(in *control.Input) { in.Lateness = time.Hour },
	}
	for name, spoil := range odd {
		l := newLoad(control.Config{}, func(n int) float64 { return float64(n) / 0.02 }, idle)
		l.run(100 * time.Millisecond)
		for range 20 {
			good := l.in
			spoil(&l.in)
			if d := l.c.Tick(l.in); d.Limit < 1 || d.Limit > 512 {
				t.Errorf("%s: limit %d", name, d.Limit)
			}
			l.in = good
			l.tick()
		}
		// Twenty spoilt calls may have cost all that was known. Not more.
		if got := l.run(15 * time.Second); got < 490 {
			t.Errorf("%s: limit %d 15 s later, want near 512", name, got)
		}
	}
}
