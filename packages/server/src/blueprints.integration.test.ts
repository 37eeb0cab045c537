import { buildServer } from '@brainpod/api/server';
import { StandInImages } from '@brainpod/api/testing/stand-in-images';
import { StandInKeeper } from '@brainpod/api/testing/stand-in-keeper';
import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore } from '@brainpod/testkit/test-store';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BLUEPRINTS_DIR, readBlueprints } from './blueprints.ts';

const blueprints = await readBlueprints(BLUEPRINTS_DIR);

let started: Awaited<ReturnType<typeof start>>;

async function start() {
  const { store, accountId, userId, clusterId } = await openTestStore();
  const actor = TEST_ACTOR;
  const key = await store.apiKeys.create({ userId, name: 'test', policy: FULL_POLICY, actor });
  const pod = await store.pods.create({ accountId, ownerId: userId, clusterId, displayName: null, actor });
  const server = buildServer({
    store,
    domain: 'example.test',
    registryHost: 'registry.example.test',
    blueprints,
    images: new StandInImages(),
    imageKeeper: new StandInKeeper(),
    logger: pino({ level: 'silent' }),
  });
  const post = async (path: string, body: unknown) => {
    const headers = { authorization: `Bearer ${key.secret}` };
    const answer = await server.inject({
      method: 'POST',
      url: `/v1/pods/${pod.name}${path}`,
      headers: { ...headers, 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>() };
  };
  return { store, server, pod, post };
}

beforeAll(async () => {
  started = await start();
});
afterAll(async () => {
  await started.server.close();
  await started.store.close();
});

it('installs them all into one draft, without a word of input', async () => {
  const { post, store, pod } = started;
  for (const { id } of blueprints) {
    expect(await post(`/blueprints/${id}/install`, { input: {} })).toMatchObject({
      status: 201,
      body: { revisionId: pod.head.id },
    });
  }
  const expected = blueprints.flatMap(({ templates }) => templates);
  expect(await store.resources.list(pod.head.id)).toHaveLength(expected.length);
});

it('refuses each a second time because of its name, and takes another name', async () => {
  const { post } = started;
  for (const { id } of blueprints) {
    const { status, body } = await post(`/blueprints/${id}/install`, { input: {} });
    expect([id, status, body.error]).toMatchObject([id, 400, { code: 'VALIDATION_ERROR' }]);
    expect(JSON.stringify(body.error)).toMatch(/"path":"input\.name"/);
    expect(JSON.stringify(body.error)).not.toMatch(/"path":"(?!input\.name)/);
    expect(await post(`/blueprints/${id}/install`, { input: { name: `${id}-2` } })).toMatchObject({
      status: 201,
    });
  }
});
