package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/grpcprobe"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/pauseimage"
	"brainpod.io/engine/internal/walls"
)

func (c *Cluster) containerd() component.Component {
	return component.Component{
		Name:    Containerd,
		Prepare: func(context.Context) error { return c.prepareContainerd() },
		Command: func() (component.Command, error) {
			return component.Command{
				Path: c.cfg.Bin("containerd"),
				Args: []string{"--config", c.configPath("containerd.toml")},
				// It looks up its shim by name.
				Env: []string{"PATH=" + c.cfg.BinDir + string(os.PathListSeparator) + os.Getenv("PATH")},
			}, nil
		},
		Ready: func(ctx context.Context) error {
			return grpcprobe.Call(ctx, c.cfg.ContainerdSocket(), "/runtime.v1.RuntimeService/Version")
		},
	}
}

// Everything of a boot is below the run directory: network namespaces and mounts
// that are found there are this engine's, and nobody else's.
var containerdConfig = template.Must(template.New("containerd").Parse(`version = 3
root = {{printf "%q" .Root}}
state = {{printf "%q" .State}}
imports = []

[grpc]
  address = {{printf "%q" .Socket}}

[plugins."io.containerd.shim.v1.manager"]
  socket_dir = {{printf "%q" .ShimSockets}}

[plugins."io.containerd.nri.v1.nri"]
  disable = true

[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  discard_unpacked_layers = true
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = {{printf "%q" .PauseImage}}
  [plugins."io.containerd.cri.v1.images".registry]
    config_path = {{printf "%q" .RegistryHosts}}

[plugins."io.containerd.cri.v1.runtime"]
  restrict_oom_score_adj = {{.RestrictOOMScoreAdj}}
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = [{{printf "%q" .CNIDir}}, {{printf "%q" .OwnCNIDir}}]
    conf_dir = {{printf "%q" .NetworkConfig}}
    use_internal_loopback = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      Root = {{printf "%q" .RuncRoot}}
      SystemdCgroup = {{.SystemdCgroup}}
`))

func (c *Cluster) prepareContainerd() error {
	pauseImage, err := pauseimage.Reference(c.cfg.Bin("pause"))
	if err != nil {
		return err
	}
	run := func(name string) string { return filepath.Join(c.cfg.RunDir, name) }
	var content bytes.Buffer
	err = containerdConfig.Execute(&content, struct {
		Root, State, Socket, ShimSockets, PauseImage, RegistryHosts, CNIDir, OwnCNIDir, NetworkConfig, RuncRoot string
		RestrictOOMScoreAdj, SystemdCgroup                                                                      bool
	}{
		Root: filepath.Join(c.cfg.DataDir, "containerd"), State: run("containerd"), Socket: c.cfg.ContainerdSocket(),
		ShimSockets: run("s"), PauseImage: pauseImage, RegistryHosts: c.configPath("registry-hosts"),
		CNIDir: c.cniDir, OwnCNIDir: run("cni"), NetworkConfig: c.configPath("network"), RuncRoot: run("runc"),
		RestrictOOMScoreAdj: c.variant.RestrictOOMScoreAdj, SystemdCgroup: c.variant.CgroupDriver == "systemd",
	})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(run("s"), 0o700); err != nil {
		return err
	}
	if err := atomicfile.WriteIfChanged(c.configPath("containerd.toml"), content.Bytes(), 0o600); err != nil {
		return err
	}
	if err := c.linkPlugin(); err != nil {
		return err
	}
	if err := c.writeNetworkConfig(); err != nil {
		return err
	}
	return c.writeRegistryHosts()
}

// linkPlugin gives the engine's program the name by which the runtime looks for our network plugin.
func (c *Cluster) linkPlugin() error {
	link, target := filepath.Join(c.cfg.RunDir, "cni", walls.PluginType), c.cfg.Bin("engine")
	if present, err := os.Readlink(link); err == nil && present == target {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o755); err != nil {
		return err
	}
	if err := os.Remove(link); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.Symlink(target, link)
}

// writeNetworkConfig gives each pod a cable of its own to this machine, which routes between them, so that every packet
// passes the network policies: between two ports of a bridge that depends on how the kernel was built. The addresses
// given away are remembered in the run directory: after a reboot nobody holds one.
func (c *Cluster) writeNetworkConfig() error {
	return c.writeConfig(filepath.Join("network", "10-pods.conflist"), object{
		"cniVersion": "1.0.0", "name": network.PodNetwork(c.cfg), "plugins": []object{{
			"type": "ptp",
			// The engine's own table masquerades: the plugin would do it with iptables.
			"ipMasq": false,
			"ipam": object{
				"type": "host-local", "dataDir": filepath.Join(c.cfg.RunDir, "addresses"),
				"ranges": [][]object{{{"subnet": c.cfg.PodCIDR}}},
				"routes": []object{{"dst": "0.0.0.0/0"}},
			},
		}, {
			"type": walls.PluginType, "socket": walls.SocketPath(filepath.Join(c.cfg.RunDir, "walls")),
			"interfaceGroup": network.PodGroup(c.cfg),
		}},
	})
}

// writeRegistryHosts tells the runtime where registries are reached, and forgets
// those that are not configured any more.
func (c *Cluster) writeRegistryHosts() error {
	root := c.configPath("registry-hosts")
	entries, err := os.ReadDir(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	wanted := registryHosts(c.cfg)
	for _, entry := range entries {
		if _, present := wanted[entry.Name()]; !present {
			if err := os.RemoveAll(filepath.Join(root, entry.Name())); err != nil {
				return err
			}
		}
	}
	for name, content := range wanted {
		if err := atomicfile.WriteIfChanged(filepath.Join(root, name, "hosts.toml"), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// registryHosts says of each registry, by its name, where the runtime reaches it.
func registryHosts(cfg *config.Config) map[string]string {
	files := map[string]string{}
	for name, address := range cfg.RegistryHosts {
		files[name] = fmt.Sprintf("server = %q\n\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", address, address)
	}
	for _, name := range cfg.RegistryMirrors {
		own := fmt.Sprintf("http://127.0.0.1:%d/v2/%s", cfg.Ports.Registry, name)
		files[name] = fmt.Sprintf("server = %q\n\n[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n",
			"https://"+addressOfRegistry(name), own)
	}
	return files
}

// addressOfRegistry is the host that answers for a registry. Docker Hub answers by another name than its images bear.
func addressOfRegistry(name string) string {
	if name == "docker.io" {
		return "registry-1.docker.io"
	}
	return name
}

// ensurePauseImage brings the image that every pod begins with into the runtime.
func (c *Cluster) ensurePauseImage(ctx context.Context) error {
	program, err := os.ReadFile(c.cfg.Bin("pause"))
	if err != nil {
		return fmt.Errorf("cannot read the pause program: %w", err)
	}
	image, err := pauseimage.Pack(program)
	if err != nil {
		return err
	}
	present, err := c.ctr(ctx, nil, "images", "list", "--quiet", "name=="+image.Reference)
	if err != nil {
		return err
	}
	if strings.TrimSpace(present) == image.Reference {
		return nil
	}
	_, err = c.ctr(ctx, image.Archive, "images", "import", "-")
	return err
}

func (c *Cluster) ctr(ctx context.Context, input []byte, args ...string) (string, error) {
	command := exec.CommandContext(ctx, c.cfg.Bin("ctr"),
		append([]string{"--address", c.cfg.ContainerdSocket(), "--namespace", "k8s.io"}, args...)...)
	command.Stdin = bytes.NewReader(input)
	var output, complaint bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("ctr %s %s: %w: %s", args[0], args[1], err, strings.TrimSpace(complaint.String()))
	}
	return output.String(), nil
}
