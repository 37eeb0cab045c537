// Package owned finds the processes that belong to one engine, whoever started them.
package owned

import (
	"path/filepath"
	"slices"
	"strings"

	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/procfs"
)

const variable = "BRAINPOD_ENGINE"

// Kind is what a process is to the engine.
type Kind string

const (
	// Part is a component, or a child of one.
	Part Kind = "component"
	// Shim holds one container; it outlives the container runtime.
	Shim Kind = "shim"
	// Container is a process in a container.
	Container Kind = "container"
)

// Process is one that belongs to the engine.
type Process struct {
	procfs.Process
	Kind Kind
}

// Mark is the environment of every process that the engine starts. What they
// start inherits it, except in containers.
func Mark(cfg *config.Config) string { return variable + "=" + cfg.DataDir }

// Owns tells whether a process is one that the engine, or a part of it, started.
func Owns(cfg *config.Config, pid int) bool {
	return slices.Contains(procfs.Environment(pid), Mark(cfg))
}

// Processes returns all that run now.
func Processes(cfg *config.Config) ([]Process, error) {
	inGroups, err := cgroups.Processes(cfg.Name)
	if err != nil {
		return nil, err
	}
	all, err := procfs.List()
	if err != nil {
		return nil, err
	}
	var found []Process
	contained := map[int]bool{}
	for _, process := range inGroups {
		contained[process.PID] = true
		found = append(found, Process{Process: process, Kind: Container})
	}
	shims := map[int]bool{}
	parents := map[int]int{}
	for _, process := range all {
		parents[process.PID] = process.Parent
		shims[process.PID] = isShim(process.PID)
	}
	for _, process := range all {
		if contained[process.PID] || process.Zombie || !Owns(cfg, process.PID) {
			continue
		}
		kind := Part
		// What a shim runs for itself belongs to its container, not to a component.
		for pid := process.PID; pid > 1; pid = parents[pid] {
			if shims[pid] {
				kind = Shim
				break
			}
		}
		found = append(found, Process{Process: process, Kind: kind})
	}
	return found, nil
}

func isShim(pid int) bool {
	return strings.HasPrefix(filepath.Base(procfs.Program(pid)), "containerd-shim-")
}
