//go:build !linux

package main

// allowance finds no limit: what this system sets, the runtime cannot ask for.
func allowance() memoryBudget { return memoryBudget{} }

// supervised runs nothing: without a limit nothing needs a second process.
func supervised(memoryBudget) (exitCode, bool) { return 0, false }

// underSupervision is never the case here.
func underSupervision(*env) func(exitCode) { return func(exitCode) {} }
