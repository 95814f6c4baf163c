package sqldriver

import "database/sql/driver"

// rowsOf returns r with the interfaces that its driver has.
func rowsOf(r *rows) driver.Rows {
	set := 0
	if _, ok := r.under.(driver.RowsColumnTypeScanType); ok {
		set |= 1
	}
	if _, ok := r.under.(driver.RowsColumnTypeDatabaseTypeName); ok {
		set |= 2
	}
	if _, ok := r.under.(driver.RowsColumnTypeLength); ok {
		set |= 4
	}
	if _, ok := r.under.(driver.RowsColumnTypeNullable); ok {
		set |= 8
	}
	if _, ok := r.under.(driver.RowsColumnTypePrecisionScale); ok {
		set |= 16
	}
	if _, ok := r.under.(driver.RowsNextResultSet); ok {
		return rowsWithSets[set](r)
	}
	return rowsWithout[set](r)
}

// rowsWithout is for rows that are one result set.
var rowsWithout = [...]func(*rows) driver.Rows{
	func(x *rows) driver.Rows { return x },
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
		}{x, (*rowsScan)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
		}{x, (*rowsName)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
		}{x, (*rowsScan)(x), (*rowsName)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsLength
		}{x, (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsLength
		}{x, (*rowsScan)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsLength
		}{x, (*rowsName)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsLength
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsNullable
		}{x, (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsNullable
		}{x, (*rowsScan)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsNullable
		}{x, (*rowsName)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsNullable
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsLength
			*rowsNullable
		}{x, (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsLength
			*rowsNullable
		}{x, (*rowsScan)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsLength
			*rowsNullable
		}{x, (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsLength
			*rowsNullable
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsPrecision
		}{x, (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsPrecision
		}{x, (*rowsName)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsLength
			*rowsPrecision
		}{x, (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsLength
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsLength
			*rowsPrecision
		}{x, (*rowsName)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsLength
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsName)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsName
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsScan
			*rowsName
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
}
