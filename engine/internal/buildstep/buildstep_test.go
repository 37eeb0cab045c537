package buildstep

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

const spec = `{
	"ociVersion": "1.2.0",
	"process": {"args": ["/bin/sh"], "env": ["PATH=/bin", "HTTP_PROXY=http://own", "SSL_CERT_FILE=/own.crt"], "rlimits": [{"hard": 18446744073709551615}]},
	"root": {"path": "rootfs"},
	"mounts": [{"destination": "/proc", "type": "proc"}, {"destination": "/dev", "type": "tmpfs", "options": ["nosuid"]}],
	"linux": {"resources": {"memory": {"limit": 9007199254740993}}}
}`

type decodedSpec struct {
	Process struct {
		Args    []string
		Env     []string
		Rlimits []struct{ Hard json.Number }
	}
	Root   struct{ Path string }
	Mounts []struct {
		Destination, Type, Source string
		Options                   []string
	}
	Linux struct {
		Resources struct {
			Memory struct{ Limit json.Number }
		}
	}
}

func TestCompleteSpec(t *testing.T) {
	completed, err := completeSpec([]byte(spec), Settings{
		Mounts:      map[string]string{"ca-certificates.crt": "/host/ca.crt"},
		Environment: map[string]string{"http_proxy": "http://host", "https_proxy": "http://host", "SSL_CERT_FILE": "/dev/brainpod/ca"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got decodedSpec
	if err := json.Unmarshal(completed, &got); err != nil {
		t.Fatal(err)
	}
	if want := []string{"PATH=/bin", "HTTP_PROXY=http://own", "SSL_CERT_FILE=/own.crt", "https_proxy=http://host"}; !slices.Equal(got.Process.Env, want) {
		t.Errorf("the environment is %q, want %q", got.Process.Env, want)
	}
	if len(got.Mounts) != 3 {
		t.Fatalf("there are %d mounts, want 3", len(got.Mounts))
	}
	added := got.Mounts[2]
	if added.Destination != "/dev/brainpod/ca-certificates.crt" || added.Source != "/host/ca.crt" || !slices.Contains(added.Options, "ro") {
		t.Errorf("the mount is %+v", added)
	}
	if got.Root.Path != "rootfs" || got.Process.Args[0] != "/bin/sh" {
		t.Error("something else was changed")
	}
	// Larger than a float can hold exactly.
	if got.Process.Rlimits[0].Hard != "18446744073709551615" || got.Linux.Resources.Memory.Limit != "9007199254740993" {
		t.Errorf("numbers were changed: %v", got)
	}
}

func TestCompleteSpecRefusesALayerForItsMounts(t *testing.T) {
	without := strings.Replace(spec, `"type": "tmpfs"`, `"type": "bind"`, 1)
	if _, err := completeSpec([]byte(without), Settings{}); err == nil || !strings.Contains(err.Error(), "/dev") {
		t.Errorf("got %v, want a refusal that names /dev", err)
	}
}

func TestBundleOf(t *testing.T) {
	for _, c := range []struct {
		args   string
		bundle string
		starts bool
	}{
		{"runc --log l run --bundle /b --keep id", "/b", true},
		{"runc --log=l create --bundle=/b id", "/b", true},
		{"runc run -b /b id", "/b", true},
		{"runc delete --force id", "", false},
		{"runc run id", "", false},
	} {
		if bundle, starts := bundleOf(strings.Fields(c.args)); starts != c.starts || starts && bundle != c.bundle {
			t.Errorf("%s: got %q, %v", c.args, bundle, starts)
		}
	}
}

func TestFromHost(t *testing.T) {
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	host := FromHost([]string{
		"SSL_CERT_FILE=" + bundle, "HTTPS_PROXY=http://proxy:3128", "npm_config_registry=https://npm.example", "GOPROXY=",
		"NPM_TOKEN=secret", "HOME=/root", "npm_config_cache=/root/.npm",
		"UV_DEFAULT_INDEX=https://pypi.example", "uv_index_url=https://old.example", "UV_CACHE_DIR=/root/.cache/uv",
	})
	want := map[string]string{
		"HTTPS_PROXY": "http://proxy:3128", "npm_config_registry": "https://npm.example",
		"UV_DEFAULT_INDEX": "https://pypi.example", "uv_index_url": "https://old.example",
	}
	if host.Bundle != bundle || !reflect.DeepEqual(host.Environment, want) {
		t.Errorf("got %+v, want the bundle and %v", host, want)
	}
	if missing := FromHost([]string{"SSL_CERT_FILE=/nowhere/ca.pem"}); missing.Bundle == "/nowhere/ca.pem" {
		t.Error("a bundle that is not there is taken")
	}
}

func TestWriteSettings(t *testing.T) {
	folder, source := t.TempDir(), t.TempDir()
	bundle, extra := filepath.Join(source, "ca.pem"), filepath.Join(source, "extra.pem")
	if err := os.WriteFile(bundle, []byte("BUNDLE\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(extra, []byte("EXTRA\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("NODE_EXTRA_CA_CERTS", extra)
	host := Host{Bundle: bundle, Environment: map[string]string{"HTTP_PROXY": "http://user:password@proxy"}}
	if err := WriteSettings(folder, "/usr/sbin/runc", host); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, SettingsFile)
	settings, err := readSettings(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the settings, which may hold passwords, have mode %v (%v)", info.Mode(), err)
	}
	content, err := os.ReadFile(settings.Mounts["ca-certificates.crt"])
	if err != nil || string(content) != "BUNDLE\n\nEXTRA\n" {
		t.Errorf("the bundle is %q (%v)", content, err)
	}
	apt, err := os.ReadFile(settings.Mounts["apt.conf"])
	if err != nil || !strings.Contains(string(apt), `CaInfo "/dev/brainpod/ca-certificates.crt"`) {
		t.Errorf("apt's configuration is %q (%v)", apt, err)
	}
	for name, want := range map[string]string{
		"HTTP_PROXY": "http://user:password@proxy", "npm_config_cafile": "/dev/brainpod/ca-certificates.crt", "APT_CONFIG": "/dev/brainpod/apt.conf",
	} {
		if settings.Environment[name] != want {
			t.Errorf("%s is %q, want %q", name, settings.Environment[name], want)
		}
	}
	if settings.Runc != "/usr/sbin/runc" {
		t.Errorf("runc is %q", settings.Runc)
	}
}

func TestReadSettingsWithoutAny(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none.json")} {
		if settings, err := readSettings(path); err != nil || settings != nil {
			t.Errorf("%q: got %v, %v", path, settings, err)
		}
	}
}
