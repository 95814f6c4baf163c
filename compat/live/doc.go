// Package live shows what a program's pools, executors and reactors are doing: a
// page and JSON for a browser, a dump as text, expvar, and figures for metrics
// libraries (compat/promexport and compat/otelexport, which are modules of their own).
//
//	var view live.View
//	view.Pool(pool)
//	view.Executor("work", ex)
//	http.Handle("/debug/causeway", &view)
//
// A [View] is asked, it does not watch: while nobody looks it costs nothing. What
// pools and executors remember of single jobs and tasks for it they remember by
// option only: threadpool.Options.Track for the jobs that run and the stacks in
// which abandoned calls hang, executor.Options.Inspect for tasks, what they wait for
// and since when. Without these the page has totals, and of pools how their size has
// changed.
//
// Stacks and names of functions are for the people who run a program, not for those
// who use it: serve a View where only the former can see it.
package live
