import { randomUUID } from 'node:crypto';
import type { BuildLogEntry, BuildOptions } from '@brainpod/model/build-state';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { openTestStore, type TestStore } from '@brainpod/testkit/test-store';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Build, DueBuild, WantedImage } from './builds.ts';
import type { PodRecord } from './pods.ts';

const OPTIONS: BuildOptions = { builder: 'auto', dockerfile: 'Dockerfile', directory: '', overrides: {} };

let at: TestStore;
let clusterId: string;

// Each test has a queue of its own.
beforeEach(async () => {
  at = await openTestStore();
  clusterId = at.clusterId;
});
afterEach(() => at.store.close());

function newPod(): Promise<PodRecord> {
  const { accountId, userId } = at;
  const owner = { accountId, ownerId: userId, clusterId };
  return at.store.pods.create({ ...owner, displayName: null, actor: TEST_ACTOR });
}

function wanted(changes: Partial<WantedImage> = {}): WantedImage {
  const source = `sha256:${'a'.repeat(64)}`;
  return { repository: 'web', tag: 'latest', source, platform: null, options: OPTIONS, ...changes };
}

const ask = (pod: PodRecord, changes?: Partial<WantedImage>): Promise<Build> =>
  at.store.builds.create(pod.id, wanted(changes), TEST_ACTOR);

const read = async (pod: PodRecord, id: string): Promise<Build> => {
  const build = await at.store.builds.find(pod.id, id);
  if (build === null) throw new Error(`build ${id} is not there`);
  return build;
};

/** Takes the next one and ends it so. */
async function doNext(outcome: 'ready' | 'failed' = 'ready'): Promise<DueBuild | null> {
  const done = await at.store.builds.withNext({ clusterIds: [clusterId] }, async (build) => {
    await at.store.builds.finish(
      build,
      outcome === 'ready'
        ? { state: 'ready', digest: 'sha256:b', reference: 'r/p/web@sha256:b' }
        : { state: 'failed', reason: 'It was not to be.' },
    );
    return build;
  });
  return done === null ? null : done.value;
}

/** Begins the next one, as a server does that is killed in the middle. */
async function beginAndDie(): Promise<DueBuild | null> {
  const killed = new Error('killed');
  let begun: DueBuild | null = null;
  const dying = at.store.builds.withNext({ clusterIds: [clusterId] }, async (build) => {
    begun = build;
    throw killed;
  });
  await dying.catch((error: unknown) => expect(error).toBe(killed));
  return begun;
}

describe('a build', () => {
  test('waits, is done, and says what it made', async () => {
    const pod = await newPod();
    const { id } = await ask(pod, { options: { ...OPTIONS, directory: 'web' }, platform: 'linux/amd64' });
    expect(await read(pod, id)).toMatchObject({
      state: 'waiting',
      origin: 'hosted',
      attempts: 0,
      startedAt: null,
    });
    const done = await doNext();
    expect(done).toEqual({
      ...{ id, attempt: 1, podId: pod.id, podName: pod.name, clusterId, secrets: [] },
      ...wanted({ options: { ...OPTIONS, directory: 'web' }, platform: 'linux/amd64' }),
    });
    expect(await read(pod, id)).toMatchObject({
      state: 'ready',
      digest: 'sha256:b',
      artifacts: [{ name: 'web', uri: 'r/p/web@sha256:b' }],
      startedAt: expect.any(Date),
      finishedAt: expect.any(Date),
    });
    expect(await doNext()).toBeNull();
  });

  test('that failed says why, and its end is not changed any more', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    await doNext('failed');
    await at.store.builds.finish({ id, attempt: 1 }, { state: 'cancelled' });
    expect(await read(pod, id)).toMatchObject({ state: 'failed', reason: 'It was not to be.' });
  });

  test('of another cluster, of a deleted pod or of another pod is not there', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    expect(await at.store.builds.withNext({ clusterIds: [] }, async () => 1)).toBeNull();
    expect(await at.store.builds.find((await newPod()).id, id)).toBeNull();
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect(await doNext()).toBeNull();
  });

  test('is one of few that wait', async () => {
    const pod = await newPod();
    for (let count = 0; count < 50; count++) await ask(pod);
    await expect(ask(pod)).rejects.toMatchObject({ code: 'RATE_LIMITED' });
    expect(await at.store.builds.ahead(await ask(await newPod()))).toBeGreaterThanOrEqual(50);
  });
});

describe('the queue', () => {
  test('lets pods take turns, and keeps the order of each', async () => {
    const [one, other] = [await newPod(), await newPod()];
    const first = [await ask(one), await ask(one), await ask(one)];
    const late = [await ask(other), await ask(other)];
    const order: (string | undefined)[] = [];
    for (let count = 0; count < 5; count++) order.push((await doNext())?.id);
    expect(order).toEqual([first[0], late[0], first[1], late[1], first[2]].map((build) => build?.id));
  });

  test('gives each to one of those who ask at once, and one of a pod at a time', async () => {
    const pods = [await newPod(), await newPod()];
    for (const pod of pods) for (let count = 0; count < 3; count++) await ask(pod);
    const running = new Map<string, number>();
    let most = 0;
    const done: string[] = [];
    const lane = async (): Promise<void> => {
      while (done.length < 6) {
        await at.store.builds.withNext({ clusterIds: [clusterId] }, async ({ id, attempt, podId }) => {
          running.set(podId, (running.get(podId) ?? 0) + 1);
          most = Math.max(most, ...running.values());
          await at.store.ping();
          done.push(id);
          running.set(podId, (running.get(podId) ?? 0) - 1);
          await at.store.builds.finish({ id, attempt }, { state: 'failed', reason: 'enough' });
        });
      }
    };
    await Promise.all([lane(), lane(), lane()]);
    expect(most).toBe(1);
    expect(new Set(done).size).toBe(6);
  });

  test('gives again what was begun by a server that is gone, and gives up after the third time', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    for (const attempts of [1, 2, 3]) {
      expect((await beginAndDie())?.id).toBe(id);
      expect(await read(pod, id)).toMatchObject({ state: 'pending', attempts });
    }
    expect(await doNext()).toBeNull();
    expect(await read(pod, id)).toMatchObject({
      state: 'failed',
      reason: expect.stringContaining('3 times'),
    });
  });
});

describe('what somebody cancels', () => {
  test('is over at once while it waits', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    expect(await at.store.builds.requestCancel(pod.id, id, TEST_ACTOR)).toMatchObject({ state: 'cancelled' });
    expect(await doNext()).toBeNull();
  });

  test('is told to whoever does it, and not begun again when they are gone', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    await beginAndDie();
    const turn = { id, attempt: 1 };
    expect(await at.store.builds.appendLog(turn, [])).toEqual({ cancelRequested: false });
    expect(await at.store.builds.requestCancel(pod.id, id, TEST_ACTOR)).toMatchObject({ state: 'pending' });
    expect(await at.store.builds.appendLog(turn, [])).toEqual({ cancelRequested: true });
    expect(await doNext()).toBeNull();
    expect(await read(pod, id)).toMatchObject({ state: 'cancelled' });
  });

  test('is refused when it is over, and unknown in another pod', async () => {
    const pod = await newPod();
    const { id } = await ask(pod);
    await doNext();
    const cancel = (podId: string) => at.store.builds.requestCancel(podId, id, TEST_ACTOR);
    await expect(cancel(pod.id)).rejects.toMatchObject({ code: 'PRECONDITION_FAILED' });
    await expect(cancel((await newPod()).id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('what is said in a build', () => {
  const line = (text: string): BuildLogEntry => ({ kind: 'log', step: 's', name: 'RUN', line: text });

  /** A build that is being done, as whoever does it knows it. */
  async function begun(): Promise<{ pod: PodRecord; turn: { id: string; attempt: number } }> {
    const pod = await newPod();
    const { id } = await ask(pod);
    await beginAndDie();
    return { pod, turn: { id, attempt: 1 } };
  }

  test('is read in its order, from any place on', async () => {
    const { turn } = await begun();
    await at.store.builds.appendLog(turn, [line('a'), line('b')]);
    await at.store.builds.appendLog(turn, [line('c')]);
    const all = await at.store.builds.readLog(turn.id, { after: 0, limit: 10 });
    expect(all.map((each) => [each.seq, each.line])).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
    const rest = await at.store.builds.readLog(turn.id, { after: 1, limit: 1 });
    expect(rest.map((each) => each.line)).toEqual(['b']);
  });

  test('may be anything that a program prints', async () => {
    const { turn } = await begun();
    await at.store.builds.appendLog(turn, [line('a\0b'), line('half \ud800'), line('\u001b[31mred')]);
    const all = await at.store.builds.readLog(turn.id, { after: 0, limit: 10 });
    expect(all.map((each) => each.line)).toEqual(['ab', 'half \ufffd', '\u001b[31mred']);
    await at.store.builds.finish(turn, { state: 'failed', reason: 'no\0thing' });
    expect(await at.store.builds.readLog(turn.id, { after: 3, limit: 10 })).toEqual([]);
  });

  test('has an end, which says so', async () => {
    const { turn } = await begun();
    const many = Array.from({ length: 12_000 }, (_, index) => line(String(index)));
    for (let count = 0; count < 3; count++) await at.store.builds.appendLog(turn, many);
    const end = await at.store.builds.readLog(turn.id, { after: 19_998, limit: 10 });
    expect(end.map(({ seq, kind }) => [seq, kind])).toEqual([
      [19_999, 'log'],
      [20_000, 'note'],
    ]);
  });

  test('is not added to, and nothing is ended, by a server that has lost the build', async () => {
    const { pod, turn } = await begun();
    await beginAndDie();
    expect(await at.store.builds.appendLog(turn, [line('late')])).toEqual({ cancelRequested: true });
    await at.store.builds.finish(turn, { state: 'failed', reason: 'late' });
    expect(await at.store.builds.readLog(turn.id, { after: 0, limit: 10 })).toEqual([]);
    expect(await read(pod, turn.id)).toMatchObject({ state: 'pending', attempts: 2 });
  });

  test('goes on until the pod is deleted', async () => {
    const { pod, turn } = await begun();
    expect(await at.store.builds.appendLog(turn, [])).toEqual({ cancelRequested: false });
    await at.store.pods.remove(pod.id, TEST_ACTOR);
    expect(await at.store.builds.appendLog(turn, [])).toEqual({ cancelRequested: true });
  });
});

test('pages of builds are newest first', async () => {
  const pod = await newPod();
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) ids.unshift((await ask(pod)).id);
  const first = await at.store.builds.list(pod.id, { limit: 3 });
  expect(first?.items.map(({ id }) => id)).toEqual(ids.slice(0, 3));
  const rest = await at.store.builds.list(pod.id, { limit: 3, cursor: first?.nextCursor ?? '' });
  expect(rest).toMatchObject({ items: [{ id: ids[3] }, { id: ids[4] }], nextCursor: null });
  expect(await at.store.builds.list((await newPod()).id, { limit: 3, cursor: ids[0] ?? '' })).toBeNull();
});

test('the last activity of a pod is now while it has anything to build', async () => {
  const [pod, other] = [await newPod(), await newPod()];
  await ask(pod);
  const before = Date.now();
  const busy = await at.store.builds.lastActivity([pod.name, other.name, 'nobody']);
  expect([...busy.keys()]).toEqual([pod.name]);
  await doNext();
  const idle = await at.store.builds.lastActivity([pod.name]);
  expect(idle.get(pod.name)?.getTime()).toBeGreaterThanOrEqual(before - 1_000);
  await at.store.builds.forgetOld();
  expect((await at.store.builds.list(pod.id, { limit: 10 }))?.items).toHaveLength(1);
});

describe('secrets of a build', () => {
  const secrets = ['TOKEN', 'OTHER'].map((id) => ({ id, sealed: Buffer.from(`sealed ${id}`) }));
  const askWith = (pod: PodRecord): Promise<Build> =>
    at.store.builds.create(pod.id, { ...wanted(), id: randomUUID(), secrets }, TEST_ACTOR);

  async function kept(): Promise<unknown> {
    const [row] = await queryDatabase(at.address, 'select count(*)::int as kept from build_secret');
    return row?.kept;
  }

  test('are there for whoever does it, however often it is begun', async () => {
    const pod = await newPod();
    const { id } = await askWith(pod);
    for (const attempt of [1, 2]) {
      expect(await beginAndDie()).toMatchObject({ id, attempt, secrets: [secrets[1], secrets[0]] });
    }
    expect(await kept()).toBe(2);
  });

  test.each([
    ['is ready', async () => void (await doNext('ready'))],
    ['has failed', async () => void (await doNext('failed'))],
    [
      'is cancelled while it waits',
      async (pod: PodRecord, id: string) =>
        void (await at.store.builds.requestCancel(pod.id, id, TEST_ACTOR)),
    ],
    [
      'is cancelled, and its server is gone',
      async (pod: PodRecord, id: string) => {
        await beginAndDie();
        await at.store.builds.requestCancel(pod.id, id, TEST_ACTOR);
        await doNext();
      },
    ],
    [
      'was broken off too often',
      async () => {
        for (let attempt = 1; attempt <= 3; attempt += 1) await beginAndDie();
        await doNext();
      },
    ],
  ])('are gone when it %s', async (_, end) => {
    const pod = await newPod();
    const { id } = await askWith(pod);
    await end(pod, id);
    expect((await read(pod, id)).finishedAt).not.toBeNull();
    expect(await kept()).toBe(0);
  });
});
