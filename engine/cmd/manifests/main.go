// Command manifests writes the definitions of the Gateway API's and Envoy Gateway's kinds into one file, read out of
// the Go modules that the engine is built from, so that they always fit the built Envoy Gateway. It is run when the
// engine is built, in the engine's folder:
//
//	go run ./cmd/manifests OUTPUT_FOLDER
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
)

// source is a folder of a module whose files are taken, but for those named in skip.
type source struct {
	module, folder string
	skip           map[string]string
}

// What is left out is left out because each kind costs the API server memory and time at every start: it compiles
// the rules of a kind before it first answers for it, and Envoy Gateway waits for all kinds that there are.
var sources = []source{
	{
		module: "sigs.k8s.io/gateway-api", folder: "config/crd/standard",
		skip: map[string]string{
			"gateway.networking.k8s.io_backendtlspolicies.yaml": "apps speak plain HTTP to the edge",
			"gateway.networking.k8s.io_grpcroutes.yaml":         "HTTPRoutes carry gRPC",
			"gateway.networking.k8s.io_tcproutes.yaml":          "the edge serves HTTP only",
			"gateway.networking.k8s.io_tlsroutes.yaml":          "the edge serves HTTP only",
			"gateway.networking.k8s.io_udproutes.yaml":          "the edge serves HTTP only",
			"gateway.networking.k8s.io_vap_safeupgrades.yaml":   "guards against other installers; the engine is the only one",
		},
	},
	{
		module: "github.com/envoyproxy/gateway", folder: "charts/gateway-helm/charts/crds/crds/generated",
		skip: map[string]string{
			"gateway.envoyproxy.io_backends.yaml":               "switched off: a route could name any address",
			"gateway.envoyproxy.io_envoyextensionpolicies.yaml": "no extensions run in the edge",
			"gateway.envoyproxy.io_envoyproxies.yaml":           "the engine gives these settings in Envoy Gateway's own configuration",
		},
	},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go run ./cmd/manifests OUTPUT_FOLDER")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "manifests:", err)
		os.Exit(1)
	}
}

func write(folder string) error {
	var all bytes.Buffer
	for _, from := range sources {
		if err := from.appendTo(&all); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "edge-definitions.yaml"), all.Bytes(), 0o644)
}

func (s source) appendTo(all *bytes.Buffer) error {
	folder, err := moduleFolder(s.module)
	if err != nil {
		return err
	}
	paths, err := filepath.Glob(filepath.Join(folder, s.folder, "*.yaml"))
	if err != nil {
		return err
	}
	sort.Strings(paths)
	taken := 0
	for _, path := range paths {
		if _, skipped := s.skip[filepath.Base(path)]; skipped {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		fmt.Fprintf(all, "---\n%s\n", bytes.TrimSpace(content))
		taken++
	}
	// A module that moved or renamed its files must not be met first by a cluster without definitions.
	if taken == 0 || taken+len(s.skip) != len(paths) {
		return fmt.Errorf("%s: %d of %d files taken and %d left out: the module has other files than expected",
			filepath.Join(s.module, s.folder), taken, len(paths), len(s.skip))
	}
	return nil
}

func moduleFolder(module string) (string, error) {
	var complaint bytes.Buffer
	command := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("the module %s cannot be found: %w: %s", module, err, complaint.String())
	}
	folder := strings.TrimSpace(string(output))
	if folder == "" {
		return "", fmt.Errorf("the module %s has not been fetched: go mod download %s", module, module)
	}
	return folder, nil
}
