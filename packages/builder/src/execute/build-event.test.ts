import { expect, it } from 'vitest';
import { type BuildEvent, ProgressReader } from './build-event.ts';

const encode = (text: string) => Buffer.from(text).toString('base64');
const line = (message: unknown) => JSON.stringify(message);
const vertex = (fields: Record<string, unknown>) =>
  line({ vertexes: [{ digest: 'sha256:a', name: '[2/3] RUN make', ...fields }] });
const started = '2026-01-01T00:00:01.000Z';

function readAll(lines: string[]): BuildEvent[] {
  const reader = new ProgressReader();
  return lines.flatMap((text) => reader.read(text) ?? []);
}

it('tells the start, the whole lines and the end of a step once each', () => {
  const events = readAll([
    vertex({}),
    vertex({ started }),
    vertex({ started }),
    line({ logs: [{ vertex: 'sha256:a', stream: 1, data: encode('one\ntw') }] }),
    line({ logs: [{ vertex: 'sha256:a', stream: 2, data: encode('o\r\nthree') }] }),
    vertex({ started, completed: '2026-01-01T00:00:03.500Z' }),
    vertex({ started, completed: '2026-01-01T00:00:03.500Z' }),
  ]);
  const step = { step: 'sha256:a', name: '[2/3] RUN make' };
  expect(events).toEqual([
    { kind: 'step-started', ...step },
    { kind: 'log', ...step, line: 'one' },
    { kind: 'log', ...step, line: 'two' },
    { kind: 'log', ...step, line: 'three' },
    { kind: 'step-done', ...step, cached: false, durationMs: 2500 },
  ]);
});

it('tells what came from the cache and what failed', () => {
  const cached = readAll([vertex({ started, completed: started, cached: true })]);
  expect(cached.at(-1)).toMatchObject({ kind: 'step-done', cached: true, durationMs: 0 });
  const failed = readAll([vertex({ started, completed: started, error: 'exit code: 2' })]);
  expect(failed.at(-1)).toMatchObject({ kind: 'step-failed', message: 'exit code: 2' });
});

it('leaves text for people alone', () => {
  const reader = new ProgressReader();
  expect(reader.read('Dockerfile:3')).toBeNull();
  expect(reader.read('{ not json')).toBeNull();
});
