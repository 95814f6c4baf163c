package wasmrun

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrMissing is wrapped where a program that is needed is not installed.
var ErrMissing = errors.New("wasmrun: not installed")

// Build builds the package in dir, or its tests, as a program for js/wasm.
func Build(ctx context.Context, dir, program string, tests bool) error {
	args := []string{"build", "-o", program, "."}
	if tests {
		args = []string{"test", "-c", "-o", program, "."}
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("wasmrun: go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// Support returns the folder of Go's own files for js/wasm.
func Support(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("wasmrun: go env: %w", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "lib", "wasm")
	if _, err := os.Stat(filepath.Join(dir, "wasm_exec.js")); err != nil {
		return "", fmt.Errorf("wasmrun: this Go has no files for js/wasm: %w", err)
	}
	return dir, nil
}

// Node runs a program in Node and returns what it printed, on both ways out, and
// its exit code. The end of ctx kills it.
func Node(ctx context.Context, program string, args ...string) (output string, code int, err error) {
	if _, err := exec.LookPath("node"); err != nil {
		return "", 0, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	dir, err := Support(ctx)
	if err != nil {
		return "", 0, err
	}
	script := filepath.Join(dir, "wasm_exec_node.js")
	// Node's own stack is too small for tests that recurse.
	cmd := exec.CommandContext(ctx, "node", append([]string{"--stack-size=8192", script, program}, args...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second
	switch err := cmd.Run(); {
	case ctx.Err() != nil:
		return out.String(), 0, fmt.Errorf("wasmrun: node: %w", context.Cause(ctx))
	case err != nil && cmd.ProcessState == nil:
		return out.String(), 0, fmt.Errorf("wasmrun: node: %w", err)
	}
	return out.String(), cmd.ProcessState.ExitCode(), nil
}
