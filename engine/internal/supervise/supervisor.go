// Package supervise starts components in the order of their needs, keeps them
// running and stops them in the reverse order.
package supervise

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/logfile"
)

// Timing are the supervisor's intervals; the zero value of each means its default.
type Timing struct {
	// ReadyPoll is the pause between checks of a starting process.
	ReadyPoll time.Duration
	// StartTimeout is how long a process may take to become ready.
	StartTimeout time.Duration
	// HealthPoll is the pause between checks of a ready process.
	HealthPoll time.Duration
	// CheckTimeout is how long one check may take.
	CheckTimeout time.Duration
	// FailedChecks in a row restart a process.
	FailedChecks int
	// BackoffFirst and BackoffMost bound the pause before a restart.
	BackoffFirst, BackoffMost time.Duration
	// HealthyAfter is how long a process must have been ready for its back-off to start anew.
	HealthyAfter time.Duration
	// StopTimeout is used where a component names none.
	StopTimeout time.Duration
	// LogPoll is how often the logs of survivors are looked at.
	LogPoll time.Duration
}

func (t Timing) withDefaults() Timing {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{
		{&t.ReadyPoll, 100 * time.Millisecond}, {&t.StartTimeout, 3 * time.Minute},
		{&t.HealthPoll, 5 * time.Second}, {&t.CheckTimeout, 5 * time.Second},
		{&t.BackoffFirst, 200 * time.Millisecond}, {&t.BackoffMost, 30 * time.Second},
		{&t.HealthyAfter, time.Minute}, {&t.StopTimeout, 10 * time.Second}, {&t.LogPoll, 10 * time.Second},
	} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	if t.FailedChecks == 0 {
		t.FailedChecks = 3
	}
	return t
}

// Options are what a supervisor works with.
type Options struct {
	Components []component.Component
	// LogDir takes <name>.log; RunDir the records of those that survive.
	LogDir, RunDir string
	// Environment is added to the engine's own for every process.
	Environment []string
	// OnStatus gets every component's status after each change, one call at a time.
	OnStatus func([]Status)
	// Logf takes the supervisor's own messages.
	Logf   func(format string, args ...any)
	Timing Timing
}

// Supervisor owns the processes of its components.
type Supervisor struct {
	options Options
	timing  Timing
	logs    map[string]*logfile.Writer

	mu       sync.Mutex
	statuses map[string]*Status
	// restarts holds those that were asked to restart.
	restarts map[string]bool
	// failing holds those whose last check while they were ready failed.
	failing map[string]bool
	// changed is closed, and made anew, whenever something above changed.
	changed chan struct{}

	publish sync.Mutex
}

// New checks the components: names are unique, needs exist and form no circle.
func New(options Options) (*Supervisor, error) {
	if err := checkGraph(options.Components); err != nil {
		return nil, err
	}
	s := &Supervisor{
		options:  options,
		timing:   options.Timing.withDefaults(),
		logs:     map[string]*logfile.Writer{},
		statuses: map[string]*Status{},
		restarts: map[string]bool{},
		failing:  map[string]bool{},
		changed:  make(chan struct{}),
	}
	for _, c := range options.Components {
		s.statuses[c.Name] = &Status{Name: c.Name, State: Waiting, Since: time.Now().UTC()}
		if c.Survives {
			continue
		}
		log, err := logfile.Open(s.logPath(c.Name), 0)
		if err != nil {
			return nil, fmt.Errorf("cannot open the log of %s: %w", c.Name, err)
		}
		s.logs[c.Name] = log
	}
	return s, nil
}

func checkGraph(components []component.Component) error {
	needs := map[string][]string{}
	var faults []error
	for _, c := range components {
		if _, twice := needs[c.Name]; twice {
			faults = append(faults, fmt.Errorf("two components are named %s", c.Name))
		}
		needs[c.Name] = c.Needs
	}
	const visiting, visited = 1, 2
	marks := map[string]int{}
	var visit func(name string)
	visit = func(name string) {
		if marks[name] == visited {
			return
		}
		if marks[name] == visiting {
			faults = append(faults, fmt.Errorf("the component %s needs itself", name))
			return
		}
		marks[name] = visiting
		for _, needed := range needs[name] {
			if _, known := needs[needed]; !known {
				faults = append(faults, fmt.Errorf("the component %s needs %s, which there is not", name, needed))
				continue
			}
			visit(needed)
		}
		marks[name] = visited
	}
	for _, c := range components {
		visit(c.Name)
	}
	return errors.Join(faults...)
}

// Run keeps the components running until the context ends, then stops them in
// order and returns. Those that survive go on.
func (s *Supervisor) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, c := range s.options.Components {
		group.Go(func() { s.own(ctx, c) })
	}
	group.Go(func() { s.rotateSurvivors(ctx) })
	group.Wait()
	var faults []error
	for _, log := range s.logs {
		faults = append(faults, log.Close())
	}
	return errors.Join(faults...)
}

// Snapshot is every component's status, in the order in which they were given.
func (s *Supervisor) Snapshot() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Status, 0, len(s.options.Components))
	for _, c := range s.options.Components {
		all = append(all, *s.statuses[c.Name])
	}
	return all
}

// WaitUntil returns nil when the condition holds for the components' status.
func (s *Supervisor) WaitUntil(ctx context.Context, condition func([]Status) bool) error {
	for {
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if condition(s.Snapshot()) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (s *Supervisor) update(name string, change func(*Status)) {
	s.mu.Lock()
	status := s.statuses[name]
	before := *status
	change(status)
	if status.State != before.State {
		status.Since = time.Now().UTC()
	}
	same := *status == before
	if !same {
		s.signalLocked()
	}
	s.mu.Unlock()
	if !same && s.options.OnStatus != nil {
		s.publish.Lock()
		defer s.publish.Unlock()
		// Taken again under the lock, so that an older one never comes later.
		s.options.OnStatus(s.Snapshot())
	}
}

func (s *Supervisor) signalLocked() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *Supervisor) logPath(name string) string {
	return filepath.Join(s.options.LogDir, name+".log")
}

func (s *Supervisor) logf(format string, args ...any) {
	if s.options.Logf != nil {
		s.options.Logf(format, args...)
	}
}

func (s *Supervisor) rotateSurvivors(ctx context.Context) {
	ticker := time.NewTicker(s.timing.LogPoll)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, c := range s.options.Components {
			if !c.Survives {
				continue
			}
			if err := logfile.RotateInPlace(s.logPath(c.Name), 0); err != nil {
				s.logf("%s: its log cannot be rotated: %v", c.Name, err)
			}
		}
	}
}
