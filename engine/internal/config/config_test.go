package config

import (
	"strings"
	"testing"
)

const least = `{"dataDir":"/var/lib/x","runDir":"/run/x","binDir":"/opt/x"}`

func TestParseFillsDefaults(t *testing.T) {
	cfg, err := Parse([]byte(least))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.LogDir != "/var/lib/x/logs" || cfg.EnvoyBinary != "/opt/x/envoy" || cfg.Ports.APIServer != 6443 {
		t.Errorf("defaults are wrong: %+v", cfg)
	}
	if cfg.Kubeconfig() != "/run/x/kubeconfig" {
		t.Errorf("kubeconfig = %s", cfg.Kubeconfig())
	}
}

func TestParseKeepsDefaultsOfPartlyGivenObjects(t *testing.T) {
	cfg, err := Parse([]byte(`{"dataDir":"/d","runDir":"/r","binDir":"/b","ports":{"https":8443}}`))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Ports.HTTPS != 8443 || cfg.Ports.HTTP != 80 {
		t.Errorf("ports = %+v", cfg.Ports)
	}
}

func TestParseNamesEveryFaultAtOnce(t *testing.T) {
	_, err := Parse([]byte(`{
		"name":"Not A Name","dataDir":"relative","runDir":"/run/x","nodeAddress":"::1","podCidr":"10.9.0.0/24",
		"serviceCidr":"10.244.0.0/20","dnsServiceAddress":"10.96.0.10","bridges":{"gateways":"far-too-long-for-a-bridge"},
		"ports":{"http":443,"registry":0},"registryHosts":{"r.example":"ftp://x"},
		"registryMirrors":["ghcr.io/x","r.example"],"profile":"half"}`))
	if err == nil {
		t.Fatal("no fault was found")
	}
	for _, path := range []string{
		"name:", "dataDir:", "binDir:", "nodeAddress:", "podCidr:", "serviceCidr:", "dnsServiceAddress:",
		"bridges.gateways:", "ports.https:", "ports.registry:", `registryHosts["r.example"]:`, "registryMirrors[0]:",
		"registryMirrors[1]:", "profile:",
	} {
		if !strings.Contains(err.Error(), "\n"+path) && !strings.HasPrefix(err.Error(), path) {
			t.Errorf("no fault names %s\n%v", path, err)
		}
	}
}

func TestParseRefusesUnknownFieldsAndTrailingText(t *testing.T) {
	for _, raw := range []string{
		`{"dataDir":"/d","runDir":"/r","binDir":"/b","dataDirectory":"/d"}`,
		least + least,
		`[]`,
	} {
		if _, err := Parse([]byte(raw)); err == nil {
			t.Errorf("accepted %s", raw)
		}
	}
}

func TestParseRefusesTheNodeAddressAmongPods(t *testing.T) {
	_, err := Parse([]byte(`{"dataDir":"/d","runDir":"/r","binDir":"/b","podCidr":"10.244.0.0/16"}`))
	if err == nil || !strings.Contains(err.Error(), "nodeAddress: must not lie within podCidr") {
		t.Errorf("err = %v", err)
	}
}

func TestParseChecksSeparateGateways(t *testing.T) {
	const head = `{"dataDir":"/d","runDir":"/r","binDir":"/b",`
	for _, c := range []struct{ name, rest, fault string }{
		{"the default range", `"gateways":"separate"}`, ""},
		{"a mode that there is not", `"gateways":"apart"}`, `gateways: must be "merged" or "separate"`},
		{"a range among the pods'", `"gateways":"separate","gatewayCidr":"10.244.7.0/24"}`, "gatewayCidr: overlaps clusterCidr"},
		{"a range among the services'", `"gateways":"separate","gatewayCidr":"10.96.7.0/24"}`, "gatewayCidr: overlaps serviceCidr"},
		{"a range with the node's address", `"gateways":"separate","nodeAddress":"10.243.253.9"}`, "nodeAddress: must not lie within gatewayCidr"},
		{"a range that is not in use", `"gatewayCidr":"10.244.7.0/24"}`, ""},
		{"a range too small", `"gatewayCidr":"10.1.2.0/30"}`, "gatewayCidr: is too small"},
		{"a bridge twice", `"bridges":{"gateways":"brainpod-node"}}`, "bridges.gateways: is the same as bridges.node"},
	} {
		_, err := Parse([]byte(head + c.rest))
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.fault)
		}
	}
}
