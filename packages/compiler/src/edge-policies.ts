import { DEFAULT_ROUTE_TIMEOUT_SECONDS } from '@brainpod/model/kinds/route';
import type { KubeObject } from './kube-object.ts';
import { PLATFORM_LABELS } from './labels.ts';
import type { Platform } from './platform-facts.ts';

export const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';

// What proxies say of a request, and some apps believe. The edge is the first that a visitor's connection reaches, so
// whatever is there already is the visitor's own invention. The last one would wake a parked HTTPRoute. x-forwarded-host
// is not among them, because it is set anew and what is removed is removed after that.
const UNTRUSTED_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-ssl',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-request-id',
  'x-brainpod-parked',
];

// Of one port of an App. Envoy's own bound of 1,024 is soon reached with a WebSocket for each visitor; some bound there
// must be, so that an App that hangs does not fill the edge.
const MAX_AT_ONCE = 10_000;

/** How Envoy treats visitors and instances, where it is Envoy Gateway that the cluster has. */
export function edgePolicies(platform: Platform): KubeObject[] {
  return [clientTrafficPolicy(platform), backendTrafficPolicy(platform)];
}

function policy(platform: Platform, kind: string, spec: Record<string, unknown>): KubeObject {
  const { name, namespace } = platform.gateway;
  return {
    apiVersion: ENVOY_GATEWAY,
    kind,
    metadata: { name, namespace, labels: PLATFORM_LABELS },
    spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name }], ...spec },
  };
}

/**
 * How Envoy treats visitors.
 * A header with an underscore is dropped: to many apps `X_Forwarded_For` is the same as the header that we vouch for.
 * Paths arrive as they were sent, but for dot segments: nothing is allowed or forbidden by path here, and slashes
 * that are doubled or encoded mean something to some apps. A broken request on HTTP/2 ends alone, and not all that
 * share its connection.
 * Some clients offer HTTP/2 by an upgrade in each first request: that offer is passed over, as HTTP allows, and not refused.
 * Headers must arrive within 15 s. A body may take as long as it goes on coming.
 */
function clientTrafficPolicy(platform: Platform): KubeObject {
  return policy(platform, 'ClientTrafficPolicy', {
    headers: {
      withUnderscoresAction: 'DropHeader',
      earlyRequestHeaders: {
        remove: UNTRUSTED_HEADERS,
        set: [{ name: 'x-forwarded-host', value: '%REQ(:AUTHORITY)%' }],
      },
    },
    path: { escapedSlashesAction: 'KeepUnchanged', disableMergeSlashes: true },
    http1: { enableTrailers: true, ignoredUpgradeTypes: [{ type: 'Exact', value: 'h2c' }] },
    http2: { maxConcurrentStreams: 100, onInvalidMessage: 'TerminateStream' },
    timeout: {
      tcp: { tlsHandshakeTimeout: '10s' },
      http: { requestHeadersReceivedTimeout: '15s', idleTimeout: '120s' },
    },
  });
}

/**
 * How Envoy treats the instances behind all Routes.
 * Retried is only what no instance has begun to work on, so that it is safe for a POST too: a connection
 * that never came about, a stream that was refused, a connection that broke before the request went out.
 * Not `unavailable`, `reset` or a 5xx status: there the app may have done the work already.
 * An instance is left out while it cannot be connected to; answers of the app itself, 5xx included, say
 * nothing about the instance. Idle connections are closed by Envoy after a second, before any common
 * server closes them (2 to 5 s): who closes second would send a request into a closed connection.
 * A Route's `timeout` is the longest silence in a request, in both directions.
 */
function backendTrafficPolicy(platform: Platform): KubeObject {
  return policy(platform, 'BackendTrafficPolicy', {
    loadBalancer: { type: 'LeastRequest', slowStart: { window: '10s' } },
    retry: {
      numRetries: 3,
      retryOn: { triggers: ['connect-failure', 'refused-stream', 'reset-before-request'] },
      perRetry: { backOff: { baseInterval: '25ms', maxInterval: '250ms' } },
    },
    healthCheck: {
      passive: {
        splitExternalLocalOriginErrors: true,
        consecutiveLocalOriginFailures: 3,
        consecutiveGatewayErrors: 0,
        consecutive5XxErrors: 0,
        interval: '1s',
        baseEjectionTime: '5s',
        maxEjectionPercent: 50,
      },
    },
    circuitBreaker: {
      maxConnections: MAX_AT_ONCE,
      maxPendingRequests: MAX_AT_ONCE,
      maxParallelRequests: MAX_AT_ONCE,
    },
    compressor: [
      { type: 'Brotli', brotli: {}, minContentLength: '1Ki' },
      { type: 'Gzip', gzip: {}, minContentLength: '1Ki' },
    ],
    timeout: {
      tcp: { connectTimeout: '5s' },
      http: { connectionIdleTimeout: '1s', streamIdleTimeout: `${DEFAULT_ROUTE_TIMEOUT_SECONDS}s` },
    },
  });
}
