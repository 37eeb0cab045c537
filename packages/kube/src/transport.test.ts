import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { kubeconfigCredentials } from './credentials.ts';
import { HttpsTransport } from './transport.ts';

// Four pods at a time with six calls each: what the reconciler does at its busiest.
const SIDE_BY_SIDE = 24;

let dir = '';
let kubeconfig = '';
let server = createServer();

beforeEach(async () => {
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  dir = await mkdtemp(join(tmpdir(), 'brainpod-transport-'));
  kubeconfig = join(dir, 'kubeconfig.json');
  await writeFile(kubeconfig, JSON.stringify(configFor(`http://127.0.0.1:${port}`)));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(dir, { recursive: true, force: true });
});

test('calls side by side keep their connections for the next calls', async () => {
  let connections = 0;
  server.on('request', (_request, response) => response.end('{}'));
  server.on('connection', () => {
    connections += 1;
  });
  const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig));
  try {
    for (let burst = 0; burst < 5; burst++) {
      const calls = Array.from({ length: SIDE_BY_SIDE }, () => transport.send({ method: 'GET', path: '/' }));
      expect(await Promise.all(calls)).toEqual(calls.map(() => '{}'));
    }
    expect(connections).toBeLessThan(2 * SIDE_BY_SIDE);
  } finally {
    transport.close();
  }
});

describe('a cluster that turns calls away', () => {
  async function turnedAway(times: number, headers: Record<string, string>) {
    let calls = 0;
    server.on('request', (_request, response) => {
      calls += 1;
      response.writeHead(calls <= times ? 429 : 200, calls <= times ? headers : {});
      response.end('{}');
    });
    const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig));
    return { transport, calls: () => calls };
  }
  const tooMany = { name: 'KubeError', status: 429 };

  test('is asked again after the time that it names', async () => {
    const { transport, calls } = await turnedAway(2, { 'retry-after': '0.01' });
    expect(await transport.send({ method: 'GET', path: '/' })).toBe('{}');
    expect(calls()).toBe(3);
    transport.close();
  });

  test('is asked again for a stream', async () => {
    const { transport, calls } = await turnedAway(1, { 'retry-after': '0.01' });
    for await (const chunk of await transport.stream({ method: 'GET', path: '/' }))
      expect(chunk.toString()).toBe('{}');
    expect(calls()).toBe(2);
    transport.close();
  });

  test('is not asked for ever, nor when it names no time', async () => {
    const always = await turnedAway(100, { 'retry-after': '0.01' });
    await expect(always.transport.send({ method: 'GET', path: '/' })).rejects.toMatchObject(tooMany);
    expect(always.calls()).toBe(6);
    always.transport.close();
    server.removeAllListeners('request');
    const never = await turnedAway(100, {});
    await expect(never.transport.send({ method: 'GET', path: '/' })).rejects.toMatchObject(tooMany);
    expect(never.calls()).toBe(1);
    never.transport.close();
  });

  test('holds nobody up who closes meanwhile', async () => {
    const { transport } = await turnedAway(100, { 'retry-after': '3600' });
    const waiting = transport.send({ method: 'GET', path: '/' });
    await once(server, 'request');
    const closed = expect(waiting).rejects.toMatchObject({ name: 'KubeError', reason: 'Unreachable' });
    setImmediate(() => transport.close());
    await closed;
  });
});

describe('a cluster that takes connections and answers nothing', () => {
  const ended = { name: 'KubeError', reason: 'Unreachable', message: expect.stringContaining('closed') };

  test('holds nobody up who closes: neither a call that waits, nor one that begins later', async () => {
    const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig));
    const waiting = transport.send({ method: 'GET', path: '/' });
    await once(server, 'request');
    transport.close();
    const later = [
      transport.send({ method: 'GET', path: '/' }),
      transport.stream({ method: 'GET', path: '/' }),
    ];
    for (const call of [waiting, ...later]) await expect(call).rejects.toMatchObject(ended);
  });

  test('holds nobody up in the middle of an answer', async () => {
    server.on('request', (_request, response) => {
      response.flushHeaders();
      response.write('{}');
    });
    const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig));
    const stream = await transport.stream({ method: 'GET', path: '/' });
    const reading = (async () => {
      for await (const chunk of stream) if (chunk.toString() === '{}') transport.close();
    })();
    await expect(reading).rejects.toThrow('aborted');
  });
});

function configFor(server: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server } }],
    users: [{ name: 'admin', user: {} }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
  };
}
