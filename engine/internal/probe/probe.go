// Package probe gathers facts about the machine that the engine is to run on.
package probe

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/lock"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/variant"
)

// cniDirs are where distributions put network plugins.
var cniDirs = []string{"/usr/lib/cni", "/opt/cni/bin", "/usr/libexec/cni"}

// Gather looks at the machine. It changes nothing that lasts; kernel modules that
// are needed and not loaded yet may be loaded. An error is one of looking, not of
// what was found.
func Gather(ctx context.Context, cfg *config.Config) (variant.Facts, error) {
	hierarchies, err := cgroups.Hierarchies()
	if err != nil {
		return variant.Facts{}, err
	}
	facts := variant.Facts{
		Kernel:            kernelRelease(),
		Root:              os.Geteuid() == 0,
		Cgroup:            cgroups.Version(hierarchies),
		CgroupControllers: cgroups.Controllers(hierarchies),
		Systemd:           exists("/run/systemd/system"),
		CPUs:              runtime.NumCPU(),
		Programs:          programs("nft", "runc", "mount", "umount"),
		CNIPlugins:        map[string]string{},
		Binaries:          binaries(cfg),
		ForwardDropped:    network.ForwardDropped(ctx),
	}
	if cfg.Gateways == config.Separate {
		maps.Copy(facts.Programs, programs("nsenter"))
	}
	dir := CNIDir()
	for _, plugin := range []string{"host-local", "ptp"} {
		facts.CNIPlugins[plugin] = ifThere(filepath.Join(dir, plugin))
	}
	if facts.CapSysResource, err = hasCapability(unix.CAP_SYS_RESOURCE); err != nil {
		return facts, err
	}
	if facts.MemoryTotalBytes, facts.MemoryAvailableBytes, err = memory(); err != nil {
		return facts, err
	}
	if facts.Disk, err = disk(cfg.DataDir); err != nil {
		return facts, err
	}
	facts.Features = features(ctx, facts.Root)
	if facts.Ports, err = portsInUse(cfg); err != nil {
		return facts, err
	}
	if facts.Overlaps, err = overlaps(cfg); err != nil {
		return facts, err
	}
	facts.Engine, err = lock.Holder(cfg)
	return facts, err
}

// CNIDir is the folder with this machine's network plugins.
func CNIDir() string {
	for _, dir := range cniDirs {
		if exists(filepath.Join(dir, "ptp")) {
			return dir
		}
	}
	return cniDirs[0]
}

func kernelRelease() string {
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return ""
	}
	return unix.ByteSliceToString(name.Release[:])
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func ifThere(path string) string {
	if exists(path) {
		return path
	}
	return ""
}

func programs(names ...string) map[string]string {
	found := map[string]string{}
	for _, name := range names {
		path, err := exec.LookPath(name)
		if err != nil {
			path = ""
		}
		found[name] = path
	}
	return found
}

func binaries(cfg *config.Config) map[string]bool {
	names := []string{
		"engine", "kube", "containerd", "containerd-shim-runc-v2", "ctr", "pause", "coredns", "metrics-server", "envoy-gateway",
		"sandbox", "manifests/edge-definitions.yaml",
	}
	if cfg.Profile == config.Full {
		names = append(names, "registry", "buildkitd", "buildctl", "runc-build")
	}
	found := map[string]bool{cfg.EnvoyBinary: exists(cfg.EnvoyBinary)}
	for _, name := range names {
		found[cfg.Bin(name)] = exists(cfg.Bin(name))
	}
	return found
}

func hasCapability(capability int) (bool, error) {
	raw, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false, err
	}
	return parseCapability(string(raw), capability)
}

func parseCapability(status string, capability int) (bool, error) {
	for _, line := range strings.Split(status, "\n") {
		if value, found := strings.CutPrefix(line, "CapEff:"); found {
			mask, err := strconv.ParseUint(strings.TrimSpace(value), 16, 64)
			return mask&(1<<capability) != 0, err
		}
	}
	return false, errors.New("the kernel does not say which capabilities this process has")
}

func memory() (total, available uint64, err error) {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var name string
		var kibibytes uint64
		if _, err := fmt.Sscan(lines.Text(), &name, &kibibytes); err != nil {
			continue
		}
		switch name {
		case "MemTotal:":
			total = kibibytes << 10
		case "MemAvailable:":
			available = kibibytes << 10
		}
	}
	return total, available, lines.Err()
}

// disk looks at the file system that a folder is on, or will be on once it is made.
func disk(path string) (variant.Disk, error) {
	for {
		var stat unix.Statfs_t
		err := unix.Statfs(path, &stat)
		if err == nil {
			size := uint64(stat.Bsize)
			return variant.Disk{Path: path, TotalBytes: stat.Blocks * size, FreeBytes: stat.Bavail * size}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) || path == "/" {
			return variant.Disk{}, fmt.Errorf("cannot look at the disk with %s: %w", path, err)
		}
		path = filepath.Dir(path)
	}
}
