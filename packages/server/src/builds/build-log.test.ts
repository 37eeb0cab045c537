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

it('fails with what keeps the log from being kept', async () => {
  const over = new AbortController();
  const log = new BuildLog({
    append: () => Promise.reject(new Error('the database is away')),
    onCancel: () => undefined,
  });
  await expect(log.keep(over.signal)).rejects.toThrow('the database is away');
});
