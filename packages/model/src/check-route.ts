import { placeOf } from './document-place.ts';
import type { Fault } from './fault.ts';
import type { AppDocument } from './kinds/app.ts';
import { backendNameOf, type RouteDocument } from './kinds/route.ts';

/** What Routes refer to and isn't there, and host names that two of them claim. */
export function checkRoutes(routes: readonly RouteDocument[], apps: readonly AppDocument[]): Fault[] {
  const appNames = new Set(apps.map((app) => app.metadata.name));
  return [
    ...routes.flatMap((route) => checkBackends(route, appNames)),
    ...hostnamesClaimedTwice(routes),
    ...protocolsAtOdds(routes),
  ];
}

function checkBackends(route: RouteDocument, appNames: ReadonlySet<string>): Fault[] {
  return route.spec.rules.flatMap((rule, index) => {
    const name = backendNameOf(rule.backendRef);
    if (appNames.has(name)) return [];
    const path = `${placeOf(route)}.spec.rules[${index}].backendRef`;
    return [{ path, message: `There is no App "${name}" in this pod.` }];
  });
}

/** An App speaks one protocol at a port, whichever Route leads there. Each place of such a port is named. */
function protocolsAtOdds(routes: readonly RouteDocument[]): Fault[] {
  const ports = new Map<string, { protocols: Set<string>; places: string[] }>();
  for (const route of routes) {
    for (const [index, { backendRef, port, protocol }] of route.spec.rules.entries()) {
      const key = `port ${port} of the App "${backendNameOf(backendRef)}"`;
      const found = ports.get(key) ?? { protocols: new Set(), places: [] };
      found.protocols.add(protocol ?? 'http1');
      found.places.push(`${placeOf(route)}.spec.rules[${index}].protocol`);
      ports.set(key, found);
    }
  }
  return [...ports]
    .filter(([, { protocols }]) => protocols.size > 1)
    .flatMap(([key, { places }]) =>
      places.map((path) => ({
        path,
        message: `Must be the same wherever a rule leads to ${key}, but it is "http1" (or left out) at one place and "http2" at another.`,
      })),
    );
}

function hostnamesClaimedTwice(routes: readonly RouteDocument[]): Fault[] {
  const owners = new Map<string, string>();
  const faults: Fault[] = [];
  // By name, so that the order of documents doesn't decide which of two is at fault.
  const byName = [...routes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const route of byName) {
    for (const claim of claimsOf(route)) {
      const owner = owners.get(claim.hostname);
      if (owner === undefined) owners.set(claim.hostname, claim.path);
      else faults.push({ path: claim.path, message: `${claim.hostname} is taken already by ${owner}.` });
    }
  }
  return faults;
}

function claimsOf(route: RouteDocument): { hostname: string; path: string }[] {
  const place = `${placeOf(route)}.spec`;
  return [
    { hostname: route.spec.hostname, path: `${place}.hostname` },
    ...route.spec.domains.map((hostname, index) => ({ hostname, path: `${place}.domains[${index}]` })),
  ];
}
