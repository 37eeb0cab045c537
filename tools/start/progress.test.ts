import { expect, test } from 'vitest';
import { formatDuration, formatEstimate } from './duration-text.ts';
import { Progress } from './progress.ts';
import { liveLine, type Stage } from './stage-lines.ts';

function makeProgress(live: boolean) {
  let now = 0;
  let text = '';
  const output = {
    columns: 80,
    write: (part: string) => {
      text += part;
    },
  };
  const progress = new Progress({ output, live, now: () => now, startedAt: 0 });
  return {
    progress,
    advance: (ms: number) => {
      now += ms;
    },
    text: () => text,
  };
}

test('without a terminal there are plain lines and no control codes', async () => {
  const { progress, advance, text } = makeProgress(false);
  progress.plan([{ id: 'engine', title: 'Engine', estimateSeconds: 840 }]);
  await progress.run('engine', async (stage) => {
    advance(5000);
    stage.detail('kube (1 of 12)');
    advance(15_000);
    stage.detail('ctr (2 of 12)');
    advance(1000);
    stage.detail('12 programs');
  });
  expect(text()).toBe(
    '[   0.0 s] Engine: begins, about 14 min\n' +
      '[  20.0 s] Engine: ctr (2 of 12), about 14 min left\n' +
      '[  21.0 s] Engine: done in 21 s (12 programs)\n',
  );
  expect(text()).not.toContain('\u001b');
});

test('on a terminal one line is redrawn and finished stages stay', async () => {
  const { progress, advance, text } = makeProgress(true);
  progress.plan([{ id: 'boot', title: 'Kubernetes', estimateSeconds: 12 }]);
  await progress.run('boot', async () => advance(3000));
  progress.close();
  expect(text()).toContain('\r\u001b[2K');
  expect(text().endsWith('[   3.0 s] Kubernetes: done in 3.0 s\n')).toBe(true);
});

test('a stage that fails is shown as failed and passes its error on', async () => {
  const { progress, text } = makeProgress(false);
  progress.plan([{ id: 'a', title: 'Stage', estimateSeconds: null }]);
  await expect(progress.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(text()).toContain('Stage: failed after 0.0 s');
});

test('a listener hears how things stand and every change', async () => {
  const { progress } = makeProgress(false);
  progress.plan([
    { id: 'a', title: 'A', estimateSeconds: null },
    { id: 'b', title: 'B', estimateSeconds: null },
  ]);
  progress.record('a', 3);
  const heard: string[] = [];
  progress.listen((stage) => heard.push(`${stage.id} ${stage.state}`));
  await progress.run('b', () => Promise.resolve());
  expect(heard).toEqual(['a done', 'b waiting', 'b running', 'b done']);
});

test('the live line says what is left only as long as the estimate holds, and fits the terminal', () => {
  const stage: Stage = {
    id: 'x',
    title: 'Engine',
    state: 'running',
    startedAt: 0,
    finishedAt: null,
    estimateSeconds: 100,
    detail: 'x'.repeat(200),
  };
  expect(liveLine([stage], 40_000, 40_000, 60)).toHaveLength(60);
  expect(liveLine([stage], 40_000, 40_000, 90)).toContain('40 s, about a minute left');
  expect(liveLine([stage], 140_000, 140_000, 90)).not.toContain('left');
});

test.each([
  [0.42, '0.4 s'],
  [12.4, '12 s'],
  [185, '3 min 05 s'],
  [3725, '1 h 02 min'],
])('%d seconds read %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [2, 'a few seconds'],
  [31, 'about 35 s'],
  [70, 'about a minute'],
  [809, 'about 13 min'],
])('an estimate of %d seconds reads %s', (seconds, text) => {
  expect(formatEstimate(seconds)).toBe(text);
});
