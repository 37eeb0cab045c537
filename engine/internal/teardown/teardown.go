// Package teardown removes what an engine has made on its machine, except its data.
package teardown

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/leftovers"
	"brainpod.io/engine/internal/lock"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/owned"
	"brainpod.io/engine/internal/procfs"
)

const (
	engineStop    = 60 * time.Second
	containerStop = 10 * time.Second
	killed        = 10 * time.Second
	poll          = 50 * time.Millisecond
	passes        = 3

	containerLogLinks = "/var/log/containers"
)

// Run ends an engine that runs here, its containers and whatever else is its own,
// and removes what they had made. It may be run at any time and as often as one
// likes; it needs no part of the engine to be alive.
func Run(ctx context.Context, cfg *config.Config, logf func(string, ...any)) error {
	if err := stopEngine(cfg, logf); err != nil {
		return err
	}
	if err := endContainers(cfg, logf); err != nil {
		return err
	}
	var last error
	// Something may appear while others are removed, such as a child of a process
	// that was about to end: once more, then.
	for range passes {
		last = errors.Join(killRest(cfg), remove(ctx, cfg))
		left, err := leftovers.Find(ctx, cfg)
		if err != nil {
			return err
		}
		if len(left) == 0 {
			return nil
		}
		if last == nil {
			last = fmt.Errorf("%d things could not be removed, the first of them: %s %s", len(left), left[0].Kind, left[0].Name)
		}
	}
	return last
}

func remove(ctx context.Context, cfg *config.Config) error {
	faults := []error{
		unmount(cfg),
		network.RemoveLinks(cfg),
		removeRules(ctx, cfg),
		removeFiles(ctx, cfg),
		cgroups.Remove(cfg.Name),
	}
	return errors.Join(faults...)
}

func removeRules(ctx context.Context, cfg *config.Config) error {
	err := network.RemoveRules(ctx, cfg)
	if errors.Is(err, exec.ErrNotFound) {
		// Without nft there was never a rule.
		return nil
	}
	return err
}

func stopEngine(cfg *config.Config, logf func(string, ...any)) error {
	pid, err := lock.Holder(cfg)
	if err != nil || pid == 0 {
		return err
	}
	process, err := procfs.Read(pid)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	logf("stopping the engine (process %d)", pid)
	if err := signal(pid, syscall.SIGTERM); err != nil {
		return err
	}
	if waitForEnd([]procfs.Process{process}, engineStop) {
		return nil
	}
	logf("the engine did not stop within %s and is killed", engineStop)
	if err := signal(pid, syscall.SIGKILL); err != nil {
		return err
	}
	waitForEnd([]procfs.Process{process}, killed)
	return nil
}

// endContainers lets the containers' programs end in their own way first. A
// container's own first process is the one whose parent is outside of containers.
func endContainers(cfg *config.Config, logf func(string, ...any)) error {
	processes, err := owned.Processes(cfg)
	if err != nil {
		return err
	}
	contained := map[int]bool{}
	var all []procfs.Process
	for _, process := range processes {
		if process.Kind == owned.Container {
			contained[process.PID] = true
			all = append(all, process.Process)
		}
	}
	if len(all) == 0 {
		return nil
	}
	logf("ending %d processes in containers", len(all))
	for _, process := range all {
		if contained[process.Parent] {
			continue
		}
		if err := signal(process.PID, syscall.SIGTERM); err != nil {
			return err
		}
	}
	waitForEnd(all, containerStop)
	return nil
}

// killRest kills everything that is still there: shims before their containers,
// whose end they would otherwise begin to clean up after.
func killRest(cfg *config.Config) error {
	for _, kind := range []owned.Kind{owned.Part, owned.Shim, owned.Container} {
		processes, err := owned.Processes(cfg)
		if err != nil {
			return err
		}
		var ended []procfs.Process
		for _, process := range processes {
			if process.Kind != kind {
				continue
			}
			if err := signal(process.PID, syscall.SIGKILL); err != nil {
				return err
			}
			ended = append(ended, process.Process)
		}
		if !waitForEnd(ended, killed) {
			return fmt.Errorf("some processes cannot be killed, such as %s", procfs.Describe(ended[0].PID))
		}
	}
	return nil
}

func signal(pid int, s syscall.Signal) error {
	if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot signal %s: %w", procfs.Describe(pid), err)
	}
	return nil
}

// waitForEnd tells whether all of them ended in time.
func waitForEnd(processes []procfs.Process, timeout time.Duration) bool {
	for deadline := time.Now().Add(timeout); ; time.Sleep(poll) {
		alive := false
		for _, process := range processes {
			alive = alive || procfs.IsAlive(process.PID, process.StartTime)
		}
		if !alive {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

func unmount(cfg *config.Config) error {
	mounts, err := leftovers.Mounts(cfg)
	if err != nil {
		return err
	}
	var faults []error
	for _, mount := range mounts {
		err := unix.Unmount(mount.Path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		if err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
			faults = append(faults, fmt.Errorf("cannot unmount %s: %w", mount.Path, err))
		}
	}
	return errors.Join(faults...)
}

// removeFiles removes what is worth nothing once the processes are gone: by name,
// since a folder named by mistake must not be emptied.
func removeFiles(ctx context.Context, cfg *config.Config) error {
	left, err := leftovers.Mounts(cfg)
	if err != nil {
		return err
	}
	if len(left) > 0 {
		// Never delete through a mount.
		return fmt.Errorf("%s is still mounted", left[0].Path)
	}
	var faults []error
	for _, name := range []string{
		"s", "runc", "containerd", "addresses", "walls", "cni", "survivors", "containerd.sock", "containerd.sock.ttrpc",
		"kubeconfig", "admin.kubeconfig", "coredns", "metrics-server", "registry", "buildkit", "buildkitd.sock", "edge",
		"status.json",
	} {
		faults = append(faults, os.RemoveAll(filepath.Join(cfg.RunDir, name)))
	}
	faults = append(faults, removeLogLinks(cfg))
	items, err := network.Find(ctx, cfg)
	faults = append(faults, err)
	for _, item := range items {
		if item.Kind == "cni" {
			faults = append(faults, os.Remove(item.Name))
		}
	}
	return errors.Join(faults...)
}

// removeLogLinks removes the links that the kubelet made to containers' logs, at a
// place that is the same for every kubelet of a machine.
func removeLogLinks(cfg *config.Config) error {
	entries, err := os.ReadDir(containerLogLinks)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	var faults []error
	for _, entry := range entries {
		link := filepath.Join(containerLogLinks, entry.Name())
		target, err := os.Readlink(link)
		if err != nil || !strings.HasPrefix(target, cfg.PodLogs()+"/") {
			// Not a link, or another kubelet's.
			continue
		}
		faults = append(faults, os.Remove(link))
	}
	return errors.Join(faults...)
}
