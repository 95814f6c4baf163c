package poolsim

import (
	"time"

	"github.com/causeway-go/causeway/internal/control"
)

// Adaptive is the controller of the real pool.
type Adaptive struct {
	Controller *control.Controller
	Config     control.Config
}

// Start implements Policy: the first limit, and the time between two ticks.
func (a *Adaptive) Start(cores, most int) (int, time.Duration) {
	a.Config.Max, a.Config.Procs = most, cores
	a.Controller = control.New(a.Config)
	return a.Controller.Limit(), 10 * time.Millisecond
}

// Tick implements Policy: the limit from now on.
func (a *Adaptive) Tick(o *Observation) int { return a.Controller.Tick(o.Input).Limit }
