// Command sandbox runs a program in a mount and network namespace of its own; see internal/sandbox.
package main

import (
	"os"
	"runtime"

	"brainpod.io/engine/internal/sandbox"
)

func init() {
	// The first thread stays out of the namespace that another one makes: by it the kernel shows where the process is.
	runtime.LockOSThread()
}

func main() {
	os.Exit(sandbox.Main(os.Args))
}
