package leftovers

import (
	"slices"
	"testing"
)

func TestParseMountsFindsOwnOnesInnermostFirst(t *testing.T) {
	const mountinfo = `22 1 254:0 / / rw shared:1 - ext4 /dev/vda rw
30 22 0:40 / /run/x rw - tmpfs tmpfs rw
31 30 0:41 / /run/x/containerd/rootfs rw - overlay overlay rw
32 30 0:4 net:[4026532] /run/x/containerd/netns/cni-1 rw - nsfs nsfs rw
33 22 0:42 / /run/xother/mount rw - tmpfs tmpfs rw
34 31 0:43 / /run/x/containerd/rootfs/with\040blank rw - tmpfs tmpfs rw
`
	got := parseMounts(mountinfo, []string{"/run/x", "/data"})
	want := []Mount{
		{Path: "/run/x/containerd/rootfs/with blank"},
		{Path: "/run/x/containerd/netns/cni-1", Namespace: true},
		{Path: "/run/x/containerd/rootfs"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}
