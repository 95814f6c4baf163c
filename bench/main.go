// Command bench compares Causeway with plain Go and with other libraries. See
// README.md, and package kit for how it measures.
//
//	go -C bench run . [-run regexp] [-count n] [-json] [-list] [-dir tmp]
package main

import (
	"os"
	"slices"

	"github.com/causeway-go/causeway/bench/kit"
)

// scenarios is the table of everything that can be measured.
func scenarios() []kit.Scenario {
	return slices.Concat(
		blockOnScenarios,
		wakeScenarios,
		unblockScenarios,
		executorScenarios,
		reactorScenarios,
		compatScenarios,
		poolScenarios(),
	)
}

func main() {
	stormed()
	os.Exit(kit.Main(scenarios(), os.Args[1:], os.Stdout, os.Stderr))
}
