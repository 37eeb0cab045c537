import type { BuildLogEntry } from '@brainpod/model/build-state';
import { expect, it } from 'vitest';
import { BuildLog } from './build-log.ts';

function kept() {
  const calls: BuildLogEntry[][] = [];
  let cancelRequested = false;
  let cancels = 0;
  const over = new AbortController();
  const log = new BuildLog({
    append: async (entries) => {
      calls.push(entries);
      return { cancelRequested };
    },
    onCancel: () => {
      cancels += 1;
    },
  });
  return {
    log,
    over,
    lines: () => calls.flat().map(({ line }) => line),
    calls: () => calls.length,
    cancel: () => {
      cancelRequested = true;
    },
    cancels: () => cancels,
  };
}

it('keeps all that is said, what is said last too, and nothing twice', async () => {
  const { log, over, lines } = kept();
  log.note('one');
  const keeping = log.keep(over.signal);
  log.note('two');
  over.abort();
  await keeping;
  expect(lines()).toEqual(['one', 'two']);
});

it('cuts what is too long for anybody to read', async () => {
  const { log, over, lines } = kept();
  log.note('x'.repeat(100_000));
  over.abort();
  await log.keep(over.signal);
  expect(lines()[0]).toHaveLength(2_001);
});

it('tells once that somebody wants the build cancelled, however little is said', async () => {
  const { log, over, calls, cancel, cancels } = kept();
  const keeping = log.keep(over.signal);
  cancel();
  const before = calls();
  while (calls() < before + 3) await new Promise((resolve) => setImmediate(resolve));
  over.abort();
  await keeping;
  expect(cancels()).toBe(1);
});

it('keeps later, and in order, what cannot be kept at first', async () => {
  const over = new AbortController();
  const lines: unknown[] = [];
  let isAway = true;
  let tries = 0;
  const log = new BuildLog({
    append: async (entries) => {
      tries += 1;
      if (isAway) throw new Error('the database is away');
      lines.push(...entries.map(({ line }) => line));
      return { cancelRequested: false };
    },
    onCancel: () => undefined,
  });
  log.note('one');
  const keeping = log.keep(over.signal);
  while (tries === 0) await new Promise((resolve) => setImmediate(resolve));
  log.note('two');
  isAway = false;
  over.abort();
  await keeping;
  expect(lines).toEqual(['one', 'two']);
});

it('fails with what keeps the end of the log from being kept', async () => {
  const over = new AbortController();
  const log = new BuildLog({
    append: () => Promise.reject(new Error('the database is away')),
    onCancel: () => undefined,
  });
  over.abort();
  await expect(log.keep(over.signal)).rejects.toThrow('the database is away');
});
