package network

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"brainpod.io/engine/internal/config"
)

// innerName is the interface that a Gateway's Envoy sees.
const innerName = "eth0"

// GatewayNamespace is where a Gateway's network namespace is mounted. It is in the run directory: what is
// mounted there is found and removed at teardown.
func GatewayNamespace(cfg *config.Config, id string) string {
	return filepath.Join(gatewayNamespaces(cfg), id)
}

func gatewayNamespaces(cfg *config.Config) string { return filepath.Join(cfg.RunDir, "edge", "netns") }

// outerName is this machine's side of a Gateway's cable.
func outerName(id string) string { return "bpgw" + id }

// EnsureGateway connects a network namespace, with the address, to the bridge of separate Gateways. id has at most 11
// characters. It is idempotent, and finishes what an earlier call left half done.
func EnsureGateway(cfg *config.Config, id string, address netip.Addr) error {
	bridge, gateway, err := ensureGatewayBridge(cfg)
	if err != nil {
		return fmt.Errorf("cannot make the bridge %s: %w", cfg.Bridges.Gateways, err)
	}
	path := GatewayNamespace(cfg, id)
	if err := ensureNamespace(path); err != nil {
		return fmt.Errorf("cannot make the network namespace %s: %w", path, err)
	}
	namespace, err := netns.GetFromPath(path)
	if err != nil {
		return fmt.Errorf("cannot open the network namespace %s: %w", path, err)
	}
	// Nothing is written through it: closing cannot lose anything.
	defer func() { _ = namespace.Close() }()
	inside, err := netlink.NewHandleAt(namespace)
	if err != nil {
		return fmt.Errorf("cannot work in the network namespace %s: %w", path, err)
	}
	defer inside.Close()
	if err := ensureCable(inside, namespace, bridge, outerName(id)); err != nil {
		return fmt.Errorf("cannot connect the network namespace %s: %w", path, err)
	}
	return configureInside(inside, netip.PrefixFrom(address, gateway.Bits()), gateway.Addr())
}

// ensureGatewayBridge gives the bridge the first address of the range, and returns that with the range's length.
func ensureGatewayBridge(cfg *config.Config) (netlink.Link, netip.Prefix, error) {
	addresses, err := netip.ParsePrefix(cfg.GatewayCIDR)
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	own := netip.PrefixFrom(addresses.Addr().Next(), addresses.Bits())
	bridge, err := ensureBridge(cfg.Bridges.Gateways)
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	parsed, err := netlink.ParseAddr(own.String())
	if err != nil {
		return nil, netip.Prefix{}, err
	}
	return bridge, own, netlink.AddrReplace(bridge, parsed)
}

func ensureNamespace(path string) error {
	if there, err := isNamespace(path); there || err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		return err
	}
	made := make(chan error, 1)
	go func() {
		// Never unlocked: the thread, which is in the new namespace, ends with this function.
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			made <- err
			return
		}
		made <- unix.Mount("/proc/thread-self/ns/net", path, "", unix.MS_BIND, "")
	}()
	return <-made
}

func isNamespace(path string) (bool, error) {
	var found unix.Statfs_t
	err := unix.Statfs(path, &found)
	if errors.Is(err, unix.ENOENT) {
		return false, nil
	}
	return err == nil && found.Type == unix.NSFS_MAGIC, err
}

func ensureCable(inside *netlink.Handle, namespace netns.NsHandle, bridge netlink.Link, name string) error {
	_, err := inside.LinkByName(innerName)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		// An end that is there without the other leads into a namespace of before.
		if err := removeLink(name); err != nil {
			return err
		}
		attributes := netlink.NewLinkAttrs()
		attributes.Name = name
		err = netlink.LinkAdd(&netlink.Veth{
			LinkAttrs: attributes, PeerName: innerName, PeerNamespace: netlink.NsFd(int(namespace)),
		})
	}
	if err != nil {
		return err
	}
	outer, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetMaster(outer, bridge); err != nil {
		return err
	}
	return netlink.LinkSetUp(outer)
}

func configureInside(inside *netlink.Handle, address netip.Prefix, router netip.Addr) error {
	parsed, err := netlink.ParseAddr(address.String())
	if err != nil {
		return err
	}
	for _, name := range []string{"lo", innerName} {
		link, err := inside.LinkByName(name)
		if err != nil {
			return err
		}
		if err := inside.LinkSetUp(link); err != nil {
			return err
		}
		if name != innerName {
			continue
		}
		if err := inside.AddrReplace(link, parsed); err != nil {
			return fmt.Errorf("address %s: %w", address, err)
		}
		if err := inside.RouteReplace(&netlink.Route{LinkIndex: link.Attrs().Index, Gw: net.IP(router.AsSlice())}); err != nil {
			return fmt.Errorf("the way out through %s: %w", router, err)
		}
	}
	return nil
}

// RemoveGateway removes what EnsureGateway made for the id, but for the bridge. The namespace itself lasts as long as
// a process is in it.
func RemoveGateway(cfg *config.Config, id string) error {
	path := GatewayNamespace(cfg, id)
	faults := []error{removeLink(outerName(id))}
	if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil &&
		!errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOENT) {
		faults = append(faults, fmt.Errorf("cannot unmount %s: %w", path, err))
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// RemoveGateways removes those of an engine before this one.
func RemoveGateways(cfg *config.Config) error {
	entries, err := os.ReadDir(gatewayNamespaces(cfg))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	faults := []error{err}
	for _, entry := range entries {
		faults = append(faults, RemoveGateway(cfg, entry.Name()))
	}
	return errors.Join(faults...)
}

func removeLink(name string) error {
	link, err := netlink.LinkByName(name)
	if errors.As(err, new(netlink.LinkNotFoundError)) {
		return nil
	}
	if err != nil {
		return err
	}
	return ignoreGone(netlink.LinkDel(link))
}
