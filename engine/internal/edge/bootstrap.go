package edge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
)

// object is one JSON object of a configuration that another program reads.
type object map[string]any

// Bootstrap is all that Envoy knows before Envoy Gateway tells it the rest.
type Bootstrap struct {
	// Cluster is the key under which Envoy Gateway keeps the configuration: the GatewayClass's name.
	Cluster string
	// Instance tells apart two Envoys that serve side by side while one takes over from the other.
	Instance Instance
	// Generation changes with everything that makes a running Envoy outdated.
	Generation string
	// AdminSocket and XDSSocket are paths of unix sockets.
	AdminSocket, XDSSocket string
	// Certificate and TrustedCA are files in Envoy's SDS format; Envoy watches them.
	Certificate, TrustedCA string
	// AccessLogSocket is where each request is told of; empty for nowhere.
	AccessLogSocket string
	// StatsPort serves /stats/prometheus on loopback.
	StatsPort int
	// MaxConnections and MaxHeapBytes are where Envoy begins to refuse work.
	MaxConnections int
	MaxHeapBytes   int64
}

// Instance is the role of one Envoy process.
type Instance string

const (
	// Main is the Envoy that the engine's component runs.
	Main Instance = "main"
	// Interim serves while Main is exchanged for one of another generation.
	Interim Instance = "interim"
)

// routeClusters is how Envoy Gateway begins the name of the cluster of an HTTPRoute.
const routeClusters = "httproute/"

const typePrefix = "type.googleapis.com/envoy."

// NodeID is how the Envoy names itself, to Envoy Gateway and to whoever asks its admin socket.
func (b Bootstrap) NodeID() string { return string(b.Instance) + "-" + b.Generation }

// Render writes Envoy's configuration file.
func (b Bootstrap) Render() ([]byte, error) {
	return json.MarshalIndent(object{
		"node":  object{"id": b.NodeID(), "cluster": b.Cluster},
		"admin": object{"address": object{"pipe": object{"path": b.AdminSocket, "mode": 0o600}}},
		"layered_runtime": object{"layers": []object{{
			"name": "static",
			"static_layer": object{
				// A route's regular expressions may be as large as Envoy Gateway lets them be.
				"re2.max_program_size.error_level": 4294967295,
				"re2.max_program_size.warn_level":  1000,
			},
		}}},
		// Statistics of a route or cluster are made when they are first counted: most memory of an idle Envoy is theirs.
		"deferred_stat_options": object{"enable_deferred_creation_stats": true},
		"stats_config":          withoutRoutes(),
		"dynamic_resources":     b.dynamicResources(),
		"static_resources": object{
			"clusters":  b.clusters(),
			"listeners": []object{b.statsListener()},
		},
		"overload_manager": b.overloadManager(),
	}, "", "  ")
}

// withoutRoutes keeps no statistics of the cluster of each route: with a thousand routes they would be a fifth of Envoy's memory,
// and what is known of requests comes from the access log. Ejections of instances are counted all the same.
func withoutRoutes() object {
	return object{"stats_matcher": object{"exclusion_list": object{
		"patterns": []object{{"prefix": "cluster." + routeClusters}},
	}}}
}

func (b Bootstrap) dynamicResources() object {
	source := object{"ads": object{}, "initial_fetch_timeout": "0s", "resource_api_version": "V3"}
	return object{
		"ads_config": object{
			"api_type":              "DELTA_GRPC",
			"transport_api_version": "V3",
			"grpc_services": []object{{"envoy_grpc": object{
				"cluster_name": "xds_cluster",
				// Envoy Gateway is one socket away: there is no crowd to spread, and each wait is downtime.
				"retry_policy": object{"retry_back_off": object{"base_interval": "0.05s", "max_interval": "0.5s"}},
			}}},
			"set_node_on_first_message_only": true,
		},
		"lds_config": source,
		"cds_config": source,
	}
}

func (b Bootstrap) clusters() []object {
	clusters := []object{b.xdsCluster(), b.adminCluster()}
	if b.AccessLogSocket != "" {
		clusters = append(clusters, accessLogs(b.AccessLogSocket))
	}
	return clusters
}

func (b Bootstrap) xdsCluster() object {
	secret := func(path string) object {
		return object{"path_config_source": object{"path": path}, "resource_api_version": "V3"}
	}
	return object{
		"name":            "xds_cluster",
		"type":            "STATIC",
		"connect_timeout": "5s",
		"load_assignment": pipeEndpoint("xds_cluster", b.XDSSocket),
		"typed_extension_protocol_options": object{
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
				"@type": typePrefix + "extensions.upstreams.http.v3.HttpProtocolOptions",
				"explicit_http_config": object{"http2_protocol_options": object{
					"connection_keepalive": object{"interval": "30s", "timeout": "5s"},
				}},
			},
		},
		"transport_socket": object{
			"name": "envoy.transport_sockets.tls",
			"typed_config": object{
				"@type": typePrefix + "extensions.transport_sockets.tls.v3.UpstreamTlsContext",
				"common_tls_context": object{
					"tls_params": object{"tls_minimum_protocol_version": "TLSv1_3", "tls_maximum_protocol_version": "TLSv1_3"},
					"tls_certificate_sds_secret_configs": []object{
						{"name": xdsCertificateSecret, "sds_config": secret(b.Certificate)},
					},
					"validation_context_sds_secret_config": object{
						"name": xdsTrustedCASecret, "sds_config": secret(b.TrustedCA),
					},
				},
			},
		},
	}
}

func (b Bootstrap) adminCluster() object {
	return object{
		"name":            "admin",
		"type":            "STATIC",
		"connect_timeout": "1s",
		"load_assignment": pipeEndpoint("admin", b.AdminSocket),
	}
}

func pipeEndpoint(cluster, path string) object {
	return object{
		"cluster_name": cluster,
		"endpoints": []object{{"lb_endpoints": []object{{
			"endpoint": object{"address": object{"pipe": object{"path": path}}},
		}}}},
	}
}

// statsListener passes on the one path of the admin interface that is safe to open to every local user.
func (b Bootstrap) statsListener() object {
	return object{
		"name": "stats",
		"address": object{"socket_address": object{
			"address": "127.0.0.1", "port_value": b.StatsPort, "protocol": "TCP",
		}},
		"bypass_overload_manager":  true,
		"ignore_global_conn_limit": true,
		"filter_chains": []object{{"filters": []object{{
			"name": "envoy.filters.network.http_connection_manager",
			"typed_config": object{
				"@type":          typePrefix + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
				"stat_prefix":    "stats",
				"normalize_path": true,
				"route_config": object{
					"name": "stats",
					"virtual_hosts": []object{{
						"name": "stats", "domains": []string{"*"},
						"routes": []object{{
							"match": object{
								"path":    "/stats/prometheus",
								"headers": []object{{"name": ":method", "string_match": object{"exact": "GET"}}},
							},
							"route": object{"cluster": "admin"},
						}},
					}},
				},
				"http_filters": []object{{
					"name":         "envoy.filters.http.router",
					"typed_config": object{"@type": typePrefix + "extensions.filters.http.router.v3.Router"},
				}},
			},
		}}}},
	}
}

func (b Bootstrap) overloadManager() object {
	heap := func(value float64) []object {
		return []object{{"name": "envoy.resource_monitors.fixed_heap", "threshold": object{"value": value}}}
	}
	return object{
		"refresh_interval": "0.25s",
		"resource_monitors": []object{
			{
				"name": "envoy.resource_monitors.global_downstream_max_connections",
				"typed_config": object{
					"@type":                             typePrefix + "extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
					"max_active_downstream_connections": b.MaxConnections,
				},
			},
			{
				"name": "envoy.resource_monitors.fixed_heap",
				"typed_config": object{
					"@type":               typePrefix + "extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
					"max_heap_size_bytes": b.MaxHeapBytes,
				},
			},
		},
		"actions": []object{
			{"name": "envoy.overload_actions.shrink_heap", "triggers": heap(0.9)},
			{"name": "envoy.overload_actions.stop_accepting_requests", "triggers": heap(0.98)},
		},
	}
}

// generationOf is a short name for everything that makes a running Envoy outdated: its binary, arguments and bootstrap.
func generationOf(binary string, args []string, bootstrap Bootstrap) (string, error) {
	info, err := os.Stat(binary)
	if err != nil {
		return "", fmt.Errorf("Envoy is not at %s: %w", binary, err)
	}
	bootstrap.Generation = ""
	rendered, err := bootstrap.Render()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(rendered, "\n%d %d %q", info.Size(), info.ModTime().UnixNano(), args))
	return hex.EncodeToString(sum[:6]), nil
}
