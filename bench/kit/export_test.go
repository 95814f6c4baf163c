package kit

// Peak is PeakThreads with a look of the test's own.
var Peak = peak
