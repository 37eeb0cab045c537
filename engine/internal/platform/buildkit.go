package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/buildstep"
	"brainpod.io/engine/internal/cgroups"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/grpcprobe"
	"brainpod.io/engine/internal/leftovers"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/probe"
	"brainpod.io/engine/internal/procfs"
	"golang.org/x/sys/unix"
)

const (
	buildkitName = "buildkitd"
	// maxBuildSteps run at the same time: builds must leave the apps that run here some of the machine.
	maxBuildSteps = 2

	killTime, killPoll = 5 * time.Second, 10 * time.Millisecond
)

func buildkitData(cfg *config.Config) string { return filepath.Join(cfg.DataDir, "buildkit") }
func buildkitRun(cfg *config.Config) string  { return filepath.Join(cfg.RunDir, "buildkit") }

// buildCgroup is relative to the root of a hierarchy, without a leading slash.
func buildCgroup(cfg *config.Config) string { return cfg.Name + "/buildkit" }

// BuildkitSocket is where builds are asked for. Only root may use it.
func BuildkitSocket(cfg *config.Config) string { return filepath.Join(cfg.RunDir, "buildkitd.sock") }

func buildkit(cfg *config.Config) component.Component {
	run := buildkitRun(cfg)
	paths := buildkitPaths{
		config: filepath.Join(run, "buildkitd.toml"), network: filepath.Join(run, "network.conflist"),
		addresses: filepath.Join(run, "addresses"), steps: filepath.Join(run, "steps"), temporary: filepath.Join(run, "tmp"),
	}
	return component.Component{
		Name:    buildkitName,
		Needs:   []string{registryName, dnsName},
		Prepare: func(context.Context) error { return prepareBuildkit(cfg, paths) },
		Command: func() (component.Command, error) {
			return component.Command{
				Path: cfg.Bin(buildkitName), Args: []string{"--config", paths.config},
				Env: []string{
					// What it mounts for a moment must be found again where a teardown looks.
					"TMPDIR=" + paths.temporary,
					buildstep.SettingsVariable + "=" + filepath.Join(paths.steps, buildstep.SettingsFile),
				},
			}, nil
		},
		Ready: func(ctx context.Context) error {
			return grpcprobe.Call(ctx, BuildkitSocket(cfg), "/moby.buildkit.v1.Control/ListWorkers")
		},
		StopTimeout: 15 * time.Second,
	}
}

type buildkitPaths struct{ config, network, addresses, steps, temporary string }

func prepareBuildkit(cfg *config.Config, paths buildkitPaths) error {
	if err := cleanUp(cfg); err != nil {
		return err
	}
	// Addresses of containers that a killed buildkitd left are free again now.
	if err := os.RemoveAll(paths.addresses); err != nil {
		return err
	}
	for _, folder := range []string{buildkitData(cfg), paths.steps, paths.temporary} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	if err := os.Chmod(paths.steps, 0o755); err != nil {
		return err
	}
	runc, err := exec.LookPath("runc")
	if err != nil {
		return fmt.Errorf("runc is needed to build images: apt-get install runc: %w", err)
	}
	if err := buildstep.WriteSettings(paths.steps, runc, buildstep.FromHost(os.Environ())); err != nil {
		return err
	}
	conflist, err := buildNetworkConfiguration(cfg, paths.addresses)
	if err != nil {
		return err
	}
	if err := atomicfile.WriteIfChanged(paths.network, conflist, 0o600); err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(cfg.DataDir, &disk); err != nil {
		return err
	}
	limits := cacheLimits(disk.Blocks * uint64(disk.Bsize))
	return atomicfile.WriteIfChanged(paths.config, buildkitConfiguration(cfg, paths.network, limits), 0o600)
}

// cleanUp removes what a buildkitd that was killed has left: nobody waits for the containers of its builds any more.
func cleanUp(cfg *config.Config) error {
	left, err := cgroups.Processes(buildCgroup(cfg))
	if err != nil {
		return err
	}
	for _, process := range left {
		if err := syscall.Kill(process.PID, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("a container of an earlier build cannot be ended: %w", err)
		}
	}
	for deadline := time.Now().Add(killTime); slices.ContainsFunc(left, isAlive); time.Sleep(killPoll) {
		if time.Now().After(deadline) {
			return errors.New("containers of an earlier build do not end although they were killed")
		}
	}
	mounts, err := leftovers.Mounts(cfg)
	if err != nil {
		return err
	}
	for _, mount := range mounts {
		if !isBelow(mount.Path, buildkitData(cfg)) && !isBelow(mount.Path, buildkitRun(cfg)) {
			continue
		}
		if err := unix.Unmount(mount.Path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("%s cannot be unmounted: %w", mount.Path, err)
		}
	}
	return cgroups.Remove(buildCgroup(cfg))
}

func isAlive(process procfs.Process) bool { return procfs.IsAlive(process.PID, process.StartTime) }

func isBelow(path, folder string) bool { return strings.HasPrefix(path, folder+"/") }

// buildNetworkConfiguration puts build steps on a bridge of their own. The engine's firewall table masquerades them.
func buildNetworkConfiguration(cfg *config.Config, addresses string) ([]byte, error) {
	return json.MarshalIndent(object{
		"cniVersion": "1.0.0",
		"name":       network.BuildNetwork(cfg),
		"plugins": []object{{
			"type": "bridge", "bridge": cfg.Bridges.Build, "isGateway": true, "ipMasq": false, "hairpinMode": false,
			"ipam": object{
				"type": "host-local", "dataDir": addresses,
				"ranges": [][]object{{{"subnet": cfg.BuildCIDR}}},
				"routes": []object{{"dst": "0.0.0.0/0"}},
			},
		}},
	}, "", "  ")
}

// limits bound the disk that BuildKit's cache takes, in bytes.
type limits struct {
	// reserved is never collected; above most the oldest is collected at once; below free the cache shrinks to reserved.
	reserved, most, free uint64
}

func cacheLimits(disk uint64) limits {
	const gib = 1 << 30
	most := min(max(disk/10, 2*gib), 40*gib)
	return limits{reserved: most / 4, most: most, free: min(max(disk/10, 2*gib), 20*gib)}
}

func buildkitConfiguration(cfg *config.Config, conflist string, limits limits) []byte {
	mirror := net.JoinHostPort("127.0.0.1", strconv.Itoa(cfg.Ports.Registry))
	return fmt.Appendf(nil, `root = %[1]q
insecure-entitlements = []

[log]
  level = "warn"

[grpc]
  address = [%[2]q]
  uid = 0
  gid = 0

[otel]
  socketPath = %[3]q

[cdi]
  disabled = true

[dns]
  nameservers = [%[4]q]

[history]
  maxAge = 172800
  maxEntries = 50

[worker.oci]
  enabled = true
  snapshotter = "overlayfs"
  rootless = false
  noProcessSandbox = false
  binary = %[5]q
  networkMode = "cni"
  cniConfigPath = %[6]q
  cniBinaryPath = %[7]q
  defaultCgroupParent = %[8]q
  max-parallelism = %[9]d
  gc = true
  reservedSpace = %[10]d
  maxUsedSpace = %[11]d
  minFreeSpace = %[12]d

[worker.containerd]
  enabled = false

[registry."docker.io"]
  mirrors = [%[13]q]

[registry.%[14]q]
  http = true
`, buildkitData(cfg), "unix://"+BuildkitSocket(cfg), filepath.Join(buildkitRun(cfg), "otel.sock"), cfg.DNSAddress,
		cfg.Bin("runc-build"), conflist, probe.CNIDir(), "/"+buildCgroup(cfg), maxBuildSteps,
		limits.reserved, limits.most, limits.free, mirror+"/docker.io", mirror)
}
