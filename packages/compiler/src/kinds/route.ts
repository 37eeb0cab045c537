import { backendNameOf, type RouteDocument } from '@brainpod/model/kinds/route';
import type { KubeObject } from '../kube-object.ts';
import { resourceLabels } from '../labels.ts';
import { httpRouteName, namespaceName } from '../names.ts';
import { compareText, type PodView } from '../pod-view.ts';

// The most that Gateway API takes in one HTTPRoute.
const MAX_RULES_PER_OBJECT = 16;

type RouteRule = RouteDocument['spec']['rules'][number];

/** A Route's objects: HTTPRoutes, and where the edge is Envoy Gateway, how it treats the backends. */
export function compileRoute(route: RouteDocument, view: PodView): KubeObject[] {
  const httpRoutes = inChunks(orderedRules(route)).map((rules, index) =>
    httpRoute(route, rules, index, view),
  );
  if (!view.platform.envoyGateway) return httpRoutes;
  return [...httpRoutes, backendTrafficPolicy(route, httpRoutes, view)];
}

/** Longest path first, which is how they are matched; two of equal length by the alphabet. */
function orderedRules(route: RouteDocument): RouteRule[] {
  return [...route.spec.rules].sort(
    (a, b) => b.path.length - a.path.length || compareText(a.path, b.path) || compareText(a.name, b.name),
  );
}

function inChunks(rules: readonly RouteRule[]): RouteRule[][] {
  const count = Math.ceil(rules.length / MAX_RULES_PER_OBJECT);
  return Array.from({ length: count }, (_, index) =>
    rules.slice(index * MAX_RULES_PER_OBJECT, (index + 1) * MAX_RULES_PER_OBJECT),
  );
}

function metadata(route: RouteDocument, name: string, view: PodView): KubeObject['metadata'] {
  return {
    name,
    namespace: namespaceName(view.pod.name),
    labels: resourceLabels(view.pod.name, 'Route', route.metadata.name),
  };
}

function httpRoute(route: RouteDocument, rules: RouteRule[], index: number, view: PodView): KubeObject {
  const { gateway } = view.platform;
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: metadata(route, httpRouteName(route.metadata.name, index), view),
    spec: {
      parentRefs: [{ namespace: gateway.namespace, name: gateway.name, sectionName: gateway.httpsListener }],
      hostnames: [route.spec.hostname, ...[...route.spec.domains].sort(compareText)],
      rules: rules.map((rule) => ({
        matches: [{ path: { type: 'PathPrefix', value: rule.path } }],
        backendRefs: [{ name: backendNameOf(rule.backendRef), port: rule.port }],
        timeouts: { request: `${route.spec.timeout}s` },
      })),
    },
  };
}

/**
 * How Envoy treats the instances behind a Route.
 * Retried is only what no instance has begun to work on, so that it is safe for a POST too: a connection
 * that never came about, a stream that was refused, a connection that broke before the request went out.
 * Not `unavailable`, `reset` or a 5xx status: there the app may have done the work already.
 * An instance is left out while it cannot be connected to; answers of the app itself, 5xx included, say
 * nothing about the instance. Idle connections are closed by Envoy after a second, before any common
 * server closes them (2 to 5 s): who closes second would send a request into a closed connection.
 */
function backendTrafficPolicy(route: RouteDocument, httpRoutes: KubeObject[], view: PodView): KubeObject {
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'BackendTrafficPolicy',
    metadata: metadata(route, route.metadata.name, view),
    spec: {
      targetRefs: httpRoutes.map((target) => ({
        group: 'gateway.networking.k8s.io',
        kind: 'HTTPRoute',
        name: target.metadata.name,
      })),
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
