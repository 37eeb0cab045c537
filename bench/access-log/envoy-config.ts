/** A listener of the Envoy that is measured: what it does with the record of each request. */
export type Mode = { name: string; port: number; socket: string | null };

const TYPE = 'type.googleapis.com/envoy.extensions';
const HTTP2 = {
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
    '@type': `${TYPE}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: {
      http2_protocol_options: {
        initial_stream_window_size: 65_535,
        initial_connection_window_size: 65_535,
      },
    },
  },
};

/**
 * One Envoy with a listener for each mode, all to one origin, which is the same Envoy as well: it takes little, and no other
 * program's pauses are measured. The access log is as the engine has it (engine/internal/edge/accesslog.go).
 */
export function envoyConfig(modes: readonly Mode[], settings: Settings): object {
  const sockets = modes.flatMap(({ name, socket }) => (socket === null ? [] : [{ name, socket }]));
  return {
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: settings.adminPort } } },
    static_resources: {
      listeners: [
        listener('origin', settings.originPort, {
          name: 'origin',
          match: { prefix: '/' },
          direct_response: { status: 200, body: { inline_string: 'x'.repeat(1000) } },
        }),
        ...modes.map(({ name, port, socket }) =>
          listener(
            name,
            port,
            { name: settings.routeName, match: { prefix: '/' }, route: { cluster: 'origin' } },
            socket === null ? [] : accessLog(name),
          ),
        ),
      ],
      clusters: [
        {
          name: 'origin',
          type: 'STATIC',
          load_assignment: endpoint('origin', {
            socket_address: { address: '127.0.0.1', port_value: settings.originPort },
          }),
        },
        ...sockets.map(({ name, socket }) => ({
          name,
          type: 'STATIC',
          connect_timeout: '1s',
          typed_extension_protocol_options: HTTP2,
          per_connection_buffer_limit_bytes: 256 * 1024,
          load_assignment: endpoint(name, { pipe: { path: socket } }),
        })),
      ],
    },
  };
}

type Settings = { adminPort: number; originPort: number; routeName: string };

function endpoint(cluster: string, address: object): object {
  return { cluster_name: cluster, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

function listener(name: string, port: number, route: object, accessLogs: object[] = []): object {
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    access_log: accessLogs,
    route_config: { virtual_hosts: [{ name, domains: ['*'], routes: [route] }] },
    http_filters: [
      {
        name: 'envoy.filters.http.router',
        typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` },
      },
    ],
  };
  return {
    name,
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [
      { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] },
    ],
  };
}

function accessLog(cluster: string): object[] {
  return [
    {
      name: 'envoy.access_loggers.http_grpc',
      typed_config: {
        '@type': `${TYPE}.access_loggers.grpc.v3.HttpGrpcAccessLogConfig`,
        common_config: {
          log_name: cluster,
          transport_api_version: 'V3',
          grpc_service: { envoy_grpc: { cluster_name: cluster } },
          buffer_flush_interval: '0.5s',
          buffer_size_bytes: 64 * 1024,
        },
      },
    },
  ];
}
