import { describe, expect, test } from 'vitest';
import { observeGateway, observeHttpRoute } from '../observe/route.ts';
import { type RouteObservation, routeHealth } from './route-health.ts';

const condition = (type: string, status: string, observedGeneration: number, reason = type) => ({
  type,
  status,
  reason,
  message: '',
  observedGeneration,
});

function gateway(conditions: object[], generation = 1) {
  return observeGateway({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'brainpod', namespace: 'brainpod-system', generation },
    spec: { gatewayClassName: 'brainpod' },
    status: { conditions },
  });
}

function httpRoute(parents: { name?: string; conditions: object[] }[], generation = 3) {
  const parentRef = (name: string) => ({ namespace: 'brainpod-system', name });
  return observeHttpRoute({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'shop', namespace: 'bp-demo', generation },
    spec: { parentRefs: [parentRef('brainpod')] },
    status: {
      parents: parents.map(({ name, conditions }) => ({
        parentRef: parentRef(name ?? 'brainpod'),
        conditions,
      })),
    },
  });
}

const PROGRAMMED = [condition('Accepted', 'True', 1), condition('Programmed', 'True', 1)];
const SERVED = [condition('Accepted', 'True', 3), condition('ResolvedRefs', 'True', 3)];

function observation(changes: Partial<RouteObservation> = {}): RouteObservation {
  return {
    name: 'shop',
    gatewayApi: true,
    gateway: gateway(PROGRAMMED),
    httpRoutes: [httpRoute([{ conditions: SERVED }])],
    ...changes,
  };
}

describe('routeHealth', () => {
  test('is ready when the gateway serves this very version', () => {
    expect(routeHealth(observation())).toEqual({ status: { ready: true }, healthy: true, diagnosis: null });
  });

  test.each<[string, Partial<RouteObservation>, RegExp]>([
    ['no Gateway API', { gatewayApi: false }, /Gateway API is not installed/],
    ['nothing was made yet', { httpRoutes: [] }, /not been set up/],
    ['no gateway', { gateway: null }, /not been set up/],
    [
      'nobody acts for the class',
      {
        gateway: gateway([
          condition('Accepted', 'Unknown', 0, 'Pending'),
          condition('Programmed', 'Unknown', 0, 'Pending'),
        ]),
      },
      /nothing in this cluster acts for gateways of class "brainpod"/,
    ],
    ['no conditions at all', { gateway: gateway([]) }, /nothing in this cluster acts/],
    [
      'gateway not programmed',
      { gateway: gateway([condition('Programmed', 'False', 1, 'AddressNotUsable')]) },
      /not ready \(AddressNotUsable\)/,
    ],
    ['gateway programmed as it was before', { gateway: gateway(PROGRAMMED, 2) }, /not ready/],
    ['nobody reported on the route', { httpRoutes: [httpRoute([])] }, /not been taken up/],
    [
      'another gateway reported',
      { httpRoutes: [httpRoute([{ name: 'other', conditions: SERVED }])] },
      /not been taken up/,
    ],
    [
      'a report on the version before',
      { httpRoutes: [httpRoute([{ conditions: SERVED }], 4)] },
      /not been taken up/,
    ],
    [
      'refused',
      {
        httpRoutes: [
          httpRoute([
            {
              conditions: [
                condition('Accepted', 'False', 3, 'NoMatchingListenerHostname'),
                condition('ResolvedRefs', 'True', 3),
              ],
            },
          ]),
        ],
      },
      /not accepted.*\(NoMatchingListenerHostname\)/,
    ],
    [
      'leads nowhere',
      {
        httpRoutes: [
          httpRoute([
            {
              conditions: [
                condition('Accepted', 'True', 3),
                condition('ResolvedRefs', 'False', 3, 'BackendNotFound'),
              ],
            },
          ]),
        ],
      },
      /leads to an app that .* cannot find \(BackendNotFound\)/,
    ],
    [
      'one of two objects is not served',
      { httpRoutes: [httpRoute([{ conditions: SERVED }]), httpRoute([])] },
      /not been taken up/,
    ],
  ])('is not ready: %s', (_name, changes, sentence) => {
    const health = routeHealth(observation(changes));
    expect(health).toMatchObject({ status: { ready: false }, healthy: false });
    expect(health.diagnosis).toMatchObject({ terminal: false });
    expect(health.diagnosis?.sentence).toMatch(sentence);
  });

  test('one controller that serves it is enough where two report', () => {
    const refused = [condition('Accepted', 'False', 3), condition('ResolvedRefs', 'True', 3)];
    const both = httpRoute([{ conditions: refused }, { conditions: SERVED }]);
    expect(routeHealth(observation({ httpRoutes: [both] })).healthy).toBe(true);
  });
});
