// Package leftovers lists what an engine has made on its machine and has not
// removed yet: processes, mounts, interfaces, firewall rules, control groups.
package leftovers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/owned"
	"brainpod.io/engine/internal/procfs"
)

// Item is one thing that is left.
type Item struct {
	// Kind is "process", "mount", "netns", "interface", "route", "nftables",
	// "iptables", "cgroup", "socket" or "cni".
	Kind string `json:"kind"`
	Name string `json:"name"`
}

// Find lists everything, in the order of kinds. It sees the interfaces and rules of
// the network namespace it is called in.
func Find(ctx context.Context, cfg *config.Config) ([]Item, error) {
	found := []Item{}
	processes, err := owned.Processes(cfg)
	if err != nil {
		return nil, err
	}
	for _, process := range processes {
		name := fmt.Sprintf("%d %s (%s)", process.PID, strings.Join(procfs.Arguments(process.PID), " "), process.Kind)
		found = append(found, Item{Kind: "process", Name: name})
	}
	mounts, err := Mounts(cfg)
	if err != nil {
		return nil, err
	}
	for _, mount := range mounts {
		kind := "mount"
		if mount.Namespace {
			kind = "netns"
		}
		found = append(found, Item{Kind: kind, Name: mount.Path})
	}
	items, err := network.Find(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, item := range items {
		found = append(found, Item(item))
	}
	groups, err := cgroups.Groups(cfg.Name)
	if err != nil {
		return nil, err
	}
	for _, group := range groups {
		found = append(found, Item{Kind: "cgroup", Name: group})
	}
	sockets, err := Sockets(cfg)
	for _, socket := range sockets {
		found = append(found, Item{Kind: "socket", Name: socket})
	}
	return found, err
}

// Mount is something mounted in the engine's folders.
type Mount struct {
	Path string
	// Namespace is a network namespace that is held by being mounted.
	Namespace bool
}

// Mounts lists what is mounted below the engine's folders, innermost first. A
// folder of the engine's that is a mount by itself is not the engine's.
func Mounts(cfg *config.Config) ([]Mount, error) {
	raw, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	roots := []string{cfg.RunDir, cfg.DataDir}
	for _, root := range slices.Clone(roots) {
		// The kernel writes paths without symbolic links, such as /var/run's.
		if resolved, err := filepath.EvalSymlinks(root); err == nil {
			roots = append(roots, resolved)
		}
	}
	return parseMounts(string(raw), roots), nil
}

func parseMounts(mountinfo string, roots []string) []Mount {
	var found []Mount
	for _, line := range strings.Split(mountinfo, "\n") {
		before, after, ok := strings.Cut(line, " - ")
		fields := strings.Fields(before)
		if !ok || len(fields) < 5 {
			continue
		}
		path := unescape(fields[4])
		within := slices.ContainsFunc(roots, func(root string) bool { return strings.HasPrefix(path, root+"/") })
		if within {
			found = append(found, Mount{Path: path, Namespace: strings.HasPrefix(after, "nsfs ")})
		}
	}
	// What was mounted last may lie on top of what was mounted before.
	slices.Reverse(found)
	return found
}

// unescape undoes how the kernel writes blanks and backslashes in paths.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// Sockets lists the sockets of shims in the run directory.
func Sockets(cfg *config.Config) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(cfg.RunDir, "s"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var found []string
	for _, entry := range entries {
		found = append(found, filepath.Join(cfg.RunDir, "s", entry.Name()))
	}
	return found, err
}
