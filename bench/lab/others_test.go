package lab

import (
	"sync/atomic"
	"testing"
	"time"
)

func TestOthersAreAShareAndNotOurselves(t *testing.T) {
	share := Others()
	var stop atomic.Bool
	Compute(50*time.Millisecond, &stop)
	if got := share(); got < 0 || got > 1 {
		t.Errorf("others have %v of the processors", got)
	}
	if idle := Others()(); idle != 0 {
		t.Errorf("others have used %v in no time", idle)
	}
}
