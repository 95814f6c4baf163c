package sqldriver

import "database/sql/driver"

// rowsWithSets is for rows that are several result sets.
var rowsWithSets = [...]func(*rows) driver.Rows{
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
		}{x, (*rowsSets)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
		}{x, (*rowsSets)(x), (*rowsScan)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
		}{x, (*rowsSets)(x), (*rowsName)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsLength
		}{x, (*rowsSets)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsLength
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsLength
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsLength
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsLength
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsLength
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsLength
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsLength
			*rowsNullable
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsLength
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsLength
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsLength
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsLength
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsName
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
	func(x *rows) driver.Rows {
		return struct {
			*rows
			*rowsSets
			*rowsScan
			*rowsName
			*rowsLength
			*rowsNullable
			*rowsPrecision
		}{x, (*rowsSets)(x), (*rowsScan)(x), (*rowsName)(x), (*rowsLength)(x), (*rowsNullable)(x), (*rowsPrecision)(x)}
	},
}
