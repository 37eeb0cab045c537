// Package cluster is Kubernetes on one node: etcd, its control plane, its node
// components and the container runtime, as the engine's components.
package cluster

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"sync/atomic"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/variant"
)

// Names of the components, for those that need one of them.
const (
	Etcd              = "etcd"
	APIServer         = "kube-apiserver"
	ControllerManager = "kube-controller-manager"
	Scheduler         = "kube-scheduler"
	Containerd        = "containerd"
	Kubelet           = "kubelet"
	KubeProxy         = "kube-proxy"
)

// Ports that Kubernetes' own components serve their state on. All but the kubelet's
// API are on loopback.
const (
	KubeletPort                 = 10250
	kubeletHealthPort           = 10248
	kubeProxyHealthPort         = 10256
	kubeProxyMetricsPort        = 10249
	controllerManagerHealthPort = 10257
	schedulerHealthPort         = 10259
)

// Cluster makes the components of one engine's Kubernetes.
type Cluster struct {
	cfg     *config.Config
	pki     *pki.PKI
	kubectl *kubectl.Client
	variant variant.Variant
	// cniDir is where the network plugins are.
	cniDir string

	// restart asks the supervisor to restart a component and all that need it.
	restart func(name string)
	// etcdToken changes when etcd begins with nothing; startedWithToken is the one
	// that the other components were started with.
	etcdToken, startedWithToken atomic.Pointer[string]
}

// New returns a Cluster. restart restarts a component with all that need it; it may
// be called from any goroutine.
func New(
	cfg *config.Config, keys *pki.PKI, client *kubectl.Client, v variant.Variant, cniDir string, restart func(string),
) *Cluster {
	return &Cluster{cfg: cfg, pki: keys, kubectl: client, variant: v, cniDir: cniDir, restart: restart}
}

// Components returns them all.
func (c *Cluster) Components() []component.Component {
	return []component.Component{
		c.etcd(), c.containerd(), c.apiServer(), c.controllerManager(), c.scheduler(), c.kubelet(), c.kubeProxy(),
	}
}

// AdminIdentity is the certificate of the cluster's administrator.
func AdminIdentity(keys *pki.PKI) (pki.Paths, error) {
	return keys.Issue(pki.Request{
		Name: "admin", Authority: pki.Cluster, Usages: pki.Client,
		Subject: pki.Subject{CommonName: "brainpod:admin", Organizations: []string{"system:masters"}},
	})
}

// WriteKubeconfigs writes the files of the Brainpod server and of the administrator,
// whose certificates it renews when they are due.
func (c *Cluster) WriteKubeconfigs() error {
	admin, err := AdminIdentity(c.pki)
	if err != nil {
		return err
	}
	if err := pki.WriteKubeconfig(c.cfg.AdminKubeconfig(), c.cfg.APIServerURL(), admin); err != nil {
		return err
	}
	server, err := c.pki.Issue(pki.Request{
		Name: "brainpod-server", Authority: pki.Cluster, Usages: pki.Client,
		Subject: pki.Subject{CommonName: serverUser},
	})
	if err != nil {
		return err
	}
	return pki.WriteKubeconfig(c.cfg.Kubeconfig(), c.cfg.APIServerURL(), server)
}

// binary is a component's command within the kube binary.
func (c *Cluster) binary(name string, args ...string) (component.Command, error) {
	return component.Command{Path: c.cfg.Bin("kube"), Args: append([]string{name}, args...)}, nil
}

func (c *Cluster) configPath(name string) string { return filepath.Join(c.cfg.DataDir, "config", name) }

// writeConfig writes a component's configuration. Kubernetes reads JSON where it
// reads YAML.
func (c *Cluster) writeConfig(name string, content any) error {
	return c.writeConfigAt(c.configPath(name), content)
}

func (c *Cluster) writeConfigAt(path string, content any) error {
	raw, err := json.MarshalIndent(content, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	return atomicfile.WriteIfChanged(path, append(raw, '\n'), 0o600)
}

// clientKubeconfig writes the kubeconfig of one component and returns its path.
func (c *Cluster) clientKubeconfig(component string, subject pki.Subject) (string, error) {
	identity, err := c.pki.Issue(pki.Request{
		Name: component + "-client", Authority: pki.Cluster, Subject: subject, Usages: pki.Client, Users: []string{component},
	})
	if err != nil {
		return "", err
	}
	path := c.configPath(component + ".kubeconfig")
	return path, pki.WriteKubeconfig(path, c.cfg.APIServerURL(), identity)
}

// servingCertificate is what a component shows to those that connect to it.
func (c *Cluster) servingCertificate(component string, subject pki.Subject, names pki.Names) (pki.Paths, error) {
	return c.pki.Issue(pki.Request{
		Name: component + "-server", Authority: pki.Cluster, Subject: subject, Names: names,
		Usages: pki.Server, Users: []string{component},
	})
}

func loopbackNames() pki.Names {
	return pki.Names{DNS: []string{"localhost"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}
}

// firstServiceAddress is the one that Kubernetes gives to its own API.
func firstServiceAddress(cidr string) net.IP {
	return netip.MustParsePrefix(cidr).Masked().Addr().Next().AsSlice()
}

func loopback(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

type object = map[string]any

// LoopbackPorts are those that only this machine's own checks go to.
var LoopbackPorts = []int{
	kubeletHealthPort, kubeProxyHealthPort, kubeProxyMetricsPort, controllerManagerHealthPort, schedulerHealthPort,
}
