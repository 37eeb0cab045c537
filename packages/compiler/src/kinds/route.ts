import { backendNameOf, type RouteDocument } from '@brainpod/model/kinds/route';
import type { KubeObject } from '../kube-object.ts';
import { resourceLabels } from '../labels.ts';
import { httpRouteName, namespaceName } from '../names.ts';
import { compareText, type PodView } from '../pod-view.ts';

// The most that Gateway API takes in one rule of an HTTPRoute.
const MAX_MATCHES = 64;

/** Where a Route leads to. */
type Backend = { app: string; port: number; paths: string[] };

/**
 * A Route's objects: an HTTPRoute with a single rule for each port of an App that it leads to. Envoy Gateway makes a
 * cluster of each rule and names it after the rule's place. A rule that came to another place would lead, for a
 * moment, to a cluster that is not there yet (503); in an object of its own it has the same place for ever.
 * Which path wins is decided over all HTTPRoutes of a host name: the longest.
 */
export function compileRoute(route: RouteDocument, view: PodView): KubeObject[] {
  return backendsOf(route).flatMap(({ app, port, paths }) =>
    inChunks(paths).map((chunk, index) => httpRoute(route, { app, port, paths: chunk }, index, view)),
  );
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

function httpRoute(route: RouteDocument, backend: Backend, chunk: number, view: PodView): KubeObject {
  const { gateway } = view.platform;
  const { app, port, paths } = backend;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: {
      name: httpRouteName(route.metadata.name, app, port, chunk),
      namespace: namespaceName(view.pod.name),
      labels: resourceLabels(view.pod.name, 'Route', route.metadata.name),
    },
    spec: {
      parentRefs: [{ namespace: gateway.namespace, name: gateway.name, sectionName: gateway.httpsListener }],
      hostnames: [route.spec.hostname, ...[...route.spec.domains].sort(compareText)],
      rules: [
        {
          matches: paths.map((value) => ({ path: { type: 'PathPrefix', value } })),
          backendRefs: [{ name: app, port }],
          timeouts: { request: `${route.spec.timeout}s` },
        },
      ],
    },
  };
}
