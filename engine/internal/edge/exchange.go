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
	// lingerTime is how long a drained Envoy is kept for connections that do not end by themselves: Envoy cannot ask for
	// the end of a WebSocket.
	lingerTime = time.Hour
	// lastClientsTime is how long it is kept when another exchange is due.
	lastClientsTime = time.Minute
	// lingerInterval is how often it is asked whether they have ended.
	lingerInterval = 500 * time.Millisecond
	// migrateSetting makes the kernel hand connections that a closing listener has not accepted yet to the others on its port.
	migrateSetting = "/proc/sys/net/ipv4/tcp_migrate_req"
)

// exchangeOutdated ends an Envoy of another generation without losing a request. An interim Envoy of the new generation
// listens on the same ports, and only once it serves does the old one stop to listen; when its last client has left it is
// ended, and the engine starts the component again, with the new files; and once that one serves, the interim goes the
// same way. It returns when nobody new comes to the old one. Whatever dies in between, the next call goes on from what is
// running then: each Envoy tells its own generation.
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
	if outdated, err := interim.info(ctx); err == nil && outdated.Node.ID != interimOf(wanted) && hasStopped(ctx, running) == nil {
		// Everybody new comes to the interim Envoy of an earlier exchange already: it cannot make way for another one.
		return endWithLastClient(ctx, running)
	}
	if err := e.startInterim(ctx, interim, wanted.Generation); err != nil {
		return err
	}
	return e.handOver(ctx, running, interim)
}

// startInterim starts the interim Envoy unless the right one runs already.
func (e *Edge) startInterim(ctx context.Context, interim admin, generation string) error {
	if info, err := interim.info(ctx); err == nil {
		if info.Node.ID == interimOf(Bootstrap{Generation: generation}) {
			return nil
		}
		// It is what an earlier exchange has left; the main Envoy serves beside it.
		if err := errors.Join(interim.drain(ctx), endWithLastClient(ctx, interim)); err != nil {
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

func interimOf(wanted Bootstrap) string {
	return Bootstrap{Instance: Interim, Generation: wanted.Generation}.NodeID()
}

// handOver waits until one Envoy serves what the other does and the other has stopped to listen. The other is ended when
// its last client has left, which may be long after.
func (e *Edge) handOver(ctx context.Context, from, to admin) error {
	if err := waitUntil(ctx, takeoverTime, func(ctx context.Context) error { return servesAll(ctx, from, to) }); err != nil {
		return fmt.Errorf("the new Envoy does not serve yet, the old one goes on: %w", err)
	}
	if err := e.migrateConnections(); err != nil {
		return err
	}
	stopped := from.drain(ctx)
	if stopped == nil {
		stopped = waitUntil(ctx, 4*drainTime, func(ctx context.Context) error { return hasStopped(ctx, from) })
	}
	if err := errors.Join(stopped, e.restoreMigration()); err != nil {
		return err
	}
	go linger(ctx, from, to)
	return nil
}

// linger ends an Envoy that listens no more as soon as it has no clients, or after lingerTime. Should the one that took
// over fail, it is ended at once, and whoever started it sees to what comes next. When the engine ends, the next one
// hands over again, and comes back here.
func linger(ctx context.Context, from, to admin) {
	// That time is over is as good a reason as that nobody is left.
	_ = waitWithin(ctx, lingerTime, lingerInterval, func(ctx context.Context) error {
		if _, err := to.info(ctx); err != nil {
			return nil
		}
		return hasNoClients(ctx, from)
	})
	if ctx.Err() == nil {
		// An Envoy that does not answer has ended.
		_ = from.quit(ctx)
	}
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

// endWithLastClient ends an Envoy that drains, when it has no clients any more or lastClientsTime is over.
func endWithLastClient(ctx context.Context, envoy admin) error {
	waited := waitUntil(ctx, lastClientsTime, func(ctx context.Context) error {
		if err := hasStopped(ctx, envoy); err != nil {
			return err
		}
		return hasNoClients(ctx, envoy)
	})
	if waited != nil && ctx.Err() != nil {
		return waited
	}
	return envoy.quit(ctx)
}

// hasStopped returns nil when an Envoy accepts nothing more.
func hasStopped(ctx context.Context, envoy admin) error {
	counts, err := envoy.counts(ctx, clientCounts)
	if err != nil {
		return err
	}
	return stoppedListening(counts)
}

// hasNoClients returns nil when no connection to an Envoy is open.
func hasNoClients(ctx context.Context, envoy admin) error {
	counts, err := envoy.counts(ctx, clientCounts)
	if err != nil {
		return err
	}
	return noneOpen(counts)
}

// clientCounts are the names of Envoy's own counters that tell whether it has clients, and may get others.
const clientCounts = `^(listener_manager\.(listener_stopped|total_listeners_active)|listener\..*\.downstream_cx_active)$`

func stoppedListening(counts map[string]int) error {
	stopped, active := counts["listener_manager.listener_stopped"], counts["listener_manager.total_listeners_active"]
	if stopped < active {
		return fmt.Errorf("%d of %d listeners are closed", stopped, active)
	}
	return nil
}

func noneOpen(counts map[string]int) error {
	open := 0
	for name, count := range counts {
		if strings.HasSuffix(name, ".downstream_cx_active") && !strings.HasPrefix(name, "listener.admin.") {
			open += count
		}
	}
	if open > 0 {
		return fmt.Errorf("%d connections are open", open)
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
	return waitWithin(ctx, limit, pollInterval, check)
}

func waitWithin(ctx context.Context, limit, interval time.Duration, check func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	ticker := time.NewTicker(interval)
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
