import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { holdLock, queryDatabase } from '@brainpod/testkit/test-database';
import { openSecondStore, openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { Kysely, PostgresDialect } from 'kysely';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { openPool } from './connection.ts';
import { up as pullKeysMigration } from './migrations/0011-pull-keys.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const TIMES = { maxAgeMs: 30 * DAY_MS, graceMs: HOUR_MS };
const BEGAN = Date.now();
const at = (ms: number): Date => new Date(BEGAN + ms);

let store: TestStore;

beforeEach(async () => {
  store = await openTestStore();
  onTestFinished(() => store.store.close());
});

async function newPodId(): Promise<string> {
  const { accountId, userId, clusterId } = store;
  const owner = { accountId, ownerId: userId, clusterId };
  return (await store.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR })).id;
}

const ids = async (): Promise<number[]> => (await store.store.pullKeys.list()).map(({ id }) => id);
const newestId = async (): Promise<number> => (await ids()).at(-1) ?? 0;

test('there is a key from the start, and it stays until it is too old', async () => {
  const { pullKeys } = store.store;
  expect(await pullKeys.list()).toMatchObject([{ refusedAfter: null }]);
  expect(await pullKeys.keep(at(29 * DAY_MS), TIMES)).toBe(false);
  const [first] = await ids();
  expect(await pullKeys.keep(at(31 * DAY_MS), TIMES)).toBe(true);
  const keys = await pullKeys.list();
  // Nobody held the first one.
  expect(keys).toMatchObject([
    { id: first, refusedAfter: at(31 * DAY_MS + HOUR_MS) },
    { madeAt: at(31 * DAY_MS), refusedAfter: null },
  ]);
  expect(keys[1]?.salt.equals(keys[0]?.salt ?? Buffer.alloc(0))).toBe(false);
  const audit = await queryDatabase(
    store.address,
    "select target from audit_entry where operation = 'rotatePullKey'",
  );
  expect(audit).toEqual([{ target: String(keys[1]?.id) }]);
});

test('a key is accepted until no namespace may hold it, then as long as a pull may take, then forgotten', async () => {
  const { pullKeys, reconciler } = store.store;
  const [one, two] = [await newPodId(), await newPodId()];
  const former = await newestId();
  for (const pod of [one, two]) expect(await reconciler.holdPullKey(pod, former)).toBe(true);
  const { id } = await pullKeys.rotate(TEST_ACTOR, at(0));
  expect(await pullKeys.keep(at(DAY_MS), TIMES)).toBe(false);
  await reconciler.holdPullKey(one, id);
  expect(await pullKeys.keep(at(2 * DAY_MS), TIMES)).toBe(false);
  expect(await pullKeys.uses()).toMatchObject([
    { id: former, refusedAfter: null, pods: 1 },
    { id, refusedAfter: null, pods: 1 },
  ]);
  await reconciler.holdPullKey(two, id);
  expect(await pullKeys.keep(at(3 * DAY_MS), TIMES)).toBe(true);
  expect(await pullKeys.list()).toMatchObject([
    { id: former, refusedAfter: at(3 * DAY_MS + HOUR_MS) },
    { id, refusedAfter: null },
  ]);
  expect(await pullKeys.keep(at(3 * DAY_MS + HOUR_MS - 1), TIMES)).toBe(false);
  expect(await pullKeys.keep(at(3 * DAY_MS + HOUR_MS), TIMES)).toBe(true);
  expect(await ids()).toEqual([id]);
});

test('a namespace without any never begins with a key that is let go, nor is a key let go that it begins with', async () => {
  const { pullKeys, reconciler } = store.store;
  const pod = await newPodId();
  const former = await newestId();
  await pullKeys.rotate(TEST_ACTOR, at(0));
  // A deploy that read the former key notes it, and is not done with that while the keys are looked after.
  const slow = await holdLock(
    store.address,
    `with key as (select id from pull_key where id = ${former} for share)
     insert into pull_key_holder (pod_id, key_id) select '${pod}', id from key`,
  );
  const kept = pullKeys.keep(at(DAY_MS), TIMES);
  await waitFor(
    async () =>
      (
        await queryDatabase(
          store.address,
          "select from pg_locks where not granted and mode = 'ExclusiveLock' and relation = 'pull_key'::regclass",
        )
      ).length > 0,
    { timeoutMs: 10_000, what: 'the keys to be waited for' },
  );
  await slow.release();
  expect(await kept).toBe(true);
  expect(await reconciler.holdPullKey(pod, former)).toBe(false);
  const state = await reconciler.loadPod(pod);
  expect(state?.pullKey).toMatchObject({ newest: { id: await newestId() }, heldId: null });
});

test('servers that look at once make one key', async () => {
  const others = [1, 2, 3].map(() => openSecondStore(store.address));
  const stores = [store.store, ...others];
  await Promise.all(stores.map(({ pullKeys }) => pullKeys.keep(at(31 * DAY_MS), TIMES)));
  expect(await ids()).toHaveLength(2);
});

test('who holds a key hears of a new one, and a pod that is erased holds none', async () => {
  const { pullKeys, pods, reconciler } = store.store;
  const [holder, other] = [await newPodId(), await newPodId()];
  await reconciler.holdPullKey(holder, await newestId());
  const heard: string[] = [];
  onTestFinished(reconciler.onPodChanged((podId) => heard.push(podId)));
  await waitFor(() => heard.length === 2, { timeoutMs: 10_000, what: 'the connection' });
  await pullKeys.rotate(TEST_ACTOR);
  await waitFor(() => heard.length > 2, { timeoutMs: 10_000, what: 'word of the new key' });
  expect(heard.slice(2)).toEqual([holder]);
  expect(heard).toContain(other);
  await pods.remove(holder, TEST_ACTOR);
  await reconciler.erasePod(holder, at(8 * DAY_MS));
  expect((await pullKeys.uses()).map(({ pods: count }) => count)).toEqual([0, 0]);
});

test('an installation from before there were several keys begins by giving every pod another', async () => {
  const pod = await newPodId();
  await queryDatabase(store.address, 'drop table pull_key_holder, pull_key; drop function announce_pull_key');
  const pool = openPool(store.address, 1, { warn: () => undefined });
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) });
  await pullKeysMigration(db);
  await db.destroy();
  const [former, newest] = await store.store.pullKeys.list();
  expect(former?.salt).toEqual(Buffer.alloc(0));
  expect(newest?.salt).toHaveLength(32);
  const state = await store.store.reconciler.loadPod(pod);
  expect(state?.pullKey).toMatchObject({ newest: { id: newest?.id }, heldId: former?.id });
});
