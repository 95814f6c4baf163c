package control

import "time"

const (
	maxLevels  = 64
	firstLimit = 8
	lastLimit  = 512

	tick         = 10 * time.Millisecond
	idleHalf     = 10.0 // seconds of idleness that halve the limit
	busyLoad     = 0.97
	lateTicks    = 9
	busyLateness = 1e-3

	settleAges = 2.5
	settleCap  = 2.0
	peakFade   = 3.0
	sliceCount = 40.0
	sliceTicks = 4
	sliceCap   = 3.0

	stallTime   = 0.1
	stallCap    = 5.0
	stallMemory = 64.0
	stallEnds   = 16
	strayShare  = 1.0 / 64 // of the best rate of late
	strayFade   = 10.0
	idleLoad    = 0.1 // jobs that compute use more, also beside other programs
	computeLoad = 0.2
	idleNow     = 0.3 // as it is for patience
	othersShare = 1.0 / 8
	clogTime    = 0.2
	clogGrow    = 3.0
	clogAge     = 4.0
	clogShare   = 0.7
	clogGain    = 0.3
	fullLoad    = 0.8
	fullGap     = 0.3 // the queue may have been empty for as long

	quickJob     = 20e-6 // no call that ends sooner gives its processor away
	quickMean    = 60e-6
	briefJob     = 1e-3
	patience     = 0.03
	patienceGrow = 4.0

	stepTime     = 0.8e-3
	calmAge      = 2.5
	earlyCount   = 40
	earlyService = 0.15
	waitMore     = 0.5

	beta      = 0.02 // growth of the throughput per growth of the limit that is worth it
	loadError = 0.2
	zScore    = 1.3
	zHold     = 2.0 // for a trial of hold: it is looked at often, and each look may err
	pairsMax  = 4

	carefulError = 0.08 // of fewer that are taken at once after a trial of hold

	holdFirst = 2.0
	holdLast  = 30.0
	rho       = 0.01
	farStep   = 0.25
)
