import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { connect as connectTo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { serveAccessLog } from './access-log-server.ts';
import { type AccessRecord, readAccessMessage } from './access-record.ts';

const PATH = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}
const number = (field: number, value: number) => Buffer.concat([varint(field * 8), varint(value)]);
function bytes(field: number, ...parts: (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  return Buffer.concat([varint(field * 8 + 2), varint(content.length), content]);
}
const time = (field: number, seconds: number, nanos: number) =>
  bytes(field, number(1, seconds), number(2, nanos));
const address = (field: number, host: string, port: number) =>
  bytes(field, bytes(1, number(1, 0), bytes(2, host), number(3, port)));

function entry(path: string): Buffer {
  const common = bytes(
    1,
    address(2, '2001:db8::7', 4711),
    address(3, '192.0.2.1', 443),
    bytes(4, bytes(3, 'shop.test')),
    time(5, 1_772_000_000, 250_500_000),
    time(12, 0, 900_000),
    address(13, '10.1.2.3', 8080),
    bytes(16, number(6, 1), number(16, 1)),
    bytes(19, 'httproute/bp-green-hill/web-0123456789/rule/0/match/0/shop_test'),
    time(23, 1, 2_345_678),
    // A fixed64, as sample_rate is.
    Buffer.from([1 * 8 + 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]),
  );
  const request = bytes(
    3,
    number(1, 3),
    bytes(2, 'https'),
    bytes(3, 'shop.test'),
    bytes(5, path),
    bytes(6, 'test/1 – é'),
    bytes(9, 'b0a1'),
    number(12, 300),
  );
  const response = bytes(4, bytes(1, number(1, 503)), number(3, 70_000), bytes(6, 'upstream_reset'));
  return bytes(1, common, number(2, 3), request, response);
}

/** What one message of Envoy holds; the first of a stream says who sends it. */
function message(paths: readonly string[], node?: string): Buffer {
  const identifier = node === undefined ? [] : [bytes(1, bytes(1, bytes(1, node)), bytes(2, 'requests'))];
  return Buffer.concat([...identifier, bytes(2, ...paths.map(entry))]);
}

function framed(content: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(content.length, 1);
  return Buffer.concat([prefix, content]);
}

async function serving() {
  const folder = await mkdtemp(join(tmpdir(), 'access-log-'));
  const socket = join(folder, 'envoy.sock');
  await writeFile(socket, 'left behind');
  const taken: { records: AccessRecord[]; node: string }[] = [];
  const faults: unknown[] = [];
  const server = await serveAccessLog({
    socket,
    onRecords: (records, node) => taken.push({ records, node }),
    onFault: (error) => faults.push(error),
  });
  const session = connect('http://envoy', { createConnection: () => connectTo(socket) });
  onTestFinished(async () => {
    session.destroy();
    await server.close();
    await rm(folder, { recursive: true });
  });
  return { socket, taken, faults, session, server };
}

function open(session: ClientHttp2Session, path = PATH): ClientHttp2Stream {
  return session.request({
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
  });
}

async function statusOf(stream: ClientHttp2Stream): Promise<unknown> {
  const [headers] = await once(stream, 'response');
  return headers['grpc-status'];
}

test('a record says all that we want to know of a request', () => {
  const { node, records } = readAccessMessage(message(['/a?b=c'], 'main-1'));
  expect(node).toBe('main-1');
  expect(records).toEqual([
    {
      startMs: 1_772_000_000_250.5,
      durationMs: 1002.346,
      routeName: 'httproute/bp-green-hill/web-0123456789/rule/0/match/0/shop_test',
      method: 'POST',
      authority: 'shop.test',
      path: '/a?b=c',
      userAgent: 'test/1 – é',
      requestId: 'b0a1',
      protocol: 'HTTP/2',
      status: 503,
      responseFlags: 'UF,URX',
      bytesSent: 70_000,
      bytesReceived: 300,
      upstreamHost: '10.1.2.3:8080',
      clientIp: '2001:db8::7',
    },
  ]);
});

test('a message that is cut off anywhere is a fault or less, and never ends the process', () => {
  const whole = message(['/a'], 'main-1');
  for (let length = 0; length < whole.length; length += 1) {
    try {
      expect(readAccessMessage(whole.subarray(0, length)).records.length).toBeLessThanOrEqual(1);
    } catch (error) {
      expect(String(error)).toMatch(/cut off|unknown type/);
    }
  }
});

test('messages arrive whole, however they are cut on the way, from streams side by side', async () => {
  const { session, taken, socket } = await serving();
  expect((await stat(socket)).mode & 0o777).toBe(0o600);
  const sent = Buffer.concat([framed(message(['/1', '/2'], 'main-1')), framed(message(['/3']))]);
  const [first, second] = [open(session), open(session)];
  second.end(framed(message(['/other'], 'interim-1')));
  for (let at = 0; at < sent.length; at += 7) first.write(sent.subarray(at, at + 7));
  first.end();
  expect(await Promise.all([statusOf(first), statusOf(second)])).toEqual(['0', '0']);
  const from = (node: string) =>
    taken.filter((part) => part.node === node).flatMap(({ records }) => records.map(({ path }) => path));
  expect(from('main-1')).toEqual(['/1', '/2', '/3']);
  expect(from('interim-1')).toEqual(['/other']);
});

test('what is no access log is refused, and others go on', async () => {
  const { session, taken, faults } = await serving();
  const [good, bad, packed, other] = [open(session), open(session), open(session), open(session, '/other')];
  bad.write(framed(Buffer.from([0xff, 0xff])));
  packed.write(Buffer.from([1, 0, 0, 0, 0]));
  expect(await Promise.all([statusOf(bad), statusOf(packed), statusOf(other)])).toEqual(['13', '13', '12']);
  expect(faults).toHaveLength(2);
  good.end(framed(message(['/1'])));
  expect(await statusOf(good)).toBe('0');
  expect(taken).toHaveLength(1);
});

test('closing ends streams that are open', async () => {
  const { session, server } = await serving();
  await once(session, 'connect');
  const stream = open(session);
  // What ends it is an error to who sends.
  stream.on('error', () => undefined);
  const closed = new Promise((resolve) => stream.once('close', resolve));
  await server.close();
  await closed;
});
