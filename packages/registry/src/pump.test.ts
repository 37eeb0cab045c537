import { once } from 'node:events';
import { PassThrough, Readable, Writable } from 'node:stream';
import { expect, it } from 'vitest';
import { pump } from './pump.ts';

const MEGABYTE = 1_000_000;

/** Pieces of memory of their own, as a parser of HTTP gives them. */
function pieces(count: number): Buffer[] {
  return Array.from({ length: count }, (_, n) => Buffer.from(new Uint8Array(MEGABYTE).fill(n + 1).buffer));
}

it('passes everything on, in order, and gives the memory back', async () => {
  const given = pieces(20);
  const got: number[] = [];
  const slow = new Writable({
    write(piece: Buffer, _encoding, done) {
      got.push(piece.length, piece[0] ?? 0, piece.at(-1) ?? 0);
      setImmediate(done);
    },
  });
  await pump(Readable.from(given), slow);
  expect(got).toEqual(Array.from({ length: 20 }, (_, n) => [MEGABYTE, n + 1, n + 1]).flat());
  expect(given.map(({ buffer }) => buffer.byteLength)).toEqual(given.map(() => 0));
});

it('leaves memory alone that a piece shares with others', async () => {
  const whole = Buffer.from('one and another');
  await pump(Readable.from([whole.subarray(0, 3), whole.subarray(3)]), new PassThrough().resume());
  expect(whole.toString()).toBe('one and another');
});

it('stops reading while nothing is taken', async () => {
  const from = Readable.from(pieces(20));
  const taking = Promise.withResolvers<() => void>();
  const to = new Writable({ write: (_piece, _encoding, done) => taking.resolve(done) });
  const pumped = pump(from, to);
  const take = await taking.promise;
  expect(from.isPaused()).toBe(true);
  expect(to.writableLength).toBeLessThan(3 * MEGABYTE);
  to._write = (_piece, _encoding, done) => done();
  take();
  await pumped;
});

it('ends what is written to where the client goes away', async () => {
  const client = new PassThrough();
  const registry = new PassThrough();
  const pumped = pump(client, registry);
  client.destroy();
  await expect(pumped).rejects.toThrow('The client went away.');
  expect(registry.destroyed).toBe(true);
});

it('drops the rest where nobody takes it, so that the client gets to the answer', async () => {
  const client = Readable.from(pieces(20));
  const registry = new Writable({ write: (_piece, _encoding, done) => done(new Error('refused')) });
  const ended = once(client, 'end');
  await expect(pump(client, registry)).rejects.toThrow('refused');
  await ended;
  expect(client.readableEnded).toBe(true);
});
