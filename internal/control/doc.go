// Package control decides how many jobs of a blocking pool may run at once.
package control
