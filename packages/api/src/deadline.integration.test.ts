import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { holdLock } from '@brainpod/testkit/test-database';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Deadline } from './deadline.ts';
import { TestApi } from './testing/test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start({ requestTimeoutMs: 1500 });
});
afterAll(() => api.close());

async function nobodyWorks(): Promise<boolean> {
  const working = await api.sql(`select from pg_stat_activity
    where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()`);
  return working.length === 0;
}

describe('a request that takes too long', () => {
  test('is given up, and nothing of it is done when what it waited for is free', async () => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const lock = await holdLock(api.address, `select from pod where id = '${pod.id}' for update`);
    const headers = { 'idempotency-key': 'too-long' };
    const deploy = { method: 'POST', path: `/v1/pods/${pod.name}/deploy`, headers } as const;
    expect((await api.call(deploy)).error(504).code).toBe('REQUEST_TIMEOUT');
    await lock.release();
    await waitFor(nobodyWorks, { timeoutMs: 10_000, what: 'the deploy to find that it is late' });
    expect(await api.store.revisions.find(pod.id, pod.head.id)).toMatchObject({ state: 'draft' });
    expect(await api.sql(`select from audit_entry where operation = 'deployPod'`)).toEqual([]);
    const again = await api.call(deploy);
    expect(again.status).toBe(202);
    expect(again.headers['idempotency-replayed']).toBeUndefined();
  });

  test('is told so wherever it waits: for who calls, or for what it reads', async () => {
    for (const table of ['api_key', 'pod']) {
      const lock = await holdLock(api.address, `lock table ${table} in access exclusive mode`);
      expect((await api.get('/v1/pods')).error(504).message).toContain('1.5 seconds');
      await lock.release();
      expect((await api.get('/v1/pods')).status).toBe(200);
    }
  });

  test('is given up while its body arrives by drops, and the connection with it', async () => {
    const server = api.beside({ requestTimeoutMs: 400 });
    const origin = new URL(await server.server.listen({ host: '127.0.0.1', port: 0 }));
    const socket = connect(Number(origin.port), origin.hostname);
    const head = ['POST /v1/pods HTTP/1.1', 'Host: brainpod', `Authorization: Bearer ${server.key}`];
    const body = ['Content-Type: application/json', 'Content-Length: 1000', '', '{"displayName": "'];
    socket.write([...head, ...body].join('\r\n'));
    const drops = setInterval(() => socket.write('x'), 50);
    const answer = await text(socket);
    clearInterval(drops);
    expect(answer).toMatch(/^HTTP\/1\.1 504 /);
    expect(answer).toContain('REQUEST_TIMEOUT');
    expect(answer.toLowerCase()).toContain('connection: close');
  });

  test('does not hold those up who need not wait', async () => {
    const [pod, other] = [await api.newPod(), await api.newPod()];
    const lock = await holdLock(api.address, `select from pod where id = '${pod.id}' for update`);
    const slow = api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` });
    const quick = await api.call({ method: 'POST', path: `/v1/pods/${other.name}/deploy` });
    expect(quick.status).toBe(202);
    (await slow).error(504);
    await lock.release();
  });
});

test('a statement that the database itself cuts short is told like that, and undone', async () => {
  const pod = await api.newPod();
  // What the server gets when a statement of its own runs into the limit of its connection.
  await api.sql(`create function dawdle() returns trigger language plpgsql as $$
    begin raise exception 'canceling statement due to statement timeout' using errcode = '57014'; end $$`);
  await api.sql('create trigger dawdle before insert on audit_entry for each row execute function dawdle()');
  const answer = await api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` });
  await api.sql('drop trigger dawdle on audit_entry');
  expect(answer.error(504).code).toBe('REQUEST_TIMEOUT');
  expect(await api.store.revisions.find(pod.id, pod.head.id)).toMatchObject({ state: 'draft' });
});

test('time does not run out between the decision to keep and the answer', async () => {
  const deadline = new Deadline(20);
  await deadline.seal();
  const kept = deadline.race(new Promise((resolve) => setTimeout(resolve, 60, 'kept')));
  expect(await kept).toBe('kept');
  const late = new Deadline(1);
  await expect(late.race(new Promise(() => undefined))).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
  await expect(late.seal()).rejects.toMatchObject({ code: 'REQUEST_TIMEOUT' });
});
