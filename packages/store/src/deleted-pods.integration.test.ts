import type { ResourceInput } from '@brainpod/model/document';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PodRecord } from './pods.ts';

const DAY_MS = 86_400_000;

let at: TestStore;
let database: pg.Client;

beforeAll(async () => {
  at = await openTestStore();
  database = new pg.Client(at.address);
  await database.connect();
});
afterAll(async () => {
  await database?.end();
  await at?.store.close();
});

function newPod(): Promise<PodRecord> {
  const { accountId, userId, clusterId } = at;
  return at.store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
}

async function write(pod: PodRecord, ...documents: ResourceInput[]): Promise<void> {
  const rules = { domain: 'example.test', check: () => [], actor: TEST_ACTOR };
  const written = await at.store.drafts.write(pod.id, { type: 'create', documents }, rules);
  if (!written.ok) throw new Error(`not written: ${JSON.stringify(written.faults)}`);
}

async function finish(pod: PodRecord): Promise<string> {
  const result = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
  if (!result.ok) throw new Error('not deployed');
  await at.store.reconciler.markReady(result.revisionId, 'sum');
  await at.store.reconciler.markDeployed(result.revisionId);
  return result.revisionId;
}

async function rows(table: string, where: string, value: string): Promise<number> {
  const { rowCount } = await database.query(`select from ${table} where ${where} = $1`, [value]);
  return rowCount ?? 0;
}

async function documentsWith(text: string): Promise<number> {
  const { rowCount } = await database.query('select from document where body::text like $1', [`%${text}%`]);
  return rowCount ?? 0;
}

const later = () => new Date(Date.now() + 8 * DAY_MS);

describe('erasing', () => {
  test('leaves nothing of the pod but its name and what the audit log says', async () => {
    const [pod, other] = [await newPod(), await newPod()];
    const shared = sampleConfig('shared', { a: 'in-both-pods' });
    await write(pod, sampleApp(), sampleRoute('web'), shared, sampleConfig('own', { a: 'in-one-pod' }));
    await finish(pod);
    await at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    await write(pod, sampleConfig('draft', { a: 'in-the-draft' }));
    await write(other, shared);
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect(await at.store.reconciler.erasePod(pod.id, later())).toBe(true);
    for (const table of ['revision', 'hostname_claim', 'resource_status', 'resource_restart']) {
      expect(await rows(table, 'pod_id', pod.id), table).toBe(0);
    }
    expect(await rows('pod', 'id', pod.id)).toBe(0);
    expect(await documentsWith('in-one-pod')).toBe(0);
    expect(await documentsWith('in-the-draft')).toBe(0);
    expect(await documentsWith('in-both-pods')).toBe(1);
    expect(await rows('retired_pod_name', 'name', pod.name)).toBe(1);
    expect(await rows('audit_entry', 'pod_id', pod.id)).toBeGreaterThan(4);
    const { rows: entries } = await database.query(
      `select operation, account_id from audit_entry where pod_id = $1 order by id desc limit 1`,
      [pod.id],
    );
    expect(entries).toEqual([{ operation: 'erasePod', account_id: at.accountId }]);
    expect(await at.store.reconciler.erasePod(pod.id, later())).toBe(false);
  });

  test('happens to no pod that is not deleted, was restored, or has time left', async () => {
    const pod = await newPod();
    const erase = (now: Date) => at.store.reconciler.erasePod(pod.id, now);
    expect(await erase(later())).toBe(false);
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect(await erase(new Date())).toBe(false);
    await at.store.pods.restore(pod.id, TEST_ACTOR);
    expect(await erase(later())).toBe(false);
    expect(await at.store.pods.find(at.accountId, pod.name)).not.toBeNull();
  });

  test('takes no document from those who begin to use it meanwhile', async () => {
    const wanted = (round: number) => sampleConfig('wanted', { a: `wanted-${round}` });
    for (let round = 0; round < 15; round++) {
      const [pod, ...others] = [await newPod(), await newPod(), await newPod()];
      await write(pod, wanted(round));
      await at.store.pods.remove(pod.id, TEST_ACTOR);
      await Promise.all([
        at.store.reconciler.erasePod(pod.id, later()),
        ...others.map((other) => write(other, wanted(round))),
      ]);
      for (const other of others) expect(await at.store.resources.list(other.head.id)).toHaveLength(1);
    }
  });
});

describe('deleting', () => {
  test('cancels what is on its way, ends restarts and keeps addresses', async () => {
    const pod = await newPod();
    await write(pod, sampleApp(), sampleRoute('web'));
    const live = await finish(pod);
    await at.store.restarts.start(pod.id, { kind: 'App', name: 'web' }, TEST_ACTOR);
    await write(pod, sampleConfig());
    const pending = await at.store.deployments.deploy(pod.id, { check: () => [], actor: TEST_ACTOR });
    if (!pending.ok) throw new Error('not deployed');
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect((await at.store.revisions.find(pod.id, pending.revisionId))?.state).toBe('canceled');
    expect(await rows('hostname_claim', 'pod_id', pod.id)).toBe(1);
    const [found] = await at.store.pods.listDeleted(at.accountId);
    expect(found).toMatchObject({ name: pod.name, deployed: { id: live } });
    expect((await at.store.restarts.find(pod.id, { kind: 'App', name: 'web' }))?.finishedAt).not.toBeNull();
    const marks = [
      at.store.reconciler.markReady(pending.revisionId, 'sum'),
      at.store.reconciler.markFailed(pending.revisionId, 'no'),
      at.store.reconciler.markDeployed(pending.revisionId),
    ];
    expect(await Promise.all(marks)).toEqual([false, false, false]);
    for (const work of [
      () => write(pod, sampleConfig('more')),
      () => at.store.pods.remove(pod.id, TEST_ACTOR),
      () => at.store.pods.stop(pod.id, TEST_ACTOR),
      () => at.store.pods.rename(pod.id, 'x', TEST_ACTOR),
    ]) {
      await expect(work()).rejects.toMatchObject({ code: 'NOT_FOUND' });
    }
    await at.store.pods.restore(pod.id, TEST_ACTOR);
    await expect(at.store.pods.restore(pod.id, TEST_ACTOR)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('pods of several clusters', () => {
  test('are seen by the reconciler of their own alone', async () => {
    const elsewhere = await at.store.clusters.register(
      {
        id: '6a4cb8c1-3ba2-4ad0-a2fb-07f44a9dd4ac',
        name: 'elsewhere',
        provider: null,
        country: 'FR',
        region: null,
        architectures: ['amd64'],
        gatewayClass: null,
        kubeconfigSealed: Buffer.from('sealed'),
      },
      TEST_ACTOR,
    );
    const own = at.store.reconcilerOf(elsewhere.id);
    const heard: string[] = [];
    const stop = own.onPodChanged((podId) => heard.push(podId));
    const here = await newPod();
    const { accountId, userId } = at;
    const newThere = {
      accountId,
      ownerId: userId,
      clusterId: elsewhere.id,
      displayName: null,
      actor: TEST_ACTOR,
    };
    const there = await at.store.pods.create(newThere);
    await expect.poll(() => heard).toContain(there.id);
    stop();
    expect(await own.listPodIds()).toEqual([there.id]);
    expect(await own.loadPod(there.id)).not.toBeNull();
    expect(await own.loadPod(here.id)).toBeNull();
    expect(await at.store.reconcilerOf(at.clusterId).loadPod(there.id)).toBeNull();
    const remove = () => at.store.clusters.remove(elsewhere.id, TEST_ACTOR);
    await expect(remove()).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await at.store.pods.remove(there.id, TEST_ACTOR);
    await at.store.reconciler.erasePod(there.id, later());
    // Somebody who has just chosen the cluster either gets a pod that holds it, or hears that it is gone.
    const made = at.store.pods.create(newThere);
    const [pod, removed] = await Promise.allSettled([made, remove()]);
    expect([pod.status, removed.status].sort()).toEqual(['fulfilled', 'rejected']);
    if (pod.status === 'rejected') expect(pod.reason).toMatchObject({ code: 'VALIDATION_ERROR' });
    else {
      await at.store.pods.remove(pod.value.id, TEST_ACTOR);
      await at.store.reconciler.erasePod(pod.value.id, later());
      await remove();
    }
    expect(await at.store.clusters.find(elsewhere.id)).toBeNull();
    await expect(at.store.pods.create(newThere)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  });
});
