package edge

const (
	accessLogCluster = "access_log"
	// accessLogBuffer is how many bytes of records each worker of Envoy keeps while they cannot be sent; what comes beyond
	// that is dropped and counted (access_logs.grpc_access_log.logs_dropped).
	accessLogBuffer = 64 << 10
	// accessLogWindow is the smallest that HTTP/2 has.
	accessLogWindow = 65_535
)

// accessLogs is the cluster of whoever takes the records. Envoy never waits for it: records that it does not take in
// time are dropped.
func accessLogs(socket string) object {
	return object{
		"name":            accessLogCluster,
		"type":            "STATIC",
		"connect_timeout": "1s",
		"load_assignment": pipeEndpoint(accessLogCluster, socket),
		"typed_extension_protocol_options": object{
			"envoy.extensions.upstreams.http.v3.HttpProtocolOptions": object{
				"@type": typePrefix + "extensions.upstreams.http.v3.HttpProtocolOptions",
				// Envoy lets a stream hold as much as its window before it takes it for stalled, which by default is many megabytes for
				// each worker.
				"explicit_http_config": object{"http2_protocol_options": object{
					"initial_stream_window_size": accessLogWindow, "initial_connection_window_size": accessLogWindow,
				}},
			},
		},
		// What is on its way to somebody who stalls takes no more of Envoy's memory than this.
		"per_connection_buffer_limit_bytes": 256 << 10,
	}
}

// accessLog has Envoy tell of each request when it is over.
func accessLog() []object {
	return []object{{
		"name": "envoy.access_loggers.http_grpc",
		"typed_config": object{
			"@type": typePrefix + "extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
			"common_config": object{
				"log_name":              "requests",
				"transport_api_version": "V3",
				"grpc_service":          object{"envoy_grpc": object{"cluster_name": accessLogCluster}},
				"buffer_flush_interval": "0.5s",
				"buffer_size_bytes":     accessLogBuffer,
			},
		},
	}}
}
