package supervise

import (
	"context"
	"fmt"
	"slices"
	"time"

	"brainpod.io/engine/internal/component"
)

func (s *Supervisor) check(ctx context.Context, c component.Component) error {
	if c.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.timing.CheckTimeout)
	defer cancel()
	return c.Ready(ctx)
}

// watchHealth returns when the process ended, hangs, or is to be restarted or left.
func (s *Supervisor) watchHealth(ctx context.Context, c component.Component, running *process) error {
	failures := 0
	next := time.NewTimer(s.timing.HealthPoll)
	defer next.Stop()
	for {
		restart, changed := s.isRestartAsked(c.Name)
		if restart {
			return errAskedToRestart
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-running.exited:
			return s.endedError(c, running)
		case <-changed:
			continue
		case <-next.C:
		}
		next.Reset(s.timing.HealthPoll)
		err := s.check(ctx, c)
		s.setFailing(c.Name, err != nil)
		if err == nil || s.isAnyUnwell(c.Needs) {
			// A component is not to blame for what it needs.
			failures = 0
			continue
		}
		failures++
		if failures >= s.timing.FailedChecks && ctx.Err() == nil {
			return fmt.Errorf("does not answer any more: %w", err)
		}
	}
}

func (s *Supervisor) setFailing(name string, failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing[name] = failing
}

func (s *Supervisor) isAnyUnwell(names []string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(names, func(name string) bool {
		return s.failing[name] || s.statuses[name].State != Ready
	})
}

func (s *Supervisor) isRestartAsked(name string) (bool, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.restarts[name], s.changed
}

// aboutToRestart are those that are ready still, but not for long.
func (s *Supervisor) aboutToRestart(names []string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []string
	for _, name := range names {
		if s.restarts[name] && s.statuses[name].State == Ready {
			found = append(found, name)
		}
	}
	return found
}

func (s *Supervisor) clearRestart(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.restarts, name)
}
