package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/causeway-go/causeway/bench/kit"
	"github.com/causeway-go/causeway/executor"
	"github.com/causeway-go/causeway/pollster"
	"github.com/causeway-go/causeway/reactor"
)

const (
	fileReads  = 10_000
	fileSize   = 64 << 20
	fileMemory = 160 << 20 // of the buffers; beyond that they are shared
	warmRounds = 10
)

var (
	fileRead10k   = fileRead("file/read-10k", 16<<10, 0)
	fileRead10k4  = fileRead("file/read-10k-4k", 4<<10, 0)
	fileRead10k64 = fileRead("file/read-10k-64k", 64<<10, 0)
	fileDirect10k = fileRead("file/direct-10k", 16<<10, directFlag)
)

// fileRead is the scenario for blocks of one size, from the cache or (with a flag)
// around it.
func fileRead(name string, block, flag int) kit.Scenario {
	doc := fmt.Sprintf("10,000 reads of %d KiB at random places of a file in the page cache, all under way at once: "+
		"one Join of futures, with io_uring and with the pool at hand; a stackless task each; a goroutine each on os.File.", block>>10)
	rounds := 0
	if flag != 0 {
		doc, rounds = "The same with O_DIRECT: from the disk, around the page cache.", 3
	}
	b := fileBench{block, flag}
	return kit.Scenario{
		Name: name, Doc: doc, Child: true, Rounds: rounds,
		Impls: []kit.Impl{
			{Name: kit.Ours, Measure: b.futures(reactor.FileAuto, joinReads)},
			{Name: "causeway-pool", Measure: b.futures(reactor.FilePool, joinReads)},
			{Name: "causeway-tasks", Measure: b.futures(reactor.FileAuto, taskReads)},
			{Name: "os.File", Measure: b.goroutines},
		},
	}
}

type fileBench struct{ block, flag int }

// A fileWork is where to read, and where to.
type fileWork struct {
	path    string
	block   int
	offsets []int64
	memory  []byte
}

func (w *fileWork) buffer(i int) []byte {
	at := i * w.block % len(w.memory)
	return w.memory[at:][:w.block]
}

// work makes the file and chooses where to read.
func (b fileBench) work(r *kit.Rep) (*fileWork, error) {
	dir, err := r.Dir()
	if err != nil {
		return nil, err
	}
	w := &fileWork{path: filepath.Join(dir, "data"), block: b.block}
	for range fileReads {
		w.offsets = append(w.offsets, rand.N(int64(fileSize/b.block))*int64(b.block))
	}
	w.memory = make([]byte, min(fileReads*b.block, fileMemory/b.block*b.block))
	for i := 0; i < len(w.memory); i += 4096 {
		w.memory[i] = 1
	}
	return w, writeSynced(w.path)
}

// writeSynced makes the file, on the disk.
func writeSynced(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(bytes.Repeat([]byte("causeway"), fileSize/8))
	return errors.Join(err, f.Sync(), f.Close())
}

// measure reports the median of some rounds, after one that does not count. From
// the disk there is one round.
func (b fileBench) measure(round func()) kit.Figures {
	rounds := 1
	if b.flag == 0 {
		rounds = warmRounds
		round()
	}
	var before, after runtime.MemStats
	var times []time.Duration
	runtime.ReadMemStats(&before)
	for range rounds {
		start := time.Now()
		round()
		times = append(times, time.Since(start))
	}
	runtime.ReadMemStats(&after)
	slices.Sort(times)
	speed := float64(fileReads*b.block) / 1e6 / times[len(times)/2].Seconds()
	return kit.Figures{{Metric: kit.MBPerS, Value: speed}}.
		With(kit.AllocsPerOp, float64(after.Mallocs-before.Mallocs)/float64(rounds*fileReads))
}

func (b fileBench) futures(backend reactor.FileBackend, read func(*reactor.File, *fileWork) error) func(*kit.Rep) (kit.Figures, error) {
	return func(r *kit.Rep) (kit.Figures, error) {
		w, err := b.work(r)
		if err != nil {
			return nil, err
		}
		s, err := reactor.NewFiles(reactor.FilesOptions{Backend: backend})
		if err != nil {
			return nil, err
		}
		f, err := s.OpenFile(context.Background(), w.path, os.O_RDONLY|b.flag, 0)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		var failed error
		figures := b.measure(func() { failed = errors.Join(failed, read(f, w)) })
		return figures, failed
	}
}

// joinReads polls all of them from one goroutine.
func joinReads(f *reactor.File, w *fileWork) error {
	reads := make([]pollster.Future[int], fileReads)
	for i := range reads {
		reads[i] = f.ReadAtFuture(w.buffer(i), w.offsets[i])
	}
	_, err := pollster.BlockOn(context.Background(), pollster.Join(reads...))
	return err
}

// taskReads has a task for each of them.
func taskReads(f *reactor.File, w *fileWork) (err error) {
	tasks := make([]*executor.Task[int], fileReads)
	for i := range tasks {
		tasks[i] = executor.Spawn(executor.Default(), f.ReadAtFuture(w.buffer(i), w.offsets[i]))
	}
	for _, t := range tasks {
		_, e := t.Wait(context.Background())
		err = errors.Join(err, e)
	}
	return err
}

// goroutines has a goroutine for each of them.
func (b fileBench) goroutines(r *kit.Rep) (kit.Figures, error) {
	w, err := b.work(r)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(w.path, os.O_RDONLY|b.flag, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return b.measure(func() {
		var all sync.WaitGroup
		for i, at := range w.offsets {
			all.Go(func() { _, _ = f.ReadAt(w.buffer(i), at) })
		}
		all.Wait()
	}), nil
}
