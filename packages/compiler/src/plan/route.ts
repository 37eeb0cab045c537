import type { RouteDocument } from '@brainpod/model/kinds/route';
import { NOTHING, type Verdict } from './change.ts';
import { fieldReasons } from './field-reasons.ts';
import { isSame, type PlanSide } from './side.ts';

/** Where requests are answered: a host name, and the path that they begin with. */
type Address = { hostname: string; path: string };

/** What becomes of a Route. It changes in place; an address that no Route has any more stops answering. */
export function planRoute(place: string, old: PlanSide, next: PlanSide): Verdict {
  const before = routeAt(place, old);
  const after = routeAt(place, next);
  if (isSame(before, after) && isSame(old.objects.get(place), next.objects.get(place))) return NOTHING;
  const reasons = fieldReasons(before, after);
  if (before === undefined) return { ...NOTHING, action: 'create', reasons };
  const action = after === undefined ? 'delete' : 'update';
  // Of a stopped pod nothing answers as it is.
  const lost = old.view.pod.isStopped ? [] : lostAddresses([before], next.view.routes);
  if (lost.length === 0) return { ...NOTHING, action, reasons };
  const name = `Route "${before.metadata.name}"`;
  const why = after === undefined ? `${name} is removed` : `${name} does not name it any more`;
  return { ...NOTHING, action, interruption: { what: lost.join(', '), seconds: null, why }, reasons };
}

/** The addresses of some Routes that none of others answers, as a person would type them. */
export function lostAddresses(before: readonly RouteDocument[], after: readonly RouteDocument[]): string[] {
  const answered = after.flatMap(addressesOf);
  return before
    .flatMap(addressesOf)
    .filter((address) => !answered.some((other) => covers(other, address)))
    .map(({ hostname, path }) => `https://${hostname}${path}`);
}

function addressesOf({ spec }: RouteDocument): Address[] {
  return [spec.hostname, ...spec.domains].flatMap((hostname) =>
    spec.rules.map(({ path }) => ({ hostname, path })),
  );
}

function covers(outer: Address, inner: Address): boolean {
  const prefix = outer.path.replace(/\/+$/, '');
  return outer.hostname === inner.hostname && `${inner.path.replace(/\/+$/, '')}/`.startsWith(`${prefix}/`);
}

function routeAt(place: string, { documents }: PlanSide): RouteDocument | undefined {
  const document = documents.get(place);
  return document?.kind === 'Route' ? document : undefined;
}
