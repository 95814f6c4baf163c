package threadpool

import (
	"errors"
	"fmt"
	"testing"

	"github.com/causeway-go/causeway/internal/interleave"
)

// The model of a family: two goroutines enter a pool, two its only class, and the
// class is added in the middle of it. Each has one step for each operation on a
// word; the words are the real ones. The pool has three slots or two, of which the
// class reserves one.

const clan = 4 // goroutines; the last is the founder

type familyState struct {
	own     [2]word // of the pool and of its class
	shared  word
	seen    [clan]word // what a goroutine has loaded
	took    [clan]bool // it has a shared slot that its word does not know of
	mu      int        // who holds it, plus 1
	queue   [2][2]int8 // who waits, plus 1
	granted [clan]bool
	asleep  [clan]bool
	has     [clan]bool
	serve   int8 // the member that is being served, plus 1
	then    [clan + 1]int8
}

const familyReserve = 1 // of each member

func member(i int) int { return i / 2 }

func (f *familyState) len(m int) (n int) {
	for n < 2 && f.queue[m][n] != 0 {
		n++
	}
	return n
}

// steps of an enterer; those from famSync to famUnlock are also the founder's
const (
	famLoad = iota
	famShared
	famSwap
	famUndo
	famUndoLock
	famUndoLocked
	famLock
	famStand
	famWait
	famRun
	famGive
	famUnshare
	famUnshareLock
	famUnshareLocked
	famGiveLock
	famDrop
	famSync
	famChoose
	famServe
	famSyncAgain
	famUnlock
	famEnd
	famFoundLock
	famFoundBit
	famFoundShared
	famFoundSwap
)

var famSteps = []string{"load", "take shared", "swap", "undo", "lock to undo", "undo locked", "lock", "stand", "wait", "run", "give",
	"unshare", "lock to unshare", "unshare locked", "lock to give", "drop", "sync", "choose", "serve", "sync again", "unlock", "end",
	"lock to found", "found: bit", "found: shared", "found: swap"}

func (f *familyState) lock(i, next int) int {
	if f.mu != 0 {
		return interleave.Blocked
	}
	f.mu = i + 1
	return next
}

func clansman(i int, mistake string) interleave.Thread[familyState] {
	return interleave.Thread[familyState]{
		Name:  fmt.Sprintf("%s %d", []string{"pool", "class"}[member(i)], i),
		Steps: famSteps,
		Step: func(f *familyState, pc int) int {
			switch {
			case pc < famLock:
				return f.take(i, pc, mistake)
			case pc < famSync:
				return f.stay(i, pc, mistake)
			}
			return f.dispatch(i, pc, mistake)
		},
	}
}

func (f *familyState) take(i, pc int, mistake string) int {
	m := member(i)
	switch pc {
	case famLoad:
		if m == 1 && !f.own[1].family() {
			return interleave.Blocked // there is no class yet
		}
		w := f.own[m]
		f.seen[i] = w
		switch {
		case !w.open():
			return famLock
		case w.family() && w.running() >= familyReserve:
			return famShared
		}
		return famSwap
	case famShared:
		if !f.shared.open() {
			return famLock
		}
		f.shared++
		f.took[i] = true
		return famSwap
	case famSwap:
		if f.own[m] == f.seen[i] || mistake == "swap without comparing" {
			f.own[m]++
			f.has[i], f.took[i] = true, false
			return famRun
		}
		if f.took[i] {
			return famUndo
		}
		return famLoad
	case famUndo:
		if f.shared.queued() && mistake != "undo without looking" {
			return famUndoLock
		}
		f.shared--
		f.took[i] = false
		return famLoad
	case famUndoLock:
		return f.lock(i, famUndoLocked)
	}
	f.shared--
	f.took[i] = false
	f.then[i] = famLoad
	return famSync
}

func (f *familyState) stay(i, pc int, mistake string) int {
	m := member(i)
	switch pc {
	case famLock:
		return f.lock(i, famStand)
	case famStand:
		f.queue[m][f.len(m)] = int8(i + 1)
		f.then[i] = famWait
		return famSync
	case famWait:
		if !f.granted[i] {
			return interleave.Blocked
		}
		f.granted[i], f.has[i] = false, true
		return famRun
	case famRun:
		return famGive
	case famGive:
		w := f.own[m]
		if w.queued() {
			return famGiveLock
		}
		f.own[m]--
		f.has[i] = false
		if w.family() && w.running() > familyReserve {
			f.took[i] = true
			return famUnshare
		}
		return interleave.Done
	case famUnshare:
		if f.shared.queued() && mistake != "unshare without looking" {
			return famUnshareLock
		}
		f.shared--
		f.took[i] = false
		return interleave.Done
	case famUnshareLock:
		return f.lock(i, famUnshareLocked)
	case famUnshareLocked:
		f.shared--
		f.took[i] = false
		f.then[i] = famEnd
		return famSync
	case famGiveLock:
		return f.lock(i, famDrop)
	}
	if w := f.own[m]; w.family() && w.running() > familyReserve {
		f.shared--
	}
	f.own[m]--
	f.has[i] = false
	f.then[i] = famEnd
	return famSync
}

func (f *familyState) sync() {
	wanted := false
	for m := range f.own {
		f.own[m] = f.own[m].withQueued(f.len(m) > 0)
		wanted = wanted || f.own[m].queued() && f.own[m].free() > 0
	}
	if f.own[0].family() {
		f.shared = f.shared.withQueued(wanted)
	}
}

// dispatch is dispatchLocked and the unlocking after it.
func (f *familyState) dispatch(i, pc int, mistake string) int {
	switch pc {
	case famSync:
		if mistake != "serve before the bits are set" {
			f.sync()
		}
		return famChoose
	case famChoose: // and take a shared slot, if one is needed
		for m := range f.own {
			w := f.own[m]
			if f.len(m) == 0 || w.free() <= 0 {
				continue
			}
			if w.family() && w.running() >= familyReserve {
				if f.shared.free() <= 0 {
					continue
				}
				f.shared++
			}
			f.serve = int8(m + 1)
			return famServe
		}
		return famSyncAgain
	case famServe:
		m := f.serve - 1
		f.own[m]++
		who := f.queue[m][0] - 1
		f.queue[m] = [2]int8{f.queue[m][1], 0}
		f.granted[who], f.asleep[who] = true, false
		f.serve = 0
		return famChoose
	case famSyncAgain:
		f.sync()
		return famUnlock
	case famUnlock:
		f.mu = 0
		next := int(f.then[i])
		f.then[i] = 0
		if next == famWait {
			f.asleep[i] = !f.granted[i]
		}
		return next
	}
	return interleave.Done
}

// founder adds the class.
func founder(total int, mistake string) interleave.Thread[familyState] {
	const me = clan
	return interleave.Thread[familyState]{
		Name: "founder", Steps: famSteps,
		Step: func(f *familyState, pc int) int {
			switch pc {
			case 0:
				return f.lock(me, famFoundBit)
			case famFoundBit:
				if mistake != "found without the bit" {
					f.own[0] = f.own[0].withQueued(true)
				}
				return famFoundShared
			case famFoundShared:
				f.shared = word(max(f.own[0].running()-familyReserve, 0)).withLimit(total - 2*familyReserve)
				return famFoundSwap
			case famFoundSwap:
				f.own[0] |= familyBit
				f.own[1] |= familyBit
				f.then[me] = famEnd
				return famSync
			case famEnd:
				return interleave.Done
			}
			return f.dispatch(me, pc, mistake)
		},
	}
}

func familyModel(total int, mistake string, who ...int) interleave.Model[familyState] {
	threads := []interleave.Thread[familyState]{founder(total, mistake)}
	for _, i := range who {
		threads = append(threads, clansman(i, mistake))
	}
	init := familyState{}
	init.own[0] = word(0).withLimit(total)
	init.own[1] = word(0).withLimit(total - 1)
	return interleave.Model[familyState]{
		Init:    init,
		Threads: threads,
		Limit:   8_000_000,
		Invariant: func(f familyState) error {
			var runs [2]int
			waits := [2]bool{}
			for i := range clan {
				if f.has[i] || f.granted[i] {
					runs[member(i)]++
				}
				waits[member(i)] = waits[member(i)] || f.asleep[i]
			}
			// Those who ran when the class came keep their slots.
			over := max(f.shared.running()-f.shared.limit(), 0)
			if !f.own[0].family() {
				over = 0
			}
			if n := runs[0] + runs[1]; n > total+over || runs[1] > total-1 {
				return fmt.Errorf("%d run, %d of them of the class", n, runs[1])
			}
			if f.shared.running() > clan {
				return errors.New("more shared slots are given back than taken")
			}
			for m := range runs {
				w := f.own[m]
				needs := w.family() && w.running() >= familyReserve
				if f.mu == 0 && waits[m] && w.free() > 0 && (!needs || f.shared.free() > 0) {
					return fmt.Errorf("somebody of member %d sleeps while there is a slot", m)
				}
				// Whatever the other does, the reserve is there.
				if f.mu == 0 && waits[m] && runs[m] == 0 && f.own[0].family() {
					return fmt.Errorf("member %d has not got its reserve", m)
				}
			}
			return nil
		},
		Final: func(f familyState) error {
			if f.own[0].running()+f.own[1].running()+f.shared.running() != 0 || f.shared.queued() || f.own[0].queued() || f.own[1].queued() {
				return fmt.Errorf("left: %d, %d, shared %d", f.own[0].running(), f.own[1].running(), f.shared.running())
			}
			return nil
		},
	}
}

func TestModelOfAFamily(t *testing.T) {
	all := [][]int{{0, 1, 2}, {0, 2, 3}}
	if !testing.Short() && !RaceEnabled {
		all = append(all, []int{0, 1, 2, 3})
	}
	for _, who := range all {
		for total := 2; total <= 3; total++ {
			r := interleave.Check(t, familyModel(total, "", who...))
			t.Logf("%d slots, %v: %d states, %d steps", total, who, r.States, r.Steps)
		}
	}
}

func TestModelOfAFamilyFindsMistakes(t *testing.T) {
	for _, m := range []struct {
		mistake string
		total   int
		who     []int
	}{
		{"undo without looking", 3, []int{0, 1, 2, 3}},
		{"unshare without looking", 3, []int{0, 1, 2, 3}},
		{"serve before the bits are set", 2, []int{0, 1, 2}},
		{"swap without comparing", 3, []int{0, 2, 3}},
		{"found without the bit", 2, []int{0, 1, 2}},
	} {
		if len(m.who) == 4 && testing.Short() || RaceEnabled {
			continue // takes seconds
		}
		found(t, m.mistake, familyModel(m.total, m.mistake, m.who...).Explore())
	}
}
