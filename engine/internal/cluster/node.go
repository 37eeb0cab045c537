package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/pki"
)

const (
	nodeReadyTimeout = 30 * time.Second
	nodeReadyPoll    = 200 * time.Millisecond
	mostPods         = 200
	// mostProcesses of one pod, threads among them: a pod that forks on and on runs out of its own.
	mostProcesses = 2048
)

func (c *Cluster) kubelet() component.Component {
	return component.Component{
		Name:    Kubelet,
		Needs:   []string{Containerd, APIServer},
		Prepare: c.prepareKubelet,
		Command: func() (component.Command, error) {
			return c.binary(Kubelet,
				"--config="+c.configPath("kubelet.json"),
				"--kubeconfig="+c.configPath(Kubelet+".kubeconfig"),
				"--root-dir="+c.kubeletDir(),
				"--cert-dir="+filepath.Join(c.kubeletDir(), "pki"),
				"--hostname-override="+c.cfg.NodeName,
				"--node-ip="+c.cfg.NodeAddress,
			)
		},
		Ready:   func(ctx context.Context) error { return getPlain(ctx, kubeletHealthPort, "/healthz") },
		Settled: c.waitForNode,
	}
}

func (c *Cluster) kubeletDir() string { return filepath.Join(c.cfg.DataDir, "kubelet") }

func (c *Cluster) prepareKubelet(ctx context.Context) error {
	user := "system:node:" + c.cfg.NodeName
	subject := pki.Subject{CommonName: user, Organizations: []string{"system:nodes"}}
	if _, err := c.clientKubeconfig(Kubelet, subject); err != nil {
		return err
	}
	serving, err := c.servingCertificate(Kubelet, subject, pki.Names{
		DNS: []string{c.cfg.NodeName}, IPs: []net.IP{net.ParseIP(c.cfg.NodeAddress)},
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{c.kubeletDir(), c.cfg.PodLogs()} {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return err
		}
	}
	if err := c.writeConfig("kubelet.json", c.kubeletConfig(serving, resolvConf())); err != nil {
		return err
	}
	return c.ensurePauseImage(ctx)
}

func (c *Cluster) kubeletConfig(serving pki.Paths, resolver string) object {
	limits := c.variant.Thresholds
	free := fmt.Sprint(limits.EvictionFreeBytes)
	return object{
		"apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
		"address": c.cfg.NodeAddress, "port": KubeletPort, "readOnlyPort": 0,
		"healthzBindAddress": "127.0.0.1", "healthzPort": kubeletHealthPort,
		"authentication": object{
			"anonymous": object{"enabled": false},
			"webhook":   object{"enabled": true},
			"x509":      object{"clientCAFile": serving.CA},
		},
		"authorization":            object{"mode": "Webhook"},
		"tlsCertFile":              serving.Cert,
		"tlsPrivateKeyFile":        serving.Key,
		"tlsMinVersion":            "VersionTLS12",
		"containerRuntimeEndpoint": "unix://" + c.cfg.ContainerdSocket(),
		"cgroupDriver":             c.variant.CgroupDriver,
		"cgroupRoot":               c.cfg.CgroupParent(),
		"failCgroupV1":             c.variant.FailCgroupV1,
		"failSwapOn":               false,
		"featureGates":             object{"KubeletInUserNamespace": c.variant.KubeletInUserNamespace},
		"clusterDNS":               []string{c.cfg.DNSServiceAddress},
		"clusterDomain":            "cluster.local",
		"resolvConf":               resolver,
		"podLogsDir":               c.cfg.PodLogs(),
		"volumePluginDir":          filepath.Join(c.kubeletDir(), "volume-plugins"),
		"maxPods":                  mostPods,
		"podPidsLimit":             mostProcesses,
		"seccompDefault":           true,
		// The API server lets a node see a Secret only a moment after the node was told of the pod that needs it. A watch
		// would be refused right then and not tried again in time: the image would be pulled without its credentials.
		"configMapAndSecretChangeDetectionStrategy": "Cache",
		// All our firewall rules are nftables'; these would be iptables'.
		"makeIPTablesUtilChains": false,
		"containerLogMaxSize":    "10Mi",
		"containerLogMaxFiles":   4,
		// The shortest that it takes: between two looks a container may write past the bound.
		"containerLogMonitorInterval":      "3s",
		"imageGCHighThresholdPercent":      limits.ImageHighPercent,
		"imageGCLowThresholdPercent":       limits.ImageLowPercent,
		"imageMaximumGCAge":                "168h",
		"evictionPressureTransitionPeriod": "1m",
		"evictionHard": object{
			"memory.available":   fmt.Sprint(limits.EvictionMemoryBytes),
			"nodefs.available":   free,
			"imagefs.available":  free,
			"nodefs.inodesFree":  "2%",
			"imagefs.inodesFree": "2%",
			"pid.available":      "5%",
		},
		"kubeReserved": object{"memory": fmt.Sprint(limits.ReservedMemoryBytes)},
	}
}

// resolvConf is what pods that do not use the cluster's DNS get. A resolver on
// loopback is this machine's own and cannot be reached from a pod.
func resolvConf() string {
	const usual, resolved = "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"
	raw, err := os.ReadFile(usual)
	if err != nil || !hasOnlyLoopbackServers(string(raw)) {
		return usual
	}
	if _, err := os.Stat(resolved); err != nil {
		return usual
	}
	return resolved
}

func hasOnlyLoopbackServers(content string) bool {
	servers := 0
	for _, line := range strings.Split(content, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		servers++
		if address, err := netip.ParseAddr(fields[1]); err != nil || !address.IsLoopback() {
			return false
		}
	}
	return servers > 0
}

// waitForNode returns nil when the cluster says that this node takes pods.
func (c *Cluster) waitForNode(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, nodeReadyTimeout)
	defer cancel()
	for {
		err := c.nodeReady(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(nodeReadyPoll):
		}
	}
}

func (c *Cluster) nodeReady(ctx context.Context) error {
	raw, err := c.kubectl.Get(ctx, "/api/v1/nodes/"+c.cfg.NodeName)
	if err != nil {
		return err
	}
	var node struct {
		Status struct {
			Conditions []struct{ Type, Status, Message string }
		}
	}
	if err := json.Unmarshal(raw, &node); err != nil {
		return err
	}
	for _, condition := range node.Status.Conditions {
		if condition.Type != "Ready" {
			continue
		}
		if condition.Status == "True" {
			return nil
		}
		return fmt.Errorf("the node is not ready: %s", condition.Message)
	}
	return errors.New("the node has not said yet whether it is ready")
}

func (c *Cluster) kubeProxy() component.Component {
	return component.Component{
		Name:  KubeProxy,
		Needs: []string{APIServer},
		Prepare: func(context.Context) error {
			kubeconfig, err := c.clientKubeconfig(KubeProxy, pki.Subject{CommonName: "system:kube-proxy"})
			if err != nil {
				return err
			}
			return c.writeConfig("kube-proxy.json", c.kubeProxyConfig(kubeconfig))
		},
		Command: func() (component.Command, error) {
			return c.binary(KubeProxy, "--config="+c.configPath("kube-proxy.json"))
		},
		// Not /healthz: that goes by the node's fate, which a restart of this would not change.
		Ready: func(ctx context.Context) error { return getPlain(ctx, kubeProxyHealthPort, "/livez") },
	}
}

func (c *Cluster) kubeProxyConfig(kubeconfig string) object {
	return object{
		"apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration",
		"clientConnection":   object{"kubeconfig": kubeconfig},
		"mode":               "nftables",
		"nftables":           object{"minSyncPeriod": "200ms"},
		"clusterCIDR":        c.cfg.ClusterCIDR,
		"hostnameOverride":   c.cfg.NodeName,
		"healthzBindAddress": loopback(kubeProxyHealthPort),
		"metricsBindAddress": loopback(kubeProxyMetricsPort),
		// The machine's connection tracking is not ours to tune.
		"conntrack": object{
			"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s",
		},
	}
}
