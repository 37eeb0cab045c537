import type { RouteDocument } from '@brainpod/model/kinds/route';
import { base64 } from '../base64.ts';
import type { KubeObject } from '../kube-object.ts';
import { resourceLabels } from '../labels.ts';
import { domainSecretName, listenerSetName, namespaceName } from '../names.ts';
import { DEFAULT_PORTS, type ServedDomain } from '../platform-facts.ts';
import { compareText, type PodView } from '../pod-view.ts';

type ParentRef = { group?: string; kind?: string; namespace?: string; name: string; sectionName?: string };

const GATEWAY_API_GROUP = 'gateway.networking.k8s.io';

/**
 * The own domains of a Route that are served: those that the pod holds and has a certificate for. Without one a domain
 * has no listener, and a visitor no connection: better than one with a certificate for another name.
 */
function servedDomains(route: RouteDocument, view: PodView): ServedDomain[] {
  if (view.platform.listenerSets !== true) return [];
  const served = new Map(view.pod.domains.map((domain) => [domain.domain, domain]));
  return [...route.spec.domains].sort(compareText).flatMap((name) => served.get(name) ?? []);
}

/**
 * What answers for a Route's own domains: a certificate and a listener for each. The listeners are in a set of the
 * Route's own, beside the Gateway, which can have 64 at most.
 */
export function compileDomains(route: RouteDocument, view: PodView): KubeObject[] {
  const domains = servedDomains(route, view);
  if (domains.length === 0) return [];
  return [
    ...domains.map((domain) => certificateSecret(route, domain, view)),
    listenerSet(route, domains, view),
  ];
}

/** Where the Route's listeners for its own domains are; empty where it has none. */
export function domainParents(route: RouteDocument, view: PodView): ParentRef[] {
  if (servedDomains(route, view).length === 0) return [];
  return [{ group: GATEWAY_API_GROUP, kind: 'ListenerSet', name: listenerSetName(route.metadata.name) }];
}

function certificateSecret(route: RouteDocument, domain: ServedDomain, view: PodView): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(route, domainSecretName(domain.domain), view),
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': base64(domain.chainPem), 'tls.key': base64(domain.keyPem) },
  };
}

function listenerSet(route: RouteDocument, domains: readonly ServedDomain[], view: PodView): KubeObject {
  const { gateway, ports } = view.platform;
  return {
    apiVersion: `${GATEWAY_API_GROUP}/v1`,
    kind: 'ListenerSet',
    metadata: metadata(route, listenerSetName(route.metadata.name), view),
    spec: {
      parentRef: { namespace: gateway.namespace, name: gateway.name },
      listeners: domains.map(({ domain }) => ({
        name: domain,
        hostname: domain,
        port: (ports ?? DEFAULT_PORTS).https,
        protocol: 'HTTPS',
        tls: {
          mode: 'Terminate',
          certificateRefs: [{ kind: 'Secret', name: domainSecretName(domain) }],
        },
        allowedRoutes: { namespaces: { from: 'Same' } },
      })),
    },
  };
}

function metadata(route: RouteDocument, name: string, view: PodView): KubeObject['metadata'] {
  const labels = resourceLabels(view.pod.name, 'Route', route.metadata.name);
  return { name, namespace: namespaceName(view.pod.name), labels };
}
