// Package kit runs benchmark scenarios that compare Causeway with others.
//
// A [Scenario] is one thing worth measuring, and has an [Impl] for Causeway and
// one for each rival. An Impl is a function that measures once and returns
// [Figures]. Everything else is done here: how often, in which order, in which
// process, and how the result is shown.
//
// # Repetitions and rounds
//
// On a shared machine, speed drifts by tens of per cent within seconds. So
// implementations are never measured one after the other, but interleaved. A
// repetition consists of some rounds, and each round measures every
// implementation once, for a twentieth of a second:
//
//	round 0: A B C    round 1: B C A    round 2: C A B    …
//
// The figure of a repetition is the median of its rounds. It is what -json
// prints. The table shows the median of the repetitions, the least and the
// greatest, and the ratio of each rival to ours, which is formed within each
// repetition first. So drift that is slower than a repetition cancels out of
// the ratio, and a disturbance of a single round is ignored.
//
// # Children
//
// Threads are never given back by plain Go, so whoever counts threads needs a
// process that nobody else has been in. Where [Scenario.Child] is set, each
// measurement is made by a copy of this program started for it. The parent
// watches it and adds the most threads it has had, where the system tells.
//
// # Adding a scenario
//
// Write a value and add it to the list that the main package passes to [Main]:
//
//	kit.Scenario{
//		Name: "file/read-4k",
//		Doc:  "4 KiB read from a file in the page cache.",
//		Impls: []kit.Impl{
//			{Name: kit.Ours, Measure: func(r *kit.Rep) (kit.Figures, error) {
//				f, err := openTestFile(r.Dir())
//				…
//				return r.Loop(func(n int) {
//					for range n {
//						readOnce(f)
//					}
//				}), nil
//			}},
//			{Name: "os.File", Measure: …},
//		},
//	}
//
// Set-up and clean-up stand in Measure around the Loop and are not timed. What
// else can be measured: [Once] for a fixed amount of work, [Throughput] for
// bytes, [PerItem] for memory held, [PeakThreads] and [Threads] for threads.
// PeakThreads disturbs what it watches a little; prefer Child.
package kit
