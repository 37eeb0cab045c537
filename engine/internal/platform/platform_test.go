package platform

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
)

func testConfig(t *testing.T, profile string) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte(`{"dataDir":"/d","runDir":"/r","binDir":"/b","profile":"` + profile + `"}`))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestComponentsOfProfiles(t *testing.T) {
	for profile, want := range map[string][]string{
		"full": {"coredns", "network-policies", "metrics-server", "registry", "envoy", "envoy-gateway"},
		"bare": {"coredns", "network-policies", "metrics-server", "envoy", "envoy-gateway"},
	} {
		var names []string
		for _, component := range Components(testConfig(t, profile), pki.New(t.TempDir(), nil), kubectl.New("", "", "", nil)) {
			names = append(names, component.Name)
			if component.Survives != (component.Name == "envoy") {
				t.Errorf("%s: survives is %v", component.Name, component.Survives)
			}
		}
		if !slices.Equal(names, want) {
			t.Errorf("%s: got %v, want %v", profile, names, want)
		}
	}
}

func TestHostResolvers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	content := "# comment\nsearch example.org\nnameserver 127.0.0.53\nnameserver 10.244.255.53\nnameserver fd00::1\nnameserver nonsense\noptions edns0\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := hostResolvers(path, "10.244.255.53")
	if want := []string{"127.0.0.53:53", "[fd00::1]:53"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
	if got, err := hostResolvers(filepath.Join(t.TempDir(), "none"), ""); err != nil || got != nil {
		t.Errorf("of a machine without the file: %v, %v", got, err)
	}
}

func TestCorefile(t *testing.T) {
	with := string(corefile("10.244.255.53", "/r/kubeconfig", []string{"192.0.2.1:53", "192.0.2.2:53"}))
	for _, want := range []string{
		"bind 10.244.255.53\n", "kubeconfig /r/kubeconfig\n", "forward . 192.0.2.1:53 192.0.2.2:53 {", "ready 10.244.255.53:8181\n",
		"kubernetes cluster.local ", "reload 2s\n",
	} {
		if !strings.Contains(with, want) {
			t.Errorf("%q is missing in\n%s", want, with)
		}
	}
	if without := string(corefile("10.244.255.53", "/r/kubeconfig", nil)); strings.Contains(without, "forward") {
		t.Errorf("a machine without resolvers forwards:\n%s", without)
	}
	if strings.Count(with, "{") != strings.Count(with, "}") {
		t.Error("the braces do not match")
	}
}

// find returns the manifest of a kind and name as decoded JSON.
func find(t *testing.T, manifests []object, kind, name string) map[string]any {
	t.Helper()
	content, err := json.Marshal(manifests)
	if err != nil {
		t.Fatal(err)
	}
	var decoded []map[string]any
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	for _, manifest := range decoded {
		if metadata, ok := manifest["metadata"].(map[string]any); ok && manifest["kind"] == kind && metadata["name"] == name {
			return manifest
		}
	}
	t.Fatalf("there is no %s %s", kind, name)
	return nil
}

func contains(t *testing.T, value any, wants ...string) {
	t.Helper()
	content, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range wants {
		if !strings.Contains(string(content), want) {
			t.Errorf("%s is missing in %s", want, content)
		}
	}
}

func TestDNSManifests(t *testing.T) {
	manifests := dnsManifests(testConfig(t, "full"))
	contains(t, find(t, manifests, "Service", "kube-dns"), `"clusterIP":"10.96.0.10"`, `"protocol":"UDP"`, `"protocol":"TCP"`)
	contains(t, find(t, manifests, "EndpointSlice", "kube-dns-node"), `"addresses":["10.244.255.53"]`, `"kubernetes.io/service-name":"kube-dns"`)
	role, err := json.Marshal(find(t, manifests, "ClusterRole", dnsUser))
	if err != nil || strings.Contains(string(role), "secrets") || strings.Contains(string(role), "*") {
		t.Errorf("CoreDNS may do more than it needs: %s (%v)", role, err)
	}
}

func TestMetricsManifests(t *testing.T) {
	manifests := metricsManifests(testConfig(t, "full"), []byte("PEM"))
	contains(t, find(t, manifests, "APIService", "v1beta1.metrics.k8s.io"), `"caBundle":"UEVN"`, `"name":"metrics-server"`)
	contains(t, find(t, manifests, "EndpointSlice", "metrics-server-node"), `"addresses":["10.244.255.1"]`, `"port":4443`)
	args := metricsArgs(testConfig(t, "full"), "/r/kubeconfig", pki.Paths{Cert: "/p/c", Key: "/p/k", CA: "/p/ca"})
	for _, want := range []string{"--bind-address=10.244.255.1", "--kubelet-certificate-authority=/p/ca", "--tls-private-key-file=/p/k"} {
		if !slices.Contains(args, want) {
			t.Errorf("%s is missing in %v", want, args)
		}
	}
}

func TestRegistryConfiguration(t *testing.T) {
	content, err := registryConfiguration("/d/registry", "127.0.0.1:4650", "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	var decoded struct {
		Storage struct {
			Filesystem struct{ Rootdirectory string }
			Delete     struct{ Enabled bool }
			Cache      map[string]string
		}
		HTTP struct{ Addr, Secret string }
		Auth map[string]any
	}
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	if decoded.Storage.Filesystem.Rootdirectory != "/d/registry" || !decoded.Storage.Delete.Enabled || decoded.Storage.Cache != nil {
		t.Errorf("the storage is %+v", decoded.Storage)
	}
	if decoded.HTTP.Addr != "127.0.0.1:4650" || decoded.HTTP.Secret != "s3cret" || decoded.Auth != nil {
		t.Errorf("it serves as %+v with %v", decoded.HTTP, decoded.Auth)
	}
}

func TestLastingSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	first, err := lastingSecret(path)
	if err != nil || len(first) != 64 {
		t.Fatalf("got %q, %v", first, err)
	}
	if second, err := lastingSecret(path); err != nil || second != first {
		t.Errorf("it changed to %q (%v)", second, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("its mode is %v (%v)", info.Mode(), err)
	}
}

func TestRemoveEarlier(t *testing.T) {
	cfg := testConfig(t, "full")
	cfg.DataDir, cfg.RunDir = t.TempDir(), t.TempDir()
	layer := filepath.Join(cfg.DataDir, "buildkit/snapshots/1")
	for _, folder := range []string{layer, filepath.Join(cfg.DataDir, "registry")} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if err := unix.Mount("none", layer, "tmpfs", 0, ""); err != nil {
			t.Fatal(err)
		}
		if err := RemoveEarlier(cfg); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(layer); err != nil {
			t.Errorf("what is mounted was touched: %v", err)
		}
		if err := unix.Unmount(layer, 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := RemoveEarlier(cfg); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(cfg.DataDir)
	if err != nil || len(left) != 1 || left[0].Name() != "registry" {
		t.Errorf("there is %v (%v)", left, err)
	}
}
