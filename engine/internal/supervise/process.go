package supervise

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/logfile"
	"brainpod.io/engine/internal/procfs"
)

// process is a running child, or one that an engine before this one had started.
type process struct {
	pid       int
	startTime uint64
	exited    chan struct{}
	// reason is why it ended, killed that it was SIGKILL; set before exited is closed.
	reason string
	killed bool
	// drained is closed when all that it wrote is in its log; nil for a survivor.
	drained chan struct{}
}

// record is what the next engine needs to adopt a process.
type record struct {
	PID       int    `json:"pid"`
	StartTime uint64 `json:"startTime"`
}

// RecordPath is where the process of a component that survives is written down.
func RecordPath(runDir, name string) string { return filepath.Join(runDir, "survivors", name+".json") }

// launch starts a component's process in a group of its own. Unless it survives,
// it is killed when the engine ends, however that happens.
func (s *Supervisor) launch(c component.Component) (*process, error) {
	wanted, err := c.Command()
	if err != nil {
		return nil, err
	}
	command := exec.Command(wanted.Path, wanted.Args...)
	command.Env = append(append(os.Environ(), s.options.Environment...), wanted.Env...)
	command.Dir = wanted.Dir
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if c.Survives {
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		return s.launchSurvivor(c, command)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = writer, writer
	err = start(command)
	closeErr := writer.Close()
	if err != nil {
		return nil, errors.Join(err, reader.Close())
	}
	if closeErr != nil {
		s.logf("%s: its log pipe: %v", c.Name, closeErr)
	}
	drained := make(chan struct{})
	go func() { defer close(drained); s.collect(c.Name, reader) }()
	started := s.watch(c.Name, command)
	started.drained = drained
	return started, nil
}

// launchSurvivor lets the process write its log by itself: a pipe of this engine
// would break with it.
func (s *Supervisor) launchSurvivor(c component.Component, command *exec.Cmd) (*process, error) {
	log, err := logfile.OpenAppend(s.logPath(c.Name))
	if err != nil {
		return nil, err
	}
	command.Stdout, command.Stderr = log, log
	err = start(command)
	if closeErr := log.Close(); err == nil && closeErr != nil {
		s.logf("%s: its log file: %v", c.Name, closeErr)
	}
	if err != nil {
		return nil, err
	}
	started := s.watch(c.Name, command)
	content, err := json.Marshal(record{PID: started.pid, StartTime: started.startTime})
	if err == nil {
		err = atomicfile.WriteIfChanged(RecordPath(s.options.RunDir, c.Name), content, 0o600)
	}
	if err != nil {
		// Without the record nobody could find it again.
		return nil, errors.Join(err, syscall.Kill(-started.pid, syscall.SIGKILL))
	}
	return started, nil
}

func (s *Supervisor) watch(name string, command *exec.Cmd) *process {
	started := &process{pid: command.Process.Pid, exited: make(chan struct{})}
	// Until it is waited for, the id cannot be used again.
	if found, err := procfs.Read(started.pid); err == nil {
		started.startTime = found.StartTime
	}
	go func() {
		defer close(started.exited)
		err := command.Wait()
		started.reason = "ended by itself"
		if err != nil {
			started.reason = err.Error()
		}
		status, known := command.ProcessState.Sys().(syscall.WaitStatus)
		started.killed = known && status.Signaled() && status.Signal() == syscall.SIGKILL
		s.sweep(name, started.pid)
	}()
	return started
}

// sweep ends what a process left behind in its group.
func (s *Supervisor) sweep(name string, pid int) {
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.logf("%s: its children: %v", name, err)
	}
}

// adopt returns the surviving process of an earlier engine, or nil.
func (s *Supervisor) adopt(c component.Component) *process {
	if !c.Survives {
		return nil
	}
	known, err := ReadRecord(s.options.RunDir, c.Name)
	if err != nil {
		s.logf("%s: cannot adopt what ran before: %v", c.Name, err)
		return nil
	}
	if known == nil || !procfs.IsAlive(known.PID, known.StartTime) {
		return nil
	}
	descriptor, err := unix.PidfdOpen(known.PID, 0)
	if err != nil || !procfs.IsAlive(known.PID, known.StartTime) {
		if err == nil {
			err = unix.Close(descriptor)
		}
		s.logf("%s: it ended while it was adopted (%v)", c.Name, err)
		return nil
	}
	adopted := &process{pid: known.PID, startTime: known.StartTime, exited: make(chan struct{})}
	go func() {
		defer close(adopted.exited)
		adopted.reason = "ended (it was adopted, so its exit status is not known)"
		if err := waitForEnd(descriptor); err != nil {
			s.logf("%s: waiting for the adopted process: %v", c.Name, err)
		}
		s.sweep(c.Name, adopted.pid)
	}()
	return adopted
}

// ReadRecord returns a survivor's process id and start time; nil when none is recorded.
func ReadRecord(runDir, name string) (*procfs.Process, error) {
	raw, err := os.ReadFile(RecordPath(runDir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var known record
	if err := json.Unmarshal(raw, &known); err != nil {
		return nil, fmt.Errorf("%s: %w", RecordPath(runDir, name), err)
	}
	return &procfs.Process{PID: known.PID, StartTime: known.StartTime}, nil
}

func waitForEnd(descriptor int) error {
	defer unix.Close(descriptor) // Nothing was written through it: closing cannot lose anything.
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(descriptor), Events: unix.POLLIN}}, -1)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// end asks a process to stop and kills it, with all of its group, when it does not.
func (s *Supervisor) end(c component.Component, running *process) {
	signal, timeout := c.StopSignal, c.StopTimeout
	if signal == 0 {
		signal = syscall.SIGTERM
	}
	if timeout == 0 {
		timeout = s.timing.StopTimeout
	}
	if err := syscall.Kill(running.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		s.logf("%s: cannot be asked to stop: %v", c.Name, err)
	}
	select {
	case <-running.exited:
		return
	case <-time.After(timeout):
	}
	s.logf("%s: did not stop within %s and is killed", c.Name, timeout)
	s.sweep(c.Name, running.pid)
	<-running.exited
}

// collect copies a process's output into its log until all that hold the other
// end are gone.
func (s *Supervisor) collect(name string, reader *os.File) {
	defer reader.Close() // A pipe that was read to its end.
	if _, err := io.Copy(s.logs[name], reader); err != nil {
		s.logf("%s: its log cannot be written: %v", name, err)
		// Somebody must go on reading, or the process would block.
		_, _ = io.Copy(io.Discard, reader)
	}
}

// Survivors are the ids of the recorded processes that still run: each leads a
// process group of its own.
func Survivors(runDir string) (map[int]bool, error) {
	entries, err := os.ReadDir(filepath.Dir(RecordPath(runDir, "any")))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	found := map[int]bool{}
	for _, entry := range entries {
		name, isRecord := strings.CutSuffix(entry.Name(), ".json")
		if !isRecord {
			continue
		}
		known, err := ReadRecord(runDir, name)
		if err != nil {
			return nil, err
		}
		if known != nil && procfs.IsAlive(known.PID, known.StartTime) {
			found[known.PID] = true
		}
	}
	return found, nil
}
