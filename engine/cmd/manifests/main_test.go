package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWrite(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "manifests")
	if err := write(folder); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(folder, "edge-definitions.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, wanted := range map[string]bool{
		"gatewayclasses.gateway.networking.k8s.io": true, "gateways.gateway.networking.k8s.io": true,
		"listenersets.gateway.networking.k8s.io": true,
		"httproutes.gateway.networking.k8s.io":   true, "referencegrants.gateway.networking.k8s.io": true,
		"backendtrafficpolicies.gateway.envoyproxy.io": true, "clienttrafficpolicies.gateway.envoyproxy.io": true,
		"httproutefilters.gateway.envoyproxy.io": true,
		"envoyproxies.gateway.envoyproxy.io":     false, "tcproutes.gateway.networking.k8s.io": false,
	} {
		if got := strings.Contains(string(content), "\n  name: "+name+"\n"); got != wanted {
			t.Errorf("%s: %v, want %v", name, got, wanted)
		}
	}
}

func TestAModuleThatMovedItsFilesIsRefused(t *testing.T) {
	for name, from := range map[string]source{
		"another folder":     {module: sources[0].module, folder: "config/moved"},
		"a file more":        {module: sources[0].module, folder: sources[0].folder, skip: map[string]string{"gone.yaml": "renamed"}},
		"a module not known": {module: "example.org/none", folder: "x"},
	} {
		saved := sources
		sources = []source{from}
		err := write(t.TempDir())
		sources = saved
		if err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
