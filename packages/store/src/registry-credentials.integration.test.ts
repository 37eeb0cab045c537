import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PodRecord } from './pods.ts';

let at: TestStore;

beforeAll(async () => {
  at = await openTestStore();
});

afterAll(async () => {
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

const credential = (username: string) => ({
  registry: 'ghcr.io',
  username,
  passwordSealed: Buffer.from(username),
});

test('the reconciler hears of each change, and reads what is set', async () => {
  const { registryCredentials, reconciler } = at.store;
  const pod = await newPod();
  let heard = 0;
  const unsubscribe = reconciler.onPodChanged((podId) => {
    if (podId === pod.id) heard += 1;
  });
  const change = async (what: string, make: () => Promise<unknown>): Promise<string[]> => {
    const before = heard;
    await make();
    await waitFor(() => heard > before, { timeoutMs: 10_000, what: `word that one was ${what}` });
    const state = await reconciler.loadPod(pod.id);
    return (state?.registryCredentials ?? []).map(({ username }) => username);
  };
  await waitFor(() => heard > 0, { timeoutMs: 10_000, what: 'the connection' });
  const set = (username: string) => registryCredentials.set(pod.id, credential(username), TEST_ACTOR);
  expect(await change('set', () => set('ann'))).toEqual(['ann']);
  expect(await change('replaced', () => set('bob'))).toEqual(['bob']);
  const remove = () => registryCredentials.remove(pod.id, 'ghcr.io', TEST_ACTOR);
  expect(await change('removed', remove)).toEqual([]);
  unsubscribe();
});

test('those who set credentials at once never get more than there may be', async () => {
  const pod = await newPod();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 25 }, (_, each) =>
      at.store.registryCredentials.set(
        pod.id,
        { ...credential('ann'), registry: `r${each}.example.com` },
        TEST_ACTOR,
      ),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(20);
  expect(await at.store.registryCredentials.list(pod.id)).toHaveLength(20);
});

test('they end with their pod', async () => {
  const pod = await newPod();
  await at.store.registryCredentials.set(pod.id, credential('ann'), TEST_ACTOR);
  await at.store.pods.remove(pod.id, TEST_ACTOR);
  await expect(at.store.registryCredentials.set(pod.id, credential('bob'), TEST_ACTOR)).rejects.toMatchObject(
    { code: 'NOT_FOUND' },
  );
  const later = new Date(Date.now() + 8 * 24 * 60 * 60 * 1000);
  expect(await at.store.reconciler.erasePod(pod.id, later)).toBe(true);
  expect(await at.store.registryCredentials.list(pod.id)).toEqual([]);
});
