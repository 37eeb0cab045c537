import { isRecord, type KubeObject, objectKey } from '@brainpod/kube/kube-object';
import type { AssessedApp } from './assess.ts';
import { outdatedInstances } from './health/app-health.ts';
import { HTTP_ROUTE } from './managed-kinds.ts';
import { listAt } from './observe/fields.ts';
import type { LiveObject } from './observe/live-object.ts';
import { type ObservedHttpRoute, PARKED_AT_ANNOTATION } from './observe/route.ts';
import { type PathChange, pathSteps } from './path-steps.ts';
import type { PodDeps } from './pod-pass.ts';

/**
 * How long an edge may take to act on what the cluster holds. The cluster does not tell when an edge has acted: it
 * says what was accepted, a moment earlier. Measured in docs/results/edge.md.
 */
export const EDGE_SETTLE_MS = 2_000;

/** A header that no visitor sends: an HTTPRoute that asks for it answers nothing. */
const PARKED_HEADER = 'x-brainpod-parked';

type LiveRoute = LiveObject & { observed: ObservedHttpRoute };

/** The host names that the pod's HTTPRoutes answer now. */
export function servedHostnames(live: Iterable<LiveObject>): Set<string> {
  return new Set(answering(live).flatMap(({ observed }) => observed.hostnames));
}

/** Whether an object is an HTTPRoute for a host name that is served already. */
export function answersServed(object: KubeObject, served: ReadonlySet<string>): boolean {
  return object.kind === HTTP_ROUTE.kind && hostnamesOf(object).some((hostname) => served.has(hostname));
}

/**
 * Takes HTTPRoutes of host names that are served to where they are to be, without a request between two chairs. An
 * edge takes up where to send requests and what is there one after the other, so an HTTPRoute is parked before it
 * answers for the first time, and again before it goes: it is in the edge with all that it leads to, and matches
 * nothing. What changes its place is for a moment in both, see pathSteps. Each step is seen in the cluster, so whoever is killed
 * between them is followed by one who goes on.
 * Returns how long to wait before the next step, null when all is done.
 */
export async function switchRoutes(
  deps: PodDeps,
  podName: string,
  target: readonly KubeObject[],
  signal: AbortSignal,
): Promise<number | null> {
  const { live, applier } = deps;
  const nowMs = deps.clock.now().getTime();
  const unknown = target.filter((object) => isNew(live.get(object)));
  await applier.apply(
    unknown.map((object) => parked(object, nowMs)),
    signal,
  );
  const waitMs = Math.max(0, ...target.map((object) => settleMs(live.get(object), nowMs)));
  if (waitMs > 0) return waitMs;
  const places = [
    ...target.map((object) => placeOf(object, live.get(object))),
    ...(await leftOver(deps, podName, target)),
  ];
  for (const step of pathSteps(places)) {
    const changed = places.flatMap(({ object }, index) => {
      const paths = step[index];
      return paths === null || paths === undefined ? [] : [withPaths(object, paths, nowMs)];
    });
    await applier.apply(changed, signal);
  }
  await applier.apply(target, signal);
  return null;
}

type Place = PathChange & { object: KubeObject };

function placeOf(object: KubeObject, live: LiveObject | undefined): Place {
  const observed = live?.observed;
  const isAnswering = observed?.type === 'httpRoute' && observed.parkedAtMs === null;
  return { object, from: isAnswering ? observed.paths : [], to: pathsOf(object) };
}

/** The HTTPRoutes that answer what others are to answer from now on. */
async function leftOver(
  { kube, live }: PodDeps,
  podName: string,
  target: readonly KubeObject[],
): Promise<Place[]> {
  const targets = new Set(target.map(objectKey));
  const served = new Set(target.flatMap(hostnamesOf));
  const places: Place[] = [];
  for (const { ref, observed } of answering(live.ofPod(podName))) {
    if (targets.has(objectKey(ref)) || !observed.hostnames.some((hostname) => served.has(hostname))) continue;
    const object = await kube.get(ref);
    if (object !== null) places.push({ object: writtenOf(object), from: observed.paths, to: [] });
  }
  return places;
}

/** How long until an edge has surely let go of the pod's HTTPRoutes that were parked to go; 0 when it has. */
export function msUntilLetGo(
  { live, clock }: PodDeps,
  podName: string,
  target: readonly KubeObject[],
): number {
  const nowMs = clock.now().getTime();
  const kept = new Set(target.map(objectKey));
  const going = [...live.ofPod(podName)].filter(({ ref }) => !kept.has(objectKey(ref)));
  return Math.max(0, ...going.map((object) => settleMs(object, nowMs)));
}

/**
 * How long until an edge surely asks no instance of a version before any more: Infinity while one of them has not been
 * told to end, which is a change in the cluster; 0 when visitors get the new version alone.
 */
export function msUntilReplaced(apps: readonly AssessedApp[], now: Date): number {
  return Math.max(
    0,
    ...apps
      .filter(({ routes }) => routes.length > 0)
      .flatMap(({ observation }) => outdatedInstances(observation))
      .map(({ endingSinceMs }) =>
        endingSinceMs === null ? Number.POSITIVE_INFINITY : leftOf(endingSinceMs, now.getTime()),
      ),
  );
}

/**
 * Of what is present, what may be deleted now. An HTTPRoute of a host name that others go on to answer is parked first.
 * `waitMs` says when to look at those again; null where there are none.
 */
export async function readyToGo(
  deps: PodDeps,
  present: Iterable<LiveObject>,
  keep: readonly KubeObject[],
  signal: AbortSignal,
): Promise<{ present: LiveObject[]; waitMs: number | null }> {
  const nowMs = deps.clock.now().getTime();
  const kept = new Set(keep.map(objectKey));
  const served = new Set(keep.filter(({ kind }) => kind === HTTP_ROUTE.kind).flatMap(hostnamesOf));
  const going: LiveObject[] = [];
  let waitMs: number | null = null;
  for (const object of present) {
    const { observed } = object;
    const isShared =
      observed?.type === 'httpRoute' &&
      object.resource !== null &&
      !kept.has(objectKey(object.ref)) &&
      observed.hostnames.some((hostname) => served.has(hostname));
    if (isShared && observed.parkedAtMs === null) await park(deps, object, signal);
    const leftMs = isShared ? leftOf(observed.parkedAtMs ?? nowMs, nowMs) : 0;
    if (leftMs > 0) waitMs = Math.max(waitMs ?? 0, leftMs);
    else going.push(object);
  }
  return { present: going, waitMs };
}

async function park(
  { kube, applier, clock }: PodDeps,
  { ref }: LiveObject,
  signal: AbortSignal,
): Promise<void> {
  const now = await kube.get(ref);
  if (now !== null) await applier.apply([parked(writtenOf(now), clock.now().getTime())], signal);
}

/** What we write of an object that we read. */
function writtenOf({ apiVersion, kind, metadata, spec }: KubeObject): KubeObject {
  const { name, namespace, labels } = metadata;
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }) },
    spec,
  };
}

/** The same HTTPRoute, answering nothing. */
function parked(object: KubeObject, nowMs: number): KubeObject {
  const annotations = {
    ...object.metadata.annotations,
    [PARKED_AT_ANNOTATION]: new Date(nowMs).toISOString(),
  };
  const header = { type: 'Exact', name: PARKED_HEADER, value: object.metadata.name };
  return withMatches({ ...object, metadata: { ...object.metadata, annotations } }, (match) => ({
    ...match,
    headers: [header],
  }));
}

/** The same HTTPRoute, answering just these paths. */
function withPaths(object: KubeObject, paths: readonly string[], nowMs: number): KubeObject {
  if (paths.length === 0) return parked(object, nowMs);
  const wanted = pathsOf(object);
  if (paths.length === wanted.length && wanted.every((path) => paths.includes(path))) return object;
  if (!isRecord(object.spec)) return object;
  const [rule] = listAt(object, 'spec', 'rules').filter(isRecord);
  const matches = paths.map((value) => ({ path: { type: 'PathPrefix', value } }));
  return { ...object, spec: { ...object.spec, rules: [{ ...rule, matches }] } };
}

function withMatches(
  object: KubeObject,
  change: (match: Record<string, unknown>) => Record<string, unknown>,
): KubeObject {
  if (!isRecord(object.spec)) return object;
  const rules = listAt(object, 'spec', 'rules')
    .filter(isRecord)
    .map((rule) => ({ ...rule, matches: listAt(rule, 'matches').filter(isRecord).map(change) }));
  return { ...object, spec: { ...object.spec, rules } };
}

function answering(live: Iterable<LiveObject>): LiveRoute[] {
  return [...live]
    .filter(isRoute)
    .filter(({ observed, deleting }) => !deleting && observed.parkedAtMs === null);
}

/** Of a Route: what answers a certificate authority is no part of what visitors are answered. */
function isRoute(object: LiveObject): object is LiveRoute {
  return object.observed?.type === 'httpRoute' && object.resource !== null;
}

function isNew(live: LiveObject | undefined): boolean {
  return live === undefined || live.deleting;
}

function settleMs(live: LiveObject | undefined, nowMs: number): number {
  if (live?.observed?.type !== 'httpRoute' || live.observed.parkedAtMs === null) return 0;
  return leftOf(live.observed.parkedAtMs, nowMs);
}

function leftOf(parkedAtMs: number, nowMs: number): number {
  return Math.max(0, Math.min(EDGE_SETTLE_MS, parkedAtMs + EDGE_SETTLE_MS - nowMs));
}

function hostnamesOf(object: KubeObject): string[] {
  return listAt(object, 'spec', 'hostnames').filter((name) => typeof name === 'string');
}

function pathsOf(object: KubeObject): string[] {
  return listAt(object, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'matches').flatMap((match) =>
      isRecord(match) && isRecord(match.path) && typeof match.path.value === 'string'
        ? [match.path.value]
        : [],
    ),
  );
}
