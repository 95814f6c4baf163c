package park

// A bet is something to try before parking that costs a little and often saves
// more. It is tried as long as it wins. After patience losses in a row it rests
// for a number of parks, which doubles from restMin to restMax with each further
// loss and halves with each win.
//
// It belongs to one owner and is not safe for concurrent use.
type bet struct {
	lost uint8  // losses in a row
	rest uint16 // parks to go until the next try
	last uint16 // the last rest
}

const (
	patience = 4
	restMin  = 32
	restMax  = 4096
)

// take reports whether to try now.
func (b *bet) take() bool {
	if b.rest > 0 {
		b.rest--
		return false
	}
	return true
}

// settle tells whether the try has won.
func (b *bet) settle(won bool) {
	if won {
		b.won()
	} else {
		b.lose()
	}
}

func (b *bet) won() {
	b.lost = 0
	b.last /= 2
}

func (b *bet) lose() {
	b.lost++
	if b.lost >= patience {
		b.lost = patience - 1 // after a rest, one more try
		b.last = min(max(2*b.last, restMin), restMax)
		b.rest = b.last
	}
}
