import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textLines } from './text-lines.ts';

async function linesOf(chunks: Buffer[]): Promise<string[]> {
  const lines: string[] = [];
  async function* stream(): AsyncGenerator<Buffer> {
    yield* chunks;
  }
  for await (const line of textLines(stream())) lines.push(line);
  return lines;
}

test('the same lines come out however the bytes arrive', async () => {
  const line = fc.string({ unit: 'grapheme', maxLength: 30 }).map((text) => text.replaceAll(/[\r\n]/g, ''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line),
      fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      async (lines, sizes) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const chunks: Buffer[] = [];
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value;
          chunks.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(await linesOf(chunks)).toEqual(lines.map((text) => text.toWellFormed()));
      },
    ),
  );
});

test('what has no end yet is a line, and a carriage return is none', async () => {
  expect(await linesOf([Buffer.from('a\r\n\r\nb')])).toEqual(['a', '', 'b']);
  expect(await linesOf([])).toEqual([]);
});

test('a line without end comes in pieces', async () => {
  const lines = await linesOf(Array.from({ length: 10 }, () => Buffer.alloc(32 * 1024, 'x')));
  expect(lines.length).toBeGreaterThan(3);
  expect(lines.join('')).toHaveLength(320 * 1024);
});
