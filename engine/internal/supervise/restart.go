package supervise

import (
	"context"
	"slices"
)

// Restart asks for a restart of one component that runs; it does not wait for it.
func (s *Supervisor) Restart(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restarts[name] = true
	s.signalLocked()
}

// RestartWithDependants asks for a restart of a component and of all that need it,
// directly or not. They start again in the order of their needs. Survivors go on.
func (s *Supervisor) RestartWithDependants(name string) {
	chosen := map[string]bool{name: true}
	for grown := true; grown; {
		grown = false
		for _, c := range s.options.Components {
			needed := slices.ContainsFunc(c.Needs, func(need string) bool { return chosen[need] })
			if needed && !chosen[c.Name] && !c.Survives {
				chosen[c.Name], grown = true, true
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for each := range chosen {
		s.restarts[each] = true
	}
	s.signalLocked()
}

// RestartAndWait restarts one component and waits until it is ready again.
func (s *Supervisor) RestartAndWait(ctx context.Context, name string) error {
	before := -1
	for _, status := range s.Snapshot() {
		if status.Name == name {
			before = status.Restarts
		}
	}
	s.Restart(name)
	return s.WaitUntil(ctx, func(all []Status) bool {
		for _, status := range all {
			if status.Name == name && (status.Restarts == before || status.State != Ready) {
				return false
			}
		}
		return true
	})
}
