package edge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"brainpod.io/engine/internal/atomicfile"
	"brainpod.io/engine/internal/component"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/sandbox"
)

const (
	gatewayUser = "brainpod:envoy-gateway"

	// Ports that Envoy Gateway listens on whatever its configuration says. They are inside its sandbox.
	gatewayXDSPort    = 18000
	gatewayHealthPort = 8081
	// ownListeners is how many listeners an Envoy has that was told nothing: that of its statistics.
	ownListeners = 1
)

// withoutProxy keeps a component from sending what goes to this machine through the host's web proxy.
var withoutProxy = []string{"NO_PROXY=*", "no_proxy=*"}

func (e *Edge) gateway() component.Component {
	return component.Component{
		Name:        GatewayName,
		Needs:       []string{"kube-apiserver"},
		Prepare:     e.prepareGateway,
		Command:     e.gatewayCommand,
		Ready:       e.gatewayReady,
		Settled:     e.gatewaySettled,
		StopTimeout: 5 * time.Second,
	}
}

func (e *Edge) prepareGateway(ctx context.Context) error {
	for _, folder := range []string{e.files.remoteFolder(), e.files.gatewayRoot(), e.files.gatewayCertificates()} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
	}
	e.remote.Forget()
	if !e.serving {
		if e.gateways != nil {
			if err := e.startGateways(ctx); err != nil {
				return err
			}
		}
		if err := e.remote.Serve(context.WithoutCancel(ctx), e.files.remoteSocket()); err != nil {
			return err
		}
		e.serving = true
	}
	if err := e.writeGatewayFiles(); err != nil {
		return err
	}
	if e.gateways != nil {
		// Before each start, and so after every end.
		e.gateways.doubt()
		if err := e.writeEnvoySecrets(); err != nil {
			return err
		}
	}
	// Before it starts: it looks only once which kinds there are.
	return e.applyManifests(ctx)
}

func (e *Edge) writeGatewayFiles() error {
	server, err := e.pki.Issue(pki.Request{
		Name: "envoy-gateway-xds", Authority: pki.Edge, Usages: pki.Server,
		Subject: pki.Subject{CommonName: gatewayServerName}, Names: pki.Names{DNS: []string{gatewayServerName}},
		Users: []string{GatewayName},
	})
	if err != nil {
		return err
	}
	// Envoy Gateway reads three fixed names and must see no other key: a folder of their copies is all it gets.
	for name, source := range map[string]string{"tls.crt": server.Cert, "tls.key": server.Key, "ca.crt": server.CA} {
		content, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		if err := atomicfile.WriteIfChanged(filepath.Join(e.files.gatewayCertificates(), name), content, 0o600); err != nil {
			return err
		}
	}
	identity, err := e.pki.Issue(pki.Request{
		Name: "envoy-gateway", Authority: pki.Cluster, Usages: pki.Client,
		Subject: pki.Subject{CommonName: gatewayUser}, Users: []string{GatewayName},
	})
	if err != nil {
		return err
	}
	if err := pki.WriteKubeconfig(e.files.gatewayKubeconfig(), e.config.APIServerURL(), identity); err != nil {
		return err
	}
	configuration, err := gatewayConfiguration(e.files.remoteSocket(), hostHasIPv6(), e.gateways == nil)
	if err != nil {
		return err
	}
	return atomicfile.WriteIfChanged(e.files.gatewayConfig(), configuration, 0o600)
}

// gatewayConfiguration is Envoy Gateway's own configuration file.
func gatewayConfiguration(remoteSocket string, ipv6, merged bool) ([]byte, error) {
	family := "IPv4"
	if ipv6 {
		family = "DualStack"
	}
	return json.MarshalIndent(object{
		"apiVersion": "gateway.envoyproxy.io/v1alpha1",
		"kind":       "EnvoyGateway",
		"gateway":    object{"controllerName": ControllerName},
		"logging":    object{"level": object{"default": "warn"}},
		// Listeners are named by their port, so that renaming one in a Gateway does not close connections.
		"runtimeFlags": object{"enabled": []string{"XDSNameSchemeV2"}},
		// For the error pages alone; in the cluster nobody but an administrator may write such a policy.
		"extensionApis": object{"enableEnvoyPatchPolicy": true},
		"provider": object{"type": "Custom", "custom": object{
			"resource": object{"type": "Kubernetes", "kubernetes": object{
				"leaderElection": object{"disable": true},
				"client":         object{"rateLimit": object{"qps": 100, "burst": 200}},
			}},
			"infrastructure": object{"type": "Remote", "remote": object{
				"service": object{"unix": object{"path": remoteSocket}},
			}},
		}},
		"envoyProxy": object{
			// One Envoy for all Gateways of the class, known by the class's name before there is a Gateway.
			"mergeGateways": merged,
			"ipFamily":      family,
			// A line for each request would be the largest log of the machine.
			"telemetry": object{"accessLog": object{"disable": true}},
		},
	}, "", "  ")
}

func (e *Edge) gatewayCommand() (component.Command, error) {
	apiserver := net.JoinHostPort(e.config.NodeAddress, fmt.Sprint(e.config.Ports.APIServer))
	loopback := func(port int) string { return net.JoinHostPort("127.0.0.1", fmt.Sprint(port)) }
	spec := sandbox.Spec{
		Root: e.files.gatewayRoot(),
		Binds: []sandbox.Bind{
			{Source: e.config.Bin("envoy-gateway"), Target: "/envoy-gateway"},
			{Source: e.files.gatewayCertificates(), Target: "/certs"},
			{Source: e.files.gatewayConfig(), Target: "/config/gateway.json"},
			{Source: e.files.gatewayKubeconfig(), Target: "/config/kubeconfig"},
			{Source: e.files.remoteFolder(), Target: e.files.remoteFolder()},
		},
		Scratch: []string{"/tmp", "/var/lib/eg"},
		Inward:  []sandbox.Forward{{Listen: apiserver, Dial: apiserver}},
		Outward: []sandbox.Forward{
			{Listen: e.files.xdsSocket(), Dial: loopback(gatewayXDSPort)},
			{Listen: e.files.healthSocket(), Dial: loopback(gatewayHealthPort)},
		},
		Command: []string{"/envoy-gateway", "server", "--config-path", "/config/gateway.json"},
	}
	return component.Command{
		Path: e.config.Bin("sandbox"),
		Args: spec.Args(),
		Env: append([]string{
			"KUBECONFIG=/config/kubeconfig", "ENVOY_GATEWAY_NAMESPACE=" + Namespace, "HOME=/tmp",
		}, withoutProxy...),
	}, nil
}

func (e *Edge) gatewayReady(ctx context.Context) error {
	var dialer net.Dialer
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", e.files.healthSocket())
		},
	}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://envoy-gateway/readyz", nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("Envoy Gateway does not answer yet: %w", err)
	}
	_, err = io.Copy(io.Discard, response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("Envoy Gateway has not read the cluster yet (%s)", response.Status)
	}
	return nil
}

func (e *Edge) gatewaySettled(ctx context.Context) error {
	if e.gateways != nil {
		e.gateways.compare()
		return nil
	}
	return e.endStaleEnvoy(ctx)
}

// endStaleEnvoy ends an Envoy that serves Gateways which are all gone: an Envoy Gateway that was not there when the last
// of them was deleted has nothing to tell it. The engine starts it again, with nothing to serve.
func (e *Edge) endStaleEnvoy(ctx context.Context) error {
	existing, err := e.gatewaysOfClass(ctx)
	if err != nil || len(existing) > 0 {
		return err
	}
	envoy := adminAt(e.files.adminSocket(Main))
	serving, err := envoy.addresses(ctx)
	if err != nil || len(serving) == ownListeners {
		return err
	}
	return envoy.quit(ctx)
}

// gatewaysOfClass are the Gateways of the engine's GatewayClass that are in the cluster, as "<namespace>/<name>".
func (e *Edge) gatewaysOfClass(ctx context.Context) (map[string]bool, error) {
	body, err := e.kubectl.Get(ctx, "/apis/gateway.networking.k8s.io/v1/gateways")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []struct {
			Metadata struct{ Name, Namespace string } `json:"metadata"`
			Spec     struct {
				GatewayClassName string `json:"gatewayClassName"`
			} `json:"spec"`
		} `json:"items"`
	}
	if err := json.Unmarshal(body, &list); err != nil {
		return nil, fmt.Errorf("the cluster's Gateways cannot be read: %w", err)
	}
	found := map[string]bool{}
	for _, gateway := range list.Items {
		if gateway.Spec.GatewayClassName == e.config.GatewayClass {
			found[gateway.Metadata.Namespace+"/"+gateway.Metadata.Name] = true
		}
	}
	return found, nil
}

func hostHasIPv6() bool {
	content, err := os.ReadFile("/proc/net/if_inet6")
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	return err == nil && len(content) > 0
}
