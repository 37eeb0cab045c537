import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from './openapi.ts';
import { OPERATIONS } from './operations.ts';
import { DeploymentAccepted, DryRunResult, Pod, ResourceMutation } from './schemas.ts';
import { type Request, TestApi } from './testing/test-api.ts';

let api: TestApi;

beforeAll(async () => {
  api = await TestApi.start();
});
afterAll(() => api.close());

const CREATE_POD: Request = { method: 'POST', path: '/v1/pods' };

function named(request: Request, key: string): Request {
  return { ...request, headers: { ...request.headers, 'idempotency-key': key } };
}

async function podCount(): Promise<number> {
  return (await api.store.pods.list(api.accountId)).length;
}

/** All that is kept of answers, as whoever reads the database sees it. */
async function keptText(): Promise<string> {
  const rows = await api.sql(`select encode(body, 'escape') || headers::text as text from idempotent_answer`);
  return JSON.stringify(rows);
}

describe('a POST with an Idempotency-Key', () => {
  test('is done once, however often it comes at once', async () => {
    const before = await podCount();
    const calls = Array.from({ length: 20 }, () => api.call(named(CREATE_POD, 'twenty-at-once')));
    const answers = await Promise.all(calls);
    const names = new Set(answers.map((answer) => answer.as(201, Pod).name));
    expect(names.size).toBe(1);
    expect(await podCount()).toBe(before + 1);
    const replayed = answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true');
    expect(replayed).toHaveLength(19);
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  });

  test('is done once when two servers get it', async () => {
    const second = api.beside();
    const before = await podCount();
    const calls = [api, second, api, second].map((at) => at.call(named(CREATE_POD, 'two-servers')));
    const names = (await Promise.all(calls)).map((answer) => answer.as(201, Pod).name);
    expect(new Set(names).size).toBe(1);
    expect(await podCount()).toBe(before + 1);
  });

  test('can be repeated when the connection broke between the commit and the answer', async () => {
    const before = await podCount();
    const own = api.beside();
    let kept = 0;
    // The answer is ready, so what it tells of is committed; the caller never gets it.
    own.server.addHook('onSend', async (request) => {
      kept = await podCount();
      request.raw.socket.destroy();
    });
    await own.server.listen({ host: '127.0.0.1', port: 0 });
    const address = own.server.server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on a port');
    const { port } = address;
    const broken = httpRequest({
      port,
      host: '127.0.0.1',
      method: 'POST',
      path: '/v1/pods',
      headers: { authorization: `Bearer ${api.key}`, 'idempotency-key': 'broken-connection' },
    });
    broken.end();
    const [error] = await once(broken, 'error');
    expect(error).toMatchObject({ code: 'ECONNRESET' });
    expect(kept).toBe(before + 1);
    const again = await api.call(named(CREATE_POD, 'broken-connection'));
    expect(again.headers['idempotency-replayed']).toBe('true');
    const { name } = again.as(201, Pod);
    expect((await api.store.pods.list(api.accountId)).map((pod) => pod.name)).toContain(name);
    expect(await podCount()).toBe(before + 1);
  });

  test('does it anew after 24 hours', async () => {
    const first = (await api.call(named(CREATE_POD, 'a-day'))).as(201, Pod);
    const age = (hours: number) =>
      api.sql(`update idempotent_answer set created_at = now() - interval '${hours} hours'
        where idempotency_key = 'a-day'`);
    await age(23);
    expect((await api.call(named(CREATE_POD, 'a-day'))).as(201, Pod).name).toBe(first.name);
    await age(25);
    const anew = await api.call(named(CREATE_POD, 'a-day'));
    expect(anew.as(201, Pod).name).not.toBe(first.name);
    expect(anew.headers['idempotency-replayed']).toBeUndefined();
    const repeated = await api.call(named(CREATE_POD, 'a-day'));
    expect(repeated.as(201, Pod).name).toBe(anew.as(201, Pod).name);
  });

  test('leaves no answer behind for longer than it is worth', async () => {
    await api.call(named(CREATE_POD, 'old'));
    await api.call(named(CREATE_POD, 'young'));
    await api.sql(`update idempotent_answer set created_at = now() - interval '25 hours'
      where idempotency_key = 'old'`);
    expect(await api.store.idempotentAnswers.sweep()).toBe(1);
    expect(await api.store.idempotentAnswers.sweep()).toBe(0);
    const rows = await api.sql('select idempotency_key as name from idempotent_answer');
    expect(rows.map(({ name }) => name)).toContain('young');
    expect(rows.map(({ name }) => name)).not.toContain('old');
  });

  test('that is refused keeps nothing, and can be sent again', async () => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const path = `/v1/pods/${pod.name}/resources`;
    const request = named({ method: 'POST', path, json: [sampleConfig(), sampleApp()] }, 'refused');
    (await api.call(request)).error(400);
    expect(await api.store.resources.list(pod.head.id)).toHaveLength(1);
    await api.call({ method: 'DELETE', path: `${path}/App/default/web` });
    const answer = await api.call(request);
    expect(answer.as(201, ResourceMutation).resources).toHaveLength(2);
    expect(answer.headers['idempotency-replayed']).toBeUndefined();
  });

  test('whose handler fails leaves no audit entry, no answer and no pod', async () => {
    const before = await podCount();
    await api.sql(`create function fail() returns trigger language plpgsql as $$
      begin raise exception 'induced'; end $$`);
    await api.sql('create trigger fail before update on idempotent_answer execute function fail()');
    (await api.call(named(CREATE_POD, 'fails'))).error(500);
    await api.sql('drop trigger fail on idempotent_answer');
    expect(await podCount()).toBe(before);
    const rows = await api.sql(`select from idempotent_answer where idempotency_key = 'fails'`);
    expect(rows).toEqual([]);
    (await api.call(named(CREATE_POD, 'fails'))).as(201, Pod);
  });

  test('is another one for another API key', async () => {
    const names = await Promise.all(
      [api.key, await api.keyFor(['pods:create'])].map(async (key) =>
        (await api.call(named({ ...CREATE_POD, key }, 'whose'))).as(201, Pod),
      ),
    );
    expect(new Set(names.map(({ name }) => name)).size).toBe(2);
  });

  test('is refused when it asks for something else than before', async () => {
    const pod = await api.newPod();
    const path = `/v1/pods/${pod.name}/resources`;
    const rehearsal = named({ method: 'POST', path: `${path}?dryRun=true`, json: [sampleApp()] }, 'reused');
    (await api.call(rehearsal)).as(200, DryRunResult);
    const others: Partial<Request>[] = [
      { path },
      { path: `/v1/pods/${(await api.newPod()).name}/resources?dryRun=true` },
      { json: [sampleApp('other')] },
    ];
    for (const other of others) {
      const error = (await api.call({ ...rehearsal, ...other })).error(400);
      expect(error.code).toBe('BAD_REQUEST');
      expect(error.message).toContain('Idempotency-Key');
    }
    expect(await api.store.resources.list(pod.head.id)).toEqual([]);
    (await api.call(rehearsal)).as(200, DryRunResult);
  });

  test.each(['', 'two words', 'ä', 'x'.repeat(256), 'tab\there'])('cannot be called %j', async (key) => {
    const error = (await api.call(named(CREATE_POD, key))).error(400);
    expect(error.code).toBe('BAD_REQUEST');
  });

  test('may be called by any other text', async () => {
    for (const key of ['x', '~'.repeat(255), '"!#$%&()*+,-./:;<=>?@[]^_`{|}']) {
      (await api.call(named(CREATE_POD, key))).as(201, Pod);
    }
  });

  test('waits for its deploy again when it is repeated', async () => {
    const pod = await api.newPod();
    const deploy = named({ method: 'POST', path: `/v1/pods/${pod.name}/deploy?watch=20` }, 'watched');
    const watching = api.call(deploy);
    const target = async () => (await api.store.reconciler.loadPod(pod.id))?.target?.revisionId;
    await waitFor(async () => (await target()) !== undefined, {
      timeoutMs: 5000,
      what: 'the deploy to begin',
    });
    const again = api.call(deploy);
    await api.finish(pod.head.id, 'deployed');
    for (const answer of await Promise.all([watching, again])) {
      expect(answer.as(200, DeploymentAccepted)).toMatchObject({ state: 'deployed' });
    }
    const late = await api.call(deploy);
    expect(late.as(200, DeploymentAccepted)).toMatchObject({ revisionId: pod.head.id, state: 'deployed' });
    expect(late.headers['idempotency-replayed']).toBe('true');
  });

  test('has its answer kept so that the database alone does not give it away', async () => {
    await api.call(named({ ...CREATE_POD, json: { displayName: 'Very secret name' } }, 'sealed'));
    const text = await keptText();
    expect(text.length).toBeGreaterThan(200);
    expect(text).not.toContain('secret name');
  });
});

test('every POST says in the documentation that it takes an Idempotency-Key, and nothing else does', () => {
  for (const operation of OPERATIONS) {
    const text = JSON.stringify(openApiDocument([operation]));
    expect([operation.id, text.includes('"Idempotency-Key"')]).toEqual([
      operation.id,
      operation.method === 'POST',
    ]);
  }
});
