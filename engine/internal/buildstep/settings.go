// Package buildstep gives the steps of image builds what the host knows about reaching the network: the certificates
// that it trusts, its proxies and the addresses of its package registries. It stands between BuildKit and runc, and
// reaches each step through mounts below /dev, which is memory in every container, and through the environment of the
// process: no layer of an image and no image's configuration ever holds any of it.
package buildstep

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"brainpod.io/engine/internal/atomicfile"
)

const (
	// SettingsVariable names the settings file to the runc that BuildKit starts.
	SettingsVariable = "BRAINPOD_BUILD_STEP_SETTINGS"
	// SettingsFile is the settings' name in the folder that WriteSettings fills.
	SettingsFile = "settings.json"

	bundleFile, aptFile = "ca-certificates.crt", "apt.conf"
	// stepFolder is where a step sees the files.
	stepFolder = "/dev/brainpod"
)

// Settings are what Run reads.
type Settings struct {
	// Runc is the path of the real runc.
	Runc string `json:"runc"`
	// Mounts are files of the host by their name in a step's folder.
	Mounts map[string]string `json:"mounts"`
	// Environment is set in a step where the step does not set it itself.
	Environment map[string]string `json:"environment"`
}

// Host is what the host knows.
type Host struct {
	// Bundle is the PEM file of the certificates that the host trusts; empty when it has none.
	Bundle string
	// Environment holds proxies and package registries.
	Environment map[string]string
}

// bundlePaths are where distributions keep the bundle.
var bundlePaths = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem",
}

// bundleVariables are how clients are told of a bundle.
var bundleVariables = []string{
	"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "PIP_CERT", "CURL_CA_BUNDLE", "GIT_SSL_CAINFO",
	"CARGO_HTTP_CAINFO", "npm_config_cafile",
}

// passedVariables are taken over from the host, whatever their case.
var passedVariables = []string{
	"http_proxy", "https_proxy", "all_proxy", "no_proxy",
	"npm_config_registry", "npm_config_proxy", "npm_config_https_proxy", "npm_config_noproxy", "npm_config_strict_ssl",
	"pip_index_url", "pip_extra_index_url", "pip_trusted_host", "pip_proxy",
	"uv_default_index", "uv_index", "uv_index_url", "uv_extra_index_url", "uv_insecure_host",
	"goproxy", "gonosumdb", "gosumdb", "gonoproxy", "goprivate",
}

// FromHost reads the host's own settings out of an environment such as os.Environ.
func FromHost(environment []string) Host {
	host := Host{Environment: map[string]string{}}
	for _, entry := range environment {
		name, value, _ := strings.Cut(entry, "=")
		switch {
		case value == "":
		case name == "SSL_CERT_FILE" && isFile(value):
			host.Bundle = value
		case slices.Contains(passedVariables, strings.ToLower(name)):
			host.Environment[name] = value
		}
	}
	if host.Bundle == "" {
		if found := slices.IndexFunc(bundlePaths, isFile); found >= 0 {
			host.Bundle = bundlePaths[found]
		}
	}
	return host
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// WriteSettings fills a folder with what the steps' containers mount, and with the settings file.
func WriteSettings(folder, runc string, host Host) error {
	settings := Settings{Runc: runc, Mounts: map[string]string{}, Environment: map[string]string{}}
	for name, value := range host.Environment {
		settings.Environment[name] = value
	}
	if host.Bundle != "" {
		bundle, err := os.ReadFile(host.Bundle)
		if err != nil {
			return fmt.Errorf("the certificates that this machine trusts cannot be read: %w", err)
		}
		own := filepath.Join(folder, bundleFile)
		if err := atomicfile.WriteIfChanged(own, withExtra(bundle, os.Getenv("NODE_EXTRA_CA_CERTS")), 0o644); err != nil {
			return err
		}
		settings.Mounts[bundleFile] = own
		for _, name := range bundleVariables {
			settings.Environment[name] = filepath.Join(stepFolder, bundleFile)
		}
	}
	apt := aptConfiguration(settings)
	own := filepath.Join(folder, aptFile)
	if err := atomicfile.WriteIfChanged(own, apt, 0o644); err != nil {
		return err
	}
	settings.Mounts[aptFile] = own
	settings.Environment["APT_CONFIG"] = filepath.Join(stepFolder, aptFile)

	content, err := json.MarshalIndent(settings, "", "  ")
	if err != nil {
		return err
	}
	// Addresses of proxies may hold passwords.
	return atomicfile.WriteIfChanged(filepath.Join(folder, SettingsFile), content, 0o600)
}

// withExtra adds certificates that the host gives only to Node, which is how some companies spread theirs.
func withExtra(bundle []byte, extraPath string) []byte {
	extra, err := os.ReadFile(extraPath)
	if err != nil || bytes.Contains(bundle, bytes.TrimSpace(extra)) {
		return bundle
	}
	return slices.Concat(bundle, []byte("\n"), extra)
}

// aptConfiguration is read by apt before its own: proxies come to it by the environment, certificates do not.
func aptConfiguration(settings Settings) []byte {
	if _, found := settings.Mounts[bundleFile]; !found {
		return nil
	}
	return fmt.Appendf(nil, "Acquire::https::CaInfo %q;\n", filepath.Join(stepFolder, bundleFile))
}

// readSettings is nil without an error when there are none: then steps run as BuildKit made them.
func readSettings(path string) (*Settings, error) {
	content, err := os.ReadFile(path)
	if path == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var settings Settings
	if err := json.Unmarshal(content, &settings); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &settings, nil
}
