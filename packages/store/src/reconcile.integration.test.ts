import type { ResourceInput } from '@brainpod/model/document';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { REVISION_STATES, type RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openSecondStore, openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { PodRecord } from './pods.ts';
import type { ReconcilerStore } from './reconcile.ts';

let at: TestStore;
let pod: PodRecord;
let reconciler: ReconcilerStore;

beforeAll(async () => {
  at = await openTestStore();
  reconciler = at.store.reconciler;
});
afterAll(() => at.store.close());
beforeEach(async () => {
  const { accountId, userId, clusterId } = at;
  pod = await at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
});

async function write(...documents: ResourceInput[]): Promise<string> {
  const rules = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
  const result = await at.store.drafts.write(pod.id, { type: 'create', documents }, rules);
  if (!result.ok) throw new Error('not written');
  return result.revisionId;
}

async function deploy(): Promise<string> {
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  return result.revisionId;
}

async function finish(revisionId: string): Promise<void> {
  await reconciler.markReady(revisionId, 'sum');
  await reconciler.markDeployed(revisionId);
}

async function stateOf(revisionId: string): Promise<RevisionState | undefined> {
  return (await at.store.revisions.find(pod.id, revisionId))?.state;
}

/** Brings a new revision into a state, by the ways there are. */
async function revisionIn(state: RevisionState): Promise<string> {
  const id = await write(sampleApp());
  if (state === 'draft') return id;
  await deploy();
  if (state === 'pending') return id;
  if (state === 'failed') await reconciler.markFailed(id, 'broken');
  else await reconciler.markReady(id, 'sum');
  if (state === 'deployed') await reconciler.markDeployed(id);
  return id;
}

describe('deploying', () => {
  test('goes from draft through pending and ready to deployed, and moves the pointer', async () => {
    const id = await write(sampleApp(), sampleConfig());
    expect(await reconciler.loadPod(pod.id)).toEqual({
      pod: { id: pod.id, name: pod.name, isStopped: false, eraseAfter: null, limits: null },
      sizes: INSTANCE_SIZES,
      domains: [],
      registryCredentials: [],
      pullKey: {
        newest: {
          id: expect.any(Number),
          salt: expect.any(Buffer),
          madeAt: expect.any(Date),
          refusedAfter: null,
        },
        heldId: null,
      },
      restarts: [],
      target: null,
      deployed: null,
    });
    const before = Date.now();
    await deploy();
    const target = {
      revisionId: id,
      version: 1,
      state: 'pending',
      deployStartedAt: expect.any(Date),
      documents: [sampleApp(), sampleConfig()],
    };
    const pending = await reconciler.loadPod(pod.id);
    expect(pending).toMatchObject({ target, deployed: null });
    expect(Math.abs((pending?.target?.deployStartedAt?.getTime() ?? 0) - before)).toBeLessThan(10_000);

    await reconciler.markReady(id, 'sum-1');
    expect((await at.store.revisions.find(pod.id, id))?.checksum).toBe('sum-1');
    expect((await at.store.pods.find(at.accountId, pod.name))?.deployed).toBeNull();

    await reconciler.markDeployed(id);
    expect(await reconciler.loadPod(pod.id)).toMatchObject({
      target: null,
      deployed: { ...target, state: 'deployed' },
    });
    expect(await at.store.revisions.find(pod.id, id)).toMatchObject({ isLatest: true, isDeployed: true });
    expect((await at.store.pods.find(at.accountId, pod.name))?.deployed?.id).toBe(id);
  });

  test('a failure keeps what was deployed, says why, and can be tried again', async () => {
    const first = await write(sampleApp());
    await finish(await deploy());
    const second = await write(sampleConfig());
    await deploy();
    await reconciler.markReady(second, 'sum');
    await reconciler.markFailed(second, 'App "web" never became ready.');
    expect(await at.store.revisions.find(pod.id, second)).toMatchObject({
      state: 'failed',
      error: 'App "web" never became ready.',
      checksum: null,
    });
    expect(await reconciler.loadPod(pod.id)).toMatchObject({ target: null, deployed: { revisionId: first } });

    const again = await at.store.deployments.redeploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    expect(again).toEqual({ ok: true, revisionId: second });
    expect(await at.store.revisions.find(pod.id, second)).toMatchObject({ state: 'pending', error: null });
    await finish(second);
    expect(await stateOf(first)).toBe('deployed');
  });

  test('of one pod goes one revision after the other; the clock of the next starts at its turn', async () => {
    const first = await write(sampleApp('one'));
    await deploy();
    const second = await write(sampleApp('two'));
    await deploy();
    const target = async () => (await reconciler.loadPod(pod.id))?.target;
    expect((await target())?.revisionId).toBe(first);
    await reconciler.markReady(first, 'sum');
    expect((await target())?.revisionId).toBe(first);
    const startedFirst = (await target())?.deployStartedAt;
    await reconciler.markDeployed(first);
    const next = await target();
    expect(next).toMatchObject({ revisionId: second, state: 'pending' });
    expect(next?.deployStartedAt?.getTime()).toBeGreaterThanOrEqual(startedFirst?.getTime() ?? Number.NaN);
    expect(next?.deployStartedAt).not.toEqual(startedFirst);
  });

  test('checks what it deploys, and with faults changes nothing', async () => {
    const id = await write(sampleApp());
    const result = await at.store.deployments.deploy(pod.id, {
      actor: TEST_ACTOR,
      check: (documents) => [{ path: `App/${documents[0]?.metadata.name}.spec`, message: 'no' }],
    });
    expect(result).toEqual({ ok: false, faults: [{ path: 'App/web.spec', message: 'no' }] });
    expect(await stateOf(id)).toBe('draft');
  });

  test('twice at once works once', async () => {
    const other = openSecondStore(at.address);
    await write(sampleApp());
    const results = await Promise.allSettled([
      at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR }),
      other.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = results.find((result) => result.status === 'rejected');
    expect(refused?.reason).toMatchObject({ code: 'PRECONDITION_FAILED' });
  });

  test.each(REVISION_STATES.filter((state) => state !== 'draft' && state !== 'canceled'))(
    'is refused when the head is %s',
    async (state) => {
      await revisionIn(state);
      await expect(
        at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR }),
      ).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
    },
  );

  test.each(REVISION_STATES.filter((state) => state !== 'failed' && state !== 'canceled'))(
    'redeploying is refused when the head is %s',
    async (state) => {
      await revisionIn(state);
      await expect(
        at.store.deployments.redeploy(pod.id, { check: () => [], actor: TEST_ACTOR }),
      ).rejects.toMatchObject({
        code: 'PRECONDITION_FAILED',
      });
    },
  );
});

describe('marks', () => {
  const marks = {
    ready: (id: string) => reconciler.markReady(id, 'sum-2'),
    deployed: (id: string) => reconciler.markDeployed(id),
    failed: (id: string) => reconciler.markFailed(id, 'again'),
  };
  const allowed = new Set(['pending>ready', 'ready>ready', 'ready>deployed', 'deployed>deployed']);
  for (const from of ['pending', 'ready', 'failed']) allowed.add(`${from}>failed`);
  const cases = (['draft', 'pending', 'ready', 'deployed', 'failed'] as const).flatMap((from) =>
    (['ready', 'deployed', 'failed'] as const).map((to) => ({
      from,
      to,
      isAllowed: allowed.has(`${from}>${to}`),
    })),
  );

  test.each(cases)('from $from to $to: $isAllowed', async ({ from, to, isAllowed }) => {
    const id = await revisionIn(from);
    const before = await at.store.revisions.find(pod.id, id);
    if (isAllowed) {
      await marks[to](id);
      await marks[to](id);
      expect(await stateOf(id)).toBe(to);
    } else {
      await expect(marks[to](id)).rejects.toThrow(`is ${from} and cannot become ${to}`);
      expect(await at.store.revisions.find(pod.id, id)).toEqual(before);
    }
  });

  test('a repeated one neither changes the reason nor when it was deployed', async () => {
    const failed = await revisionIn('failed');
    await reconciler.markFailed(failed, 'another reason');
    expect((await at.store.revisions.find(pod.id, failed))?.error).toBe('broken');
  });

  test('of a revision that is not there throws', async () => {
    const nowhere = '00000000-0000-4000-8000-000000000000';
    await expect(reconciler.markReady(nowhere, 'sum')).rejects.toThrow('there is no revision');
  });
});

describe('statuses', () => {
  const ready: ResourceStatus = { phase: 'Ready', readyReplicas: 1, replicas: [] };

  async function shown(revisionId: string) {
    const resources = await at.store.resources.list(revisionId);
    return resources.map(({ name, status, healthy }) => ({ name, status, healthy }));
  }

  test('are shown for what runs, in the deployed revision and unchanged in a draft, and nowhere else', async () => {
    const first = await write(sampleApp('web'), sampleConfig('settings'), sampleRoute('web'));
    expect((await shown(first)).map(({ healthy }) => healthy)).toEqual([false, false, false]);
    await deploy();
    await reconciler.saveStatuses(pod.id, [
      { kind: 'App', name: 'web', status: ready, healthy: true },
      { kind: 'Config', name: 'settings', status: null, healthy: true },
      { kind: 'Route', name: 'web', status: { ready: true }, healthy: true },
    ]);
    expect((await shown(first)).map(({ healthy }) => healthy)).toEqual([false, false, false]);
    await finish(first);
    const live = [
      { name: 'web', status: ready, healthy: true },
      { name: 'settings', status: null, healthy: true },
      { name: 'web', status: { ready: true }, healthy: true },
    ];
    expect(await shown(first)).toEqual(live);

    const second = await write(sampleApp('other'));
    expect(await shown(second)).toEqual([{ name: 'other', status: null, healthy: false }, ...live]);
    const rules = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
    const document = sampleApp('web', { image: 'nginx:2' });
    await at.store.drafts.write(pod.id, { type: 'replace', document }, rules);
    expect(await at.store.resources.find(second, 'App', 'web')).toMatchObject({
      status: null,
      healthy: false,
    });
    await deploy();
    expect((await shown(second)).map(({ healthy }) => healthy)).toEqual([false, false, false, false]);
    expect(await shown(first)).toEqual(live);
    await reconciler.markFailed(second, 'broken');
    expect((await shown(second)).map(({ healthy }) => healthy)).toEqual([false, false, false, false]);
  });

  test('are replaced as a whole', async () => {
    await finish(await revisionIn('pending'));
    await reconciler.saveStatuses(pod.id, [
      { kind: 'App', name: 'web', status: ready, healthy: true },
      { kind: 'Route', name: 'old', status: { ready: true }, healthy: true },
    ]);
    const starting: ResourceStatus = {
      phase: 'Starting',
      readyReplicas: 0,
      replicas: [{ name: 'a', phase: 'Starting' }],
    };
    await reconciler.saveStatuses(pod.id, [{ kind: 'App', name: 'web', status: starting, healthy: false }]);
    const head = (await at.store.pods.find(at.accountId, pod.name))?.head.id ?? '';
    expect(await shown(head)).toEqual([{ name: 'web', status: starting, healthy: false }]);
    await reconciler.saveStatuses(pod.id, []);
    expect(await shown(head)).toEqual([{ name: 'web', status: null, healthy: false }]);
  });
});

describe('history', () => {
  test('is listed newest first, page by page', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 5; index++) {
      ids.unshift(await write(sampleApp(`app-${index}`)));
      await finish(await deploy());
    }
    const first = await at.store.revisions.list(pod.id, { limit: 2 });
    const cursor = first?.nextCursor ?? '';
    const second = await at.store.revisions.list(pod.id, { limit: 2, cursor });
    const last = await at.store.revisions.list(pod.id, { limit: 2, cursor: second?.nextCursor ?? '' });
    expect([first, second, last].map((page) => page?.items.map(({ id }) => id))).toEqual([
      ids.slice(0, 2),
      ids.slice(2, 4),
      ids.slice(4),
    ]);
    expect(last?.nextCursor).toBeNull();
    expect((await at.store.revisions.list(pod.id, { limit: 5 }))?.nextCursor).toBeNull();
    expect(await at.store.revisions.list(pod.id, { limit: 5, cursor: pod.id })).toBeNull();
  });

  test('knows what was live at an instant', async () => {
    const start = new Date();
    const first = await write(sampleApp('one'));
    await finish(await deploy());
    const between = await laterThan(start);
    const second = await write(sampleApp('two'));
    await deploy();
    await reconciler.markFailed(second, 'broken');
    const third = await write(sampleApp('three'));
    await finish(await deploy());
    const end = await laterThan(between);
    const activeAt = async (instant: Date) =>
      (await at.store.revisions.activeAt(pod.id, instant))?.id ?? null;
    expect(await activeAt(start)).toBeNull();
    expect(await activeAt(between)).toBe(first);
    expect(await activeAt(end)).toBe(third);
  });

  /** An instant after all that has happened, on a clock that ticks in milliseconds. */
  async function laterThan(instant: Date): Promise<Date> {
    return await waitFor(() => (Date.now() > instant.getTime() + 1 ? new Date(Date.now() + 1) : false), {
      timeoutMs: 1000,
      everyMs: 3,
      what: 'the clock to tick',
    });
  }
});

describe('changes', () => {
  test('are heard on every server, with the pods there were before', async () => {
    const other = openSecondStore(at.address);
    const heard: string[] = [];
    onTestFinished(other.onPodChanged((podId) => heard.push(podId)));
    await waitFor(() => heard.includes(pod.id), { timeoutMs: 5000, what: 'the first report of every pod' });
    heard.length = 0;
    await write(sampleApp());
    await deploy();
    await waitFor(() => heard.includes(pod.id), { timeoutMs: 5000, what: 'the deploy to be heard' });
  });
});

describe('locks', () => {
  test('are held by one at a time, on one server and between two', async () => {
    const other = openSecondStore(at.address);
    const inner: unknown[] = [];
    const outer = await reconciler.withPodLock(pod.id, async () => {
      inner.push(await reconciler.withPodLock(pod.id, () => Promise.resolve('same server')));
      inner.push(await other.reconciler.withPodLock(pod.id, () => Promise.resolve('other server')));
      return 'done';
    });
    expect(inner).toEqual([{ held: false }, { held: false }]);
    expect(outer).toEqual({ held: true, value: 'done' });
    await expect(other.reconciler.withPodLock(pod.id, () => Promise.resolve('now'))).resolves.toEqual({
      held: true,
      value: 'now',
    });
  });

  test('are given back when the work throws', async () => {
    const broken = reconciler.withPodLock(pod.id, () => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    await expect(reconciler.withPodLock(pod.id, () => Promise.resolve(1))).resolves.toEqual({
      held: true,
      value: 1,
    });
  });

  test('of different pods are held at once', async () => {
    const { accountId, userId, clusterId } = at;
    const second = await at.store.pods.create({
      accountId,
      ownerId: userId,
      clusterId,
      displayName: null,
      actor: TEST_ACTOR,
    });
    const outcome = await reconciler.withPodLock(pod.id, () =>
      reconciler.withPodLock(second.id, () => Promise.resolve('both')),
    );
    expect(outcome).toEqual({ held: true, value: { held: true, value: 'both' } });
  });
});
