// Package waitlist keeps those who wait for something in a line: who comes goes to
// the end, who is served is taken from the front, and who no longer wants to wait
// leaves from wherever he stands.
//
// The links are in the waiters themselves, so nothing here allocates, and each
// operation takes the same few steps however long the line is. There are no locks:
// a line belongs to what is waited for, and is guarded by the lock of that.
//
// Whether somebody is in line is not noted here. Whoever waits has a state of his
// own anyway, under the same lock, in which that is one of several answers.
package waitlist
