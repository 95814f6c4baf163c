// Command exit says what it was told and ends as it was told.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"
)

func main() {
	fmt.Println("args:", strings.Join(os.Args[1:], "|"))
	fmt.Fprintln(os.Stderr, "and an error")
	switch os.Args[1] {
	case "ok":
	case "three":
		os.Exit(3)
	case "panic":
		panic("as asked")
	case "deadlock":
		select {}
	case "long":
		time.Sleep(time.Hour)
	}
}
