package lab

import (
	"errors"
	"slices"
)

// A Row is a pool that takes part in a comparison of a few, by name.
type Row struct {
	Name string
	Open func() (Pool, error)
}

// FixedRow is a row for a pool of a fixed size.
func FixedRow(name string, n int) Row {
	return Row{name, func() (Pool, error) { return Fixed(n) }}
}

// Rounds opens the pools of all rows, has each do a measurement in every round, one
// after the other, and returns what they measured, by row and round. Each
// round begins with another row.
func Rounds[T any](rows []Row, rounds int, measure func(p Pool) (T, error)) (_ map[string][]T, err error) {
	pools := make([]Pool, len(rows))
	for i, row := range rows {
		if pools[i], err = row.Open(); err != nil {
			return nil, err
		}
		defer pools[i].Close()
	}
	all := map[string][]T{}
	for round := range rounds {
		for k := range rows {
			i := (k + round) % len(rows)
			v, err := measure(pools[i])
			if err != nil {
				return nil, errors.Join(err, errors.New("lab: "+rows[i].Name))
			}
			all[rows[i].Name] = append(all[rows[i].Name], v)
		}
	}
	return all, nil
}

// Least returns the name for which value is least. There must be one.
func Least(names []string, value func(name string) float64) string {
	return slices.MinFunc(names, func(a, b string) int {
		switch x, y := value(a), value(b); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
}
