package tidy

// An exception excuses the findings of one rule about one thing.
type exception struct {
	rule   string // the name of the rule
	key    string // the file, file#function or package the finding is about
	reason string // why it is better so, never «for now»
}

// exceptions is the whole list. One that excuses nothing fails the test.
var exceptions = []exception{
	{"platforms", "compat/jspromise#js/wasm", "its functions take and return the types of syscall/js, which no other system has"},
	{"race", "reactor/race_on_unsafe.go", "it tells the race detector what a system call does, as package unix would, and does nothing else"},
	{"race", "reactor/race_off.go", "the same, of nothing"},
}
