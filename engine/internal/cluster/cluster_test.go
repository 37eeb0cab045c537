package cluster

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/variant"
)

// One pod must not be able to use up what all need.
func TestKubeletBoundsWhatAPodUsesUp(t *testing.T) {
	cluster := &Cluster{cfg: &config.Config{}, variant: variant.Decide(variant.Facts{Cgroup: "v2"})}
	settings := cluster.kubeletConfig(pki.Paths{}, "/etc/resolv.conf")
	for name, want := range map[string]any{
		"podPidsLimit": 2048, "containerLogMaxSize": "10Mi", "containerLogMaxFiles": 4,
		"containerLogMonitorInterval": "3s", "seccompDefault": true, "readOnlyPort": 0,
	} {
		if settings[name] != want {
			t.Errorf("%s is %v, not %v", name, settings[name], want)
		}
	}
	thresholds, _ := settings["evictionHard"].(object)
	for _, signal := range []string{
		"memory.available", "nodefs.available", "nodefs.inodesFree", "imagefs.available", "imagefs.inodesFree", "pid.available",
	} {
		if _, present := thresholds[signal]; !present {
			t.Errorf("no pod is moved away for %s", signal)
		}
	}
}

func TestRegistriesAreAskedAfterTheirMirrorOnly(t *testing.T) {
	cfg := &config.Config{
		RegistryHosts:   map[string]string{"registry.test": "http://127.0.0.1:4600"},
		RegistryMirrors: []string{"docker.io", "ghcr.io"}, Ports: config.Ports{Registry: 4650},
	}
	const capabilities = "  capabilities = [\"pull\", \"resolve\"]\n"
	want := map[string]string{
		"registry.test": "server = \"http://127.0.0.1:4600\"\n\n[host.\"http://127.0.0.1:4600\"]\n" + capabilities,
		"docker.io": "server = \"https://registry-1.docker.io\"\n\n[host.\"http://127.0.0.1:4650/v2/docker.io\"]\n" +
			capabilities + "  override_path = true\n",
		"ghcr.io": "server = \"https://ghcr.io\"\n\n[host.\"http://127.0.0.1:4650/v2/ghcr.io\"]\n" +
			capabilities + "  override_path = true\n",
	}
	if got := registryHosts(cfg); !maps.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestFirstServiceAddress(t *testing.T) {
	for cidr, want := range map[string]string{"10.96.0.0/16": "10.96.0.1", "192.168.4.64/26": "192.168.4.65"} {
		if got := firstServiceAddress(cidr).String(); got != want {
			t.Errorf("%s: %s", cidr, got)
		}
	}
}

func TestLoopbackResolversAreNotForPods(t *testing.T) {
	for content, want := range map[string]bool{
		"nameserver 127.0.0.53\noptions edns0\n":       true,
		"nameserver 127.0.0.53\nnameserver 9.9.9.9\n":  false,
		"# nameserver 127.0.0.1\nnameserver 9.9.9.9\n": false,
		"search example.com\n":                         false,
	} {
		if got := hasOnlyLoopbackServers(content); got != want {
			t.Errorf("%q: %t", content, got)
		}
	}
}

// The server's rights are a promise: nothing that would let it become an
// administrator may slip in.
func TestServerCannotRaiseItsRights(t *testing.T) {
	for _, r := range serverRules() {
		if slices.Contains(r.Verbs, "*") || slices.Contains(r.Verbs, "escalate") || slices.Contains(r.Verbs, "bind") ||
			slices.Contains(r.Verbs, "impersonate") {
			t.Errorf("verbs of %+v", r)
		}
		if slices.Contains(r.APIGroups, "*") || slices.Contains(r.APIGroups, "rbac.authorization.k8s.io") {
			t.Errorf("groups of %+v", r)
		}
		for _, resource := range []string{"pods/exec", "pods/attach", "pods/portforward", "nodes/proxy", "serviceaccounts/token"} {
			if slices.Contains(r.Resources, resource) {
				t.Errorf("resources of %+v", r)
			}
		}
		if slices.Contains(r.APIGroups, "") && slices.Contains(r.Resources, "*") {
			t.Errorf("resources of %+v", r)
		}
	}
	var list struct {
		Items []struct {
			RoleRef  struct{ Name string }
			Subjects []struct{ Name string }
		}
	}
	if err := json.Unmarshal(accessRules(), &list); err != nil {
		t.Fatal(err)
	}
	for _, item := range list.Items {
		if item.RoleRef.Name == "cluster-admin" {
			t.Errorf("%v is bound to cluster-admin", item.Subjects)
		}
	}
}
