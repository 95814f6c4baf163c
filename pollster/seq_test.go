package pollster_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/causeway-go/causeway/pollster"
)

// counted is a stream with a way of its own to wait, which counts what is asked of
// it.
type counted struct {
	values                 []int
	end                    error
	polls, nexts, canceled int
}

func (c *counted) PollNext(*pollster.Waker) (int, bool, error) {
	c.polls++
	return c.take()
}

func (c *counted) Next(ctx context.Context) (int, error) {
	c.nexts++
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	v, _, err := c.take()
	return v, err
}

func (c *counted) take() (int, bool, error) {
	if len(c.values) == 0 {
		return 0, false, c.end
	}
	v := c.values[0]
	c.values = c.values[1:]
	return v, true, nil
}

func (c *counted) Cancel() { c.canceled++ }

func TestSeqWaitsInTheWayOfTheStream(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	failed := errors.New("failed")
	for name, test := range map[string]struct {
		ctx    context.Context
		stream counted
		leave  int // after so many values
		want   []int
		err    error
		nexts  int
	}{
		"to its end":        {t.Context(), counted{values: []int{1, 2, 3}, end: io.EOF}, 0, []int{1, 2, 3}, nil, 4},
		"to an error":       {t.Context(), counted{values: []int{1}, end: failed}, 0, []int{1}, failed, 2},
		"left early":        {t.Context(), counted{values: []int{1, 2, 3}, end: io.EOF}, 2, []int{1, 2}, nil, 2},
		"with an ended ctx": {ended, counted{values: []int{1}, end: io.EOF}, 0, nil, context.Canceled, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := test.stream
			var got []int
			var end error
			for v, err := range pollster.Seq(test.ctx, pollster.Stream[int](&s)) {
				if end = err; err == nil {
					got = append(got, v)
				}
				if len(got) == test.leave && test.leave > 0 {
					break
				}
			}
			if !slices.Equal(got, test.want) || !errors.Is(end, test.err) || (end == nil) != (test.err == nil) {
				t.Errorf("%v, %v; want %v, %v", got, end, test.want, test.err)
			}
			if s.nexts != test.nexts || s.polls != 0 || s.canceled != 1 {
				t.Errorf("%d calls of Next, %d polls, cancelled %d times; want %d, 0, 1", s.nexts, s.polls, s.canceled, test.nexts)
			}
		})
	}
}
