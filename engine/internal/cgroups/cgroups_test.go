package cgroups

import (
	"slices"
	"testing"
)

const (
	v1 = `30 29 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu
31 29 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 29 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
33 29 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
`
	v2     = "30 29 0:26 / /sys/fs/cgroup rw shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	hybrid = `30 29 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
31 29 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
`
)

func TestVersion(t *testing.T) {
	for mountinfo, want := range map[string]string{v1: "v1", v2: "v2", hybrid: "v2", "": ""} {
		if got := Version(parse(mountinfo)); got != want {
			t.Errorf("%q: got %q, want %q", mountinfo, got, want)
		}
	}
	// The unified tree's controllers are read from the machine, so it is left out.
	trees := slices.DeleteFunc(parse(v1), func(h Hierarchy) bool { return h.V2 })
	if got := Controllers(trees); !slices.Equal(got, []string{"cpu", "memory"}) {
		t.Errorf("controllers = %v", got)
	}
}

func TestIsWithin(t *testing.T) {
	for memberships, want := range map[string]bool{
		"9:name=systemd:/\n4:memory:/my-engine/kubepods/pod1\n": true,
		"0::/my_engine.slice/my_engine-kubepods.slice/x.scope":  true,
		"0::/my-engine":                          true,
		"4:memory:/my-engine-two/kubepods\n0::/": false,
		"0::/user.slice/my-engine":               false,
	} {
		if got := isWithin(memberships, "my-engine"); got != want {
			t.Errorf("%q: %t", memberships, got)
		}
	}
}
