// Command runc-build is runc for the steps of image builds; see internal/buildstep.
package main

import (
	"fmt"
	"os"

	"brainpod.io/engine/internal/buildstep"
)

func main() {
	err := buildstep.Run(os.Args, os.Environ())
	fmt.Fprintln(os.Stderr, "runc-build:", err)
	os.Exit(125)
}
