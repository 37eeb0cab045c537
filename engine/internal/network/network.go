// Package network makes, keeps and removes the interfaces, addresses and firewall
// rules of one engine.
package network

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
)

// Ensure brings the network to what the engine needs. It is idempotent and meant
// to be called again and again: a firewall's reload may have thrown our rules away.
func Ensure(ctx context.Context, cfg *config.Config) error {
	if err := ensureForwarding(); err != nil {
		return err
	}
	if err := ensureNodeBridge(cfg); err != nil {
		return fmt.Errorf("cannot make the bridge %s: %w", cfg.Bridges.Node, err)
	}
	if err := ensureUnreachable(cfg); err != nil {
		return fmt.Errorf("cannot make the route for addresses that no pod has: %w", err)
	}
	if err := ensureTable(ctx, cfg); err != nil {
		return err
	}
	return ensureAccepted(ctx, cfg)
}

func ensureForwarding() error {
	const path = "/proc/sys/net/ipv4/ip_forward"
	present, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(present)) == "1" {
		return nil
	}
	if err := os.WriteFile(path, []byte("1\n"), 0o644); err != nil {
		return fmt.Errorf("cannot switch on the forwarding of packets between pods and the network: %w", err)
	}
	return nil
}

// ensureNodeBridge gives this machine addresses that stay the same whatever its
// own network does, and a way to the services when it has no default route.
func ensureNodeBridge(cfg *config.Config) error {
	bridge, err := ensureBridge(cfg.Bridges.Node)
	if err != nil {
		return err
	}
	for _, address := range []string{cfg.NodeAddress, cfg.DNSAddress} {
		parsed, err := netlink.ParseAddr(address + "/32")
		if err != nil {
			return err
		}
		if err := netlink.AddrReplace(bridge, parsed); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
	}
	_, services, err := net.ParseCIDR(cfg.ServiceCIDR)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(&netlink.Route{
		LinkIndex: bridge.Attrs().Index, Dst: services, Src: net.ParseIP(cfg.NodeAddress), Scope: netlink.SCOPE_LINK,
	})
}

// ensureUnreachable keeps packets for an address that no pod has on this machine: each pod has a route of its own.
func ensureUnreachable(cfg *config.Config) error {
	route, err := unreachable(cfg)
	if err != nil {
		return err
	}
	return netlink.RouteReplace(route)
}

func unreachable(cfg *config.Config) (*netlink.Route, error) {
	_, pods, err := net.ParseCIDR(cfg.PodCIDR)
	return &netlink.Route{Dst: pods, Type: unix.RTN_UNREACHABLE}, err
}

func ensureBridge(name string) (netlink.Link, error) {
	link, err := netlink.LinkByName(name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		attributes := netlink.NewLinkAttrs()
		attributes.Name = name
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: attributes}); err != nil && !errors.Is(err, unix.EEXIST) {
			return nil, err
		}
		link, err = netlink.LinkByName(name)
	}
	if err != nil {
		return nil, err
	}
	if link.Type() != "bridge" {
		return nil, fmt.Errorf("an interface of this name is there already and is a %s", link.Type())
	}
	return link, netlink.LinkSetUp(link)
}

// ensureTable hides pods' addresses from networks outside. The table is
// ours alone, so it is replaced as a whole, in one transaction.
func ensureTable(ctx context.Context, cfg *config.Config) error {
	return runNFT(ctx, fmt.Sprintf(`table ip %[1]s {}
delete table ip %[1]s
table ip %[1]s {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr %[2]s ip daddr != %[3]s masquerade
	}
}
`, Table(cfg), cfg.PodCIDR, cfg.ClusterCIDR))
}

// Table is the name of the engine's own nftables table.
func Table(cfg *config.Config) string { return strings.ReplaceAll(cfg.Name, "-", "_") }

// PolicyTable is the name of the table, of the family inet, that enforces network policies.
func PolicyTable(cfg *config.Config) string { return Table(cfg) + "_walls" }

// fallbackTrackedConnections is the least that kernels choose for machines that run an engine.
const fallbackTrackedConnections = 65536

// TrackedConnections is how many connections this machine's kernel follows at a time; those of all pods are among them.
func TrackedConnections() int {
	content, err := os.ReadFile("/proc/sys/net/netfilter/nf_conntrack_max")
	if err != nil {
		return fallbackTrackedConnections
	}
	size, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || size == 0 {
		return fallbackTrackedConnections
	}
	return size
}

// PodGroup is the interface group that this machine's side of every pod is in: the name of such an interface is
// random, and must not tell two engines apart.
func PodGroup(cfg *config.Config) uint32 { return crc32.ChecksumIEEE([]byte(PodNetwork(cfg))) >> 1 }

func runNFT(ctx context.Context, script string) error {
	command := exec.CommandContext(ctx, "nft", "-f", "-")
	command.Stdin = strings.NewReader(script)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("nft refused the engine's rules: %w: %s", err, strings.TrimSpace(string(output)))
	}
	return nil
}

// ForwardDropped tells whether a firewall of this machine, such as Docker's or
// ufw's, drops forwarded packets that no rule of its own accepts.
func ForwardDropped(ctx context.Context) bool {
	chain, err := exec.CommandContext(ctx, "nft", "list", "chain", "ip", "filter", "FORWARD").Output()
	return err == nil && strings.Contains(string(chain), "policy drop")
}

// ensureAccepted adds to such a firewall that packets from and to our pods may pass.
func ensureAccepted(ctx context.Context, cfg *config.Config) error {
	if !ForwardDropped(ctx) {
		return nil
	}
	handles, err := acceptRules(ctx, cfg)
	if err != nil || len(handles) == 2 {
		return err
	}
	if err := deleteRules(ctx, handles); err != nil {
		return err
	}
	var script strings.Builder
	for _, direction := range []string{"saddr", "daddr"} {
		fmt.Fprintf(&script, "insert rule ip filter FORWARD ip %s %s counter accept comment %q\n", direction, cfg.PodCIDR, comment(cfg))
	}
	return runNFT(ctx, script.String())
}

func comment(cfg *config.Config) string { return "brainpod engine " + cfg.Name }

// acceptRules are the handles of the rules that ensureAccepted made.
func acceptRules(ctx context.Context, cfg *config.Config) ([]string, error) {
	chain, err := exec.CommandContext(ctx, "nft", "-a", "list", "chain", "ip", "filter", "FORWARD").Output()
	if err != nil {
		// No such chain: there is nothing of ours in it.
		return nil, nil
	}
	var handles []string
	for _, line := range strings.Split(string(chain), "\n") {
		_, handle, found := strings.Cut(line, "# handle ")
		if found && strings.Contains(line, fmt.Sprintf("comment %q", comment(cfg))) {
			handles = append(handles, strings.TrimSpace(handle))
		}
	}
	return handles, nil
}

func deleteRules(ctx context.Context, handles []string) error {
	var script strings.Builder
	for _, handle := range handles {
		fmt.Fprintf(&script, "delete rule ip filter FORWARD handle %s\n", handle)
	}
	if script.Len() == 0 {
		return nil
	}
	return runNFT(ctx, script.String())
}
