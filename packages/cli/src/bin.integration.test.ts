import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';

const BIN = join(import.meta.dirname, '..', 'bin', 'brainpod.mjs');
/** The machine's own Node may be older than the one that npm installed. */
const NODES = [process.execPath, '/usr/bin/node'].filter((node) => existsSync(node));

function start(
  node: string,
  args: string[],
  environment: Record<string, string> = {},
): ChildProcessByStdio<null, Readable, Readable> {
  return spawn(node, [BIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: '/nonexistent', ...environment },
  });
}

it.each(NODES)('starts from %s and passes the exit code on', async (node) => {
  const good = start(node, ['--version']);
  expect(await text(good.stdout)).toBe('0.1.0\n');
  const wrong = start(node, ['pod', 'lst']);
  const [said, [code]] = await Promise.all([text(wrong.stderr), once(wrong, 'exit')]);
  expect(code).toBe(2);
  expect(said).toContain('Did you mean list?');
});

it.each(NODES)('calls a reader that has seen enough no failure (%s)', async (node) => {
  const child = start(node, ['--help']);
  child.stdout.destroy();
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  expect([code, said]).toEqual([0, '']);
});

it('goes by the system’s proxy, but not to this machine, and says when that is no address', async () => {
  const asked: string[] = [];
  const proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  proxy.on('connect', (request, socket: Socket) => {
    asked.push(`CONNECT ${request.url}`);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const own = `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const list = async (endpoint: string, http_proxy: string) => {
    const environment = { http_proxy, BRAINPOD_API_TOKEN: 'brain_x', BRAINPOD_API_ENDPOINT: endpoint };
    const child = start(process.execPath, ['pod', 'list'], environment);
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    return { said, code };
  };
  try {
    expect((await list('http://api.test', `http://${own}`)).code).toBe(1);
    expect(asked).toEqual(['CONNECT api.test:80']);
    await list(`http://${own}`, 'http://127.0.0.1:1');
    expect(asked.slice(1)).toEqual(['GET /v1/pods']);
    expect(await list('http://api.test', 'no address')).toMatchObject({
      code: 1,
      said: expect.stringContaining('HTTP_PROXY'),
    });
  } finally {
    proxy.close();
  }
});
