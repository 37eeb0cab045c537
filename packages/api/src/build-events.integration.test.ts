import type { PodRecord } from '@brainpod/store/pods';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TestApi } from './testing/test-api.ts';

let api: TestApi;
let pod: PodRecord;
let key: string;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());
beforeEach(async () => {
  pod = await api.newPod();
  key = await api.keyFor(['builds:create'], [pod.name]);
});

const IMAGE = `registry.example.test/p/team/web:main@sha256:${'a'.repeat(64)}`;
const TAGS = { 'git.rev': 'c0ffee', 'git.refname': 'refs/heads/main', 'github.repo': 'acme/shop' };

async function post(path: string, payload: unknown, credentials = `${pod.name}:${key}`) {
  const answer = await api.server.inject({
    method: 'POST',
    url: path,
    headers: {
      'content-type': 'application/json',
      ...(credentials === ''
        ? {}
        : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }),
    },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

async function newBuild(tags: object = TAGS): Promise<string> {
  const { status, body } = await post('/builds', { target: `urn:brainpod:pod:${pod.id}`, tags });
  expect(status).toBe(201);
  expect(Object.keys(body)).toEqual(['id']);
  return body.id;
}

const tell = (id: string, event: unknown) => post(`/builds/${id}/events`, { event });
const read = (id: string) => api.store.builds.find(pod.id, id);

describe('a build that is done elsewhere', () => {
  test('is told of from its beginning to its end', async () => {
    const id = await newBuild({ ...TAGS, 'github.workflow': null });
    expect(await read(id)).toMatchObject({ origin: 'external', state: 'waiting', tags: TAGS, wanted: null });
    const answers = [
      await tell(id, { kind: 'progress', phase: 'push', total: 3, current: 1 }),
      await tell(id, { kind: 'artifact', uri: IMAGE }),
      await tell(id, { kind: 'artifact', uri: IMAGE }),
      await tell(id, { kind: 'completed', elapsed: { secs: 12, nanos: 5 } }),
    ];
    expect(answers).toEqual(answers.map(() => ({ status: 201, body: null })));
    expect(await read(id)).toMatchObject({
      state: 'ready',
      artifacts: [{ name: 'web', uri: IMAGE }],
      finishedAt: expect.any(Date),
    });
    const log = await api.store.builds.readLog(id, { after: 0, limit: 10 });
    expect(log.map(({ line }) => line)).toEqual(['push: 1 of 3']);
    const more = await tell(id, { kind: 'artifact', uri: IMAGE });
    expect(more).toEqual({ status: 400, body: { error: expect.stringContaining('ready') } });
  });

  test('is among the builds of the pod, and of no other', async () => {
    const id = await newBuild();
    const list = await api.call({ method: 'GET', path: `/v1/pods/${pod.name}/builds` });
    expect(list.body).toMatchObject({ items: [{ id, origin: 'external', tags: TAGS }] });
    const other = await api.newPod();
    const everywhere = await api.keyFor(['builds:create']);
    const event = { kind: 'completed', elapsed: { secs: 1, nanos: 0 } };
    const foreign = await post(`/builds/${id}/events`, { event }, `${other.name}:${everywhere}`);
    expect(foreign).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    expect((await read(id))?.state).toBe('waiting');
  });
});

describe('refusals are one text', () => {
  const target = () => `urn:brainpod:pod:${pod.id}`;

  test('without credentials, with a wrong key, or one that may not', async () => {
    const wrong = ['', pod.name, `${pod.name}:`, `${pod.name}:brain_wrong`];
    const lacking = await api.keyFor(['builds:read'], [pod.name]);
    for (const credentials of [...wrong, `${pod.name}:${lacking}`]) {
      const refused = await post('/builds', { target: target(), tags: TAGS }, credentials);
      expect(refused, credentials).toEqual({ status: 401, body: { error: expect.any(String) } });
    }
  });

  test('of a pod that the key may know nothing of', async () => {
    const other = await api.newPod();
    for (const name of [other.name, 'nobody', '..']) {
      const refused = await post('/builds', { target: target(), tags: TAGS }, `${name}:${key}`);
      expect(refused).toEqual({ status: 404, body: { error: expect.any(String) } });
    }
  });

  test('of another pod than that of the credentials, and with all that is wrong with a body', async () => {
    const other = await api.newPod();
    const foreign = await post('/builds', { target: `urn:brainpod:pod:${other.id}`, tags: TAGS });
    expect(foreign).toEqual({ status: 400, body: { error: expect.stringContaining('target') } });
    const faulty = await post('/builds', { target: 7, tags: { 'git.rev': '' } });
    expect(faulty.status).toBe(400);
    for (const path of ['target', 'git.rev', 'git.refname']) expect(faulty.body.error).toContain(path);
    expect((await post('/builds', 'no json')).status).toBe(400);
  });

  test('of an event that is none', async () => {
    const id = await newBuild();
    const events = [
      { kind: 'begun' },
      { kind: 'progress', phase: 'x', total: -1, current: 0 },
      { kind: 'artifact', uri: 'registry.example.test/p/web:main' },
      { kind: 'artifact', uri: 'not an image' },
      null,
    ];
    for (const event of events) {
      expect(await tell(id, event)).toEqual({ status: 400, body: { error: expect.any(String) } });
    }
    for (const unknown of ['x', '00000000-0000-4000-8000-000000000000']) {
      const { status } = await tell(unknown, { kind: 'artifact', uri: IMAGE });
      expect(status).toBe(404);
    }
  });
});

test('a build of which nothing more was heard is given up', async () => {
  const id = await newBuild();
  await api.sql(`update build set created_at = now() - interval '2 days' where id = '${id}'`);
  await api.store.builds.forgetOld();
  expect(await read(id)).toMatchObject({ state: 'failed', reason: expect.stringContaining('for a day') });
});
