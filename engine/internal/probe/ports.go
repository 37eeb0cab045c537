package probe

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/cluster"
	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/network"
	"brainpod.io/engine/internal/owned"
	"brainpod.io/engine/internal/procfs"
	"brainpod.io/engine/internal/reserved"
	"brainpod.io/engine/internal/variant"
)

const dyingPoll = 50 * time.Millisecond

// listener is a TCP socket that takes connections.
type listener struct {
	address netip.Addr
	port    int
	inode   string
}

// wanted is a port that the engine will listen on, at an address or at all.
type wanted struct {
	port    int
	purpose string
	address netip.Addr
}

func wantedPorts(cfg *config.Config) []wanted {
	loopback, node, all := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr(cfg.NodeAddress), netip.IPv4Unspecified()
	list := []wanted{
		{cfg.Ports.APIServer, "the API server", node}, {cluster.KubeletPort, "the kubelet", node},
		{cfg.Ports.EtcdClient, "etcd", loopback}, {cfg.Ports.EtcdPeer, "etcd", loopback},
	}
	if cfg.Gateways == config.Merged {
		list = append(list, wanted{cfg.Ports.HTTP, "HTTP", all}, wanted{cfg.Ports.HTTPS, "HTTPS", all})
	}
	for _, port := range cluster.LoopbackPorts {
		list = append(list, wanted{port, "Kubernetes' health checks", loopback})
	}
	for _, port := range reserved.Ports(cfg) {
		list = append(list, wanted{port.Number, port.Purpose, netip.MustParseAddr(port.Address)})
	}
	if cfg.Profile == config.Full {
		list = append(list, wanted{cfg.Ports.Registry, "the image registry", loopback})
	}
	return list
}

// portsInUse are the engine's ports that others hold. What its own processes hold,
// those that outlived the last engine among them, is not in the way.
func portsInUse(cfg *config.Config) ([]variant.PortInUse, error) {
	listeners, err := listListeners()
	if err != nil {
		return nil, err
	}
	var holders map[string]int
	var found []variant.PortInUse
	for _, want := range wantedPorts(cfg) {
		for _, l := range listeners {
			if l.port != want.port || !collide(l.address, want.address) {
				continue
			}
			if holders == nil {
				holders = socketHolders()
			}
			pid := holders[l.inode]
			if pid != 0 && owned.Owns(cfg, pid) {
				continue
			}
			use := variant.PortInUse{Port: l.port, Purpose: want.purpose, Address: l.address.String(), PID: pid}
			if pid != 0 {
				use.Program = filepath.Base(procfs.Program(pid))
			}
			found = append(found, use)
			break
		}
	}
	return found, nil
}

// WaitForDyingHolders waits until no port of the engine's is held by a process that
// cannot be seen: one that was just killed keeps its sockets for a moment, and has
// nothing else any more to tell it by. It gives up after the time-out, without an
// error: whoever holds the port then is somebody else.
func WaitForDyingHolders(ctx context.Context, cfg *config.Config, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		inUse, err := portsInUse(cfg)
		if err != nil {
			return err
		}
		unseen := slices.ContainsFunc(inUse, func(use variant.PortInUse) bool { return use.PID == 0 })
		if !unseen {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(dyingPoll):
		}
	}
}

func collide(a, b netip.Addr) bool { return a == b || a.IsUnspecified() || b.IsUnspecified() }

func listListeners() ([]listener, error) {
	var all []listener
	for _, file := range []string{"/proc/self/net/tcp", "/proc/self/net/tcp6"} {
		raw, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found, err := parseListeners(string(raw))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// parseListeners reads /proc/net/tcp: addresses are hexadecimal, each 32 bits in
// the machine's order, which is little-endian on all that we run on.
func parseListeners(table string) ([]listener, error) {
	const listening = "0A"
	var found []listener
	for _, line := range strings.Split(table, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 10 || fields[3] != listening {
			continue
		}
		host, portText, ok := strings.Cut(fields[1], ":")
		raw, err := hex.DecodeString(host)
		port, portErr := strconv.ParseUint(portText, 16, 16)
		if !ok || err != nil || portErr != nil || len(raw)%4 != 0 {
			return nil, fmt.Errorf("unexpected line %q", line)
		}
		for i := 0; i < len(raw); i += 4 {
			slices.Reverse(raw[i : i+4])
		}
		address, ok := netip.AddrFromSlice(raw)
		if !ok {
			return nil, fmt.Errorf("unexpected address in %q", line)
		}
		found = append(found, listener{address: address.Unmap(), port: int(port), inode: fields[9]})
	}
	return found, nil
}

// socketHolders maps sockets to a process that has them open. Processes that end
// meanwhile, or that may not be looked at, are left out.
func socketHolders() map[string]int {
	holders := map[string]int{}
	processes, err := procfs.List()
	if err != nil {
		return holders
	}
	for _, process := range processes {
		dir := fmt.Sprintf("/proc/%d/fd", process.PID)
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, entry := range entries {
			target, err := os.Readlink(filepath.Join(dir, entry.Name()))
			if err != nil {
				continue
			}
			if inode, isSocket := strings.CutPrefix(target, "socket:["); isSocket {
				holders[strings.TrimSuffix(inode, "]")] = process.PID
			}
		}
	}
	return holders
}

// overlaps are this machine's networks that lie in the engine's ranges, or the
// other way round, other than its default route and the engine's own interfaces.
func overlaps(cfg *config.Config) ([]variant.Overlap, error) {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return nil, fmt.Errorf("cannot list the routes: %w", err)
	}
	ranges := []struct{ field, value string }{
		{"clusterCidr", cfg.ClusterCIDR}, {"serviceCidr", cfg.ServiceCIDR},
	}
	if cfg.Gateways == config.Separate {
		ranges = append(ranges, struct{ field, value string }{"gatewayCidr", cfg.GatewayCIDR})
	}
	var found []variant.Overlap
	for _, route := range routes {
		if route.Dst == nil || route.Dst.IP.IsUnspecified() {
			continue
		}
		name := ""
		if device, err := net.InterfaceByIndex(route.LinkIndex); err == nil {
			name = device.Name
		}
		leadsNowhere := route.Type == unix.RTN_UNREACHABLE && route.Dst.String() == cfg.PodCIDR
		if network.IsOwn(cfg, name) || leadsNowhere {
			continue
		}
		there, err := netip.ParsePrefix(route.Dst.String())
		if err != nil {
			return nil, err
		}
		for _, r := range ranges {
			// A wider network, such as a company's 10.0.0.0/8, stays reachable beside ours.
			if mine := netip.MustParsePrefix(r.value); mine.Overlaps(there) && there.Bits() >= mine.Bits() {
				found = append(found, variant.Overlap{Range: r.value, Field: r.field, Network: there.String(), Interface: name})
				break
			}
		}
	}
	return found, nil
}
