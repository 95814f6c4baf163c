//go:build !unix

package poller

func open(kind Kind) (Poller, Kind, error) { return openRest(kind) }
