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

func TestReadSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings.json")
	content := `{"runc":"/usr/sbin/runc","mounts":{"apt.conf":"/etc/apt.conf"},"environment":{"HTTP_PROXY":"http://proxy"}}`
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	want := &Settings{
		Runc: "/usr/sbin/runc", Mounts: map[string]string{"apt.conf": "/etc/apt.conf"}, Environment: map[string]string{"HTTP_PROXY": "http://proxy"},
	}
	if got, err := readSettings(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if err := os.WriteFile(path, []byte(`{"runc":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readSettings(path); err == nil {
		t.Error("half of the settings are taken for all")
	}
}

func TestReadSettingsWithoutAny(t *testing.T) {
	for _, path := range []string{"", filepath.Join(t.TempDir(), "none.json")} {
		if settings, err := readSettings(path); err != nil || settings != nil {
			t.Errorf("%q: got %v, %v", path, settings, err)
		}
	}
}
