// Package walls enforces the cluster's network policies on this machine: it follows the API server's pods, namespaces
// and policies, and keeps one nftables table true to them. It is asked, too, by the network plugin that makes a pod's
// interface, and answers when the pod's rules are in the kernel: before the pod's first process starts.
//
// The table stays when the agent ends. What it does not know yet is closed.
package walls

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	"brainpod.io/engine/internal/netpolicy"
)

const (
	// Changes often come in twos and threes: they are waited for this long.
	settleTime = 10 * time.Millisecond
	// resync is how often the table in the kernel is looked at.
	resync = time.Second
)

// Options are what an agent works with.
type Options struct {
	Settings netpolicy.Settings
	// Kubeconfig is the agent's own: it lists and watches pods, namespaces and network policies.
	Kubeconfig string
	// Folder takes the agent's socket and the claims.
	Folder string
	// Logf takes what a person should know.
	Logf func(format string, args ...any)
}

// SocketPath is where an agent with this folder listens.
func SocketPath(folder string) string { return filepath.Join(folder, "agent.sock") }

// Status is what an agent tells about itself.
type Status struct {
	// Synced tells that the table in the kernel is what the cluster asks for.
	Synced bool `json:"synced"`
	// Pods and Policies are how many it is made of.
	Pods     int `json:"pods"`
	Policies int `json:"policies"`
	// Loads counts how often the table was written, Repairs how often because somebody else had changed it.
	Loads   int `json:"loads"`
	Repairs int `json:"repairs"`
	// CompileMs and LoadMs are how long the last time took, in milliseconds.
	CompileMs float64 `json:"compileMs"`
	LoadMs    float64 `json:"loadMs"`
}

type agent struct {
	settings netpolicy.Settings
	store    *store
	logf     func(string, ...any)

	mu     sync.Mutex
	table  table
	claims *claims
	status Status
	// failure is why the table could not be written last.
	failure error
	// looked is closed, and made anew, whenever a change of the cluster has been looked at.
	looked chan struct{}
}

// Run works until the context ends. The table stays.
func Run(ctx context.Context, options Options) error {
	api, err := newClient(options.Kubeconfig)
	if err != nil {
		return err
	}
	known, err := loadClaims(filepath.Join(options.Folder, "claims"))
	if err != nil {
		return err
	}
	a := &agent{
		settings: options.Settings, store: newStore(api), logf: options.Logf, claims: known,
		table: table{name: options.Settings.Table}, looked: make(chan struct{}),
	}
	if err := a.closeFirst(ctx); err != nil {
		return err
	}
	stop, err := a.serve(SocketPath(options.Folder))
	if err != nil {
		return err
	}
	var group sync.WaitGroup
	group.Go(func() { a.store.follow(ctx, options.Logf) })
	a.loop(ctx)
	err = stop()
	group.Wait()
	return err
}

// closeFirst makes the table with nobody known where there is none, so that nothing is open until all is known. One
// that an agent before this one left is true to what was known then, and stays until the cluster has been read.
func (a *agent) closeFirst(ctx context.Context) error {
	if _, err := a.table.list(ctx); !errors.Is(err, errNoTable) {
		return err
	}
	return a.table.load(ctx, netpolicy.Compile(netpolicy.World{}, a.settings))
}

func (a *agent) loop(ctx context.Context) {
	ticks := time.NewTicker(resync)
	defer ticks.Stop()
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.store.changed:
			if settled == nil {
				settled = time.After(settleTime)
			}
			continue
		case <-settled:
			settled = nil
		case <-ticks.C:
			a.repair(ctx)
			if a.isWell() {
				continue
			}
		}
		if _, err := a.sync(ctx, ""); err != nil && ctx.Err() == nil {
			a.logf("the rules cannot be written, what was there before holds: %v", err)
		}
		a.tellLooked()
	}
}

func (a *agent) isWell() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.failure == nil
}

// sync brings the table to what the cluster asks for. It tells whether the pod with this UID is in the cluster.
func (a *agent) sync(ctx context.Context, uid string) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	began := time.Now()
	world, complete := a.store.world()
	if !complete {
		return false, nil
	}
	world.Claims = a.claims.addresses()
	script := netpolicy.Compile(world, a.settings)
	a.status.Pods, a.status.Policies = len(world.Pods), len(world.Policies)
	a.status.CompileMs = milliseconds(began)
	if script != a.table.script || a.failure != nil {
		a.failure = a.write(ctx, script)
	}
	a.status.Synced = a.failure == nil
	return hasPod(world, uid), a.failure
}

func (a *agent) write(ctx context.Context, script string) error {
	began := time.Now()
	if err := a.table.load(ctx, script); err != nil {
		return err
	}
	a.status.Loads++
	a.status.LoadMs = milliseconds(began)
	return nil
}

func hasPod(world netpolicy.World, uid string) bool {
	for _, pod := range world.Pods {
		if pod.Metadata.UID == uid {
			return true
		}
	}
	return false
}

func milliseconds(since time.Time) float64 { return float64(time.Since(since).Microseconds()) / 1000 }

// repair writes the table again when somebody else has changed or removed it.
func (a *agent) repair(ctx context.Context) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.table.script == "" {
		return
	}
	difference, err := a.table.difference(ctx)
	if difference != "" {
		a.status.Repairs++
		a.logf("somebody else changed the table inet %s (%s): it is written again (%d times so far)",
			a.table.name, difference, a.status.Repairs)
		err = a.write(ctx, a.table.script)
	}
	if a.failure = err; err != nil && ctx.Err() == nil {
		a.logf("the rules cannot be kept: %v", err)
	}
}

// claim returns when the rules of the pod with this address are in the kernel.
func (a *agent) claim(ctx context.Context, claim Claim) error {
	if err := claim.check(); err != nil {
		return err
	}
	a.mu.Lock()
	err := a.claims.add(claim)
	a.mu.Unlock()
	if err != nil {
		return err
	}
	for {
		// Taken before looking: what changes after that is told by it.
		looked := a.nextLook()
		known, err := a.sync(ctx, claim.UID)
		if err != nil || known {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.New("the pod is not in the cluster as the agent knows it")
		case <-looked:
		}
	}
}

func (a *agent) tellLooked() {
	a.mu.Lock()
	defer a.mu.Unlock()
	close(a.looked)
	a.looked = make(chan struct{})
}

func (a *agent) nextLook() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.looked
}

func (a *agent) release(container string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err := a.claims.remove(container); err != nil {
		return fmt.Errorf("the address of %s cannot be given back: %w", container, err)
	}
	a.store.signal()
	return nil
}
