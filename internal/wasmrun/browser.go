package wasmrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// names are those that a Chromium is installed under.
var names = []string{"chromium", "chromium-browser", "google-chrome", "chrome"}

// FindBrowser returns the path of a Chromium, or an error that wraps ErrMissing.
func FindBrowser() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: a Chromium, under any of the names %v", ErrMissing, names)
}

// flags make Chromium run without a screen, as root and without a network.
var flags = []string{
	"--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage",
	"--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
	"--disable-background-timer-throttling", "--disable-renderer-backgrounding", "--hide-scrollbars",
}

// A browser is a Chromium that shows a page.
type browser struct {
	cancel  context.CancelFunc
	gone    chan struct{} // closed when it has ended; errors is readable then
	errors  bytes.Buffer
	profile string
}

// open starts a browser with a profile of its own.
func open(ctx context.Context, url string, args ...string) (*browser, error) {
	path, err := FindBrowser()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "wasmrun")
	if err != nil {
		return nil, fmt.Errorf("wasmrun: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	b := &browser{cancel: cancel, gone: make(chan struct{}), profile: profile}
	args = append(append([]string{"--user-data-dir=" + profile}, flags...), args...)
	cmd := exec.CommandContext(ctx, path, append(args, url)...)
	cmd.Stderr = &b.errors
	cmd.WaitDelay = time.Second // its children have the pipe too
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("wasmrun: %w", err), os.RemoveAll(profile))
	}
	go func() {
		defer close(b.gone)
		_ = cmd.Wait()
	}()
	return b, nil
}

// close ends the browser.
func (b *browser) close() {
	b.cancel()
	<-b.gone
	// Its children end a moment later and may still write.
	for range 50 {
		if os.RemoveAll(b.profile) == nil {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// last returns the end of what the browser complained about.
// Preconditions: it has ended.
func (b *browser) last() string {
	text := b.errors.Bytes()
	return string(text[max(0, len(text)-1000):])
}

// Screenshot opens a page and writes a picture of it, a PNG, to file. The picture
// is taken when the page has loaded: a page that is still at work holds that up
// with an image that its server has not sent yet.
func Screenshot(ctx context.Context, url, file string, width, height int) error {
	b, err := open(ctx, url, "--screenshot="+file, fmt.Sprintf("--window-size=%d,%d", width, height))
	if err != nil {
		return err
	}
	defer b.close()
	select {
	case <-b.gone:
	case <-ctx.Done():
		return fmt.Errorf("wasmrun: no screenshot: %w", context.Cause(ctx))
	}
	if _, err := os.Stat(file); err != nil {
		return fmt.Errorf("wasmrun: no screenshot: %w: %s", err, b.last())
	}
	return nil
}
