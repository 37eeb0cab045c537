import { randomBytes } from 'node:crypto';
import { DEFAULT_CLEANUP } from '@brainpod/model/image-cleanup';
import { ImageKeeper } from '@brainpod/registry/image-keeper';
import { type RunningDistribution, startDistribution } from '@brainpod/registry/testing/distribution';
import { Pusher } from '@brainpod/registry/testing/pushed';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { openSecondStore, openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { cleanImagesUntil } from './image-cleaning.ts';

const logger = pino({ level: 'silent' });
const HOUR_MS = 60 * 60_000;
const DAILY = { ...DEFAULT_CLEANUP, keepDays: 0, keepTags: ['v*'], daily: true };

let registry: RunningDistribution;
let keeper: ImageKeeper;
let at: TestStore;

beforeAll(async () => {
  registry = await startDistribution();
  keeper = new ImageKeeper(registry.origin, registry.storage);
});
afterAll(() => registry?.stop());
beforeEach(async () => {
  at = await openTestStore();
  onTestFinished(() => at.store.close());
});

/** A pod with an image that is kept by its tag, and two that nothing needs. */
async function podWithImages(policy = DAILY) {
  const owner = { accountId: at.accountId, ownerId: at.userId, clusterId: at.clusterId };
  const pod = await at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
  const pusher = new Pusher(registry.origin);
  for (const tag of ['v1', 'old', 'older']) {
    const config = { architecture: 'amd64', config: { Label: randomBytes(8).toString('hex') } };
    await pusher.image(`${pod.name}/web`, tag, config);
  }
  await at.store.imageCleanups.setPolicy(pod.id, policy, TEST_ACTOR);
  return pod;
}

async function makeDue(podId: string): Promise<void> {
  await queryDatabase(
    at.address,
    `update image_cleanup_round set due_at = now() - interval '1 hour' where pod_id = '${podId}' and due_at is not null`,
  );
}

const tagsOf = async (pod: string) => (await keeper.holdings(pod)).flatMap(({ tags }) => tags).sort();
const lastOf = async (podId: string) => (await at.store.imageCleanups.schedule(podId)).last;
const cleaned = (podId: string) =>
  waitFor(async () => (await lastOf(podId)) !== null, { timeoutMs: 10_000, what: 'the clean-up' });
const hoursTo = (date: Date | null) => Math.round(((date?.getTime() ?? 0) - Date.now()) / HOUR_MS);
const auditOf = async (podId: string) =>
  (await at.store.audit.list({ podId }, { operation: 'cleanUpImages', limit: 10 })).items;

function clean(imageKeeper: Pick<ImageKeeper, 'holdings' | 'delete'> = keeper, store = at.store) {
  const stopping = new AbortController();
  const registryHost = 'registry.example.test';
  const parts = { store, imageKeeper, registryHost, logger, intervalMs: 5 };
  const ended = cleanImagesUntil(stopping.signal, parts);
  const stop = async () => {
    stopping.abort();
    await ended;
  };
  onTestFinished(stop);
  return { stop, stopping, ended };
}

test('a pod that has it so is cleaned up when a day is over, and not before; any other never', async () => {
  const daily = await podWithImages();
  const asked = await podWithImages({ ...DAILY, daily: false });
  const early = await podWithImages();
  expect(hoursTo((await at.store.imageCleanups.schedule(daily.id)).dueAt)).toBe(24);
  await makeDue(daily.id);
  await makeDue(asked.id);
  // What is set again is not put off by that.
  await at.store.imageCleanups.setPolicy(daily.id, DAILY, TEST_ACTOR);
  clean();
  await cleaned(daily.id);
  const { dueAt, last } = await at.store.imageCleanups.schedule(daily.id);
  expect(last).toMatchObject({ planned: 2, kept: 1, deleted: 2, problem: null });
  expect(last?.bytes).toBeGreaterThan(0);
  expect(hoursTo(dueAt)).toBe(24);
  expect(await tagsOf(daily.name)).toEqual(['v1']);
  expect(await auditOf(daily.id)).toMatchObject([{ podName: daily.name, userId: null, keyId: null }]);
  for (const { id, name } of [asked, early]) {
    expect([await lastOf(id), await tagsOf(name)]).toEqual([null, ['old', 'older', 'v1']]);
  }
});

test('where nothing is to go, the figures say so and the audit log nothing', async () => {
  const pod = await podWithImages({ ...DAILY, keepDays: 1 });
  await makeDue(pod.id);
  clean();
  await cleaned(pod.id);
  expect(await lastOf(pod.id)).toMatchObject({ planned: 0, kept: 3, deleted: 0, bytes: 0 });
  expect(await auditOf(pod.id)).toEqual([]);
});

test('of two servers one does it, and a pod is done once', async () => {
  const pods = [await podWithImages(), await podWithImages()];
  for (const { id } of pods) await makeDue(id);
  const looked: string[] = [];
  let running = 0;
  const counting = {
    holdings: async (pod: string) => {
      looked.push(pod);
      running += 1;
      expect(running).toBe(1);
      const held = await keeper.holdings(pod);
      running -= 1;
      return held;
    },
    delete: keeper.delete.bind(keeper),
  };
  clean(counting);
  clean(counting, openSecondStore(at.address));
  for (const { id } of pods) await cleaned(id);
  expect(looked.sort()).toEqual(pods.map(({ name }) => name).sort());
});

test('a server that ends in the middle leaves the rest to the next one', async () => {
  const pod = await podWithImages();
  await makeDue(pod.id);
  const first = clean({
    holdings: keeper.holdings.bind(keeper),
    delete: async (name, image) => {
      const isGone = await keeper.delete(name, image);
      first.stopping.abort();
      return isGone;
    },
  });
  await first.ended;
  expect([await lastOf(pod.id), (await tagsOf(pod.name)).length]).toEqual([null, 2]);
  clean();
  await cleaned(pod.id);
  expect(await lastOf(pod.id)).toMatchObject({ planned: 1, deleted: 1, problem: null });
  expect(await tagsOf(pod.name)).toEqual(['v1']);
});

test('while the registry is away it says so and tries again in an hour, and turned off it stays off', async () => {
  const [pod, off] = [await podWithImages(), await podWithImages()];
  for (const { id } of [pod, off]) await makeDue(id);
  const turnedOff = { ...DAILY, daily: false };
  clean({
    holdings: async (name) => {
      if (name === off.name) await at.store.imageCleanups.setPolicy(off.id, turnedOff, TEST_ACTOR);
      return await new ImageKeeper(registry.origin, '/nowhere').holdings(name);
    },
    delete: keeper.delete.bind(keeper),
  });
  for (const { id } of [pod, off]) {
    await cleaned(id);
  }
  const { dueAt, last } = await at.store.imageCleanups.schedule(pod.id);
  expect(last).toMatchObject({ deleted: 0, problem: expect.stringContaining('cannot be read from here') });
  expect(hoursTo(dueAt)).toBe(1);
  expect((await at.store.imageCleanups.schedule(off.id)).dueAt).toBeNull();
});
