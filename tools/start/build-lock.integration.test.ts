import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withBuildLock } from './build-lock.ts';

let cache: string;

beforeEach(async () => {
  cache = await mkdtemp(path.join(tmpdir(), 'bp-lock-'));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

test('two builders work one after the other, and the second says what it waits for', async () => {
  const journal: string[] = [];
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const first = withBuildLock(
    cache,
    (text) => journal.push(`first: ${text}`),
    async () => {
      journal.push('first begins');
      entered.resolve();
      await release.promise;
      journal.push('first ends');
    },
  );
  await entered.promise;
  const second = withBuildLock(
    cache,
    (text) => {
      journal.push(`second: ${text}`);
      release.resolve();
    },
    async () => {
      journal.push('second begins');
    },
  );
  await Promise.all([first, second]);
  expect(journal).toEqual([
    'first begins',
    'second: another npm start is building; waiting for it',
    'first ends',
    'second begins',
  ]);
});

test('what a killed builder left half written is removed, finished builds stay', async () => {
  for (const name of ['.components-abc', '.own-abc', 'components-1-go1.26.8'])
    await mkdir(path.join(cache, name));
  await withBuildLock(
    cache,
    () => undefined,
    async () => undefined,
  );
  expect(await readdir(cache)).toEqual(['components-1-go1.26.8']);
});

test('a builder that fails gives the lock back', async () => {
  await expect(
    withBuildLock(
      cache,
      () => undefined,
      () => Promise.reject(new Error('no')),
    ),
  ).rejects.toThrow('no');
  expect(
    await withBuildLock(
      cache,
      () => undefined,
      async () => 'built',
    ),
  ).toBe('built');
});
