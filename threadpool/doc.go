// Package threadpool bounds how many blocking calls run at once.
package threadpool
