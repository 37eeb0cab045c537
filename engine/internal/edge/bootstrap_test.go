package edge

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func testBootstrap() Bootstrap {
	return Bootstrap{
		Cluster: "brainpod", Instance: Main, Generation: "abc",
		AdminSocket: "/run/e/envoy-main.sock", XDSSocket: "/run/e/xds.sock",
		Certificate: "/run/e/cert.json", TrustedCA: "/run/e/ca.json",
		StatsPort: 19001, MaxConnections: 9500, MaxHeapBytes: 1 << 30,
	}
}

// at follows keys and indexes into decoded JSON.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for _, step := range path {
		switch step := step.(type) {
		case string:
			members, ok := value.(map[string]any)
			if !ok {
				t.Fatalf("%v: %v is not an object", path, value)
			}
			value = members[step]
		case int:
			items, ok := value.([]any)
			if !ok || step >= len(items) {
				t.Fatalf("%v: %v has no item %d", path, value, step)
			}
			value = items[step]
		}
	}
	return value
}

func TestBootstrapRender(t *testing.T) {
	content, err := testBootstrap().Render()
	if err != nil {
		t.Fatal(err)
	}
	var decoded any
	if err := json.Unmarshal(content, &decoded); err != nil {
		t.Fatal(err)
	}
	tls := []any{"static_resources", "clusters", 0, "transport_socket", "typed_config", "common_tls_context"}
	for _, c := range []struct {
		want any
		path []any
	}{
		{"main-abc", []any{"node", "id"}},
		{"brainpod", []any{"node", "cluster"}},
		{"/run/e/envoy-main.sock", []any{"admin", "address", "pipe", "path"}},
		{float64(0o600), []any{"admin", "address", "pipe", "mode"}},
		{"cluster.httproute/", []any{"stats_config", "stats_matcher", "exclusion_list", "patterns", 0, "prefix"}},
		{"DELTA_GRPC", []any{"dynamic_resources", "ads_config", "api_type"}},
		{"0.05s", []any{"dynamic_resources", "ads_config", "grpc_services", 0, "envoy_grpc", "retry_policy", "retry_back_off", "base_interval"}},
		{"0s", []any{"dynamic_resources", "lds_config", "initial_fetch_timeout"}},
		{"/run/e/xds.sock", []any{"static_resources", "clusters", 0, "load_assignment", "endpoints", 0, "lb_endpoints", 0, "endpoint", "address", "pipe", "path"}},
		{"/run/e/cert.json", append(tls, "tls_certificate_sds_secret_configs", 0, "sds_config", "path_config_source", "path")},
		{"/run/e/ca.json", append(tls, "validation_context_sds_secret_config", "sds_config", "path_config_source", "path")},
		{"TLSv1_3", append(tls, "tls_params", "tls_minimum_protocol_version")},
		{"127.0.0.1", []any{"static_resources", "listeners", 0, "address", "socket_address", "address"}},
		{float64(19001), []any{"static_resources", "listeners", 0, "address", "socket_address", "port_value"}},
		{float64(9500), []any{"overload_manager", "resource_monitors", 0, "typed_config", "max_active_downstream_connections"}},
		{float64(1 << 30), []any{"overload_manager", "resource_monitors", 1, "typed_config", "max_heap_size_bytes"}},
		{0.98, []any{"overload_manager", "actions", 1, "triggers", 0, "threshold", "value"}},
	} {
		if got := at(t, decoded, c.path...); got != c.want {
			t.Errorf("%v: got %v, want %v", c.path, got, c.want)
		}
	}
}

func TestGenerationChangesWithWhatMatters(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "envoy")
	if err := os.WriteFile(binary, []byte("one"), 0o755); err != nil {
		t.Fatal(err)
	}
	generation := func(bootstrap Bootstrap) string {
		t.Helper()
		made, err := generationOf(binary, []string{"--log-level", "warning"}, bootstrap)
		if err != nil {
			t.Fatal(err)
		}
		return made
	}
	before := generation(testBootstrap())
	same := testBootstrap()
	same.Generation = "other"
	if generation(same) != before {
		t.Error("it depends on the generation before it")
	}
	changed := testBootstrap()
	changed.MaxConnections++
	if generation(changed) == before {
		t.Error("another bootstrap has the same generation")
	}
	if other, err := generationOf(binary, []string{"--log-level", "info"}, testBootstrap()); err != nil || other == before {
		t.Errorf("with other arguments it is %s (%v)", other, err)
	}
	if err := os.Chtimes(binary, time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if generation(testBootstrap()) == before {
		t.Error("another binary has the same generation")
	}
	if _, err := generationOf(filepath.Join(t.TempDir(), "none"), nil, testBootstrap()); err == nil {
		t.Error("a missing Envoy is no error")
	}
}

func TestBounds(t *testing.T) {
	for descriptors, want := range map[uint64]int{1024: 256, 20_000: 9_500, 1 << 20: 50_000} {
		if got := maxConnections(descriptors); got != want {
			t.Errorf("maxConnections(%d) = %d, want %d", descriptors, got, want)
		}
	}
	for memory, want := range map[uint64]int64{1 << 30: 256 << 20, 8 << 30: 1 << 30, 64 << 30: 2 << 30} {
		if got := maxHeapBytes(memory); got != want {
			t.Errorf("maxHeapBytes(%d) = %d, want %d", memory, got, want)
		}
	}
}

func TestSecretFiles(t *testing.T) {
	certificate, err := certificateSecret("/pki/envoy.crt", "/pki/envoy.key")
	if err != nil {
		t.Fatal(err)
	}
	trusted, err := trustedCASecret("/pki/edge-ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	var first, second any
	if err := json.Unmarshal(certificate, &first); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(trusted, &second); err != nil {
		t.Fatal(err)
	}
	if got := at(t, first, "resources", 0, "tls_certificate", "private_key", "filename"); got != "/pki/envoy.key" {
		t.Errorf("key: %v", got)
	}
	if got := at(t, second, "resources", 0, "validation_context", "match_typed_subject_alt_names", 0, "matcher", "exact"); got != "envoy-gateway" {
		t.Errorf("the controller's name: %v", got)
	}
}
