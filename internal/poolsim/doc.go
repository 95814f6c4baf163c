// Package poolsim simulates a blocking pool under a virtual clock.
package poolsim
