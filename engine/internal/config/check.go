package config

import (
	"fmt"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"sort"
)

var (
	dnsLabel      = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	dnsName       = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$`)
	interfaceName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,15}$`)
	registryName  = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$`)
)

type faults []error

func (f *faults) add(path, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
}

func check(cfg *Config) []error {
	var found faults
	checkPaths(cfg, &found)
	checkNames(cfg, &found)
	checkAddresses(cfg, &found)
	checkPorts(cfg, &found)
	checkRegistryHosts(cfg, &found)
	checkRegistryMirrors(cfg, &found)
	return found
}

func checkPaths(cfg *Config, found *faults) {
	for _, p := range []struct{ path, value string }{
		{"dataDir", cfg.DataDir},
		{"runDir", cfg.RunDir},
		{"binDir", cfg.BinDir},
	} {
		switch {
		case p.value == "":
			found.add(p.path, "is required")
		case !filepath.IsAbs(p.value):
			found.add(p.path, "must be an absolute path, not %q", p.value)
		}
	}
	if cfg.LogDir != "" && !filepath.IsAbs(cfg.LogDir) {
		found.add("logDir", "must be an absolute path, not %q", cfg.LogDir)
	}
	if cfg.EnvoyBinary != "" && !filepath.IsAbs(cfg.EnvoyBinary) {
		found.add("envoyBinary", "must be an absolute path, not %q", cfg.EnvoyBinary)
	}
	// A unix socket's path may have 107 characters, and the container runtime's
	// sockets in RunDir need 67 of them.
	if len(cfg.RunDir) > 40 {
		found.add("runDir", "is too long for the sockets in it: at most 40 characters, not %d", len(cfg.RunDir))
	}
}

func checkNames(cfg *Config, found *faults) {
	if !dnsLabel.MatchString(cfg.Name) {
		found.add("name", "must be lower-case letters, digits and dashes, not %q", cfg.Name)
	}
	if !dnsName.MatchString(cfg.NodeName) {
		found.add("nodeName", "must be a lower-case DNS name, not %q", cfg.NodeName)
	}
	if !dnsName.MatchString(cfg.GatewayClass) {
		found.add("gatewayClass", "must be a lower-case DNS name, not %q", cfg.GatewayClass)
	}
	if cfg.Profile != Full && cfg.Profile != Bare {
		found.add("profile", `must be "full" or "bare", not %q`, cfg.Profile)
	}
	if cfg.Gateways != Merged && cfg.Gateways != Separate {
		found.add("gateways", `must be "merged" or "separate", not %q`, cfg.Gateways)
	}
	seen := map[string]string{}
	for _, b := range []struct{ path, value string }{
		{"bridges.node", cfg.Bridges.Node},
		{"bridges.gateways", cfg.Bridges.Gateways},
	} {
		if !interfaceName.MatchString(b.value) {
			found.add(b.path, "must be an interface name of 1 to 15 characters, not %q", b.value)
		}
		if other, taken := seen[b.value]; taken {
			found.add(b.path, "is the same as %s", other)
		}
		seen[b.value] = b.path
	}
}

func checkAddresses(cfg *Config, found *faults) {
	cluster := prefix("clusterCidr", cfg.ClusterCIDR, found)
	pods := prefix("podCidr", cfg.PodCIDR, found)
	services := prefix("serviceCidr", cfg.ServiceCIDR, found)
	gateways := prefix("gatewayCidr", cfg.GatewayCIDR, found)
	if cfg.Gateways != Separate {
		// Nothing of it is in use.
		gateways = netip.Prefix{}
	}
	node := address("nodeAddress", cfg.NodeAddress, found)
	dns := address("dnsAddress", cfg.DNSAddress, found)
	dnsService := address("dnsServiceAddress", cfg.DNSServiceAddress, found)

	if cluster.IsValid() && pods.IsValid() && (!cluster.Contains(pods.Addr()) || pods.Bits() < cluster.Bits()) {
		found.add("podCidr", "must lie within clusterCidr %s", cluster)
	}
	ranges := []struct {
		path  string
		value netip.Prefix
	}{{"gatewayCidr", gateways}, {"serviceCidr", services}, {"podCidr", pods}, {"clusterCidr", cluster}}
	for i, a := range ranges {
		for _, b := range ranges[i+1:] {
			within := b.path == "clusterCidr" && a.path == "podCidr"
			if !within && a.value.IsValid() && b.value.IsValid() && a.value.Overlaps(b.value) {
				found.add(a.path, "overlaps %s (%s and %s)", b.path, a.value, b.value)
			}
		}
		for _, own := range []struct {
			path  string
			value netip.Addr
		}{{"nodeAddress", node}, {"dnsAddress", dns}} {
			if a.path != "clusterCidr" && a.value.IsValid() && own.value.IsValid() && a.value.Contains(own.value) {
				found.add(own.path, "must not lie within %s %s", a.path, a.value)
			}
		}
	}
	if node.IsValid() && node == dns {
		found.add("dnsAddress", "must differ from nodeAddress")
	}
	if services.IsValid() && dnsService.IsValid() && !services.Contains(dnsService) {
		found.add("dnsServiceAddress", "must lie within serviceCidr %s", services)
	}
}

func prefix(path, value string, found *faults) netip.Prefix {
	parsed, err := netip.ParsePrefix(value)
	if err != nil || !parsed.Addr().Is4() || parsed != parsed.Masked() {
		found.add(path, "must be an IPv4 range such as 10.0.0.0/16, not %q", value)
		return netip.Prefix{}
	}
	if parsed.Bits() > 28 {
		found.add(path, "is too small: /28 or larger, not /%d", parsed.Bits())
	}
	return parsed
}

func address(path, value string, found *faults) netip.Addr {
	parsed, err := netip.ParseAddr(value)
	if err != nil || !parsed.Is4() {
		found.add(path, "must be an IPv4 address, not %q", value)
		return netip.Addr{}
	}
	return parsed
}

func checkPorts(cfg *Config, found *faults) {
	seen := map[int]string{}
	for _, p := range []struct {
		path  string
		value int
	}{
		{"ports.etcdClient", cfg.Ports.EtcdClient},
		{"ports.etcdPeer", cfg.Ports.EtcdPeer},
		{"ports.apiserver", cfg.Ports.APIServer},
		{"ports.registry", cfg.Ports.Registry},
		{"ports.http", cfg.Ports.HTTP},
		{"ports.https", cfg.Ports.HTTPS},
	} {
		if p.value < 1 || p.value > 65535 {
			found.add(p.path, "must be a port from 1 to 65535, not %d", p.value)
			continue
		}
		if other, taken := seen[p.value]; taken {
			found.add(p.path, "is the same as %s", other)
		}
		seen[p.value] = p.path
	}
}

func checkRegistryHosts(cfg *Config, found *faults) {
	names := make([]string, 0, len(cfg.RegistryHosts))
	for name := range cfg.RegistryHosts {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		path := fmt.Sprintf("registryHosts[%q]", name)
		if !registryName.MatchString(name) {
			found.add(path, "is not a registry's name such as registry.example.com:5000")
		}
		target, err := url.Parse(cfg.RegistryHosts[name])
		if err != nil || (target.Scheme != "http" && target.Scheme != "https") || target.Host == "" || target.User != nil {
			found.add(path, "must be an http or https address, not %q", cfg.RegistryHosts[name])
		}
	}
}

func checkRegistryMirrors(cfg *Config, found *faults) {
	for at, name := range cfg.RegistryMirrors {
		path := fmt.Sprintf("registryMirrors[%d]", at)
		if !registryName.MatchString(name) {
			found.add(path, "is not a registry's name such as ghcr.io, but %q", name)
		}
		if _, taken := cfg.RegistryHosts[name]; taken {
			found.add(path, "is %s, whose address registryHosts gives", name)
		}
	}
}
