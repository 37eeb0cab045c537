package supervise

import (
	"os/exec"
	"runtime"
	"sync"
)

// The kernel sends the parent-death signal when the thread ends that made the
// child, not when the process does. Go ends threads as it likes, so all children
// are made by one thread that lasts as long as the process.
var theForker = sync.OnceValue(func() chan<- func() {
	requests := make(chan func())
	go func() {
		runtime.LockOSThread()
		for request := range requests {
			request()
		}
	}()
	return requests
})

// start starts a command on the lasting thread.
func start(command *exec.Cmd) error {
	result := make(chan error, 1)
	theForker() <- func() { result <- command.Start() }
	return <-result
}
