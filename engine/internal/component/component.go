// Package component says what the engine needs to know to own one process.
package component

import (
	"context"
	"syscall"
	"time"
)

// Command is a process to start. Args does not contain the program's own name.
// Env is added to the engine's environment; Dir is the working directory, the
// engine's own when empty.
type Command struct {
	Path string
	Args []string
	Env  []string
	Dir  string
}

// Component is one process that the engine starts, watches, restarts and stops.
// Every function may be called any number of times, from one goroutine at a time.
type Component struct {
	// Name is unique. It names the log file and the row in status.json.
	Name string
	// Needs are the names of components that must be ready before this one starts.
	// One that falls over later does not stop this one.
	Needs []string
	// Prepare runs before every start, and before a process is adopted, and writes
	// the files that the process reads. It is idempotent. Optional.
	Prepare func(ctx context.Context) error
	// Command says what to start. It is called after Prepare.
	Command func() (Command, error)
	// Ready returns nil when the process serves. It is polled while the process
	// starts, and now and then afterwards: a process that fails several checks in
	// a row, while all that it needs is ready, is restarted. Optional.
	Ready func(ctx context.Context) error
	// Settled runs each time the process became ready, beside those that wait for
	// it, and again with back-off until it returns nil: a place to apply manifests.
	// It is idempotent. Optional.
	Settled func(ctx context.Context) error
	// StopSignal asks the process to end; SIGTERM when zero.
	StopSignal syscall.Signal
	// StopTimeout is how long the process may take before it is killed; 10 s when zero.
	StopTimeout time.Duration
	// Survives keeps the process running when the engine ends. The next engine
	// adopts it by its process id and start time.
	Survives bool
}
