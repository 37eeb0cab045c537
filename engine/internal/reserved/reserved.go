// Package reserved names the ports that the platform's components listen on besides those of the configuration.
package reserved

import "brainpod.io/engine/internal/config"

const (
	// DNS is CoreDNS, on the DNS address.
	DNS = 53
	// DNSReady tells whether CoreDNS is ready, on the DNS address.
	DNSReady = 8181
	// Metrics is metrics-server, on the node address.
	Metrics = 4443
	// EnvoyStatistics serves /stats/prometheus, on loopback.
	EnvoyStatistics = 19001
)

// Port is one TCP port at one address.
type Port struct {
	Number  int
	Purpose string
	Address string
}

// Ports are all of them. A program that listens on one of these numbers on every address is in the way as well.
func Ports(cfg *config.Config) []Port {
	return []Port{
		{DNS, "names of the cluster", cfg.DNSAddress},
		{DNSReady, "CoreDNS' health check", cfg.DNSAddress},
		{Metrics, "the metrics of apps", cfg.NodeAddress},
		{EnvoyStatistics, "Envoy's statistics", "127.0.0.1"},
	}
}
