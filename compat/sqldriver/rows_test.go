package sqldriver

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// draw connects, queries and returns the rows.
func draw(t *testing.T, ctx context.Context, d *fakeDB, o Options, query string) (driver.Rows, driver.Conn) {
	t.Helper()
	if o.Pool == nil {
		o.Pool = newPool(t, 4)
	}
	n, err := New(d, o).OpenConnector("")
	if err != nil {
		t.Fatal(err)
	}
	c, err := n.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := c.(driver.QueryerContext).QueryContext(ctx, query, nil)
	if err != nil {
		t.Fatal(err)
	}
	return rows, c
}

func TestBatchesGrowWhileRowsComeFast(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // where drawing takes no time
		d := newFake(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		rows, c := draw(t, ctx, d, Options{Batch: 16}, "rows 100")
		var ahead []int
		row := make([]driver.Value, 1)
		for i := range 100 {
			if err := rows.Next(row); err != nil || row[0] != fmt.Sprintf("%06d", i) {
				t.Fatalf("row %d is %v, %v", i, row[0], err)
			}
			if n := d.count("next") - i; len(ahead) == 0 || n > ahead[len(ahead)-1] || n == 16 {
				ahead = append(ahead, n)
			}
		}
		if len(ahead) < 5 || !slices.Equal(ahead[:5], []int{1, 2, 4, 8, 16}) {
			t.Errorf("drawn ahead: %v", ahead)
		}
		if err := rows.Next(row); err != io.EOF {
			t.Error("at the end:", err)
		}
		if d.rows.Load() != 0 {
			t.Error("rows are not closed by drawing the last")
		}
		rows.Close()
		c.Close()
		if d.count("close rows") != 1 || d.open() != nothing {
			t.Error(d.open())
		}
	})
}

// TestColumnsAreDescribedToTheLastRow: what was drawn ahead may have closed the rows below.
func TestColumnsAreDescribedToTheLastRow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		opts := Options{}.withDefaults()
		c := &conn{opts: &opts, pool: newPool(t, 4)}
		for n := range 40 {
			under := &endingRows{left: n}
			r := rowsOf(c.newRows(ctx, under))
			row, ahead := make([]driver.Value, 2), 0
			for i := range n {
				if err := r.Next(row); err != nil {
					t.Fatal(err)
				}
				if under.closed {
					ahead++
				}
				if !describes(r) {
					t.Errorf("row %d of %d: closed below %v, and the columns are another's", i, n, under.closed)
				}
			}
			if n > 1 && n != 3 && n != 7 && n != 15 && n != 31 && ahead == 0 {
				t.Errorf("of %d rows the last was not drawn ahead", n)
			}
			if err := r.Next(row); err != io.EOF {
				t.Error(err)
			}
			r.(driver.RowsColumnTypeLength).ColumnTypeLength(9) // there is none
			r.Close()
		}
	})
}

// TestSlowRowsArePassedOnOneByOne: a row that is there is not kept waiting for the
// next.
func TestSlowRowsArePassedOnOneByOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFake(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		rows, c := draw(t, ctx, d, Options{}, "rows 100")
		d.on(func(op string, _ *fakeConn) error {
			if op == "next" {
				time.Sleep(time.Second)
			}
			return nil
		})
		row := make([]driver.Value, 1)
		for i := range 20 {
			start := time.Now()
			if err := rows.Next(row); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took != time.Second || d.count("next") != i+1 {
				t.Errorf("row %d took %v, %d drawn", i, took, d.count("next"))
			}
		}
		rows.Close()
		c.Close()
	})
}

// TestBatchEndsWhenRowsBecomeSlow: what has been drawn is returned then.
func TestBatchEndsWhenRowsBecomeSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newFake(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		rows, c := draw(t, ctx, d, Options{}, "rows 200")
		row := make([]driver.Value, 1)
		for d.count("next") < 100 {
			if err := rows.Next(row); err != nil {
				t.Fatal(err)
			}
		}
		d.on(func(op string, _ *fakeConn) error {
			if op == "next" {
				time.Sleep(time.Second)
			}
			return nil
		})
		start := time.Now()
		for d.count("next") < 150 {
			before := time.Now()
			if err := rows.Next(row); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(before); took > time.Second {
				t.Fatalf("a row took %v, after %v", took, time.Since(start))
			}
		}
		rows.Close()
		c.Close()
	})
}

// TestBytesAreOnesOwn: the driver of «blob» writes over the bytes of the last row.
func TestBytesAreOnesOwn(t *testing.T) {
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		d := newFake(t)
		rows, c := draw(t, ctx, d, Options{}, "blob 300")
		row := make([]driver.Value, 1)
		for i := range 300 {
			if err := rows.Next(row); err != nil || string(row[0].([]byte)) != fmt.Sprintf("%06d", i) {
				t.Fatalf("row %d is %s, %v", i, row[0], err)
			}
		}
		if err := rows.Next(row); err != io.EOF {
			t.Error(err)
		}
		rows.Close()
		c.Close()
	}
}

// TestErrorsComeAfterTheirRows, and result sets begin at their first row.
func TestErrorsComeAfterTheirRows(t *testing.T) {
	for _, ctx := range []context.Context{context.Background(), t.Context()} {
		d := newFake(t)
		rows, c := draw(t, ctx, d, Options{}, "broken 5")
		row := make([]driver.Value, 1)
		for i := range 5 {
			if err := rows.Next(row); err != nil {
				t.Errorf("row %d: %v", i, err)
			}
		}
		if err := rows.Next(row); !errors.Is(err, errFake) {
			t.Error("after the rows:", err)
		}
		rows.Close()
		sets, err := c.(driver.QueryerContext).QueryContext(ctx, "sets 3", nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			if err := sets.Next(row); err == nil {
				got = append(got, row[0].(string))
				if len(got) == 4 { // the rest of this set is not wanted
					_ = sets.(driver.RowsNextResultSet).NextResultSet()
				}
				continue
			}
			if !sets.(driver.RowsNextResultSet).HasNextResultSet() || sets.(driver.RowsNextResultSet).NextResultSet() != nil {
				break
			}
		}
		if want := []string{"one", "two", "one", "two", "one", "two"}; !slices.Equal(got, want) {
			t.Error("result sets:", got)
		}
		sets.Close()
		c.Close()
		if d.open() != nothing {
			t.Error(d.open())
		}
	}
}

// TestRowsAsValues: a cursor in a row is wrapped as well, and no row is drawn after
// it before it is asked for.
func TestRowsAsValues(t *testing.T) {
	d := newFake(t)
	first, c := draw(t, t.Context(), d, Options{}, "rows 3")
	inner := &fakeRows{c: c.(interface{ base() *conn }).base().under.(fullConn).c, list: []string{"a", "b"}, end: io.EOF}
	d.rows.Add(1)
	r := rowsOf(c.(interface{ base() *conn }).base().newRows(t.Context(), &cursors{Rows: inner, c: inner}))
	row := make([]driver.Value, 1)
	if err := r.Next(row); err != nil {
		t.Fatal(err)
	}
	cursor, ok := row[0].(driver.Rows)
	if !ok || driver.Rows(inner) == cursor {
		t.Fatalf("cursor is a %T", row[0])
	}
	if err := cursor.Next(row); err != nil || row[0] != "a" {
		t.Error(row[0], err)
	}
	for range 5 {
		if err := r.Next(row); err != nil || row[0] == nil {
			t.Fatal(row, err)
		}
		row[0] = nil
	}
	if n := r.(interface{ base() *rows }).base().under.(*cursors).n; n != 6 {
		t.Errorf("%d drawn, 6 asked for", n)
	}
	first.Close()
	cursor.Close()
	c.Close()
}

// cursors are one row with rows in it.
type cursors struct {
	driver.Rows
	c *fakeRows
	n int
}

func (c *cursors) Next(dest []driver.Value) error {
	c.n++
	dest[0] = c.c
	return nil
}
