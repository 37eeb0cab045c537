import type { KubeObject } from '@brainpod/kube/kube-object';
import { backendNameOf, type RouteDocument } from '@brainpod/model/kinds/route';
import { listAt, numberAt, textAt } from '../src/observe/fields.ts';
import { observeHttpRoute } from '../src/observe/route.ts';

/** A path of a host name, and who answers it: `app:port`. */
type Answering = { hostname: string; prefix: string; by: string; createdAt: string; name: string };

/** Who answers a request by what Routes say; null for nobody. */
export function wantedAnswer(
  routes: readonly RouteDocument[],
  hostname: string,
  path: string,
): string | null {
  return answerAmong(
    routes.flatMap(({ spec }) =>
      [spec.hostname, ...spec.domains].flatMap((host) =>
        spec.rules.map((rule) => ({
          ...{ hostname: host, prefix: rule.path, createdAt: '', name: '' },
          by: `${backendNameOf(rule.backendRef)}:${rule.port}`,
        })),
      ),
    ),
    { hostname, path },
  );
}

/** Who answers a request by what HTTPRoutes say, as the Gateway API has it; null for nobody. */
export function givenAnswer(httpRoutes: Iterable<KubeObject>, hostname: string, path: string): string | null {
  const all = [...httpRoutes].flatMap((object) => {
    const { hostnames, parkedAtMs } = observeHttpRoute(object);
    if (parkedAtMs !== null) return [];
    const { creationTimestamp: createdAt = '', name } = object.metadata;
    return listAt(object, 'spec', 'rules').flatMap((rule) => {
      const [backend] = listAt(rule, 'backendRefs');
      const by = `${textAt(backend, 'name')}:${numberAt(backend, 'port')}`;
      return listAt(rule, 'matches').flatMap((match) =>
        hostnames.map((host) => ({
          ...{ hostname: host, createdAt, name, by },
          prefix: textAt(match, 'path', 'value') ?? '/',
        })),
      );
    });
  });
  return answerAmong(all, { hostname, path });
}

/** The longest prefix wins; of two alike the older object, then the first by name. */
function answerAmong(all: readonly Answering[], asked: { hostname: string; path: string }): string | null {
  const [first] = all
    .filter(({ hostname, prefix }) => hostname === asked.hostname && isBelow(asked.path, prefix))
    .sort(
      (a, b) =>
        b.prefix.length - a.prefix.length || compare(a.createdAt, b.createdAt) || compare(a.name, b.name),
    );
  return first?.by ?? null;
}

function isBelow(path: string, prefix: string): boolean {
  return prefix === '/' || path === prefix || path.startsWith(`${prefix}/`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
