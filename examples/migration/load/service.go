package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/causeway-go/causeway/examples/migration/deps"
)

// build compiles a step. The module's root is found from where this is run, which
// is that folder or one below it.
func build(bin string, step int) error {
	cmd := exec.Command("go", "build", "-o", bin, fmt.Sprintf("github.com/causeway-go/causeway/examples/migration/step%d", step))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// A service is one step that runs, with its vendor.
type service struct {
	url    string
	cmd    *exec.Cmd
	vendor *deps.Vendor

	peak atomic.Int64 // threads
	stop chan struct{}
	done chan struct{}
}

// start starts bin on a fresh folder.
func start(bin, dir string) (*service, error) {
	if err := os.Mkdir(dir, 0o777); err != nil {
		return nil, err
	}
	if err := deps.Seed(dir); err != nil {
		return nil, err
	}
	socket := filepath.Join(dir, "vendor.sock")
	vendor, err := deps.StartVendor(socket)
	if err != nil {
		return nil, err
	}
	s := &service{vendor: vendor, stop: make(chan struct{}), done: make(chan struct{})}
	s.cmd = exec.Command(bin, "-addr", "127.0.0.1:0", "-data", dir, "-vendor", socket)
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		vendor.Close()
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		close(s.done)
		s.end()
		return nil, fmt.Errorf("the service does not say where it listens: %w", err)
	}
	s.url = "http://" + strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
	go s.watch()
	return s, nil
}

// watch keeps the highest number of threads.
func (s *service) watch() {
	defer close(s.done)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
			s.peak.Store(max(s.peak.Load(), s.threads()))
		}
	}
}

// threads returns how many OS threads the service has now, or 0 where /proc does
// not tell.
func (s *service) threads() int64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	_, rest, _ := strings.Cut(string(text), "\nThreads:")
	line, _, _ := strings.Cut(rest, "\n")
	n, _ := strconv.ParseInt(strings.TrimSpace(line), 10, 64)
	return n
}

func (s *service) end() {
	close(s.stop)
	<-s.done
	s.vendor.Release()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait() // killed
	s.vendor.Close()
}
