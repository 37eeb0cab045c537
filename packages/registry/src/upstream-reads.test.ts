import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  request,
} from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { UpstreamReads } from './upstream-reads.ts';

const MEGABYTE = Buffer.alloc(1_000_000, 'a layer ');
const open: (Server | HttpServer)[] = [];
const sockets = new Set<Socket>();

afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of open.splice(0)) server.close();
  sockets.clear();
});

async function listening<T extends Server | HttpServer>(server: T): Promise<URL> {
  open.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  // A server that listens on TCP has such an address.
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}

/** A registry that answers the n-th request of all with `answer(n)`. */
async function registryThat(answer: (n: number, socket: Socket) => void): Promise<UpstreamReads> {
  let asked = 0;
  const origin = await listening(
    createServer((socket) => {
      socket.on('data', () => answer(asked++, socket));
      socket.on('error', () => socket.destroy());
    }),
  );
  return new UpstreamReads(origin);
}

/** A front that gives back what it reads, and tells of each answer how it ended. */
async function frontOf(reads: UpstreamReads): Promise<{ origin: URL; ends: Promise<string>[] }> {
  const ends: Promise<string>[] = [];
  const origin = await listening(
    createHttpServer((req, res) => {
      const handled = reads.read(req.method ?? '', '/v2/', {}).then(async (answer) => {
        res.writeHead(answer.status, answer.headers);
        await answer.sendBody(res);
        return 'whole';
      });
      ends.push(
        handled.catch((error: Error) => {
          res.destroy();
          return error.message;
        }),
      );
    }),
  );
  return { origin, ends };
}

const kept = (length: number): string =>
  `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: ${length}\r\n\r\n`;

it('asks one time after the other on one connection', async () => {
  const used = new Set<Socket>();
  const reads = await registryThat((n, socket) => {
    used.add(socket);
    socket.write(`${kept(String(n).length)}${n}`);
  });
  const { origin } = await frontOf(reads);
  for (const n of [0, 1, 2]) expect(await (await fetch(origin)).text()).toBe(String(n));
  expect(used.size).toBe(1);
});

it('takes another connection where the one that was kept has ended', async () => {
  const reads = await registryThat((n, socket) => {
    if (n === 1) socket.destroy();
    else socket.write(`${kept(2)}ok`);
  });
  const { origin } = await frontOf(reads);
  expect(await (await fetch(origin)).text()).toBe('ok');
  expect(await (await fetch(origin)).text()).toBe('ok');
});

it('passes on what comes in many pieces, with a head in two', async () => {
  const reads = await registryThat((_, socket) => {
    const head = kept(3 * MEGABYTE.length);
    socket.write(head.slice(0, 20));
    setImmediate(() => {
      socket.write(head.slice(20));
      for (let i = 0; i < 3; i++) socket.write(MEGABYTE);
    });
  });
  const { origin } = await frontOf(reads);
  for (let i = 0; i < 3; i++) {
    const got = Buffer.from(await (await fetch(origin)).arrayBuffer());
    expect(got.equals(Buffer.concat([MEGABYTE, MEGABYTE, MEGABYTE]))).toBe(true);
  }
});

it('takes an answer without a length up to the end of its connection', async () => {
  const reads = await registryThat((_, socket) => {
    socket.write('HTTP/1.0 200 OK\r\n\r\n');
    socket.end(MEGABYTE);
  });
  const { origin, ends } = await frontOf(reads);
  expect((await (await fetch(origin)).arrayBuffer()).byteLength).toBe(MEGABYTE.length);
  expect(await ends[0]).toBe('whole');
});

it('has an answer to HEAD end with its head', async () => {
  const reads = await registryThat((_, socket) => socket.write(kept(MEGABYTE.length)));
  const { origin, ends } = await frontOf(reads);
  for (let i = 0; i < 2; i++) {
    const answer = await fetch(origin, { method: 'HEAD' });
    expect(answer.headers.get('content-length')).toBe(String(MEGABYTE.length));
  }
  expect(await Promise.all(ends)).toEqual(['whole', 'whole']);
});

it('cuts the answer off where the registry ends in the middle of it', async () => {
  const reads = await registryThat((_, socket) => {
    socket.write(kept(2 * MEGABYTE.length));
    socket.end(MEGABYTE);
  });
  const { origin, ends } = await frontOf(reads);
  await expect(fetch(origin).then((answer) => answer.arrayBuffer())).rejects.toThrow();
  expect(await ends[0]).toBe('The registry ended the connection.');
});

it('lets go of the registry when the client goes away', async () => {
  const ended = Promise.withResolvers<void>();
  const reads = await registryThat((_, socket) => {
    socket.once('close', () => ended.resolve());
    socket.write(kept(1_000_000_000));
    socket.write(MEGABYTE);
  });
  const { origin, ends } = await frontOf(reads);
  const asking = request(origin, (answer) => answer.once('data', () => asking.destroy()));
  asking.on('error', () => undefined);
  asking.end();
  await ended.promise;
  expect(await ends[0]).toBe('The client went away.');
});

it('reads no faster than the client', async () => {
  let sent = 0;
  const reads = await registryThat((_, socket) => {
    socket.write(kept(200 * MEGABYTE.length));
    const more = (): void => {
      while (sent < 200) {
        sent++;
        if (!socket.write(MEGABYTE)) return;
      }
    };
    socket.on('drain', more);
    more();
  });
  const { origin } = await frontOf(reads);
  const answer = Promise.withResolvers<IncomingMessage>();
  request(origin, answer.resolve).end();
  const paused = (await answer.promise).pause();
  // What the kernel holds for three connections is less than the half.
  let before = -1;
  while (before !== sent) {
    before = sent;
    await pass(200);
  }
  expect(sent).toBeLessThan(100);
  let got = 0;
  paused.on('data', (piece: Buffer) => {
    got += piece.length;
  });
  paused.resume();
  await once(paused, 'end');
  expect(got).toBe(200 * MEGABYTE.length);
});

it('says that nobody answers', async () => {
  const server = createServer();
  const origin = await listening(server);
  server.close();
  await expect(new UpstreamReads(origin).read('GET', '/v2/', {})).rejects.toMatchObject({
    code: 'UNAVAILABLE',
  });
});
