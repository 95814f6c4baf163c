// Webpage is a page whose Go code waits for the browser and never stops it.
//
//	go run ./examples/webpage [-listen address] [-check]
//
// It builds the page's program, which is page_js.go of this folder, for js/wasm, and
// serves both at http://localhost:8080 until it is interrupted. It needs the Go
// tools. With -check it fetches the page once, as a browser would, and ends.
//
// In the page, five things go on at the same time, on the one thread that there is:
//
//   - a ball moves, drawn by a task that waits for each frame;
//   - a file comes in by fetch, piece by piece, with its progress;
//   - primes are counted, in a task that gives the thread back now and then;
//   - clicks on the first button come as a stream of events, and JavaScript waits
//     for a promise that Go settles;
//   - the second button's handler makes the classic mistake: it waits for a promise
//     where the page waits for it. In plain Go the program would be dead now.
//     Here it gets an error that says what to do.
package main
