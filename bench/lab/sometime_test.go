package lab

import "testing"

// sometime compares until once nothing is wrong, five times at most. Turns take a
// tenth of a second, in which a machine may have other things to do; a comparison
// that is wrong for another reason is wrong each time.
func sometime(t *testing.T, compare func() (wrong string)) {
	t.Helper()
	const tries = 5
	for try := 1; ; try++ {
		wrong := compare()
		switch {
		case wrong == "":
			return
		case try == tries:
			t.Errorf("%d times, at last: %s", tries, wrong)
			return
		}
		t.Logf("%s; once more", wrong)
	}
}

func TestWhatIsAlwaysWrongIsFound(t *testing.T) {
	calls := 0
	sometime(t, func() string {
		if calls++; calls < 5 {
			return "wrong"
		}
		return ""
	})
	if calls != 5 {
		t.Errorf("%d calls", calls)
	}
}
