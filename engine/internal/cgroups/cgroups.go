// Package cgroups makes, finds and removes the control groups that containers of
// one engine live in.
package cgroups

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"brainpod.io/engine/internal/procfs"
)

// Hierarchy is one mounted tree of control groups.
type Hierarchy struct {
	Mount string
	// V2 is the unified one; else Controllers are what this tree is for.
	V2          bool
	Controllers []string
}

// Hierarchies returns all trees mounted on this machine.
func Hierarchies() ([]Hierarchy, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	return parse(string(raw)), nil
}

func parse(mountinfo string) []Hierarchy {
	var found []Hierarchy
	for _, line := range strings.Split(mountinfo, "\n") {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 5 || len(right) < 3 {
			continue
		}
		switch right[0] {
		case "cgroup2":
			found = append(found, Hierarchy{Mount: left[4], V2: true})
		case "cgroup":
			found = append(found, Hierarchy{Mount: left[4], Controllers: strings.Split(right[2], ",")})
		}
	}
	return found
}

// Version is "v1" when any controller lives in a tree of its own, "v2" when there
// is only the unified tree, and empty when there is none.
func Version(hierarchies []Hierarchy) string {
	version := ""
	for _, h := range hierarchies {
		if h.V2 && version == "" {
			version = "v2"
		}
		if slices.Contains(h.Controllers, "memory") || slices.Contains(h.Controllers, "cpu") {
			return "v1"
		}
	}
	return version
}

// Controllers are those that can be used, sorted.
func Controllers(hierarchies []Hierarchy) []string {
	known := []string{"blkio", "cpu", "cpuacct", "cpuset", "devices", "freezer", "hugetlb", "io", "memory", "pids"}
	var found []string
	for _, h := range hierarchies {
		names := h.Controllers
		if h.V2 {
			raw, err := os.ReadFile(filepath.Join(h.Mount, "cgroup.controllers"))
			if err != nil {
				continue
			}
			names = strings.Fields(string(raw))
		}
		for _, name := range names {
			if slices.Contains(known, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// Slice is the systemd slice with the same meaning as the group of this name.
// In a slice's name a dash would mean a level.
func Slice(name string) string { return strings.ReplaceAll(name, "-", "_") + ".slice" }

// Ensure makes the group at the root of every tree that the kubelet looks at.
func Ensure(name, driver string) error {
	if driver == "systemd" {
		output, err := exec.Command("systemctl", "start", Slice(name)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("systemd cannot make the slice %s: %w: %s", Slice(name), err, strings.TrimSpace(string(output)))
		}
		return nil
	}
	hierarchies, err := Hierarchies()
	if err != nil {
		return err
	}
	v1 := Version(hierarchies) == "v1"
	for _, h := range hierarchies {
		if h.V2 == v1 {
			continue
		}
		if err := ensureIn(h, name); err != nil {
			return fmt.Errorf("cannot make the control group %s: %w", filepath.Join(h.Mount, name), err)
		}
	}
	return nil
}

func ensureIn(h Hierarchy, name string) error {
	dir := filepath.Join(h.Mount, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if slices.Contains(h.Controllers, "cpuset") {
		// A new group of this controller is empty, and nothing could run in it.
		for _, file := range []string{"cpuset.cpus", "cpuset.mems"} {
			if err := inherit(h.Mount, dir, file); err != nil {
				return err
			}
		}
	}
	if !h.V2 {
		return nil
	}
	raw, err := os.ReadFile(filepath.Join(h.Mount, "cgroup.controllers"))
	if err != nil {
		return err
	}
	var enable []string
	for _, controller := range strings.Fields(string(raw)) {
		enable = append(enable, "+"+controller)
	}
	for _, parent := range []string{h.Mount, dir} {
		path := filepath.Join(parent, "cgroup.subtree_control")
		if err := os.WriteFile(path, []byte(strings.Join(enable, " ")), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func inherit(parent, dir, file string) error {
	present, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(present)) != "" {
		return nil
	}
	value, err := os.ReadFile(filepath.Join(parent, file))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, file), value, 0o644)
}

// Groups returns the folders of the group of this name, one per tree that has it.
func Groups(name string) ([]string, error) {
	hierarchies, err := Hierarchies()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, h := range hierarchies {
		for _, group := range []string{name, Slice(name)} {
			dir := filepath.Join(h.Mount, group)
			if _, err := os.Stat(dir); err == nil {
				found = append(found, dir)
			}
		}
	}
	return found, nil
}

// Processes returns those that live in the group of this name or below it.
func Processes(name string) ([]procfs.Process, error) {
	all, err := procfs.List()
	if err != nil {
		return nil, err
	}
	var found []procfs.Process
	for _, process := range all {
		raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cgroup", process.PID))
		if err == nil && isWithin(string(raw), name) && !process.Zombie {
			found = append(found, process)
		}
	}
	return found, nil
}

func isWithin(memberships, name string) bool {
	for _, line := range strings.Split(memberships, "\n") {
		fields := strings.SplitN(line, ":", 3)
		if len(fields) != 3 {
			continue
		}
		for _, group := range []string{"/" + name, "/" + Slice(name)} {
			if fields[2] == group || strings.HasPrefix(fields[2], group+"/") {
				return true
			}
		}
	}
	return false
}

// Remove removes the group of this name and all below it, which no process may
// live in any more.
func Remove(name string) error {
	groups, err := Groups(name)
	if err != nil {
		return err
	}
	var faults []error
	for _, group := range groups {
		if strings.HasSuffix(group, ".slice") {
			if output, err := exec.Command("systemctl", "stop", Slice(name)).CombinedOutput(); err != nil {
				faults = append(faults, fmt.Errorf("systemd cannot stop %s: %w: %s", Slice(name), err, output))
			}
		}
		faults = append(faults, removeTree(group))
	}
	return errors.Join(faults...)
}

func removeTree(root string) error {
	var dirs []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && entry.IsDir() {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		return err
	}
	// Children come after their parents in a walk.
	for _, dir := range slices.Backward(dirs) {
		if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
