package network

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"brainpod.io/engine/internal/config"
	"brainpod.io/engine/internal/netpolicy"
)

// Item is something in the network that belongs to the engine.
type Item struct {
	// Kind is "interface", "route", "nftables", "iptables" or "cni".
	Kind string
	Name string
}

// resultsDir is where the runtime's network library keeps what plugins answered,
// for all networks of a machine alike.
const resultsDir = "/var/lib/cni/results"

// Find returns all that is there of the engine's own network in this network namespace.
func Find(ctx context.Context, cfg *config.Config) ([]Item, error) {
	var found []Item
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, link := range ownLinks(cfg, links) {
		found = append(found, Item{Kind: "interface", Name: link.Attrs().Name})
	}
	routes, err := unreachableRoutes(cfg)
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		found = append(found, Item{Kind: "route", Name: "unreachable " + route.Dst.String()})
	}
	tables, err := ownTables(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, table := range tables {
		found = append(found, Item{Kind: "nftables", Name: table})
	}
	handles, err := acceptRules(ctx, cfg)
	if err != nil {
		return nil, err
	}
	for _, handle := range handles {
		found = append(found, Item{Kind: "iptables", Name: "FORWARD handle " + handle})
	}
	for _, name := range []string{PodNetwork(cfg), earlierBuildNetwork(cfg)} {
		results, err := filepath.Glob(filepath.Join(resultsDir, name+"-*"))
		if err != nil {
			return nil, err
		}
		for _, result := range results {
			found = append(found, Item{Kind: "cni", Name: result})
			if loopback := loopbackResult(result, name); loopback != "" {
				found = append(found, Item{Kind: "cni", Name: loopback})
			}
		}
	}
	return found, nil
}

// loopbackResult is the file, if there is one, that was left for the same container
// when its loopback interface was set up.
func loopbackResult(result, network string) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(result), network+"-"), "-")
	path := filepath.Join(resultsDir, "cni-loopback-"+id+"-lo")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// PodNetwork is what the pods' network is called towards the plugins.
func PodNetwork(cfg *config.Config) string { return cfg.Name + "-pods" }

// Engines before this one built images beside the pods, on a bridge and in a network of their own. What is left of those goes too.
const earlierBuildBridge = "brainpod-build"

func earlierBuildNetwork(cfg *config.Config) string { return cfg.Name + "-build" }

func ownTables(ctx context.Context, cfg *config.Config) ([]string, error) {
	output, err := exec.CommandContext(ctx, "nft", "list", "tables").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("nft cannot list its tables: %w", err)
	}
	own := []string{
		"ip " + Table(cfg), "inet " + PolicyTable(cfg), "inet " + netpolicy.LimitsTable(PolicyTable(cfg)),
		"ip kube-proxy", "ip6 kube-proxy",
	}
	var found []string
	for _, line := range strings.Split(string(output), "\n") {
		table := strings.TrimPrefix(strings.TrimSpace(line), "table ")
		if slices.Contains(own, table) {
			found = append(found, table)
		}
	}
	return found, nil
}

// ownLinks are the engine's interfaces: its bridges with their ports, and the pods'. Ports come before their bridge.
func ownLinks(cfg *config.Config, links []netlink.Link) []netlink.Link {
	var bridges, ports []netlink.Link
	indexes := map[int]bool{}
	for _, link := range links {
		if slices.Contains([]string{cfg.Bridges.Node, earlierBuildBridge, cfg.Bridges.Gateways}, link.Attrs().Name) {
			indexes[link.Attrs().Index] = true
			bridges = append(bridges, link)
		}
	}
	for _, link := range links {
		if link.Type() == "veth" && (indexes[link.Attrs().MasterIndex] || link.Attrs().Group == PodGroup(cfg)) {
			ports = append(ports, link)
		}
	}
	return append(ports, bridges...)
}

// IsOwn tells whether an interface of this name is the engine's.
func IsOwn(cfg *config.Config, name string) bool {
	link, err := netlink.LinkByName(name)
	return err == nil && len(ownLinks(cfg, []netlink.Link{link})) > 0
}

// RemoveLinks removes the engine's interfaces, and the route that belongs to none.
func RemoveLinks(cfg *config.Config) error {
	links, err := netlink.LinkList()
	if err != nil {
		return err
	}
	var faults []error
	for _, link := range ownLinks(cfg, links) {
		faults = append(faults, ignoreGone(netlink.LinkDel(link)))
	}
	routes, err := unreachableRoutes(cfg)
	faults = append(faults, err)
	for _, route := range routes {
		faults = append(faults, netlink.RouteDel(&route))
	}
	return errors.Join(faults...)
}

func unreachableRoutes(cfg *config.Config) ([]netlink.Route, error) {
	wanted, err := unreachable(cfg)
	if err != nil {
		return nil, err
	}
	return netlink.RouteListFiltered(netlink.FAMILY_V4, wanted, netlink.RT_FILTER_DST|netlink.RT_FILTER_TYPE)
}

// RemoveRules removes the engine's firewall tables and rules.
func RemoveRules(ctx context.Context, cfg *config.Config) error {
	tables, err := ownTables(ctx, cfg)
	if err != nil {
		return err
	}
	var script strings.Builder
	for _, table := range tables {
		fmt.Fprintf(&script, "delete table %s\n", table)
	}
	if script.Len() > 0 {
		if err := runNFT(ctx, script.String()); err != nil {
			return err
		}
	}
	handles, err := acceptRules(ctx, cfg)
	if err != nil {
		return err
	}
	return deleteRules(ctx, handles)
}

func ignoreGone(err error) error {
	if err == nil || strings.Contains(err.Error(), "no such device") {
		return nil
	}
	return err
}
