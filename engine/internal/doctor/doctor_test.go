package doctor

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"brainpod.io/engine/internal/variant"
)

func recorded(t *testing.T, name string) variant.Facts {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "variant", "testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var facts variant.Facts
	if err := json.Unmarshal(raw, &facts); err != nil {
		t.Fatal(err)
	}
	return facts
}

func ids(results []Result) []string {
	var found []string
	for _, r := range results {
		found = append(found, r.ID)
	}
	return found
}

func TestFitMachinesPass(t *testing.T) {
	for _, name := range []string{
		"debian12-cgroup1-without-cap-sys-resource", "debian12-cgroup2-systemd", "container-cgroup2-without-cap-sys-resource",
	} {
		if failed := Failed(Check(recorded(t, name))); len(failed) > 0 {
			t.Errorf("%s: %+v", name, failed)
		}
	}
}

func TestUnfitMachineIsToldEverythingAtOnceAndWhatToDo(t *testing.T) {
	results := Check(recorded(t, "unfit"))
	want := []string{"root", "kernel", "cgroups", "memory", "disk", "binaries", "programs", "ports", "networks"}
	if got := ids(Failed(results)); !slices.Equal(got, want) {
		t.Errorf("failed = %v, want %v", got, want)
	}
	for id, text := range map[string]string{
		"root": "sudo", "kernel": "5.13", "memory": "0.7 GB more are needed", "disk": "3.9 GB more must be free at /home",
		"binaries": "npm start", "programs": "apt-get install containernetworking-plugins nftables runc",
		"ports":    "Stop nginx (process 812), or choose another port than 443. Free port 80",
		"networks": "Remove the interface cni0, or choose another clusterCidr.",
	} {
		i := slices.IndexFunc(results, func(r Result) bool { return r.ID == id })
		if !strings.Contains(results[i].Remedy, text) {
			t.Errorf("%s: %q does not say %q", id, results[i].Remedy, text)
		}
	}
}

func TestEachMissingFeatureIsNamedWithItsModule(t *testing.T) {
	facts := recorded(t, "debian12-cgroup2-systemd")
	facts.Features = variant.Features{}
	results := Check(facts)
	want := []string{"overlayfs", "network-namespaces", "bridge", "veth", "nftables", "conntrack", "network-policies"}
	if got := ids(Failed(results)); !slices.Equal(got, want) {
		t.Errorf("failed = %v, want %v", got, want)
	}
	for _, r := range results {
		if !r.OK && r.ID != "network-namespaces" && !strings.Contains(r.Remedy, "modprobe") {
			t.Errorf("%s: %q names no module", r.ID, r.Remedy)
		}
	}
}

func TestARunningEngineDoesNotCountAsMissingMemory(t *testing.T) {
	facts := recorded(t, "container-cgroup2-without-cap-sys-resource")
	facts.MemoryAvailableBytes = 400 << 20
	if failed := ids(Failed(Check(facts))); !slices.Equal(failed, []string{"memory"}) {
		t.Errorf("failed = %v", failed)
	}
	facts.Engine = 4711
	if failed := Failed(Check(facts)); len(failed) > 0 {
		t.Errorf("failed = %+v", failed)
	}
}

func TestKernelReleases(t *testing.T) {
	for release, want := range map[string]bool{
		"5.13.0": true, "5.12.19": false, "6.1.0-18-amd64": true, "4.19": false, "5.15": true, "5.13-rc1": true, "odd": false, "": false,
	} {
		if got := atLeast(release, 5, 13); got != want {
			t.Errorf("%q: %t", release, got)
		}
	}
}
