import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceStore } from '@brainpod/builder/source/source-store';
import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { openTestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { sweepUntil } from './sweep.ts';

test('what has outlived its time goes, again and again, and the rest stays', async () => {
  const { store, address, accountId, userId, clusterId } = await openTestStore();
  onTestFinished(() => store.close());
  const key = { userId, name: 'test', policy: FULL_POLICY, actor: TEST_ACTOR };
  const { id } = await store.apiKeys.create(key);
  const keep = (name: string, hours: number) =>
    queryDatabase(
      address,
      `insert into idempotent_answer (key_id, idempotency_key, request_hash, status, headers, body, created_at)
       values ('${id}', '${name}', '', 200, '{}', '', now() - interval '${hours} hours')`,
    );
  const names = async () => {
    const rows = await queryDatabase(
      address,
      'select idempotency_key as name from idempotent_answer order by 1',
    );
    return rows.map(({ name }) => name);
  };
  await keep('old', 25);
  await keep('young', 23);
  const directory = await mkdtemp(join(tmpdir(), 'sources-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const pod = await store.pods.create({
    accountId,
    ownerId: userId,
    clusterId,
    displayName: null,
    actor: TEST_ACTOR,
  });
  const folder = join(directory, pod.id, 'ab');
  const erased = '11111111-1111-4111-8111-111111111111';
  await mkdir(join(directory, erased, 'ab'), { recursive: true });
  await writeFile(join(directory, erased, 'ab', 'new'), 'x');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'old'), 'x');
  await utimes(join(folder, 'old'), 1, 1);
  await writeFile(join(folder, 'new'), 'x');
  const stopping = new AbortController();
  const sweeping = sweepUntil(stopping.signal, {
    store,
    sources: new SourceStore(directory),
    logger: pino({ level: 'silent' }),
    intervalMs: 20,
  });
  const isGone = async (name: string) => !(await names()).includes(name);
  await waitFor(() => isGone('old'), { timeoutMs: 5000, what: 'the first round' });
  await keep('older', 30);
  await waitFor(() => isGone('older'), { timeoutMs: 5000, what: 'another round' });
  expect(await names()).toEqual(['young']);
  expect(await readdir(folder)).toEqual(['new']);
  expect(await readdir(directory)).toEqual([pod.id]);
  stopping.abort();
  await sweeping;
});
