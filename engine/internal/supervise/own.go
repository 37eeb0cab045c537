package supervise

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"brainpod.io/engine/internal/component"
)

// Attempts in a row that never served make a component Failed, though it is tried on.
const failedAfterAttempts = 5

// lastWords is how long the output of a process that ended is waited for.
const lastWords = 500 * time.Millisecond

// own is the whole life of one component.
func (s *Supervisor) own(ctx context.Context, c component.Component) {
	pause := s.timing.BackoffFirst
	attempts := 0
	for first := true; ; first = false {
		if s.waitForNeeds(ctx, c) != nil {
			break
		}
		if !first {
			s.update(c.Name, func(status *Status) { status.Restarts++ })
		}
		healthyFor, err := s.live(ctx, c)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, errAskedToRestart) {
			continue
		}
		if healthyFor > 0 {
			attempts = 0
		}
		if healthyFor >= s.timing.HealthyAfter {
			pause = s.timing.BackoffFirst
		}
		attempts++
		s.logf("%s: %v; next try in %s", c.Name, err, pause)
		s.update(c.Name, func(status *Status) {
			*status = Status{Name: c.Name, State: Backoff, Since: status.Since, Restarts: status.Restarts, Message: err.Error()}
			if attempts >= failedAfterAttempts {
				status.State = Failed
			}
		})
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, s.timing.BackoffMost)
	}
	s.update(c.Name, func(status *Status) {
		if c.Survives && status.PID != 0 {
			return
		}
		*status = Status{Name: c.Name, State: Stopped, Since: status.Since, Restarts: status.Restarts}
	})
}

var errAskedToRestart = errors.New("restarted because its certificates or settings changed")

// live is one life of the process, from its preparation to its end. It returns how
// long the process served, and why it ended.
func (s *Supervisor) live(ctx context.Context, c component.Component) (time.Duration, error) {
	s.update(c.Name, func(status *Status) {
		status.State, status.WaitsFor, status.Message, status.Settled, status.PID = Starting, "", "", false, 0
	})
	if c.Prepare != nil {
		if err := c.Prepare(ctx); err != nil {
			return 0, fmt.Errorf("cannot be prepared: %w", err)
		}
	}
	running := s.adopt(c)
	if running == nil {
		started, err := s.launch(c)
		if err != nil {
			return 0, fmt.Errorf("cannot be started: %w", err)
		}
		running = started
	}
	s.clearRestart(c.Name)
	s.update(c.Name, func(status *Status) { status.PID = running.pid })
	if err := s.waitUntilReady(ctx, c, running); err != nil {
		s.leave(ctx, c, running, err)
		return 0, err
	}
	served := time.Now()
	s.setFailing(c.Name, false)
	s.update(c.Name, func(status *Status) {
		status.State, status.Message, status.Settled = Ready, "", c.Settled == nil
	})
	settling, stopSettling := context.WithCancel(ctx)
	settled := make(chan struct{})
	go func() { defer close(settled); s.settle(settling, c) }()
	err := s.watchHealth(ctx, c, running)
	stopSettling()
	<-settled
	s.leave(ctx, c, running, err)
	return time.Since(served), err
}

// leave ends the process. When the whole engine ends it first waits until nothing
// that needs it runs, and it lets a survivor be.
func (s *Supervisor) leave(ctx context.Context, c component.Component, running *process, why error) {
	if ctx.Err() != nil {
		if c.Survives {
			return
		}
		s.waitForDependants(c)
	} else {
		// At once: while it ends, nobody may take it for ready.
		s.update(c.Name, func(status *Status) {
			status.State, status.Settled, status.Message = Backoff, false, why.Error()
		})
	}
	s.end(c, running)
}

func (s *Supervisor) waitForDependants(c component.Component) {
	var dependants []string
	survives := map[string]bool{}
	for _, other := range s.options.Components {
		survives[other.Name] = other.Survives
		for _, needed := range other.Needs {
			if needed == c.Name && !other.Survives {
				dependants = append(dependants, other.Name)
			}
		}
	}
	stopped := func(all []Status) bool { return len(notIn(all, dependants, Stopped)) == 0 }
	// Each of them stops within its own time-out, so this ends.
	if err := s.WaitUntil(context.Background(), stopped); err != nil {
		s.logf("%s: %v", c.Name, err)
	}
}

func (s *Supervisor) waitForNeeds(ctx context.Context, c component.Component) error {
	return s.WaitUntil(ctx, func(all []Status) bool {
		missing := append(notIn(all, c.Needs, Ready), s.aboutToRestart(c.Needs)...)
		if len(missing) > 0 {
			s.update(c.Name, func(status *Status) {
				status.State, status.WaitsFor, status.PID = Waiting, strings.Join(missing, ", "), 0
			})
		}
		return len(missing) == 0
	})
}

func notIn(all []Status, names []string, state State) []string {
	var found []string
	for _, name := range names {
		for _, status := range all {
			if status.Name == name && status.State != state {
				found = append(found, name)
			}
		}
	}
	return found
}

func (s *Supervisor) waitUntilReady(ctx context.Context, c component.Component, running *process) error {
	deadline := time.Now().Add(s.timing.StartTimeout)
	for {
		err := s.check(ctx, c)
		if err == nil {
			select {
			case <-running.exited:
				return s.endedError(c, running)
			default:
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("did not become ready within %s: %w", s.timing.StartTimeout, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-running.exited:
			return s.endedError(c, running)
		case <-time.After(s.timing.ReadyPoll):
		}
	}
}

func (s *Supervisor) endedError(c component.Component, running *process) error {
	if running.killed || running.drained == nil {
		// Whatever it said last is not why it ended.
		return errors.New(running.reason)
	}
	select {
	case <-running.drained:
	case <-time.After(lastWords):
		// A process outside of its group may hold its output, or it is a survivor.
	}
	if log, kept := s.logs[c.Name]; kept && log.LastLine() != "" {
		return fmt.Errorf("%s; its last words: %s", running.reason, log.LastLine())
	}
	return errors.New(running.reason)
}

func (s *Supervisor) settle(ctx context.Context, c component.Component) {
	if c.Settled == nil {
		return
	}
	for pause := s.timing.BackoffFirst; ; pause = min(2*pause, s.timing.BackoffMost) {
		err := c.Settled(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			s.update(c.Name, func(status *Status) { status.Settled, status.Message = true, "" })
			return
		}
		s.update(c.Name, func(status *Status) { status.Message = err.Error() })
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}
