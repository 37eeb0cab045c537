import { expect, test } from 'vitest';
import { parseJsonLines } from './json-lines.ts';

async function parsed(chunks: string[] | Buffer[]): Promise<unknown[]> {
  const stream = async function* (): AsyncGenerator<Buffer> {
    for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  };
  const lines: unknown[] = [];
  for await (const line of parseJsonLines(stream())) lines.push(line);
  return lines;
}

test('joins lines that come in pieces, even where a character is cut in two', async () => {
  const bytes = Buffer.from('{"a":"größe"}\n{"b":2}\n\n{"c":[1,\n');
  expect(
    await parsed([bytes.subarray(0, 8), bytes.subarray(8, 9), bytes.subarray(9, 20), bytes.subarray(20, 26)]),
  ).toEqual([{ a: 'größe' }, { b: 2 }]);
});

test('several lines in one piece, and a last one that never ended', async () => {
  expect(await parsed(['1\n2\n3\n{"never":'])).toEqual([1, 2, 3]);
});

test('throws on a line that is not JSON', async () => {
  await expect(parsed(['nonsense\n'])).rejects.toThrow(SyntaxError);
});
