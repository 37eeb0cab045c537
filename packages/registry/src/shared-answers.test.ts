import { expect, it } from 'vitest';
import { SharedAnswers } from './shared-answers.ts';

/** Looks are numbered as they begin, and end when they are told to. */
function looking() {
  const begun: PromiseWithResolvers<number>[] = [];
  const look = async (): Promise<number> => {
    const answer = Promise.withResolvers<number>();
    begun.push(answer);
    return await answer.promise;
  };
  const end = (n: number): void => begun[n]?.resolve(n);
  return { begun, look, end };
}

const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('never gives an answer that was begun before somebody asked', async () => {
  const answers = new SharedAnswers<number>();
  const { begun, look, end } = looking();
  const first = answers.ask('key', look);
  const others = [answers.ask('key', look), answers.ask('key', look), answers.ask('key', look)];
  expect(begun).toHaveLength(1);
  end(0);
  expect(await first).toBe(0);
  await soon();
  expect(begun, 'all that waited are served by one').toHaveLength(2);
  const late = answers.ask('key', look);
  end(1);
  expect(await Promise.all(others)).toEqual([1, 1, 1]);
  await soon();
  end(2);
  expect(await late).toBe(2);
});

it('keeps nothing once all are answered, and mixes no questions', async () => {
  const answers = new SharedAnswers<number>();
  const { begun, look, end } = looking();
  const one = answers.ask('one', look);
  const other = answers.ask('other', look);
  end(0);
  end(1);
  expect([await one, await other]).toEqual([0, 1]);
  await soon();
  const again = answers.ask('one', look);
  expect(begun).toHaveLength(3);
  end(2);
  expect(await again).toBe(2);
});

it('fails for those only who share the look that failed', async () => {
  const answers = new SharedAnswers<number>();
  const { begun, look, end } = looking();
  const first = answers.ask('key', look);
  const second = answers.ask('key', look);
  begun[0]?.reject(new Error('broken'));
  await expect(first).rejects.toThrow('broken');
  await soon();
  end(1);
  expect(await second).toBe(1);
});
