package platform

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"time"

	"brainpod.io/engine/internal/applied"
	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/reserved"
)

const (
	dnsName    = "coredns"
	dnsUser    = "brainpod:coredns"
	resolvConf = "/etc/resolv.conf"
)

func coreDNS(cfg *config.Config, certificates *pki.PKI, client *kubectl.Client) component.Component {
	folder := filepath.Join(cfg.RunDir, dnsName)
	corefilePath, kubeconfig := filepath.Join(folder, "Corefile"), filepath.Join(folder, "kubeconfig")
	writeCorefile := func() error {
		resolvers, err := hostResolvers(resolvConf, cfg.DNSAddress)
		if err != nil {
			return err
		}
		return atomicfile.WriteIfChanged(corefilePath, corefile(cfg.DNSAddress, kubeconfig, resolvers), 0o644)
	}
	return component.Component{
		Name:  dnsName,
		Needs: []string{apiserver},
		Prepare: func(ctx context.Context) error {
			identity, err := certificates.Issue(pki.Request{
				Name: dnsName, Authority: pki.Cluster, Usages: pki.Client,
				Subject: pki.Subject{CommonName: dnsUser}, Users: []string{dnsName},
			})
			if err != nil {
				return err
			}
			if err := os.MkdirAll(folder, 0o700); err != nil {
				return err
			}
			if err := pki.WriteKubeconfig(kubeconfig, cfg.APIServerURL(), identity); err != nil {
				return err
			}
			if err := writeCorefile(); err != nil {
				return err
			}
			return applyObjects(ctx, client, dnsName, dnsManifests(cfg))
		},
		Command: func() (component.Command, error) {
			return component.Command{Path: cfg.Bin("coredns"), Args: []string{"-conf", corefilePath}, Env: withoutProxy}, nil
		},
		Ready: func(ctx context.Context) error {
			// A machine that moves to another network gets other resolvers; CoreDNS itself watches only this file.
			if err := writeCorefile(); err != nil {
				return err
			}
			return httpReady(ctx, http.DefaultTransport, fmt.Sprintf("http://%s:%d/ready", cfg.DNSAddress, reserved.DNSReady))
		},
		StopTimeout: 7 * time.Second,
	}
}

// hostResolvers are the machine's own DNS servers, without the engine's. None is no error: the machine is offline.
func hostResolvers(path, own string) ([]string, error) {
	content, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("the machine's DNS servers cannot be read: %w", err)
	}
	var found []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) < 2 || fields[0] != "nameserver" || fields[1] == own {
			continue
		}
		if _, err := netip.ParseAddr(fields[1]); err == nil {
			found = append(found, net.JoinHostPort(fields[1], "53"))
		}
	}
	return found, nil
}

func corefile(address, kubeconfig string, resolvers []string) []byte {
	forward := ""
	if len(resolvers) > 0 {
		forward = "\tforward . " + strings.Join(resolvers, " ") + " {\n\t\tpolicy sequential\n\t\tmax_concurrent 1000\n\t}\n"
	}
	return fmt.Appendf(nil, `.:53 {
	bind %[1]s
	errors
	ready %[1]s:%[2]d
	reload 2s
	kubernetes cluster.local in-addr.arpa ip6.arpa {
		kubeconfig %[3]s
		fallthrough in-addr.arpa ip6.arpa
		ttl 10
	}
%[4]s	cache 30 {
		disable success cluster.local
		disable denial cluster.local
	}
	loadbalance
}
`, address, reserved.DNSReady, kubeconfig, forward)
}

// dnsManifests are CoreDNS' rights, and the Service by which pods find it: it runs on the node, so no selector finds it.
func dnsManifests(cfg *config.Config) []object {
	ports := func(target bool) []object {
		var list []object
		for _, protocol := range []string{"UDP", "TCP"} {
			port := object{"name": "dns", "port": 53, "protocol": protocol}
			if protocol == "TCP" {
				port["name"] = "dns-tcp"
			}
			if target {
				port["targetPort"] = 53
			}
			list = append(list, port)
		}
		return list
	}
	return append(rights(dnsUser, []object{
		rule([]string{""}, []string{"list", "watch"}, "namespaces", "services", "pods", "endpoints"),
		rule([]string{"discovery.k8s.io"}, []string{"list", "watch"}, "endpointslices"),
	}),
		object{
			"apiVersion": "v1", "kind": "Service",
			"metadata": object{"name": "kube-dns", "namespace": "kube-system", "labels": object{
				"app.kubernetes.io/managed-by": "brainpod", "k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS",
			}},
			"spec": object{
				"clusterIP": cfg.DNSServiceAddress, "clusterIPs": []string{cfg.DNSServiceAddress}, "ports": ports(true),
			},
		},
		endpointSlice("kube-dns", "kube-system", cfg.DNSAddress, ports(false)),
	)
}

// endpointSlice leads a Service without a selector to an address of this machine.
func endpointSlice(service, namespace, address string, ports []object) object {
	return object{
		"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
		"metadata": object{"name": service + "-node", "namespace": namespace, "labels": object{
			"app.kubernetes.io/managed-by": "brainpod", "kubernetes.io/service-name": service,
			"endpointslice.kubernetes.io/managed-by": "brainpod.io",
		}},
		"addressType": "IPv4",
		"endpoints":   []object{{"addresses": []string{address}, "conditions": object{"ready": true}}},
		"ports":       ports,
	}
}

func rule(groups, verbs []string, resources ...string) object {
	return object{"apiGroups": groups, "resources": resources, "verbs": verbs}
}

// rights give a user of the engine's own a ClusterRole of the same name.
func rights(user string, rules []object) []object {
	return []object{
		{
			"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
			"metadata": object{"name": user, "labels": ownLabels}, "rules": rules,
		},
		binding("ClusterRoleBinding", user, "", user, "ClusterRole", user),
	}
}

// binding gives a user a role; the namespace is empty for a ClusterRoleBinding.
func binding(kind, name, namespace, user, roleKind, role string) object {
	metadata := object{"name": name, "labels": ownLabels}
	if namespace != "" {
		metadata["namespace"] = namespace
	}
	return object{
		"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata,
		"roleRef":  object{"apiGroup": "rbac.authorization.k8s.io", "kind": roleKind, "name": role},
		"subjects": []object{{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}},
	}
}

func applyObjects(ctx context.Context, client *kubectl.Client, name string, objects []object) error {
	content, err := json.Marshal(object{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		return err
	}
	return applied.Ensure(ctx, client, applied.Set{Name: name, Manifests: content})
}

// httpReady is nil when an address answers 200.
func httpReady(ctx context.Context, transport http.RoundTripper, address string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := (&http.Client{Transport: transport, Timeout: 3 * time.Second}).Do(request)
	if err != nil {
		return fmt.Errorf("it does not answer yet: %w", err)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, 300))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("it is not ready yet (%s: %s)", response.Status, strings.TrimSpace(string(body)))
	}
	return nil
}
