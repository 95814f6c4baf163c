//go:build !js

package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/causeway-go/causeway/internal/wasmrun"
)

var update = flag.Bool("update", false, "write screenshot.png anew")

func TestCheck(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a build for another system; -short")
	}
	var out, errs bytes.Buffer
	if status := run([]string{"-check"}, &out, &errs); status != 0 {
		t.Errorf("status %d\n%s%s", status, &out, &errs)
	}
	if !strings.Contains(out.String(), "1000000 bytes of /file") {
		t.Error(out.String())
	}
	if run([]string{"-no such"}, &out, &errs) != 2 || run([]string{"x"}, &out, &errs) != 2 {
		t.Error("wrong usage is not status 2")
	}
}

// The page is shown by a browser, and when all of it has happened a picture is
// taken. The picture in this folder was made by this test, with -update.
func TestScreenshot(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a build for another system; -short")
	}
	if _, err := wasmrun.FindBrowser(); errors.Is(err, wasmrun.ErrMissing) {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	p, err := newPage(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	// The picture is taken when the page has loaded, so one more image in it is
	// answered no sooner than the page says that it is ready.
	index = append(index, `<img src="hold" width="1" height="1" alt="">`...)
	p.HandleFunc("GET /hold", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-p.shown:
		case <-r.Context().Done():
		}
		http.NotFound(w, r)
	})
	s := httptest.NewServer(p)
	defer s.Close()
	defer s.CloseClientConnections()
	file := filepath.Join(t.TempDir(), "screenshot.png")
	if *update {
		if file, err = filepath.Abs("screenshot.png"); err != nil {
			t.Fatal(err)
		}
	}
	if err := wasmrun.Screenshot(ctx, s.URL, file, 740, 480); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.shown:
	default:
		t.Error("the picture is of a page that has not finished")
	}
	examine(t, file)
}

// examine looks whether the picture shows the ball, the red line about the mistake
// and a full progress bar, rather than an empty page.
func examine(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	blue, red := 0, 0
	b := picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			switch r, g, bl, _ := picture.At(x, y).RGBA(); {
			case r>>8 == 0x2a && g>>8 == 0x6f && bl>>8 == 0xb0:
				blue++
			case r>>8 > 0x90 && g>>8 < 0x60 && bl>>8 < 0x60:
				red++
			}
		}
	}
	if b.Size() == (image.Point{}) || blue < 200 || red < 200 {
		t.Errorf("%v, %d points of the ball, %d of the red line", b, blue, red)
	}
}
