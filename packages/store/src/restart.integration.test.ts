import { PostgresServer } from '@brainpod/testkit/postgres';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { PodLockLost } from './pod-locks.ts';
import { openStore, type Store } from './store.ts';
import { isDatabaseUnavailable } from './unavailable.ts';

let server: PostgresServer;
let store: Store;
let podId: string;

beforeAll(async () => {
  server = await PostgresServer.create();
  const connection = await server.createDatabase('restart');
  store = openStore({ connection, logger: { warn: () => undefined } });
  await store.migrate();
  const { accountId, userId } = await store.accounts.create('ada@example.com');
  const clusterId = await store.clusters.registerDefault({
    provider: null,
    region: null,
    architectures: ['amd64'],
  });
  podId = (
    await store.pods.create({ accountId, ownerId: userId, clusterId, displayName: null, actor: TEST_ACTOR })
  ).id;
});
afterAll(async () => {
  await store.close();
  await server.remove();
});

test('while PostgreSQL is away calls fail as unavailable, and after it is back they work', async () => {
  await store.ping();
  await server.stop();
  const errors = await Promise.all(
    [store.ping(), store.pods.list(podId), store.reconciler.loadPod(podId)].map((call) =>
      call.then(
        () => null,
        (error: unknown) => error,
      ),
    ),
  );
  expect(errors.map(isDatabaseUnavailable)).toEqual([true, true, true]);
  await server.start();
  await store.ping();
  expect((await store.reconciler.loadPod(podId))?.pod.id).toBe(podId);
});

test('a transaction that a crash cuts off fails as unavailable and leaves nothing', async () => {
  const check = async () => {
    await server.stop();
    return [];
  };
  // The check is where the transaction is in the middle of its work; stopping there makes the commit fail.
  let stopped: Promise<unknown> = Promise.resolve();
  const deploy = store.deployments.deploy(podId, {
    actor: TEST_ACTOR,
    check: () => {
      stopped = check();
      return [];
    },
  });
  const error = await deploy.then(
    () => null,
    (reason: unknown) => reason,
  );
  await stopped;
  await server.start();
  const state = await store.reconciler.loadPod(podId);
  // Either the commit was through before the stop, or the caller was told that it may try again.
  if (error === null) expect(state?.target).not.toBeNull();
  else {
    expect(isDatabaseUnavailable(error)).toBe(true);
    expect(state?.target).toBeNull();
  }
});

test('whoever hears of changes hears of every pod after a restart, and of changes again', async () => {
  const heard: string[] = [];
  onTestFinished(store.onPodChanged((id) => heard.push(id)));
  await waitFor(() => heard.includes(podId), { timeoutMs: 10_000, what: 'the first report' });
  await server.stop();
  heard.length = 0;
  await server.start();
  await waitFor(() => heard.includes(podId), { timeoutMs: 15_000, what: 'the report after the restart' });
});

test('a lock dies with its connection: the work is told, and its outcome is not trusted', async () => {
  const outcome = store.reconciler.withPodLock(podId, async (signal) => {
    await server.stop();
    await waitFor(() => signal.aborted, { timeoutMs: 10_000, what: 'the work to be told' });
    return 'done';
  });
  await expect(outcome).rejects.toBeInstanceOf(PodLockLost);
  const refused = store.reconciler.withPodLock(podId, () => Promise.resolve('never'));
  await expect(refused).rejects.toSatisfy(isDatabaseUnavailable);
  await server.start();
  await expect(store.reconciler.withPodLock(podId, () => Promise.resolve('back'))).resolves.toEqual({
    held: true,
    value: 'back',
  });
});
