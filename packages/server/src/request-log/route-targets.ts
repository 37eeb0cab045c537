import { namespaceName } from '@brainpod/compiler/names';
import { backendNameOf } from '@brainpod/model/kinds/route';
import type { LiveRoute } from '@brainpod/store/live-routes';

/** Whom a request was for. */
export type Target = { podId: string; route: string; app: string; revision: number };

/** How Envoy Gateway names a route of Envoy: `httproute/<namespace>/<name>/rule/0/match/0/<host>`. */
const NAMED = /^httproute\/([^/]+)\/([^/]+)\//;
/** What the name of an HTTPRoute has beyond that of its Route: see `httpRouteName`. */
const HASH = /-[0-9a-f]{10}$/;

type Known = { podId: string; route: string; revision: number; backends: { path: string; app: string }[] };

/**
 * Whom requests are for. The Route by the name of the route that the edge found for them, and the App by that Route's rules,
 * as the edge does: the longest path wins. What a request says of itself, such as its Host, plays no part. Routes that go
 * stay known: the last requests through them are told of a moment later.
 */
export class RouteTargets {
  readonly #known = new Map<string, Known>();

  learn(routes: readonly LiveRoute[]): void {
    for (const { podId, podName, document, revision } of routes) {
      const route = document.metadata.name;
      const backends = document.spec.rules
        .map(({ path, backendRef }) => ({ path, app: backendNameOf(backendRef) }))
        .sort((a, b) => b.path.length - a.path.length);
      this.#known.set(`${namespaceName(podName)}/${route}`, { podId, route, revision, backends });
    }
  }

  /** Null where no Route that is known took the request. */
  find({ routeName, path }: { routeName: string; path: string }): Target | null {
    const [, namespace, name = ''] = NAMED.exec(routeName) ?? [];
    const known = this.#known.get(`${namespace}/${name.replace(HASH, '')}`);
    if (known === undefined) return null;
    const { backends, podId, route, revision } = known;
    const [only] = backends;
    const backend = backends.length === 1 ? only : backends.find((each) => isBelow(path, each.path));
    return { podId, route, revision, app: (backend ?? only)?.app ?? '' };
  }
}

/** Whether a path begins with another, whole parts of it: /shop holds /shop and /shop/cart, and not /shopping. */
function isBelow(path: string, above: string): boolean {
  const prefix = above.endsWith('/') ? above.slice(0, -1) : above;
  if (!path.startsWith(prefix)) return false;
  return path.length === prefix.length || /[/?#]/.test(path.charAt(prefix.length));
}

/** Whether a name could be that of a pod's route that is not known yet. */
export function mayBeOfPod(routeName: string): boolean {
  return routeName.startsWith('httproute/bp-');
}
