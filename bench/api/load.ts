/**
 * Asks one address over and over, on connections kept open, each with one request at a time. Speaks HTTP by itself, so
 * that it takes little of the processors that it shares with what it measures. Its argument is a Load in JSON; it
 * prints a LoadResult.
 */
import { connect } from 'node:net';
import { quantile } from '../quantiles.ts';

export type Load = {
  port: number;
  /** `{connection}` in it becomes the number of the connection, from 0. */
  path: string;
  authorization: string | null;
  accept?: string;
  connections: number;
  seconds: number;
};
export type LoadResult = {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  answers: number;
  bytesPerAnswer: number;
};

type Tally = { tookMs: number[]; bytes: number; deadlineMs: number };

const OK = Buffer.from('HTTP/1.1 200');
const END_OF_HEAD = Buffer.from('\r\n\r\n');

// Written by who starts it.
const load = JSON.parse(process.argv[2] ?? '') as Load;
const beganMs = performance.now();
const tally: Tally = { tookMs: [], bytes: 0, deadlineMs: beganMs + load.seconds * 1000 };
await Promise.all(
  Array.from({ length: load.connections }, (_, connection) =>
    keepAsking({ ...load, path: load.path.replace('{connection}', String(connection)) }, tally),
  ),
);
const tookSeconds = (performance.now() - beganMs) / 1000;
const result: LoadResult = {
  perSecond: tally.tookMs.length / tookSeconds,
  p50Ms: quantile(tally.tookMs, 0.5),
  p99Ms: quantile(tally.tookMs, 0.99),
  answers: tally.tookMs.length,
  bytesPerAnswer: tally.bytes / tally.tookMs.length,
};
console.log(JSON.stringify(result));

/** Rejects on any answer but 200: what is refused is answered quickly, and would count for nothing. */
function keepAsking({ port, path, authorization, accept }: Load, into: Tally): Promise<void> {
  const key = authorization === null ? '' : `Authorization: ${authorization}\r\n`;
  const types = accept === undefined ? '' : `Accept: ${accept}\r\n`;
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${key}${types}\r\n`);
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received: Buffer = Buffer.alloc(0);
    let sentMs = 0;
    const ask = (): void => {
      sentMs = performance.now();
      socket.write(request);
    };
    socket.setNoDelay(true);
    socket.on('connect', ask);
    socket.on('error', reject);
    socket.on('end', () => reject(new Error('the server closed a connection')));
    socket.on('data', (chunk: Buffer) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const size = answerBytes(received);
      if (size === null || received.length < size) return;
      if (!received.subarray(0, 12).equals(OK)) {
        reject(new Error(`the answer was not 200: ${received.toString('utf8')}`));
        socket.destroy();
        return;
      }
      const nowMs = performance.now();
      into.tookMs.push(nowMs - sentMs);
      into.bytes += received.length;
      received = received.subarray(size);
      if (nowMs < into.deadlineMs) return ask();
      socket.removeAllListeners('end');
      socket.end(resolve);
    });
  });
}

/** How long the answer is that begins here; null while its head is not whole. */
function answerBytes(received: Buffer): number | null {
  const head = received.indexOf(END_OF_HEAD);
  if (head < 0) return null;
  const length = /\r\ncontent-length: (\d+)/i.exec(received.toString('latin1', 0, head));
  if (length === null) throw new Error('an answer without Content-Length cannot be measured');
  return head + END_OF_HEAD.length + Number(length[1]);
}
