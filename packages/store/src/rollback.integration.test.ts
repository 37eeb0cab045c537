import type { ResourceInput } from '@brainpod/model/document';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { PodRecord } from './pods.ts';
import type { RollbackRequest } from './rollback.ts';

let at: TestStore;
let pod: PodRecord;

const RULES = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };

beforeAll(async () => {
  at = await openTestStore();
});
afterAll(() => at.store.close());
beforeEach(async () => {
  pod = await newPod();
});

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  return at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
}

async function create(...documents: ResourceInput[]): Promise<string> {
  const result = await at.store.drafts.write(pod.id, { type: 'create', documents }, RULES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.revisionId;
}

async function replace(document: ResourceInput): Promise<void> {
  const result = await at.store.drafts.write(pod.id, { type: 'replace', document }, RULES);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
}

async function deploy(end: 'pending' | 'ready' | 'deployed' | 'failed' = 'deployed'): Promise<string> {
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  await finish(result.revisionId, end);
  return result.revisionId;
}

async function finish(revisionId: string, end: 'pending' | 'ready' | 'deployed' | 'failed'): Promise<void> {
  const { reconciler } = at.store;
  if (end === 'ready' || end === 'deployed') await reconciler.markReady(revisionId, 'sum');
  if (end === 'deployed') await reconciler.markDeployed(revisionId);
  if (end === 'failed') await reconciler.markFailed(revisionId, 'It broke.');
}

function rollback(revisionId: string, options: Partial<RollbackRequest> = {}) {
  return at.store.deployments.rollback(pod.id, { revisionId, discardDraft: false, ...RULES, ...options });
}

async function rolledBack(revisionId: string, options: Partial<RollbackRequest> = {}): Promise<string> {
  const result = await rollback(revisionId, options);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.revisionId;
}

async function revision(id: string) {
  const found = await at.store.revisions.find(pod.id, id);
  if (found === null) throw new Error(`no revision ${id}`);
  return found;
}

async function bodies(revisionId: string): Promise<unknown[]> {
  return (await at.store.revisions.entries(revisionId)).map((entry) => entry.document);
}

async function errorOf(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => null,
    (error: unknown) => error,
  );
}

describe('rollback', () => {
  test('makes a new revision of the old documents, on its way at once', async () => {
    await create(sampleApp(), sampleConfig());
    const first = await deploy();
    await replace(sampleApp('web', { image: 'nginx:2' }));
    const second = await deploy();
    const id = await rolledBack(first);
    expect(await revision(id)).toMatchObject({
      parentId: second,
      version: 3,
      state: 'pending',
      summary: 'Roll back to version 1',
      isLatest: true,
      isWaiting: false,
    });
    expect(await bodies(id)).toEqual(await bodies(first));
    expect((await at.store.reconciler.loadPod(pod.id))?.target?.revisionId).toBe(id);
    await finish(id, 'deployed');
    expect(await revision(id)).toMatchObject({ isDeployed: true });
  });

  test('waits for its turn while another deploy is on its way', async () => {
    await create(sampleApp());
    const first = await deploy();
    await create(sampleConfig());
    const second = await deploy('ready');
    const id = await rolledBack(first, { summary: 'Back!' });
    expect(await revision(id)).toMatchObject({ state: 'pending', isWaiting: true, summary: 'Back!' });
    await finish(second, 'failed');
    expect(await revision(id)).toMatchObject({ state: 'pending', isWaiting: false });
  });

  test('a draft that changes nothing is set aside without a word', async () => {
    await create(sampleApp());
    const first = await deploy();
    const draft = await create(sampleConfig());
    await at.store.drafts.write(pod.id, { type: 'delete', kind: 'Config', name: 'settings' }, RULES);
    const id = await rolledBack(first);
    expect(await revision(draft)).toMatchObject({ state: 'canceled', isLatest: false });
    expect(await revision(id)).toMatchObject({ parentId: draft, version: 3 });
  });

  test('a draft with changes is kept, and they are named', async () => {
    await create(sampleApp(), sampleConfig());
    const first = await deploy();
    await replace(sampleApp('web', { image: 'nginx:2' }));
    const draft = await create(sampleApp('more'));
    await at.store.drafts.write(pod.id, { type: 'delete', kind: 'Config', name: 'settings' }, RULES);
    const error = await errorOf(rollback(first));
    expect(error).toMatchObject({
      code: 'PRECONDITION_FAILED',
      details: [
        { path: 'App/more', message: 'New in the draft' },
        { path: 'App/web', message: 'Changed in the draft' },
        { path: 'Config/settings', message: 'Deleted in the draft' },
      ],
    });
    expect(await revision(draft)).toMatchObject({ state: 'draft', isLatest: true });
  });

  test('a draft with changes is set aside when that is asked for, and stays readable', async () => {
    await create(sampleApp());
    const first = await deploy();
    const draft = await create(sampleConfig());
    const held = await bodies(draft);
    await rolledBack(first, { discardDraft: true });
    expect(await revision(draft)).toMatchObject({ state: 'canceled' });
    expect(await bodies(draft)).toEqual(held);
  });

  test('keeps platform host names, and claims own domains anew', async () => {
    await create(sampleApp(), sampleRoute('web', { domains: ['mine.example.com'] }));
    const first = await deploy();
    await at.store.drafts.write(pod.id, { type: 'delete', kind: 'Route', name: 'web' }, RULES);
    await deploy();
    const id = await rolledBack(first);
    expect(await bodies(id)).toEqual(await bodies(first));
    await finish(id, 'deployed');
    expect(await at.store.domains.hold(pod.id, 'mine.example.com', new Date())).toBe(true);
    const owner = pod;
    pod = await newPod();
    const taking = {
      type: 'create' as const,
      documents: [sampleRoute('x', { domains: ['mine.example.com'] })],
    };
    expect(await at.store.drafts.write(pod.id, taking, RULES)).toMatchObject({ ok: false });
    pod = owner;
  });

  test('a domain that another pod has meanwhile is a fault, and nothing is changed', async () => {
    await create(sampleApp(), sampleRoute('web', { domains: ['lost.example.com'] }));
    const first = await deploy();
    await at.store.drafts.write(pod.id, { type: 'delete', kind: 'Route', name: 'web' }, RULES);
    const second = await deploy();
    const owner = pod;
    pod = await newPod();
    await create(sampleApp(), sampleRoute('web', { domains: ['lost.example.com'] }));
    expect(await at.store.domains.hold(pod.id, 'lost.example.com', new Date())).toBe(true);
    pod = owner;
    expect(await rollback(first)).toMatchObject({
      ok: false,
      faults: [{ path: 'Route/web.spec.domains[0]' }],
    });
    expect(await revision(second)).toMatchObject({ isLatest: true });
  });

  test('what is wrong by the rules of today comes back as faults, and the draft stays', async () => {
    await create(sampleApp());
    const first = await deploy();
    const draft = await create(sampleConfig());
    const faults = [{ path: 'App/web.spec.image', message: 'Is not allowed any more.' }];
    expect(await rollback(first, { discardDraft: true, check: () => faults })).toEqual({ ok: false, faults });
    expect(await revision(draft)).toMatchObject({ state: 'draft', isLatest: true });
  });

  test("knows only this pod's revisions, and never the draft", async () => {
    await create(sampleApp());
    const draft = pod.head.id;
    expect(await errorOf(rollback(draft))).toMatchObject({ code: 'PRECONDITION_FAILED' });
    const other = await newPod();
    expect(await errorOf(rollback(other.head.id))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('of several at once all are kept, one on top of the other', async () => {
    await create(sampleApp());
    const first = await deploy();
    const ids = await Promise.all(Array.from({ length: 6 }, () => rolledBack(first)));
    const made = await Promise.all(ids.map(revision));
    expect(made.map(({ version }) => version).sort()).toEqual([2, 3, 4, 5, 6, 7]);
    expect(made.filter(({ isWaiting }) => !isWaiting).map(({ version }) => version)).toEqual([2]);
  });
});

describe('cancel', () => {
  const cancel = (revisionId: string) =>
    at.store.deployments.cancel(pod.id, { revisionId, actor: TEST_ACTOR });

  async function head() {
    const found = await at.store.pods.find(at.accountId, pod.name);
    if (found === null) throw new Error('the pod is gone');
    return found.head;
  }

  test('a draft makes way for one that holds what is deployed', async () => {
    await create(sampleApp());
    const first = await deploy();
    const draft = await create(sampleConfig());
    await cancel(draft);
    expect(await revision(draft)).toMatchObject({ state: 'canceled', isLatest: false });
    expect(await head()).toMatchObject({ parentId: first, version: 3, state: 'draft' });
    expect(await bodies((await head()).id)).toEqual(await bodies(first));
  });

  test('the draft of a pod that never ran makes way for an empty one', async () => {
    const draft = await create(sampleApp());
    await cancel(draft);
    expect(await head()).toMatchObject({ parentId: null, version: 2, state: 'draft' });
    expect(await bodies((await head()).id)).toEqual([]);
  });

  test('a draft on top of a deploy on its way makes way for one that holds what is on its way', async () => {
    await create(sampleApp());
    const onItsWay = await deploy('pending');
    const draft = await create(sampleConfig());
    await cancel(draft);
    expect(await head()).toMatchObject({ parentId: onItsWay, state: 'draft' });
    expect(await bodies((await head()).id)).toEqual(await bodies(onItsWay));
  });

  for (const state of ['pending', 'ready'] as const) {
    test(`one that is ${state} is canceled, and the next one has its turn`, async () => {
      await create(sampleApp());
      const live = await deploy();
      await create(sampleConfig());
      const first = await deploy(state);
      await create(sampleApp('more'));
      const second = await deploy('pending');
      expect(await revision(second)).toMatchObject({ isWaiting: true });
      await cancel(first);
      expect(await revision(first)).toMatchObject({ state: 'canceled', error: null });
      expect(await revision(second)).toMatchObject({ isWaiting: false });
      const seen = await at.store.reconciler.loadPod(pod.id);
      expect(seen).toMatchObject({ target: { revisionId: second }, deployed: { revisionId: live } });
    });
  }

  test('one that waits is canceled before its turn', async () => {
    await create(sampleApp());
    const first = await deploy('pending');
    await create(sampleConfig());
    const second = await deploy('pending');
    await cancel(second);
    expect(await revision(second)).toMatchObject({ state: 'canceled', isWaiting: false });
    expect((await at.store.reconciler.loadPod(pod.id))?.target?.revisionId).toBe(first);
  });

  test('what was canceled cannot be marked any more', async () => {
    await create(sampleApp());
    const id = await deploy('ready');
    await cancel(id);
    const { reconciler } = at.store;
    // The reconciler is told, so that it drops the revision and does not try for ever.
    expect(await reconciler.markReady(id, 'sum')).toBe(false);
    expect(await reconciler.markDeployed(id)).toBe(false);
    expect(await reconciler.markFailed(id, 'late')).toBe(false);
    expect(await revision(id)).toMatchObject({ state: 'canceled', error: null, isDeployed: false });
  });

  test('tells those who listen', async () => {
    await create(sampleApp());
    const id = await deploy('ready');
    const heard: string[] = [];
    const unsubscribe = at.store.onPodChanged((podId) => heard.push(podId));
    await expect.poll(() => heard).toContain(pod.id);
    heard.length = 0;
    await cancel(id);
    await expect.poll(() => heard).toContain(pod.id);
    unsubscribe();
  });

  for (const end of ['deployed', 'failed'] as const) {
    test(`one that is ${end} is at its end`, async () => {
      await create(sampleApp());
      const id = await deploy(end);
      expect(await errorOf(cancel(id))).toMatchObject({ code: 'PRECONDITION_FAILED' });
    });
  }

  test('a domain of the draft is free again', async () => {
    await create(sampleApp());
    await deploy();
    const draft = await create(sampleRoute('web', { domains: ['free-again.example.com'] }));
    expect(await at.store.domains.hold(pod.id, 'free-again.example.com', new Date())).toBe(true);
    await cancel(draft);
    pod = await newPod();
    await create(sampleApp(), sampleRoute('web', { domains: ['free-again.example.com'] }));
  });

  test("knows only this pod's revisions", async () => {
    const other = await newPod();
    expect(await errorOf(cancel(other.head.id))).toMatchObject({ code: 'NOT_FOUND' });
  });

  test('one that is canceled twice at once is canceled once', async () => {
    await create(sampleApp());
    const id = await deploy('pending');
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => errorOf(cancel(id))));
    expect(outcomes.filter((error) => error === null)).toHaveLength(1);
  });
});
