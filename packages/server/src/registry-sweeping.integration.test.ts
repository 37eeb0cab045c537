import { mkdir, mkdtemp, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RegistrySweep } from '@brainpod/registry/sweep/registry-sweep';
import { openTestStore } from '@brainpod/testkit/test-store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { sweepRegistryUntil } from './registry-sweeping.ts';

const logger = pino({ level: 'silent' });

test('what nothing refers to goes from the storage, again and again', async () => {
  const { store } = await openTestStore();
  onTestFinished(() => store.close());
  const root = await mkdtemp(path.join(tmpdir(), 'brainpod-storage-'));
  onTestFinished(() => rm(root, { recursive: true }));
  const orphan = async (digit: string) => {
    const folder = path.join(root, 'docker/registry/v2/blobs/sha256', digit.repeat(2), digit.repeat(64));
    await mkdir(folder, { recursive: true });
    await writeFile(path.join(folder, 'data'), 'orphan');
    await utimes(path.join(folder, 'data'), 0, 0);
    return path.join(folder, 'data');
  };
  const isGone = (file: string) =>
    waitFor(
      () =>
        stat(file).then(
          () => false,
          () => true,
        ),
      { timeoutMs: 10_000, what: file },
    );
  const stopping = new AbortController();
  const first = await orphan('a');
  const sweeping = sweepRegistryUntil(stopping.signal, {
    ...{ store, logger, sweep: new RegistrySweep(root), intervalMs: 20 },
  });
  await isGone(first);
  await isGone(await orphan('b'));
  stopping.abort();
  await sweeping;
});

test('of two servers one sweeps at a time, and a sweep that fails is done again', async () => {
  const { store } = await openTestStore();
  onTestFinished(() => store.close());
  let running = 0;
  let most = 0;
  let runs = 0;
  const run = async () => {
    running += 1;
    most = Math.max(most, running);
    await store.ping();
    running -= 1;
    runs += 1;
    if (runs === 1) throw new Error('the disk has a fault');
    return { freed: [], bytes: 0 };
  };
  const stopping = new AbortController();
  const servers = [1, 2].map(() =>
    sweepRegistryUntil(stopping.signal, { store, sweep: { run }, logger, intervalMs: 1 }),
  );
  await waitFor(() => runs > 20, { timeoutMs: 10_000, what: 'twenty sweeps' });
  expect(most).toBe(1);
  stopping.abort();
  await Promise.all(servers);
});
