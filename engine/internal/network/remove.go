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
)

// Item is something in the network that belongs to the engine.
type Item struct {
	// Kind is "interface", "nftables", "iptables" or "cni".
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
	bridges := []string{cfg.Bridges.Node, cfg.Bridges.Pods, cfg.Bridges.Build}
	indexes := map[int]bool{}
	for _, link := range links {
		if slices.Contains(bridges, link.Attrs().Name) {
			indexes[link.Attrs().Index] = true
			found = append(found, Item{Kind: "interface", Name: link.Attrs().Name})
		}
	}
	for _, link := range links {
		if link.Type() == "veth" && indexes[link.Attrs().MasterIndex] {
			found = append(found, Item{Kind: "interface", Name: link.Attrs().Name})
		}
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
	for _, name := range []string{PodNetwork(cfg), BuildNetwork(cfg)} {
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

// PodNetwork and BuildNetwork are what the networks are called towards the plugins.
func PodNetwork(cfg *config.Config) string { return cfg.Name + "-pods" }

// BuildNetwork is that of build containers.
func BuildNetwork(cfg *config.Config) string { return cfg.Name + "-build" }

func ownTables(ctx context.Context, cfg *config.Config) ([]string, error) {
	output, err := exec.CommandContext(ctx, "nft", "list", "tables").Output()
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("nft cannot list its tables: %w", err)
	}
	var found []string
	for _, line := range strings.Split(string(output), "\n") {
		table := strings.TrimPrefix(strings.TrimSpace(line), "table ")
		if table == "ip "+Table(cfg) || table == "ip kube-proxy" || table == "ip6 kube-proxy" {
			found = append(found, table)
		}
	}
	return found, nil
}

// RemoveLinks removes the engine's interfaces; those of pods go with their bridge.
func RemoveLinks(cfg *config.Config) error {
	links, err := netlink.LinkList()
	if err != nil {
		return err
	}
	bridges := []string{cfg.Bridges.Node, cfg.Bridges.Pods, cfg.Bridges.Build}
	var faults []error
	for _, link := range links {
		if !slices.Contains(bridges, link.Attrs().Name) {
			continue
		}
		for _, port := range links {
			if port.Type() == "veth" && port.Attrs().MasterIndex == link.Attrs().Index {
				faults = append(faults, ignoreGone(netlink.LinkDel(port)))
			}
		}
		faults = append(faults, ignoreGone(netlink.LinkDel(link)))
	}
	return errors.Join(faults...)
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
