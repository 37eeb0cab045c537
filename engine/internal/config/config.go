// Package config reads the engine's one configuration file.
package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Profile is how much the engine runs.
type Profile string

const (
	// Full is everything.
	Full Profile = "full"
	// Bare is Kubernetes, CoreDNS and the edge, without the registry.
	Bare Profile = "bare"
)

// GatewayMode is how many Envoys serve the Gateways.
type GatewayMode string

const (
	// Merged is one Envoy for all Gateways, on the machine's own ports. Two Gateways cannot serve one port differently.
	Merged GatewayMode = "merged"
	// Separate is an Envoy for each Gateway, each with an address of its own out of GatewayCIDR.
	Separate GatewayMode = "separate"
)

// Bridges are the names of the network bridges that the engine makes.
type Bridges struct {
	Node string `json:"node"`
	// Gateways is made only where Gateways are separate.
	Gateways string `json:"gateways"`
}

// Ports are the TCP ports that the engine's components listen on.
type Ports struct {
	EtcdClient int `json:"etcdClient"`
	EtcdPeer   int `json:"etcdPeer"`
	APIServer  int `json:"apiserver"`
	Registry   int `json:"registry"`
	HTTP       int `json:"http"`
	HTTPS      int `json:"https"`
}

// Config is the whole configuration, defaults filled in. Addresses and ranges
// are IPv4. Every path is absolute.
type Config struct {
	// Name tells engines on one machine apart. It names their control groups.
	Name string `json:"name"`
	// DataDir is the engine's own folder for what must outlive a reboot.
	DataDir string `json:"dataDir"`
	// RunDir is the engine's own folder for sockets, locks and what may be lost at a reboot.
	RunDir string `json:"runDir"`
	// LogDir takes one log file per component; DataDir/logs by default.
	LogDir string `json:"logDir"`
	// BinDir holds the engine's binaries.
	BinDir string `json:"binDir"`
	// EnvoyBinary is Envoy itself; BinDir/envoy by default.
	EnvoyBinary string `json:"envoyBinary"`

	NodeName          string `json:"nodeName"`
	NodeAddress       string `json:"nodeAddress"`
	DNSAddress        string `json:"dnsAddress"`
	PodCIDR           string `json:"podCidr"`
	ClusterCIDR       string `json:"clusterCidr"`
	ServiceCIDR       string `json:"serviceCidr"`
	DNSServiceAddress string `json:"dnsServiceAddress"`
	// GatewayCIDR holds the addresses of separate Gateways. It means nothing where they are merged.
	GatewayCIDR string `json:"gatewayCidr"`

	Bridges      Bridges `json:"bridges"`
	Ports        Ports   `json:"ports"`
	GatewayClass string  `json:"gatewayClass"`
	// AccessLogSocket is where Envoy tells of each request, by its access log service over gRPC: a unix socket's path. Nobody
	// is told where it is empty; nothing waits while nobody listens there.
	AccessLogSocket string `json:"accessLogSocket"`
	// Gateways is Merged or Separate.
	Gateways GatewayMode `json:"gateways"`
	// RegistryHosts maps a registry's name in image references to the address
	// where the container runtime reaches it.
	RegistryHosts map[string]string `json:"registryHosts"`
	// RegistryMirrors names registries whose images the container runtime gets from our own registry where it has them,
	// in repositories that begin with the registry's name, and from the registry itself where it has not.
	RegistryMirrors []string `json:"registryMirrors"`
	Profile         Profile  `json:"profile"`

	// Path is the file that all this was read from.
	Path string `json:"-"`
}

// Bin is the path of one of the engine's binaries.
func (c *Config) Bin(name string) string { return filepath.Join(c.BinDir, name) }

// Kubeconfig is the path of the kubeconfig for the Brainpod server.
func (c *Config) Kubeconfig() string { return filepath.Join(c.RunDir, "kubeconfig") }

// AdminKubeconfig is the path of the kubeconfig that may do everything.
func (c *Config) AdminKubeconfig() string { return filepath.Join(c.RunDir, "admin.kubeconfig") }

// ContainerdSocket is the path of the container runtime's socket.
func (c *Config) ContainerdSocket() string { return filepath.Join(c.RunDir, "containerd.sock") }

// APIServerURL is where every component reaches the API server.
func (c *Config) APIServerURL() string {
	return fmt.Sprintf("https://%s:%d", c.NodeAddress, c.Ports.APIServer)
}

// PodLogs is where the kubelet keeps what containers write: a folder of this
// engine's, because a kubelet removes logs of pods that it does not know.
func (c *Config) PodLogs() string { return filepath.Join(c.DataDir, "pod-logs") }

// CgroupParent is the control group, from the hierarchy's root, under which all
// containers of this engine live: pods in children that the kubelet makes, and
// other containers in `CgroupParent()/<their own name>`.
func (c *Config) CgroupParent() string { return "/" + c.Name }

// Load reads a configuration file, fills in what it leaves out and checks it.
// The error names every fault at once, each with its path in the file.
func Load(path string) (*Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read the engine's configuration: %w", err)
	}
	cfg, err := Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("the engine's configuration %s is not usable:\n%w", path, err)
	}
	cfg.Path, err = filepath.Abs(path)
	return cfg, err
}

// Parse is Load for a file's content.
func Parse(raw []byte) (*Config, error) {
	cfg := defaults()
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(cfg); err != nil {
		return nil, fmt.Errorf("not valid JSON of the expected shape: %w", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not valid JSON of the expected shape: something follows the configuration")
	}
	if cfg.LogDir == "" && cfg.DataDir != "" {
		cfg.LogDir = filepath.Join(cfg.DataDir, "logs")
	}
	if cfg.EnvoyBinary == "" && cfg.BinDir != "" {
		cfg.EnvoyBinary = filepath.Join(cfg.BinDir, "envoy")
	}
	if faults := check(cfg); len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return cfg, nil
}

func defaults() *Config {
	return &Config{
		Name:              "brainpod",
		NodeName:          "brainpod",
		NodeAddress:       "10.244.255.1",
		DNSAddress:        "10.244.255.53",
		PodCIDR:           "10.244.0.0/24",
		ClusterCIDR:       "10.244.0.0/16",
		ServiceCIDR:       "10.96.0.0/16",
		DNSServiceAddress: "10.96.0.10",
		GatewayCIDR:       "10.243.253.0/24",
		Bridges:           Bridges{Node: "brainpod-node", Gateways: "brainpod-edge"},
		Ports: Ports{
			EtcdClient: 2379, EtcdPeer: 2380, APIServer: 6443,
			Registry: 4650, HTTP: 80, HTTPS: 443,
		},
		GatewayClass:  "brainpod",
		Gateways:      Merged,
		RegistryHosts: map[string]string{"registry.brainpod.localhost": "http://127.0.0.1:4600"},
		Profile:       Full,
	}
}
