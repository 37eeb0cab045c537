import { admissionPolicy } from './admission.ts';
import { base64 } from './base64.ts';
import type { KubeObject } from './kube-object.ts';
import { MANAGED_LABEL, PLATFORM_LABELS } from './labels.ts';
import { WILDCARD_SECRET_NAME } from './names.ts';
import { DEFAULT_PORTS, type Platform } from './platform-facts.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const HTTPS_PORT = 443;

/** What a cluster holds once: the edge with its certificate, and the admission policy of pods' namespaces. */
export function platformObjects(platform: Platform): KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: platform.gateway.namespace, labels: PLATFORM_LABELS },
    },
    ...admissionPolicy(),
    wildcardCertificate(platform),
    gateway(platform),
    httpsRedirect(platform),
    ...(platform.envoyGateway ? [backendTrafficPolicy(platform)] : []),
  ];
}

function metadata(platform: Platform, name: string): KubeObject['metadata'] {
  return { name, namespace: platform.gateway.namespace, labels: PLATFORM_LABELS };
}

function wildcardCertificate(platform: Platform): KubeObject {
  const { certPem, keyPem } = platform.certificate;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(platform, WILDCARD_SECRET_NAME),
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(certPem), 'tls.key': base64(keyPem) },
  };
}

function gateway(platform: Platform): KubeObject {
  const { httpListener, httpsListener, name } = platform.gateway;
  const ports = platform.ports ?? DEFAULT_PORTS;
  return {
    apiVersion: GATEWAY_API,
    kind: 'Gateway',
    metadata: metadata(platform, name),
    spec: {
      gatewayClassName: platform.gatewayClass,
      listeners: [
        {
          name: httpListener,
          port: ports.http,
          protocol: 'HTTP',
          allowedRoutes: { namespaces: { from: 'Same' } },
        },
        {
          name: httpsListener,
          port: ports.https,
          protocol: 'HTTPS',
          hostname: `*.${platform.domain}`,
          tls: { mode: 'Terminate', certificateRefs: [{ kind: 'Secret', name: WILDCARD_SECRET_NAME }] },
          allowedRoutes: {
            namespaces: { from: 'Selector', selector: { matchLabels: { [MANAGED_LABEL]: 'true' } } },
          },
        },
      ],
    },
  };
}

function httpsRedirect(platform: Platform): KubeObject {
  const { httpListener, name } = platform.gateway;
  const { https } = platform.ports ?? DEFAULT_PORTS;
  const requestRedirect = {
    scheme: 'https',
    statusCode: 301,
    ...(https === HTTPS_PORT ? {} : { port: https }),
  };
  return {
    apiVersion: GATEWAY_API,
    kind: 'HTTPRoute',
    metadata: metadata(platform, 'brainpod-https-redirect'),
    spec: {
      parentRefs: [{ name, sectionName: httpListener }],
      rules: [{ filters: [{ type: 'RequestRedirect', requestRedirect }] }],
    },
  };
}

/**
 * How Envoy treats the instances behind all Routes.
 * Retried is only what no instance has begun to work on, so that it is safe for a POST too: a connection
 * that never came about, a stream that was refused, a connection that broke before the request went out.
 * Not `unavailable`, `reset` or a 5xx status: there the app may have done the work already.
 * An instance is left out while it cannot be connected to; answers of the app itself, 5xx included, say
 * nothing about the instance. Idle connections are closed by Envoy after a second, before any common
 * server closes them (2 to 5 s): who closes second would send a request into a closed connection.
 */
function backendTrafficPolicy(platform: Platform): KubeObject {
  const { name } = platform.gateway;
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: metadata(platform, name),
    spec: {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name }],
      loadBalancer: { type: 'LeastRequest' },
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
      timeout: { tcp: { connectTimeout: '5s' }, http: { connectionIdleTimeout: '1s' } },
    },
  };
}
