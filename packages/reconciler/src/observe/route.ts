import type { KubeObject } from '@brainpod/kube/kube-object';
import { type Condition, conditionsOf, listAt, textAt } from './fields.ts';

/** On an HTTPRoute that is in the edge and answers nothing: since when, in ISO 8601. */
export const PARKED_AT_ANNOTATION = 'brainpod.io/parked-at';

export type ObservedParent = { namespace: string; name: string; conditions: Condition[] };

/** What health needs to know of an HTTPRoute. */
export type ObservedHttpRoute = {
  type: 'httpRoute';
  generation: number;
  /** The gateways that it asks to be served by. */
  wanted: { namespace: string; name: string }[];
  /** What they say about it. */
  parents: ObservedParent[];
  hostnames: string[];
  /** The beginnings of the paths that it answers. */
  paths: string[];
  /** Since when it answers nothing, in milliseconds since 1970; null where it answers. */
  parkedAtMs: number | null;
};

export type ObservedGateway = {
  type: 'gateway';
  namespace: string;
  name: string;
  className: string;
  generation: number;
  conditions: Condition[];
};

export function observeHttpRoute(object: KubeObject): ObservedHttpRoute {
  const own = object.metadata.namespace ?? '';
  const parkedAt = object.metadata.annotations?.[PARKED_AT_ANNOTATION];
  return {
    type: 'httpRoute',
    generation: object.metadata.generation ?? 0,
    wanted: listAt(object, 'spec', 'parentRefs').map((ref) => observeParentRef(ref, own)),
    parents: listAt(object, 'status', 'parents').map((parent) => ({
      ...observeParentRef(
        typeof parent === 'object' && parent !== null && 'parentRef' in parent ? parent.parentRef : {},
        own,
      ),
      conditions: conditionsOf(parent),
    })),
    hostnames: listAt(object, 'spec', 'hostnames').filter((name) => typeof name === 'string'),
    paths: listAt(object, 'spec', 'rules').flatMap((rule) =>
      listAt(rule, 'matches').map((match) => textAt(match, 'path', 'value') ?? '/'),
    ),
    parkedAtMs: parkedAt === undefined ? null : Date.parse(parkedAt),
  };
}

export function observeGateway(object: KubeObject): ObservedGateway {
  return {
    type: 'gateway',
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    className: textAt(object, 'spec', 'gatewayClassName') ?? '',
    generation: object.metadata.generation ?? 0,
    conditions: conditionsOf(object.status),
  };
}

function observeParentRef(ref: unknown, ownNamespace: string): { namespace: string; name: string } {
  return { namespace: textAt(ref, 'namespace') ?? ownNamespace, name: textAt(ref, 'name') ?? '' };
}
