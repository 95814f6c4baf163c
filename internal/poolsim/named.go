package poolsim

// Named returns the ten workloads by name, and cgo. They are what the bench of the
// real pool runs, as models: the same kinds of jobs with the same times.
func Named() []Workload {
	const ms = 1e-3
	always := func(cs ...Class) []Segment { return []Segment{{Until: 1e9, Classes: cs}} }
	class := func(name string, weight float64, ps ...Phase) Class {
		return Class{Name: name, Weight: weight, Phases: ps}
	}
	compute := func(shape Shape, mean float64) Phase { return Phase{CPU, 0, Dist{Shape: shape, Mean: mean}} }
	sleep := func(shape Shape, mean float64) Phase { return Phase{Sleep, 0, Dist{Shape: shape, Mean: mean}} }

	cpu := class("cpu", 1, compute(Uniform, 2*ms))
	// 1 to 50 ms, as a uniform distribution with about these ends.
	sleeper := class("sleep", 1, compute(Const, 0.02*ms), sleep(Uniform, 25*ms))
	tail := class("short", 1, compute(Uniform, 0.1*ms),
		Phase{Sleep, 0, Dist{Shape: Uniform, Mean: 1 * ms, Tail: 0.01, TailMean: 1}})

	ws := []Workload{
		{Name: "cpu", Segments: always(cpu)},
		{Name: "sleep", Segments: always(sleeper)},
		{Name: "mixed", Segments: always(class("cpu", 1, compute(Uniform, 2*ms)), class("sleep", 1, sleep(Uniform, 25*ms)))},
		{Name: "disk", Devices: []Device{{Channels: 32}},
			Segments: always(class("read", 1, compute(Uniform, 0.05*ms), Phase{Disk, 0, Dist{Shape: Exp, Mean: 2 * ms}}))},
		{Name: "burst", Segments: always(class("sleep", 1, compute(Const, 0.05*ms), sleep(Uniform, 10*ms))),
			Burst: 5000, BurstAt: 0.5, BurstEvery: 3},
		{Name: "convoy", Mutexes: []Mutex{{Convoy: 0.02}},
			Segments: always(class("locked", 1, compute(Exp, 1*ms), sleep(Exp, 4*ms), Phase{Hold, 0, Dist{Shape: Exp, Mean: 1 * ms}}))},
		{Name: "shifting", Segments: []Segment{{10, []Class{cpu}}, {20, []Class{sleeper}}, {1e9, []Class{cpu}}}},
		{Name: "heavy-tail", Segments: always(tail)},
		{Name: "slow-dependency", Segments: []Segment{
			{10, []Class{class("healthy", 0.97, sleep(Uniform, 10*ms)), class("slow", 0.03, sleep(Uniform, 10*ms))}},
			{20, []Class{class("healthy", 0.97, sleep(Uniform, 10*ms)), class("slow", 0.03, sleep(Const, 1000*ms))}},
			{1e9, []Class{class("healthy", 0.97, sleep(Uniform, 10*ms)), class("slow", 0.03, sleep(Uniform, 10*ms))}}}},
		{Name: "dependent", Population: 1024, Segments: always(Class{Name: "outer", Weight: 1,
			Phases: []Phase{sleep(Uniform, 5*ms), {WaitJob, 0, Dist{}}, sleep(Uniform, 5*ms)},
			Child:  []Phase{sleep(Uniform, 10*ms)}})},
		// A call through cgo computes and blocks without the runtime knowing
		// which; to the pool it is a job with a thread of its own.
		{Name: "cgo", Segments: always(class("cgo", 1, compute(Uniform, 0.2*ms), sleep(Uniform, 6*ms)))},
	}
	for i := range ws {
		ws[i].Cores = 8
	}
	return ws
}

// Extra returns workloads beside the ten that are judged by other figures than
// throughput.
func Extra() []Workload {
	const ms = 1e-3
	always := func(cs ...Class) []Segment { return []Segment{{Until: 1e9, Classes: cs}} }
	sleep := func(shape Shape, mean float64) Phase { return Phase{Sleep, 0, Dist{Shape: shape, Mean: mean}} }
	outage := func(slow Phase) []Class {
		return []Class{{Name: "healthy", Weight: 1500, Phases: []Phase{sleep(Uniform, 10*ms)}}, {Name: "slow", Weight: 300, Phases: []Phase{slow}}}
	}
	computing := always(Class{Name: "compute", Weight: 1, Phases: []Phase{{CPU, 0, Dist{Shape: Uniform, Mean: 12.5 * ms}}}})
	return []Workload{
		// An open load of jobs of which 1 % last 1,000 times as long, at two
		// thirds of what the cores can do: the waits of the short ones.
		{Name: "heavy-tail-open", Cores: 8, Rate: 15000, Segments: always(
			Class{Name: "short", Weight: 0.99, Phases: []Phase{{CPU, 0, Dist{Shape: Uniform, Mean: 0.1 * ms}}, {Sleep, 0, Dist{Shape: Uniform, Mean: 1 * ms}}}},
			Class{Name: "long", Weight: 0.01, Phases: []Phase{{CPU, 0, Dist{Shape: Uniform, Mean: 0.1 * ms}}, {Sleep, 0, Dist{Shape: Const, Mean: 1}}}})},
		// Jobs that only compute, alone and beside other programs that take half.
		{Name: "app", Cores: 2, Population: 20, Segments: computing},
		{Name: "app-beside", Cores: 2, Population: 20, Others: 2, Segments: computing},
		{Name: "app-between", Cores: 2, Population: 20, Others: 2, OthersFor: 1.7, Segments: computing},
		// A dependency that hangs for ten seconds beside one that is well.
		{Name: "outage", Cores: 8, Rate: 1800, Segments: []Segment{
			{10, outage(sleep(Uniform, 10*ms))}, {20, outage(sleep(Const, 10))}, {1e9, outage(sleep(Uniform, 10*ms))}}},
		// Jobs that end at once.
		{Name: "no-op", Cores: 8, Burst: 100_000, BurstAt: 0.5, BurstEvery: 2, Horizon: 10, Segments: always(
			Class{Name: "no-op", Weight: 1, Phases: []Phase{{CPU, 0, Dist{Mean: 0.5e-6}}}})},
		// A lock that could serve 800 jobs per second and gets 600, and
		// 1,000 at once: a pool that lets them all in never recovers.
		{Name: "metastable", Cores: 8, Rate: 600, Burst: 1000, BurstAt: 5, Mutexes: []Mutex{{Convoy: 0.02}}, Segments: always(
			Class{Name: "locked", Weight: 1, Phases: []Phase{{CPU, 0, Dist{Shape: Exp, Mean: 1 * ms}}, {Hold, 0, Dist{Shape: Const, Mean: 1.25 * ms}}}})},
		// 200 jobs that each wait for another in a way the pool cannot see.
		{Name: "hidden-waits", Cores: 8, Burst: 200, BurstAt: 0.5, BurstEvery: 10, HiddenWaits: true, Segments: always(
			Class{Name: "outer", Weight: 1, Phases: []Phase{{WaitJob, 0, Dist{}}}, Child: []Phase{{Sleep, 0, Dist{Shape: Uniform, Mean: 10 * ms}}}})},
		// 300 clients whose jobs wait for others on a channel, among some that
		// wait for nothing: those end now and then while all the rest is stuck.
		{Name: "hidden-chains", Cores: 8, Population: 300, Horizon: 10, HiddenWaits: true, Segments: always(
			Class{Name: "outer", Weight: 0.97, Phases: []Phase{sleep(Uniform, 3*ms), {WaitJob, 0, Dist{}}}, Child: []Phase{sleep(Uniform, 5*ms)}},
			Class{Name: "stray", Weight: 0.03, Phases: []Phase{sleep(Exp, 100*ms)}})},
	}
}
