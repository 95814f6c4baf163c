package threadpool

import (
	"slices"
	"testing"
)

func TestTheDefaultLimitFitsTheSystem(t *testing.T) {
	for allowed, want := range map[int]int{
		unlimited: DefaultLimit, 96365: DefaultLimit, 4 * DefaultLimit: DefaultLimit,
		1000: 250, 100: 25, 8: 2, 1: 2, 0: 2,
	} {
		if n := limitFor(allowed); n != want {
			t.Errorf("%d allowed: limit %d, want %d", allowed, n, want)
		}
	}
	if n := defaultLimit(); n < 2 || n > DefaultLimit {
		t.Errorf("here: %d", n)
	}
}

func TestAllowances(t *testing.T) {
	for text, want := range map[string]int{
		"max\n": unlimited, "": unlimited, "100\n": 100, "  96365   96365  processes": 96365,
		"unlimited unlimited processes": unlimited, "-1": unlimited, "99999999999999999999": unlimited, "0": 0,
	} {
		if n := parseAllowance(text); n != want {
			t.Errorf("%q: %d, want %d", text, n, want)
		}
	}
	const limits = "Limit                     Soft Limit           Hard Limit           Units\n" +
		"Max cpu time              unlimited            unlimited            seconds\n" +
		"Max processes             120                  96365                processes\n"
	if n := parseLimits(limits); n != 120 {
		t.Errorf("limits: %d", n)
	}
	if n := parseLimits("nonsense"); n != unlimited {
		t.Errorf("nonsense: %d", n)
	}
}

func TestWhereControlGroupsHaveTheirBounds(t *testing.T) {
	for text, want := range map[string][]string{
		"":               nil,
		"x\n1:cpu:/a\n:": nil,
		"0::/\n":         {"/sys/fs/cgroup"},
		"8:pids:/\n":     {"/sys/fs/cgroup/pids"},
		"8:pids,x:/a\n":  {"/sys/fs/cgroup/pids,x/a", "/sys/fs/cgroup/pids,x"},
		"9:cpu:/c\n8:pids:/a/b\n0::/d\n": {
			"/sys/fs/cgroup/pids/a/b", "/sys/fs/cgroup/pids/a", "/sys/fs/cgroup/pids",
			"/sys/fs/cgroup/d", "/sys/fs/cgroup",
		},
	} {
		if got := cgroupDirs(text, "pids"); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestQuotas(t *testing.T) {
	for text, want := range map[string]float64{
		"max 100000\n": 0, "": 0, "-1\n 100000\n": 0, "20000 100000\n": 0.2, "150000\n 100000\n": 1.5, "0 0": 0, "1 0": 0,
		"NaN 1": 0, "x 1": 0, "1 2 3": 0,
	} {
		if got := parseQuota(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
