import { compilePod } from '@brainpod/compiler/compile';
import { KIND_LABEL, NAME_LABEL, POD_LABEL } from '@brainpod/compiler/labels';
import { namespaceName } from '@brainpod/compiler/names';
import { type PlanAction, type PlannedChange, planChanges } from '@brainpod/compiler/plan';
import { type PodContext, UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { isRecord, type KubeObject, objectKey } from '@brainpod/kube/kube-object';
import { Reflector } from '@brainpod/kube/reflector';
import { canonicalJson } from '@brainpod/model/canonical-json';
import type { ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import type { AppDocument } from '@brainpod/model/kinds/app';
import { type ApiServer, startGatewayCluster } from '@brainpod/testkit/apiserver';
import { testEngineBinDir } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { type Harness, settle, startHarness, waitForState } from '../test/harness.ts';
import { K8S_POD, NAMESPACE, REPLICA_SET, WRITTEN_KINDS } from './managed-kinds.ts';

// A plan is a promise. Here each kind of change is planned, then done, and what was promised is held against what
// happened to the objects and instances in the cluster.

// The stand-in for a node acts on everything in its cluster, so this file has one of its own.
let cluster: ApiServer;
let harness: Harness;
let count = 0;

beforeAll(async () => {
  cluster = await startGatewayCluster(testEngineBinDir());
  harness = await startHarness({ kubeconfig: cluster.kubeconfig });
});
afterAll(async () => {
  await harness?.stop();
  await cluster?.remove();
});

/** What is in the cluster of one resource. */
type Presence = { objects: Map<string, string>; template: string | null; instances: Set<string> };

async function look(podName: string): Promise<Map<string, Presence>> {
  const found = new Map<string, Presence>();
  for (const kind of [...WRITTEN_KINDS, K8S_POD]) {
    if (kind.kind === NAMESPACE.kind || !(await harness.kube.hasResource(kind.apiVersion, kind.kind)))
      continue;
    const { items } = await harness.kube.list({
      ...kind,
      labelSelector: `${POD_LABEL}=${podName},${KIND_LABEL}`,
    });
    for (const object of items) note(found, object);
  }
  return found;
}

function note(found: Map<string, Presence>, object: KubeObject): void {
  const labels = object.metadata.labels ?? {};
  const key = `${labels[KIND_LABEL]}/${labels[NAME_LABEL]}`;
  const presence = found.get(key) ?? { objects: new Map(), template: null, instances: new Set() };
  found.set(key, presence);
  if (object.kind === K8S_POD.kind) {
    if (object.metadata.deletionTimestamp === undefined) presence.instances.add(object.metadata.uid ?? '');
    return;
  }
  const { apiVersion: _v, kind: _k, metadata: _m, status: _s, ...content } = object;
  presence.objects.set(objectKey(object), canonicalJson(JSON.parse(JSON.stringify(content))));
  if (object.kind === 'Deployment' && isRecord(object.spec)) {
    presence.template = canonicalJson(JSON.parse(JSON.stringify(object.spec.template)));
  }
}

/** What happened to a resource between two looks. `isBroken`: at some moment no instance was ready. */
function happened(before: Presence | undefined, after: Presence | undefined, isBroken: boolean): PlanAction {
  if (after === undefined) return before === undefined ? 'none' : 'delete';
  if (before === undefined) return 'create';
  if (before.template !== after.template) {
    const kept = [...after.instances].filter((uid) => before.instances.has(uid));
    expect(kept, 'instances that outlived a change of what they are made of').toEqual([]);
    return isBroken ? 'restart' : 'roll';
  }
  if (before.instances.size !== after.instances.size) {
    const [few, many] = [before.instances, after.instances].toSorted((a, b) => a.size - b.size);
    expect(
      [...(few ?? [])].filter((uid) => !many?.has(uid)),
      'instances replaced by scaling',
    ).toEqual([]);
    return 'scale';
  }
  expect([...after.instances].toSorted(), 'instances').toEqual([...before.instances].toSorted());
  return sameObjects(before, after) ? 'none' : 'update';
}

function sameObjects(before: Presence, after: Presence): boolean {
  return canonicalJson([...before.objects].toSorted()) === canonicalJson([...after.objects].toSorted());
}

type InstanceWatch = { stop: () => Promise<void> };

/** Watches instances, and notes in `broken` which Apps were at some moment without a ready one, since they first had one. */
async function watchInstances(podName: string, broken: Set<string>): Promise<InstanceWatch> {
  const served = new Set<string>();
  const reflector = new Reflector<{ app: string; isReady: boolean }>({
    client: harness.kube,
    query: { ...K8S_POD, namespace: namespaceName(podName), labelSelector: `${POD_LABEL}=${podName}` },
    project: (object) => ({ app: object.metadata.labels?.[NAME_LABEL] ?? '', isReady: isReady(object) }),
    onChange: () => {
      const ready = new Set([...reflector.values()].filter((value) => value.isReady).map(({ app }) => app));
      for (const name of ready) served.add(name);
      for (const name of served) if (!ready.has(name)) broken.add(name);
    },
    onError: () => undefined,
    resyncIntervalMs: 60_000,
  });
  reflector.start();
  await reflector.synced;
  return reflector;
}

async function brokenDuringTest(podName: string): Promise<Set<string>> {
  const broken = new Set<string>();
  const watch = await watchInstances(podName, broken);
  onTestFinished(() => watch.stop());
  return broken;
}

function isReady({ metadata, status }: KubeObject): boolean {
  const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
  const ready = conditions.filter(isRecord).find(({ type }) => type === 'Ready');
  return metadata.deletionTimestamp === undefined && ready?.status === 'True';
}

async function deployed(podId: string, documents: ResourceDocument[]): Promise<void> {
  await waitForState(harness, harness.store.deploy(podId, documents), 'deployed', 60_000);
}

async function deploy(podId: string, documents: ResourceDocument[]): Promise<void> {
  await deployed(podId, documents);
  await settle(harness);
}

function newName(): string {
  count += 1;
  return `plan-${process.pid}-${count}`;
}

/** Old versions linger for a moment after the new one is healthy. */
async function oneVersionOnly(podName: string): Promise<void> {
  await waitFor(
    async () => {
      const labelSelector = `${POD_LABEL}=${podName}`;
      const sets = await harness.kube.list({ ...REPLICA_SET, labelSelector });
      const pods = await harness.kube.list({ ...K8S_POD, labelSelector });
      const wanted = sets.items.map(({ spec }) => (isRecord(spec) ? Number(spec.replicas) : 0));
      return (
        pods.items.length === wanted.reduce((sum, replicas) => sum + replicas, 0) && pods.items.every(isReady)
      );
    },
    { timeoutMs: 15_000, what: 'old versions to be gone' },
  );
}

const web = (spec: Partial<AppDocument['spec']> = {}): AppDocument => app('web', { instance: '1x', ...spec });
const MOUNT = { path: '/etc/a', file: 'a', config: 'files' };

function changedRoute(change: Partial<ReturnType<typeof route>['spec']>) {
  const made = route('web', 'web', 8080);
  return { ...made, spec: { ...made.spec, ...change } };
}

type Case = {
  title: string;
  before: ResourceDocument[];
  after: ResourceDocument[];
  /** Of everything that is not `none`. */
  expected: Record<string, PlanAction>;
};

const CASES: Case[] = [
  {
    title: 'nothing',
    before: [web({ mounts: [MOUNT] }), config('files', { a: '1' }), route('web', 'web', 8080)],
    after: [web({ mounts: [MOUNT] }), config('files', { a: '1' }), route('web', 'web', 8080)],
    expected: {},
  },
  {
    title: 'another image',
    before: [web()],
    after: [web({ image: 'docker.io/demo/web:2' })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'another image, with several instances and a Route',
    before: [web({ replicas: 3 }), route('web', 'web', 8080)],
    after: [web({ replicas: 3, image: 'docker.io/demo/web:2' }), route('web', 'web', 8080)],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'a variable',
    before: [web()],
    after: [web({ env: [{ name: 'A', value: 'b' }] })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'another size',
    before: [web()],
    after: [web({ instance: '2x' })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'a check',
    before: [web()],
    after: [web({ checks: { ready: { port: 80 } } })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'an init command',
    before: [web()],
    after: [web({ lifecycle: { init: 'true' } })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'another user',
    before: [web()],
    after: [web({ runtime: { uid: 1234 } })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'more instances',
    before: [web()],
    after: [web({ replicas: 3 })],
    expected: { 'App/web': 'scale' },
  },
  {
    title: 'fewer instances',
    before: [web({ replicas: 3 })],
    after: [web()],
    expected: { 'App/web': 'scale' },
  },
  {
    title: 'more instances of another image',
    before: [web()],
    after: [web({ replicas: 2, image: 'docker.io/demo/web:2' })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'the file of a mounted Config',
    before: [web({ mounts: [MOUNT] }), config('files', { a: '1' })],
    after: [web({ mounts: [MOUNT] }), config('files', { a: '2' })],
    expected: { 'App/web': 'roll', 'Config/files': 'update' },
  },
  {
    title: 'the file of a Config that nobody mounts',
    before: [web(), config('files', { a: '1' })],
    after: [web(), config('files', { a: '2' })],
    expected: { 'Config/files': 'update' },
  },
  {
    title: 'a new mount',
    before: [web(), config('files', { a: '1' })],
    after: [web({ mounts: [MOUNT] }), config('files', { a: '1' })],
    expected: { 'App/web': 'roll' },
  },
  {
    title: 'a Config more',
    before: [web()],
    after: [web(), config('files', { a: '1' })],
    expected: { 'Config/files': 'create' },
  },
  {
    title: 'a Config less',
    before: [web(), config('files', { a: '1' })],
    after: [web()],
    expected: { 'Config/files': 'delete' },
  },
  { title: 'an App more', before: [web()], after: [web(), app('more')], expected: { 'App/more': 'create' } },
  { title: 'an App less', before: [web(), app('more')], after: [web()], expected: { 'App/more': 'delete' } },
  {
    title: 'the path of a Route',
    before: [web(), route('web', 'web', 8080)],
    after: [
      web(),
      changedRoute({
        rules: [{ name: 'all', path: '/x', port: 8080, backendRef: 'urn:brain:app:default:web' }],
      }),
    ],
    expected: { 'Route/web': 'update' },
  },
  {
    title: 'a domain',
    before: [web(), route('web', 'web', 8080)],
    after: [web(), changedRoute({ domains: ['shop.example.com'] })],
    expected: { 'Route/web': 'update' },
  },
  {
    title: 'the port of a Route',
    before: [web(), route('web', 'web', 8080)],
    after: [
      web(),
      changedRoute({
        rules: [{ name: 'all', path: '/', port: 9090, backendRef: 'urn:brain:app:default:web' }],
      }),
    ],
    expected: { 'App/web': 'roll', 'Route/web': 'update' },
  },
  {
    title: 'how long a request may take',
    before: [web(), route('web', 'web', 8080)],
    after: [web(), changedRoute({ timeout: 300 })],
    expected: { 'App/web': 'roll', 'Route/web': 'update' },
  },
  {
    title: 'a Route more',
    before: [web()],
    after: [web(), route('web', 'web', 8080)],
    expected: { 'App/web': 'roll', 'Route/web': 'create' },
  },
  {
    title: 'a Route less',
    before: [web(), route('web', 'web', 8080)],
    after: [web()],
    expected: { 'App/web': 'roll', 'Route/web': 'delete' },
  },
  {
    title: 'a Route to another App',
    before: [web(), app('more'), route('web', 'web', 8080)],
    after: [web(), app('more'), changedRoute({ rules: route('web', 'more', 8080).spec.rules })],
    expected: { 'App/more': 'roll', 'App/web': 'roll', 'Route/web': 'update' },
  },
  {
    title: 'all of it taken away',
    before: [web(), route('web', 'web', 8080)],
    after: [],
    expected: { 'App/web': 'delete', 'Route/web': 'delete' },
  },
];

/** A pod that goes from the one side of a case to the other, and what was seen of it. */
class Life {
  readonly #case: Case;
  readonly #name: string;
  readonly #podId: string;
  readonly #broken = new Set<string>();
  #earlier = new Map<string, Presence>();
  #later = new Map<string, Presence>();
  #watch: InstanceWatch | null = null;

  constructor(each: Case) {
    this.#case = each;
    this.#name = newName();
    this.#podId = harness.store.addPod(this.#name);
  }

  async begin(): Promise<void> {
    await deployed(this.#podId, this.#case.before);
  }

  async change(): Promise<void> {
    await oneVersionOnly(this.#name);
    this.#earlier = await look(this.#name);
    this.#watch = await watchInstances(this.#name, this.#broken);
    await deployed(this.#podId, this.#case.after);
  }

  async end(): Promise<void> {
    await oneVersionOnly(this.#name);
    this.#later = await look(this.#name);
    await this.#watch?.stop();
  }

  planned(): PlannedChange[] {
    const pod = { ...UNTOUCHED, name: this.#name, pullSecret: { dockerConfigJson: '{}' } };
    const { before, after } = this.#case;
    return planChanges({ documents: before, pod }, { documents: after, pod }, PLATFORM);
  }

  /** What became of each place; `none` is left out. */
  real(): Record<string, PlanAction> {
    const places = new Set([...this.#case.before, ...this.#case.after].map(placeOf));
    const actions = [...places].map((place) => {
      const key = place.replace(/^\w+/, (kind) => kind.toLowerCase());
      const isBroken = this.#broken.has(place.replace(/^App\//, ''));
      return [place, happened(this.#earlier.get(key), this.#later.get(key), isBroken)] as const;
    });
    return Object.fromEntries(actions.filter(([, action]) => action !== 'none'));
  }
}

describe('what the plan says is what happens', () => {
  const lives = new Map<Case, Life>();

  // Side by side: most of a deploy is waiting, and what is told apart here is told apart by pod.
  beforeAll(async () => {
    for (const each of CASES) lives.set(each, new Life(each));
    const all = [...lives.values()];
    for (const step of ['begin', 'change', 'end'] as const) {
      await Promise.all(all.map((life) => life[step]()));
      await settle(harness);
    }
  });

  test.each(CASES)('$title', (each) => {
    const life = lives.get(each);
    const changes = life?.planned() ?? [];
    const planned = Object.fromEntries(
      changes
        .filter(({ action }) => action !== 'none')
        .map(({ kind, name, action }) => [`${kind}/${name}`, action]),
    );
    expect({ planned, real: life?.real() }).toEqual({ planned: each.expected, real: each.expected });
    for (const change of changes) {
      if (change.action === 'roll') expect(change.interruption).toBeNull();
      if (change.action === 'delete' && change.kind !== 'Config') expect(change.interruption).not.toBeNull();
    }
  });
});

test('what is done to the pod and not to its documents happens as planned, too', async () => {
  const name = newName();
  const podId = harness.store.addPod(name);
  const documents = [web(), route('web', 'web', 8080)];
  const running = { ...UNTOUCHED, name, pullSecret: { dockerConfigJson: '{}' } };
  await deploy(podId, documents);
  await oneVersionOnly(name);
  const broken = await brokenDuringTest(name);
  const changeTo = async (from: PodContext, to: PodContext, act: () => void) => {
    const earlier = (await look(name)).get('app/web');
    const [planned] = planChanges({ documents, pod: from }, { documents, pod: to }, PLATFORM);
    act();
    await settle(harness);
    await oneVersionOnly(name);
    const real = happened(earlier, (await look(name)).get('app/web'), broken.has('web'));
    return { planned: planned?.action, real, isInterrupted: planned?.interruption !== null };
  };
  const restartedAt = new Date();
  const restarted = { ...running, restarts: { web: restartedAt.toISOString() } };
  const restart = () => void harness.store.restart(podId, 'web', restartedAt);
  expect(await changeTo(running, restarted, restart)).toEqual({
    planned: 'roll',
    real: 'roll',
    isInterrupted: false,
  });
  const stopped = { ...restarted, isStopped: true };
  const stop = () => harness.store.change(podId, { isStopped: true });
  expect(await changeTo(restarted, stopped, stop)).toEqual({
    planned: 'scale',
    real: 'scale',
    isInterrupted: true,
  });
  const start = () => harness.store.change(podId, { isStopped: false });
  expect(await changeTo(stopped, restarted, start)).toEqual({
    planned: 'scale',
    real: 'scale',
    isInterrupted: false,
  });
});

test('an interruption would be seen', async () => {
  const name = newName();
  const pod = { ...UNTOUCHED, name, pullSecret: { dockerConfigJson: '{}' } };
  // By hand, because no kind that runs today makes an App end before its next version starts.
  const apply = async (image: string) => {
    for (const { object } of compilePod([web({ image })], pod, PLATFORM).objects) {
      const isDeployment = object.kind === 'Deployment' && isRecord(object.spec);
      const spec = isDeployment ? { ...Object(object.spec), strategy: { type: 'Recreate' } } : object.spec;
      await harness.kube.apply(spec === undefined ? object : { ...object, spec });
    }
    await waitFor(async () => ((await look(name)).get('app/web')?.instances.size ?? 0) > 0, {
      timeoutMs: 15_000,
      what: 'an instance',
    });
    await oneVersionOnly(name);
  };
  await apply('docker.io/demo/web:1');
  const earlier = (await look(name)).get('app/web');
  const broken = await brokenDuringTest(name);
  await apply('docker.io/demo/web:2');
  await waitFor(async () => (await look(name)).get('app/web')?.template !== earlier?.template, {
    timeoutMs: 15_000,
    what: 'the new version',
  });
  expect(happened(earlier, (await look(name)).get('app/web'), broken.has('web'))).toBe('restart');
});

test('of a first deploy everything is made', async () => {
  const name = newName();
  const documents = [web(), config('files', { a: '1' }), route('web', 'web', 8080)];
  const pod = { ...UNTOUCHED, name, pullSecret: { dockerConfigJson: '{}' } };
  const changes = planChanges(null, { documents, pod }, PLATFORM);
  expect(changes.map(({ action }) => action)).toEqual(['create', 'create', 'create']);
  await deploy(harness.store.addPod(name), documents);
  expect([...(await look(name)).keys()].toSorted()).toEqual(['app/web', 'config/files', 'route/web']);
});
