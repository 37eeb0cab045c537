import {
  backendNameOf,
  DEFAULT_ROUTE_TIMEOUT_SECONDS,
  type RouteDocument,
} from '@brainpod/model/kinds/route';
import { parseNetworkRange } from '@brainpod/model/network-range';
import { ENVOY_GATEWAY } from '../edge-policies.ts';
import type { KubeObject } from '../kube-object.ts';
import { resourceLabels, resourceSelector } from '../labels.ts';
import { httpRouteName, namespaceName } from '../names.ts';
import { compareText, type PodView } from '../pod-view.ts';
import { compileDomains, domainParents } from './route-domains.ts';

// The most that Gateway API takes in one rule of an HTTPRoute.
const MAX_MATCHES = 64;

const UNLIMITED = '0s';

/** Where a Route leads to. */
type Backend = { app: string; port: number; paths: string[] };

/**
 * A Route's objects: an HTTPRoute with a single rule for each port of an App that it leads to. Envoy Gateway makes a
 * cluster of each rule and names it after the rule's place. A rule that came to another place would lead, for a
 * moment, to a cluster that is not there yet (503); in an object of its own it has the same place for ever.
 * Which path wins is decided over all HTTPRoutes of a host name: the longest.
 */
export function compileRoute(route: RouteDocument, view: PodView): KubeObject[] {
  const httpRoutes = backendsOf(route).flatMap(({ app, port, paths }) =>
    inChunks(paths).map((chunk, index) => httpRoute(route, { app, port, paths: chunk }, index, view)),
  );
  return [...compileDomains(route, view), ...policies(route, view), ...httpRoutes];
}

function backendsOf(route: RouteDocument): Backend[] {
  const backends = new Map<string, Backend>();
  for (const { backendRef, port, path } of route.spec.rules) {
    const app = backendNameOf(backendRef);
    const key = `${app}:${port}`;
    const backend = backends.get(key) ?? { app, port, paths: [] };
    backend.paths.push(path);
    backends.set(key, backend);
  }
  return [...backends.values()].sort((a, b) => compareText(a.app, b.app) || a.port - b.port);
}

function inChunks(paths: string[]): string[][] {
  const sorted = paths.sort(compareText);
  return Array.from({ length: Math.ceil(sorted.length / MAX_MATCHES) }, (_, index) =>
    sorted.slice(index * MAX_MATCHES, (index + 1) * MAX_MATCHES),
  );
}

function metadata(route: RouteDocument, name: string, view: PodView): KubeObject['metadata'] {
  const labels = resourceLabels(view.pod.name, 'Route', route.metadata.name);
  return { name, namespace: namespaceName(view.pod.name), labels };
}

function httpRoute(route: RouteDocument, backend: Backend, chunk: number, view: PodView): KubeObject {
  const { gateway } = view.platform;
  const { app, port, paths } = backend;
  // All that it names, served or not: a domain that gets its certificate must not be a change of the HTTPRoute's place.
  const hostnames = [route.spec.hostname, ...[...route.spec.domains].sort(compareText)];
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: metadata(
      route,
      httpRouteName(route.metadata.name, hostnames, { app, port, part: chunk }),
      view,
    ),
    spec: {
      parentRefs: [
        { namespace: gateway.namespace, name: gateway.name, sectionName: gateway.httpsListener },
        ...domainParents(route, view),
      ],
      hostnames,
      rules: [
        {
          matches: paths.map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: [{ name: app, port }],
          timeouts: { request: view.platform.envoyGateway ? UNLIMITED : `${route.spec.timeout}s` },
        },
      ],
    },
  };
}

/**
 * What of a Route goes beyond Gateway API. The policies are for all HTTPRoutes with the Route's labels, so that one that
 * is just coming or going is never without them; and they stand before the HTTPRoutes, so that they are there first.
 */
function policies(route: RouteDocument, view: PodView): KubeObject[] {
  if (!view.platform.envoyGateway) return [];
  const { allow, timeout } = route.spec;
  return [
    ...(allow === undefined ? [] : [policy('SecurityPolicy', route, view, onlyFrom(allow))]),
    ...(timeout === DEFAULT_ROUTE_TIMEOUT_SECONDS
      ? []
      : [policy('BackendTrafficPolicy', route, view, silentAtMost(timeout))]),
  ];
}

function policy(
  kind: string,
  route: RouteDocument,
  view: PodView,
  spec: Record<string, unknown>,
): KubeObject {
  const matchLabels = resourceSelector('Route', route.metadata.name);
  return {
    apiVersion: ENVOY_GATEWAY,
    kind,
    metadata: metadata(route, route.metadata.name, view),
    spec: {
      targetSelectors: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', matchLabels }],
      ...spec,
    },
  };
}

function onlyFrom(networks: readonly string[]): Record<string, unknown> {
  const clientCIDRs = [...new Set(networks.flatMap((text) => parseNetworkRange(text) ?? []))].sort(
    compareText,
  );
  return {
    authorization: { defaultAction: 'Deny', rules: [{ action: 'Allow', principal: { clientCIDRs } }] },
  };
}

/**
 * The Route's own `timeout`, where it is not what the policy of all Routes says. It bounds a silence, and not the
 * whole request as Gateway API's own time-out does: that would cut streams and long downloads.
 */
function silentAtMost(seconds: number): Record<string, unknown> {
  return { mergeType: 'StrategicMerge', timeout: { http: { streamIdleTimeout: `${seconds}s` } } };
}
