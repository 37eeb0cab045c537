import { describe, expect, it } from 'vitest';
import { readRecords, recordsUntilEnd } from './event-stream.ts';
import { ApiFailure, ConnectionFailure, UnexpectedAnswer } from './failure.ts';

async function* inPieces(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
}

async function all<T>(records: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const record of records) found.push(record);
  return found;
}

const RECORDS =
  ': hello\nid: 1\nevent: event\ndata: {"a":"ä"}\n\nevent: empty\n\ndata:two\ndata: lines\n\nid: 2\r\nevent: end\r\ndata: {}\r\n\r\ndata: cut off';

it.each([1, 2, 3, 7, 1000])('reads records that arrive in pieces of %i bytes', async (size) => {
  for (const text of [RECORDS, RECORDS.replaceAll('\r\n', '\n'), RECORDS.replaceAll(/\r?\n/g, '\r')]) {
    expect(await all(readRecords(inPieces(text, size)))).toEqual([
      { event: 'event', data: '{"a":"ä"}', id: '1' },
      { event: 'message', data: 'two\nlines', id: '1' },
      { event: 'end', data: '{}', id: '2' },
    ]);
  }
});

describe('a stream', () => {
  const streamOf = (text: string, type = 'text/event-stream; charset=utf-8') =>
    all(
      recordsUntilEnd(new Response(text, { headers: { 'content-type': type } }), {
        endpoint: 'https://api.test',
        known: ['event'],
      }),
    );

  it('ends at its end', async () => {
    const text = 'id: 7\nevent: event\ndata: 1\n\nevent: end\ndata: {}\n\nevent: event\ndata: 2\n\n';
    expect(await streamOf(text)).toEqual([{ event: 'event', data: '1', id: '7' }]);
  });

  it.each([
    ['event: event\ndata: 1\n\n', 'text/event-stream', ConnectionFailure],
    ['event: end\n\n', 'text/event-stream', ConnectionFailure],
    ['event: end\ndata: {}\n\n', 'text/html', UnexpectedAnswer],
    ['event: strange\ndata: {}\n\n', 'text/event-stream', UnexpectedAnswer],
    ['event: error\ndata: nonsense\n\n', 'text/event-stream', UnexpectedAnswer],
    [
      'event: error\ndata: {"error":{"code":"NOT_FOUND","message":"gone","requestId":"r"}}\n\n',
      'text/event-stream',
      ApiFailure,
    ],
  ])('%j as %s is a failure', async (text, type, failure) => {
    await expect(streamOf(text, type)).rejects.toBeInstanceOf(failure);
  });
});
