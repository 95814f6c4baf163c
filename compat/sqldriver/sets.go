package sqldriver

import "database/sql/driver"

// Package database/sql asks a value for its optional interfaces by type, so there
// is a type for each set of them that changes what database/sql does. The tables
// in this file and those beside it are indexed by sets of one bit for each interface, in
// the order of the embedded types. All else is
// claimed always, because it comes to the same: PrepareContext, BeginTx and the
// ...Context methods of statements do what database/sql would do for a driver
// without them, IsValid says yes.

// connOf returns c with the interfaces that its driver has.
func connOf(c *conn) driver.Conn {
	set := 0
	//lint:ignore SA1019 it is what old drivers have
	_, ok := c.under.(driver.Execer)
	if _, ctx := c.under.(driver.ExecerContext); ok || ctx {
		set |= 1
	}
	//lint:ignore SA1019 it is what old drivers have
	_, ok = c.under.(driver.Queryer)
	if _, ctx := c.under.(driver.QueryerContext); ok || ctx {
		set |= 2
	}
	if _, ok := c.under.(driver.Pinger); ok {
		set |= 4
	}
	if _, ok := c.under.(driver.SessionResetter); ok {
		set |= 8
	}
	if _, ok := c.under.(driver.NamedValueChecker); ok {
		set |= 16
	}
	return conns[set](c)
}

// stmtOf returns s with the interfaces that its driver has.
func stmtOf(s *stmt) driver.Stmt {
	set := 0
	if _, ok := s.under.(driver.NamedValueChecker); ok {
		set |= 1
	}
	//lint:ignore SA1019 it is what old drivers have
	if _, ok := s.under.(driver.ColumnConverter); ok {
		set |= 2
	}
	return stmts[set](s)
}

var conns = [...]func(*conn) driver.Conn{
	func(x *conn) driver.Conn { return x },
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
		}{x, (*connExec)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
		}{x, (*connQuery)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
		}{x, (*connExec)(x), (*connQuery)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connPing
		}{x, (*connPing)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connPing
		}{x, (*connExec)(x), (*connPing)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connPing
		}{x, (*connQuery)(x), (*connPing)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connPing
		}{x, (*connExec)(x), (*connQuery)(x), (*connPing)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connReset
		}{x, (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connReset
		}{x, (*connExec)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connReset
		}{x, (*connQuery)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connReset
		}{x, (*connExec)(x), (*connQuery)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connPing
			*connReset
		}{x, (*connPing)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connPing
			*connReset
		}{x, (*connExec)(x), (*connPing)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connPing
			*connReset
		}{x, (*connQuery)(x), (*connPing)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connPing
			*connReset
		}{x, (*connExec)(x), (*connQuery)(x), (*connPing)(x), (*connReset)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connCheck
		}{x, (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connCheck
		}{x, (*connExec)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connCheck
		}{x, (*connQuery)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connCheck
		}{x, (*connExec)(x), (*connQuery)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connPing
			*connCheck
		}{x, (*connPing)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connPing
			*connCheck
		}{x, (*connExec)(x), (*connPing)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connPing
			*connCheck
		}{x, (*connQuery)(x), (*connPing)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connPing
			*connCheck
		}{x, (*connExec)(x), (*connQuery)(x), (*connPing)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connReset
			*connCheck
		}{x, (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connReset
			*connCheck
		}{x, (*connExec)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connReset
			*connCheck
		}{x, (*connQuery)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connReset
			*connCheck
		}{x, (*connExec)(x), (*connQuery)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connPing
			*connReset
			*connCheck
		}{x, (*connPing)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connPing
			*connReset
			*connCheck
		}{x, (*connExec)(x), (*connPing)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connQuery
			*connPing
			*connReset
			*connCheck
		}{x, (*connQuery)(x), (*connPing)(x), (*connReset)(x), (*connCheck)(x)}
	},
	func(x *conn) driver.Conn {
		return struct {
			*conn
			*connExec
			*connQuery
			*connPing
			*connReset
			*connCheck
		}{x, (*connExec)(x), (*connQuery)(x), (*connPing)(x), (*connReset)(x), (*connCheck)(x)}
	},
}

var stmts = [...]func(*stmt) driver.Stmt{
	func(x *stmt) driver.Stmt { return x },
	func(x *stmt) driver.Stmt {
		return struct {
			*stmt
			*stmtCheck
		}{x, (*stmtCheck)(x)}
	},
	func(x *stmt) driver.Stmt {
		return struct {
			*stmt
			*stmtColumns
		}{x, (*stmtColumns)(x)}
	},
	func(x *stmt) driver.Stmt {
		return struct {
			*stmt
			*stmtCheck
			*stmtColumns
		}{x, (*stmtCheck)(x), (*stmtColumns)(x)}
	},
}
