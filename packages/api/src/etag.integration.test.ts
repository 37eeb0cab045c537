import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Answer, TestApi } from './testing/test-api.ts';

let api: TestApi;
let pod: PodRecord;
let resources: string;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());
beforeEach(async () => {
  pod = await api.newPod();
  await api.write(pod, sampleApp());
  resources = `/v1/pods/${pod.name}/resources`;
});

const WEB = '/App/default/web';

async function tagOf(path: string): Promise<string> {
  return tagIn(await api.get(path));
}

function tagIn(answer: Answer): string {
  const { etag } = answer.headers;
  expect(etag).toMatch(/^"[0-9a-f]{64}"$/);
  return String(etag);
}

function replace(image: string, tag: string): Promise<Answer> {
  const headers = { 'if-match': tag };
  return api.call({ method: 'PUT', path: resources + WEB, json: sampleApp('web', { image }), headers });
}

test('a resource has one tag in every answer that is about it, until it is changed', async () => {
  const tag = await tagOf(resources + WEB);
  expect(await tagOf(`${resources}${WEB}?revision=${pod.head.id}`)).toBe(tag);
  await api.write(pod, sampleConfig());
  await api.deploy(pod, 'deployed');
  expect(await tagOf(resources + WEB)).toBe(tag);
  expect((await replace('nginx:1.30', tag)).status).toBe(200);
  expect(await tagOf(resources + WEB)).not.toBe(tag);
  expect((await replace(sampleApp().spec.image, '*')).status).toBe(200);
  expect(await tagOf(resources + WEB)).toBe(tag);
});

test('what a revision holds has one tag in lists, in the revision and in the answers to changes', async () => {
  const config = { method: 'POST', path: resources, json: [sampleConfig()] } as const;
  const before = await tagOf(resources);
  const tag = tagIn(await api.call({ ...config, headers: { 'if-match': before } }));
  expect(tag).not.toBe(before);
  expect(await tagOf(resources)).toBe(tag);
  expect(await tagOf(`/v1/pods/${pod.name}/revisions/${pod.head.id}`)).toBe(tag);
  const gone = await api.call({ method: 'DELETE', path: `${resources}/Config/default/settings` });
  expect(tagIn(gone)).toBe(before);
  const stale = await api.call({ ...config, headers: { 'if-match': tag } });
  expect(stale.error(412).message).toContain(before);
});

test('of many who change what they read, one does', async () => {
  const tag = await tagOf(resources + WEB);
  const writers = Array.from({ length: 10 }, (_, index) => replace(`nginx:1.${index}`, tag));
  const statuses = (await Promise.all(writers)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1);
  expect(statuses.filter((status) => status === 412)).toHaveLength(9);
});

test('a deploy takes the draft that was read, and no other', async () => {
  const deploy = { method: 'POST', path: `/v1/pods/${pod.name}/deploy` } as const;
  const read = await tagOf(resources);
  await api.write(pod, sampleConfig());
  const refused = await api.call({ ...deploy, headers: { 'if-match': read } });
  expect(refused.error(412).details?.map(({ path }) => path)).toEqual(['App/web', 'Config/settings']);
  const headers = { 'if-match': `"other", ${await tagOf(resources)}` };
  expect((await api.call({ ...deploy, headers })).status).toBe(202);
});

test('a tag says nothing of how a resource fares', async () => {
  const tag = await tagOf(resources);
  await api.deploy(pod, 'deployed');
  await api.sql(`insert into resource_status (pod_id, kind, name, status, healthy, updated_at)
    values ('${pod.id}', 'App', 'web', '{"phase":"Ready","readyReplicas":1,"replicas":[]}', true, now())`);
  expect(await tagOf(resources)).toBe(tag);
});
