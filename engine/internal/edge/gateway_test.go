package edge

import (
	"encoding/json"
	"slices"
	"testing"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/kubectl"
	"brainpod.io/engine/internal/pki"
	"brainpod.io/engine/internal/sandbox"
)

func testConfig(t *testing.T) *config.Config {
	t.Helper()
	cfg, err := config.Parse([]byte(`{"dataDir":"/d","runDir":"/r","binDir":"/b","gatewayClass":"edge-class","ports":{"http":8000,"https":8443}}`))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestGatewayConfiguration(t *testing.T) {
	for ipv6, family := range map[bool]string{true: "DualStack", false: "IPv4"} {
		content, err := gatewayConfiguration("/r/infra.sock", ipv6, !ipv6)
		if err != nil {
			t.Fatal(err)
		}
		var decoded any
		if err := json.Unmarshal(content, &decoded); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			want any
			path []any
		}{
			{"Custom", []any{"provider", "type"}},
			{"Kubernetes", []any{"provider", "custom", "resource", "type"}},
			{true, []any{"provider", "custom", "resource", "kubernetes", "leaderElection", "disable"}},
			{"Remote", []any{"provider", "custom", "infrastructure", "type"}},
			{"/r/infra.sock", []any{"provider", "custom", "infrastructure", "remote", "service", "unix", "path"}},
			{ControllerName, []any{"gateway", "controllerName"}},
			{!ipv6, []any{"envoyProxy", "mergeGateways"}},
			{family, []any{"envoyProxy", "ipFamily"}},
			{true, []any{"envoyProxy", "telemetry", "accessLog", "disable"}},
		} {
			if got := at(t, decoded, c.path...); got != c.want {
				t.Errorf("%v: got %v, want %v", c.path, got, c.want)
			}
		}
	}
}

func TestManifestsNameTheClass(t *testing.T) {
	content, err := json.Marshal(manifests(testConfig(t)))
	if err != nil {
		t.Fatal(err)
	}
	var decoded []any
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	byKind := map[any]any{}
	for _, item := range decoded {
		byKind[at(t, item, "kind")] = item
	}
	if got := at(t, byKind["GatewayClass"], "metadata", "name"); got != "edge-class" {
		t.Errorf("the class is %v", got)
	}
	service := byKind["Service"]
	if got := at(t, service, "metadata", "labels", "gateway.envoyproxy.io/owning-gatewayclass"); got != "edge-class" {
		t.Errorf("the Service stands for %v", got)
	}
	if got := at(t, service, "spec", "ports", 1, "port"); got != float64(8443) {
		t.Errorf("the second port is %v", got)
	}
	for _, rule := range gatewayRules() {
		resources, verbs := rule["resources"].([]string), rule["verbs"].([]string)
		if slices.Contains(resources, "secrets") && (slices.Contains(verbs, "update") || slices.Contains(verbs, "create")) {
			t.Error("Envoy Gateway may write Secrets")
		}
	}
}

func TestGatewayCommandGivesOnlyWhatItNeeds(t *testing.T) {
	edge := New(testConfig(t), pki.New(t.TempDir(), nil), kubectl.New("", "", "", nil))
	command, err := edge.gatewayCommand()
	if err != nil {
		t.Fatal(err)
	}
	spec, err := sandbox.Parse(command.Args)
	if err != nil {
		t.Fatal(err)
	}
	for _, bind := range spec.Binds {
		if bind.Writable {
			t.Errorf("%s is writable", bind.Source)
		}
	}
	if want := []sandbox.Forward{{Listen: "10.244.255.1:6443", Dial: "10.244.255.1:6443"}}; !slices.Equal(spec.Inward, want) {
		t.Errorf("it reaches %v, want %v", spec.Inward, want)
	}
	if !slices.Contains(command.Env, "KUBECONFIG=/config/kubeconfig") || !slices.Contains(command.Env, "NO_PROXY=*") {
		t.Errorf("the environment is %v", command.Env)
	}
}
