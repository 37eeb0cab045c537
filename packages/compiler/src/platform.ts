import { admissionPolicy } from './admission.ts';
import { base64 } from './base64.ts';
import { edgePolicies } from './edge-policies.ts';
import type { KubeObject } from './kube-object.ts';
import { MANAGED_LABEL, PLATFORM_LABELS } from './labels.ts';
import { WILDCARD_SECRET_NAME } from './names.ts';
import { DEFAULT_PORTS, type Platform } from './platform-facts.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const HTTPS_PORT = 443;
const OUR_NAMESPACES = { from: 'Selector', selector: { matchLabels: PLATFORM_LABELS } };
const MANAGED_NAMESPACES = { from: 'Selector', selector: { matchLabels: { [MANAGED_LABEL]: 'true' } } };

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
    ...(platform.envoyGateway ? edgePolicies(platform) : []),
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
      ...(platform.listenerSets === true && { allowedListeners: { namespaces: MANAGED_NAMESPACES } }),
      listeners: [
        {
          name: httpListener,
          port: ports.http,
          protocol: 'HTTP',
          // The redirect, and from pods what answers a certificate authority: see challenges.ts.
          allowedRoutes: { namespaces: OUR_NAMESPACES },
        },
        {
          name: httpsListener,
          port: ports.https,
          protocol: 'HTTPS',
          hostname: `*.${platform.domain}`,
          tls: { mode: 'Terminate', certificateRefs: [{ kind: 'Secret', name: WILDCARD_SECRET_NAME }] },
          allowedRoutes: { namespaces: MANAGED_NAMESPACES },
        },
      ],
    },
  };
}

/** Path and query stay. 301 is what every client follows; who sends a POST in clear text has lost it already. */
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
