//go:build cgo && (linux || freebsd || netbsd || openbsd)

package main

/*
#cgo linux LDFLAGS: -lX11
#cgo freebsd netbsd openbsd CFLAGS: -I/usr/local/include -I/usr/X11R6/include
#cgo freebsd netbsd openbsd LDFLAGS: -L/usr/local/lib -L/usr/X11R6/lib -lX11
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <stdlib.h>

static unsigned long pixel(XImage *i, int x, int y) { return XGetPixel(i, x, y); }
static void destroy(XImage *i) { XDestroyImage(i); }
*/
import "C"

import (
	"errors"
	"image"
	"image/color"
	"unsafe"

	"github.com/go-gl/glfw/v3.3/glfw"
)

// A canvas draws rectangles and text into a window, through Xlib: all that this
// program needs, and no OpenGL. Its frame is drawn to a pixmap and then copied, so
// that nobody sees it half done.
type canvas struct {
	display *C.Display
	window  C.Window
	back    C.Pixmap
	gc      C.GC
}

func newCanvas(w *glfw.Window) *canvas {
	c := &canvas{
		display: (*C.Display)(unsafe.Pointer(glfw.GetX11Display())),
		window:  C.Window(w.GetX11Window()),
	}
	screen := C.XDefaultScreen(c.display)
	depth := C.XDefaultDepth(c.display, screen)
	c.back = C.XCreatePixmap(c.display, C.Drawable(c.window), width, height, C.uint(depth))
	c.gc = C.XCreateGC(c.display, C.Drawable(c.window), 0, nil)
	return c
}

func (c *canvas) close() {
	C.XFreeGC(c.display, c.gc)
	C.XFreePixmap(c.display, c.back)
}

// rect fills a rectangle; rgb is 0xRRGGBB.
func (c *canvas) rect(x, y, w, h int, rgb uint32) {
	C.XSetForeground(c.display, c.gc, C.ulong(rgb))
	C.XFillRectangle(c.display, C.Drawable(c.back), c.gc, C.int(x), C.int(y), C.uint(max(w, 0)), C.uint(max(h, 0)))
}

// text writes in the font that every X server has.
func (c *canvas) text(x, y int, s string, rgb uint32) {
	chars := C.CString(s)
	defer C.free(unsafe.Pointer(chars))
	C.XSetForeground(c.display, c.gc, C.ulong(rgb))
	C.XDrawString(c.display, C.Drawable(c.back), c.gc, C.int(x), C.int(y), chars, C.int(len(s)))
}

// show brings the frame to the window.
func (c *canvas) show() {
	C.XCopyArea(c.display, C.Drawable(c.back), C.Drawable(c.window), c.gc, 0, 0, width, height, 0, 0)
	C.XFlush(c.display)
}

// screenshot returns what the X server has on the screen where the window is.
func (c *canvas) screenshot() (image.Image, error) {
	C.XSync(c.display, 0)
	x := C.XGetImage(c.display, C.Drawable(c.window), 0, 0, width, height, C.XAllPlanes(), C.ZPixmap)
	if x == nil {
		return nil, errors.New("window: the X server gives no image")
	}
	defer C.destroy(x)
	// There are few colours, so a palette makes the file small.
	img := image.NewPaletted(image.Rect(0, 0, width, height), nil)
	index := map[uint32]uint8{}
	for y := range height {
		for x0 := range width {
			rgb := uint32(C.pixel(x, C.int(x0), C.int(y))) & 0xffffff
			i, known := index[rgb]
			if !known {
				if len(img.Palette) == 256 {
					return nil, errors.New("window: too many colours for this program")
				}
				i = uint8(len(img.Palette))
				index[rgb] = i
				img.Palette = append(img.Palette, color.RGBA{uint8(rgb >> 16), uint8(rgb >> 8), uint8(rgb), 255})
			}
			img.SetColorIndex(x0, y, i)
		}
	}
	return img, nil
}
