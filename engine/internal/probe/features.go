package probe

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/netpolicy"
	"brainpod.io/engine/internal/variant"
)

// features are found by doing what the engine will do, in a network namespace of
// its own that ends with the thread.
func features(ctx context.Context, root bool) variant.Features {
	found := variant.Features{Overlayfs: hasFilesystem("overlay"), Loop: exists("/dev/loop-control")}
	if !root {
		return found
	}
	if !found.Overlayfs {
		loadModule(ctx, "overlay")
		found.Overlayfs = hasFilesystem("overlay")
	}
	if !found.Loop {
		loadModule(ctx, "loop")
		found.Loop = exists("/dev/loop-control")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		// Never unlocked: the thread, and the namespace with it, ends here.
		runtime.LockOSThread()
		tryNetwork(&found)
	}()
	<-done
	return found
}

func tryNetwork(found *variant.Features) {
	if unix.Unshare(unix.CLONE_NEWNET) != nil {
		return
	}
	found.NetworkNamespaces = true
	bridge := netlink.NewLinkAttrs()
	bridge.Name = "probe-bridge"
	found.Bridge = netlink.LinkAdd(&netlink.Bridge{LinkAttrs: bridge}) == nil
	pair := netlink.NewLinkAttrs()
	pair.Name = "probe-a"
	found.Veth = netlink.LinkAdd(&netlink.Veth{LinkAttrs: pair, PeerName: "probe-b"}) == nil
	found.NFTables = tryRules(`table ip probe {
		chain c { type filter hook input priority 0; }
	}`)
	found.Conntrack = tryRules(`table ip probe {
		chain n { type nat hook postrouting priority srcnat; ct state established accept; masquerade; }
	}`)
	found.NetworkPolicies = tryRules(netpolicy.Compile(netpolicy.World{}, netpolicy.Settings{
		Table: "probe_walls", InterfaceGroup: 1, DNSAddress: "127.0.0.1", EdgePorts: []uint16{443}, MaxConnections: 1,
	}))
}

// tryRules runs nft as a child of this very thread, so in this thread's namespace.
func tryRules(script string) bool {
	command := exec.Command("nft", "-f", "-")
	command.Stdin = strings.NewReader(script)
	return command.Run() == nil
}

func hasFilesystem(name string) bool {
	raw, err := os.ReadFile("/proc/filesystems")
	return err == nil && slices.Contains(strings.Fields(string(raw)), name)
}

// loadModule asks for a kernel module. Whether it helped is seen by looking again:
// it may be built in, not be there at all, or there may be no modprobe.
func loadModule(ctx context.Context, name string) {
	_ = exec.CommandContext(ctx, "modprobe", "--quiet", name).Run()
}
