package edge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"brainpod.io/engine/internal/atomicfile"
)

const (
	liveState = "LIVE"
	// takeoverTime is how long a new Envoy may take until it serves what the old one serves.
	takeoverTime = 30 * time.Second
	pollInterval = 50 * time.Millisecond
	// migrateSetting makes the kernel hand connections that a closing listener has not accepted yet to the others on its port.
	migrateSetting = "/proc/sys/net/ipv4/tcp_migrate_req"
)

// exchangeOutdated ends an Envoy of another generation without losing a request. An interim Envoy of the new generation
// listens on the same ports, and only once it serves is the old one drained and ended; the engine starts the component
// again, with the new files; and once that one serves, the interim is drained and ended. Whatever dies in between, the
// next call goes on from what is running then: each Envoy tells its own generation.
func (e *Edge) exchangeOutdated(ctx context.Context) error {
	wanted, err := e.bootstrap(Main)
	if err != nil {
		return err
	}
	running := adminAt(e.files.adminSocket(Main))
	info, err := running.info(ctx)
	if err != nil {
		return err
	}
	interim := adminAt(e.files.adminSocket(Interim))
	if info.Node.ID == wanted.NodeID() {
		if _, err := interim.info(ctx); err != nil {
			// The usual case: there is no interim Envoy.
			return e.restoreMigration()
		}
		return e.handOver(ctx, interim, running)
	}
	if info.State != liveState {
		// It has no configuration yet, and so no clients.
		return running.quit(ctx)
	}
	if err := e.startInterim(ctx, interim, wanted.Generation); err != nil {
		return err
	}
	return e.handOver(ctx, running, interim)
}

// startInterim starts the interim Envoy unless the right one runs already.
func (e *Edge) startInterim(ctx context.Context, interim admin, generation string) error {
	if info, err := interim.info(ctx); err == nil {
		if info.Node.ID == (Bootstrap{Instance: Interim, Generation: generation}).NodeID() {
			return nil
		}
		if err := interim.quit(ctx); err != nil {
			return err
		}
	}
	// The component's Prepare does not run for an Envoy that was adopted.
	if err := e.writeEnvoyFiles(); err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(e.config.LogDir, "envoy-interim.log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	start := e.envoyCommand(Interim)
	command := exec.Command(start.Path, start.Args...)
	command.Env = append(os.Environ(), start.Env...)
	command.Stdout, command.Stderr = log, log
	// Like the component it must outlive the engine.
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return fmt.Errorf("the interim Envoy could not be started: %w", err)
	}
	go func() {
		// How it ends is seen at its admin socket; here it is only kept from staying as a zombie.
		_ = command.Wait()
	}()
	return nil
}

// handOver waits until one Envoy serves what the other does, then drains and ends the other.
func (e *Edge) handOver(ctx context.Context, from, to admin) error {
	if err := waitUntil(ctx, takeoverTime, func(ctx context.Context) error { return servesAll(ctx, from, to) }); err != nil {
		return fmt.Errorf("the new Envoy does not serve yet, the old one goes on: %w", err)
	}
	if err := e.migrateConnections(); err != nil {
		return err
	}
	drained := from.drain(ctx)
	if drained == nil {
		drained = waitUntil(ctx, 4*drainTime, func(ctx context.Context) error { return isDrained(ctx, from) })
	}
	// Clients that keep a connection open without asking for anything are not waited for longer.
	quit := from.quit(ctx)
	if quit == nil && drained != nil && ctx.Err() == nil {
		drained = nil
	}
	return errors.Join(drained, quit, e.restoreMigration())
}

func servesAll(ctx context.Context, from, to admin) error {
	info, err := to.info(ctx)
	if err != nil {
		return err
	}
	if info.State != liveState {
		return fmt.Errorf("its state is %s", info.State)
	}
	wanted, err := from.addresses(ctx)
	if err != nil {
		return err
	}
	served, err := to.addresses(ctx)
	if err != nil {
		return err
	}
	for _, address := range wanted {
		if !slices.Contains(served, address) {
			return fmt.Errorf("it does not listen on %s", address)
		}
	}
	return nil
}

// isDrained tells by Envoy's own counters that it accepts nothing more and that no client is left.
func isDrained(ctx context.Context, envoy admin) error {
	counts, err := envoy.counts(ctx, `^(listener_manager\.(listener_stopped|total_listeners_active)|listener\..*\.downstream_cx_active)$`)
	if err != nil {
		return err
	}
	return drained(counts)
}

func drained(counts map[string]int) error {
	open := 0
	for name, count := range counts {
		if strings.HasSuffix(name, ".downstream_cx_active") && !strings.HasPrefix(name, "listener.admin.") {
			open += count
		}
	}
	stopped, active := counts["listener_manager.listener_stopped"], counts["listener_manager.total_listeners_active"]
	if stopped < active || open > 0 {
		return fmt.Errorf("%d of %d listeners are closed and %d connections are open", stopped, active, open)
	}
	return nil
}

// migrateConnections switches the kernel's setting on. What it was before is kept in a file until it is put back, so
// that it is put back even when this engine dies in between. A kernel before 5.14 has no such setting: there a
// connection that arrives in the very moment of closing is reset.
func (e *Edge) migrateConnections() error {
	before, err := os.ReadFile(migrateSetting)
	if errors.Is(err, fs.ErrNotExist) || err == nil && strings.TrimSpace(string(before)) == "1" {
		return nil
	}
	if err != nil {
		return err
	}
	if err := atomicfile.WriteIfChanged(e.files.migrateBefore(), before, 0o600); err != nil {
		return err
	}
	if err := os.WriteFile(migrateSetting, []byte("1"), 0); err != nil {
		return fmt.Errorf("the kernel's setting tcp_migrate_req could not be changed: %w", err)
	}
	return nil
}

// restoreMigration puts the kernel's setting back to what it was, if it was changed.
func (e *Edge) restoreMigration() error {
	before, err := os.ReadFile(e.files.migrateBefore())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.WriteFile(migrateSetting, before, 0); err != nil {
		return fmt.Errorf("the kernel's setting tcp_migrate_req could not be put back: %w", err)
	}
	return os.Remove(e.files.migrateBefore())
}

// waitUntil repeats a check until it returns nil; after the limit it returns the check's last error.
func waitUntil(ctx context.Context, limit time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		err := check(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-ticker.C:
		}
	}
}
