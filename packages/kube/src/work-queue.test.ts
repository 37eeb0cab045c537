import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { WorkQueue, type WorkResult } from './work-queue.ts';

type Run = { key: string; finish: (result?: WorkResult) => void; fail: (error: Error) => void };

/** A queue whose work ends when the test says so. */
function setUp(options: { concurrency?: number } = {}) {
  const runs: Run[] = [];
  const errors: { key: string; retryInMs: number }[] = [];
  const queue = new WorkQueue({
    work: (key) =>
      new Promise((resolve, reject) => {
        runs.push({ key, finish: (result) => resolve(result), fail: reject });
      }),
    onError: (key, _error, retryInMs) => errors.push({ key, retryInMs }),
    concurrency: options.concurrency ?? 2,
    backOff: { baseMs: 100, maxMs: 1_000 },
    random: () => 1,
  });
  const run = (index: number): Run => {
    const found = runs[index];
    if (found === undefined) throw new Error(`there is no run ${index}`);
    return found;
  };
  return { queue, runs, errors, run, keys: () => runs.map(({ key }) => key) };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets everything run that waits for nothing but its turn. */
const turn = (): Promise<void> => vi.advanceTimersByTimeAsync(0).then(() => undefined);

describe('WorkQueue', () => {
  test('runs a key once however often it is added while it waits', async () => {
    const { queue, run, keys } = setUp({ concurrency: 1 });
    queue.add('a');
    queue.add('b');
    queue.add('b');
    await turn();
    expect(keys()).toEqual(['a']);
    run(0).finish();
    await turn();
    expect(keys()).toEqual(['a', 'b']);
    run(1).finish();
    await turn();
    expect(queue.stats()).toMatchObject({ waiting: 0, running: 0, done: 2 });
  });

  test('never runs a key twice at a time, and again when it was added meanwhile', async () => {
    const { queue, run, keys } = setUp({ concurrency: 3 });
    queue.add('a');
    await turn();
    queue.add('a');
    queue.add('a');
    await turn();
    expect(keys()).toEqual(['a']);
    run(0).finish();
    await turn();
    expect(keys()).toEqual(['a', 'a']);
    run(1).finish();
    await turn();
    expect(keys()).toEqual(['a', 'a']);
  });

  test('runs no more keys side by side than it may', async () => {
    const { queue, run, keys } = setUp({ concurrency: 2 });
    for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
    await turn();
    expect(keys()).toEqual(['a', 'b']);
    run(1).finish();
    await turn();
    expect(keys()).toEqual(['a', 'b', 'c']);
    expect(queue.stats()).toMatchObject({ running: 2, waiting: 1 });
  });

  test('waits twice as long after each failure, up to the most, and begins anew after a success', async () => {
    const { queue, run, errors } = setUp();
    queue.add('a');
    for (let failure = 0; failure < 6; failure++) {
      await vi.advanceTimersByTimeAsync(1_000);
      run(failure).fail(new Error('no'));
      await turn();
    }
    expect(errors.map(({ retryInMs }) => retryInMs)).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    await vi.advanceTimersByTimeAsync(1_000);
    run(6).finish();
    await turn();
    queue.add('a');
    await turn();
    run(7).fail(new Error('no'));
    await turn();
    expect(errors.at(-1)?.retryInMs).toBe(100);
  });

  test('keeps the pause after a failure though the key was added during the run', async () => {
    const { queue, run, keys } = setUp();
    queue.add('a');
    await turn();
    queue.add('a');
    run(0).fail(new Error('no'));
    await vi.advanceTimersByTimeAsync(99);
    expect(keys()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1);
    expect(keys()).toEqual(['a', 'a']);
  });

  test('runs a key again after the time that its work asks for, unless it is added before', async () => {
    const { queue, run, keys } = setUp();
    queue.add('a');
    await turn();
    run(0).finish({ again: { afterMs: 5_000 } });
    await vi.advanceTimersByTimeAsync(4_999);
    expect(keys()).toHaveLength(1);
    queue.add('a');
    await turn();
    run(1).finish();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(keys()).toHaveLength(2);
  });

  test('of several delays the earliest counts', async () => {
    const { queue, keys } = setUp();
    queue.addAfter('a', 500);
    queue.addAfter('a', 100);
    queue.addAfter('a', 900);
    await vi.advanceTimersByTimeAsync(100);
    expect(keys()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(keys()).toEqual(['a']);
  });

  test('a stop starts nothing more and waits for what runs', async () => {
    const { queue, run, keys, errors } = setUp({ concurrency: 1 });
    queue.add('a');
    queue.add('b');
    queue.addAfter('c', 10);
    await turn();
    let stopped = false;
    const stopping = queue.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(100);
    expect(stopped).toBe(false);
    run(0).fail(new Error('stopped'));
    await stopping;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(keys()).toEqual(['a']);
    expect(errors).toEqual([]);
  });
});
