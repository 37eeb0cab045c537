import { setTimeout as delay } from 'node:timers/promises';
import { compareResourceVersions, type KubeObject } from '@brainpod/kube/kube-object';
import { Reflector } from '@brainpod/kube/reflector';
import type { RouteDocument } from '@brainpod/model/kinds/route';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givenAnswer, wantedAnswer } from '../test/answers.ts';
import { app, route } from '../test/documents.ts';
import { type Harness, startHarness } from '../test/harness.ts';
import { type Breakage, UnreliableTransport } from '../test/unreliable-transport.ts';
import { DEPLOYMENT, HTTP_ROUTE } from './managed-kinds.ts';
import { at, listAt, textAt } from './observe/fields.ts';
import { observeHttpRoute } from './observe/route.ts';
import { EDGE_SETTLE_MS } from './route-switch.ts';

type Rules = Record<string, string>;
type Edit = [what: string, routes: RouteDocument[]];

const SPEED = 20;
const HOSTS = ['one.test', 'two.test', 'shop.example.org'];
const PATHS = ['/', '/x', '/x/y', '/x/y/z', '/w'];
const APPS = ['a', 'b', 'c'];
const BREAKAGES: Breakage[] = ['refused', 'answer lost', 'server error'];

let cluster: ApiServer;
const startedAt = Date.now();
/** The settle times pass sooner, for both sides alike. */
const clock = { now: () => new Date(startedAt + (Date.now() - startedAt) * SPEED) };

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
});

afterAll(() => cluster?.remove());

/** A Route whose rules are written as path → app:port. */
function routeOf(name: string, hostname: string, rules: Rules, domains: string[] = []): RouteDocument {
  const base = route(name, 'a', 80);
  const written = Object.entries(rules).map(([path, backend], index) => {
    const [appName = '', port = ''] = backend.split(':');
    return { name: `r${index}`, path, port: Number(port), backendRef: `urn:brain:app:default:${appName}` };
  });
  return { ...base, spec: { ...base.spec, hostname, domains, rules: written } };
}

const SHOP = 'shop.example.org';
const EDITS: Edit[] = [
  ['the first', [routeOf('p', 'one.test', { '/': 'a:80' })]],
  ['a rule added', [routeOf('p', 'one.test', { '/': 'a:80', '/x': 'b:80' })]],
  ['retargeted to an app that had none', [routeOf('p', 'one.test', { '/': 'c:80', '/x': 'b:80' })]],
  ['swapped', [routeOf('p', 'one.test', { '/': 'b:80', '/x': 'c:80' })]],
  [
    'a longer path comes, all others go on to another',
    [routeOf('p', 'one.test', { '/': 'c:80', '/x': 'b:80', '/x/y': 'c:80' })],
  ],
  ['a port changed', [routeOf('p', 'one.test', { '/': 'c:81', '/x': 'b:80' })]],
  ['a rule removed', [routeOf('p', 'one.test', { '/': 'c:81' })]],
  [
    'a second with a domain',
    [routeOf('p', 'one.test', { '/': 'c:81' }), routeOf('q', 'two.test', { '/': 'a:80' }, [SHOP])],
  ],
  [
    'the domain moved',
    [routeOf('p', 'one.test', { '/': 'c:81' }, [SHOP]), routeOf('q', 'two.test', { '/': 'a:80' })],
  ],
  [
    'both renamed',
    [routeOf('r', 'one.test', { '/': 'c:81' }, [SHOP]), routeOf('s', 'two.test', { '/': 'a:80' })],
  ],
  [
    'names swapped',
    [routeOf('s', 'one.test', { '/': 'c:81' }, [SHOP]), routeOf('r', 'two.test', { '/': 'a:80' })],
  ],
  ['one gone', [routeOf('s', 'one.test', { '/': 'b:80' }, [SHOP])]],
];

/** The same numbers in 0 to 1 for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function randomEdit(random: () => number, number: number): Edit {
  const one = <T>(of: readonly [T, ...T[]]): T => of[Math.floor(random() * of.length)] ?? of[0];
  const rules = (): Rules =>
    Object.fromEntries(
      PATHS.filter((path) => path === '/' || random() < 0.5).map((path) => [
        path,
        `${one(['a', 'b', 'c'])}:${one([80, 81])}`,
      ]),
    );
  const [first, second] = one([
    ['p', 'q'],
    ['q', 'p'],
  ]);
  const shopAt = random();
  const routes = [routeOf(first ?? 'p', 'one.test', rules(), shopAt < 0.4 ? [SHOP] : [])];
  if (random() < 0.7) {
    routes.push(routeOf(second ?? 'q', 'two.test', rules(), shopAt > 0.6 ? [SHOP] : []));
  }
  return [`random edit ${number}`, routes];
}

/**
 * Of an HTTPRoute or a Deployment. The two are watched side by side, so that only its version tells which was first.
 */
type Change = {
  object: KubeObject;
  isGone: boolean;
  version: string;
  atMs: number;
  edit: string;
  hosts: string[];
};

/** Sees every state that the pod's HTTPRoutes go through, and holds each to the rules. */
class Watcher {
  readonly faults: string[] = [];
  readonly objects = new Map<string, KubeObject>();
  readonly #reflectors: Reflector<KubeObject>[];
  readonly #changes: Change[] = [];
  #newest = '0';
  #edit = 'nothing yet';
  #before: RouteDocument[] = [];
  #after: RouteDocument[] = [];

  constructor(harness: Harness, namespace: string) {
    this.#reflectors = [HTTP_ROUTE, DEPLOYMENT].map(
      (kind) =>
        new Reflector<KubeObject>({
          client: harness.kube,
          query: { ...kind, namespace },
          project: (object) => object,
          onChange: (key, now, before) => {
            if (kind === HTTP_ROUTE) this.#see(key, now, before);
            this.#keep(now, before);
          },
          onError: (error) => this.faults.push(`the watch broke: ${error.message}`),
          resyncIntervalMs: 600_000,
        }),
    );
    for (const reflector of this.#reflectors) reflector.start();
  }

  expectEdit([what, routes]: Edit): void {
    this.#edit = what;
    this.#before = this.#after;
    this.#after = routes;
  }

  /** Whether just what is wanted is there, and nothing that waits to go. */
  get isSettled(): boolean {
    const asked = HOSTS.flatMap((host) => PATHS.map((path) => [host, path] as const));
    const isRight = asked.every(
      ([host, path]) => this.#given(host, path) === wantedAnswer(this.#after, host, path),
    );
    return (
      isRight && [...this.objects.values()].every((object) => observeHttpRoute(object).parkedAtMs === null)
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()));
  }

  /**
   * Each time when a host name's requests could get to an app that is not asked whether it listens: its new instances
   * would get them before they do.
   */
  unasked(): string[] {
    const routes = new Map<string, KubeObject>();
    const apps = new Map<string, KubeObject>();
    const changes = this.#changes.toSorted((a, b) => compareResourceVersions(a.version, b.version));
    return changes.flatMap(({ object, isGone, atMs, edit, hosts }) => {
      const known = object.kind === HTTP_ROUTE.kind ? routes : apps;
      if (isGone) known.delete(object.metadata.name);
      else known.set(object.metadata.name, object);
      return [...routes.values()].flatMap((route) => {
        const { hostnames, parkedAtMs } = observeHttpRoute(route);
        const isInEdge = parkedAtMs === null || atMs - parkedAtMs < EDGE_SETTLE_MS;
        if (!isInEdge || !hostnames.some((host) => hosts.includes(host))) return [];
        return backendsOf(route)
          .filter((name) => apps.has(name) && !isAsked(apps.get(name)))
          .map((name) => `${edit}: ${route.metadata.name} leads to ${name}, which is not asked`);
      });
    });
  }

  #keep(now: KubeObject | undefined, before: KubeObject | undefined): void {
    const object = now ?? before;
    if (object === undefined) return;
    const hosts = this.#after.flatMap(({ spec }) => [spec.hostname, ...spec.domains]);
    const own = object.metadata.resourceVersion ?? '';
    if (compareResourceVersions(own, this.#newest) > 0) this.#newest = own;
    this.#changes.push({
      ...{ object, isGone: now === undefined, atMs: clock.now().getTime() },
      // With an end only what was there before is told.
      ...{ version: now === undefined ? this.#newest : own, edit: this.#edit, hosts },
    });
  }

  #given(host: string, path: string): string | null {
    return givenAnswer(this.objects.values(), host, path);
  }

  #see(key: string, now: KubeObject | undefined, before: KubeObject | undefined): void {
    const served = this.#servedThroughout(key);
    if (now !== undefined) this.#judgeChange(now, before, served);
    else if (before !== undefined) this.#judgeEnd(before, served);
    if (now === undefined) this.objects.delete(key);
    else this.objects.set(key, now);
    for (const host of HOSTS)
      for (const path of PATHS) this.#judgeAnswer(host, path === '/' ? '/more' : `${path}/more`);
  }

  /** The host names that others answer now, and that are to be answered before and after. */
  #servedThroughout(key: string): Set<string> {
    const wanted = [this.#before, this.#after].map(
      (routes) => new Set(routes.flatMap(({ spec }) => [spec.hostname, ...spec.domains])),
    );
    const others = [...this.objects]
      .filter(([other]) => other !== key)
      .map(([, object]) => observeHttpRoute(object))
      .flatMap(({ hostnames, parkedAtMs }) => (parkedAtMs === null ? hostnames : []));
    return new Set(others.filter((host) => wanted.every((hosts) => hosts.has(host))));
  }

  #judgeChange(now: KubeObject, before: KubeObject | undefined, served: ReadonlySet<string>): void {
    const { hostnames, parkedAtMs } = observeHttpRoute(now);
    const was = before === undefined ? null : observeHttpRoute(before);
    const { name } = now.metadata;
    const isShared = hostnames.some((host) => served.has(host));
    if (was === null && parkedAtMs === null && isShared) this.#fault(`${name} began to answer unparked`);
    if (was !== null && was.parkedAtMs !== null && parkedAtMs === null) {
      const forMs = clock.now().getTime() - was.parkedAtMs;
      if (forMs < EDGE_SETTLE_MS) this.#fault(`${name} was unparked after ${forMs} ms`);
    }
  }

  #judgeEnd(before: KubeObject, served: ReadonlySet<string>): void {
    const { hostnames, parkedAtMs } = observeHttpRoute(before);
    if (!hostnames.some((host) => served.has(host))) return;
    const { name } = before.metadata;
    const forMs = parkedAtMs === null ? null : clock.now().getTime() - parkedAtMs;
    if (forMs === null) this.#fault(`${name} was deleted unparked`);
    else if (forMs < EDGE_SETTLE_MS) this.#fault(`${name} was deleted ${forMs} ms after it was parked`);
  }

  #judgeAnswer(host: string, path: string): void {
    const [before, after] = [this.#before, this.#after].map((routes) => wantedAnswer(routes, host, path));
    const given = this.#given(host, path);
    const allowed = [before, after];
    if (before !== null && after !== null && !allowed.includes(given)) {
      this.#fault(`${host}${path} was answered by ${given}, neither ${before} nor ${after}`);
    }
  }

  #fault(what: string): void {
    this.faults.push(`${this.#edit}: ${what}`);
  }
}

function backendsOf(route: KubeObject): string[] {
  return listAt(route, 'spec', 'rules').flatMap((rule) =>
    listAt(rule, 'backendRefs').map((backend) => textAt(backend, 'name') ?? ''),
  );
}

function isAsked(deployment: KubeObject | undefined): boolean {
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers');
  return containers.some((container) => at(container, 'readinessProbe') !== undefined);
}

// npm run verify does more of them.
const IS_THOROUGH = process.env.BRAINPOD_TEST_EVERY_STEP === '1';
const RANDOM_EDITS = IS_THOROUGH ? 15 : 4;
const SEEDS = IS_THOROUGH ? [2, 3, 4] : [2];

test.each<[what: string, seed: number, share: number]>([
  ['one after the other, undisturbed', 1, 0],
  ...SEEDS.map((seed): [string, number, number] => [
    `at random from ${seed}, with a server that is killed and calls that fail`,
    seed,
    0.15,
  ]),
])(
  'edits of Routes leave no request between two chairs: %s',
  { timeout: 180_000 },
  async (_what, seed, share) => {
    const random = seeded(seed);
    let isBreaking = false;
    const breakage = (): Breakage | null =>
      isBreaking && random() < share ? (BREAKAGES[Math.floor(random() * BREAKAGES.length)] ?? null) : null;
    const harness = await startHarness({
      kubeconfig: cluster.kubeconfig,
      clock,
      // By the clock above.
      deployTimeoutMs: 60_000 * SPEED,
      wrap: (transport) => new UnreliableTransport(transport, breakage),
    });
    const name = `switch-${seed}`;
    const watcher = new Watcher(harness, `bp-${name}`);
    try {
      const podId = harness.store.addPod(name);
      const edits =
        share === 0 ? EDITS : Array.from({ length: RANDOM_EDITS }, (_, number) => randomEdit(random, number));
      for (const edit of edits) {
        watcher.expectEdit(edit);
        const apps = APPS.map((appName) => app(appName));
        const revisionId = harness.store.deploy(podId, [...apps, ...edit[1]], clock.now());
        isBreaking = true;
        await waitFor(
          async () => {
            if (random() < share / 3) await harness.restart();
            harness.store.touch(podId);
            await delay(20);
            return (
              ['deployed', 'failed'].includes(harness.store.revision(revisionId).state) && watcher.isSettled
            );
          },
          { timeoutMs: 60_000, what: `the end of ${edit[0]}` },
        );
        isBreaking = false;
        expect(harness.store.revision(revisionId)).toMatchObject({ state: 'deployed', error: null });
      }
      expect(watcher.faults).toEqual([]);
      expect(watcher.unasked()).toEqual([]);
    } finally {
      await watcher.stop();
      await harness.stop();
    }
  },
);
