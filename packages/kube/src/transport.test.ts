import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { kubeconfigCredentials } from './credentials.ts';
import { HttpsTransport } from './transport.ts';

// Four pods at a time with six calls each: what the reconciler does at its busiest.
const SIDE_BY_SIDE = 24;

test('calls side by side keep their connections for the next calls', async () => {
  let connections = 0;
  const server = createServer((_request, response) => response.end('{}'));
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on a port has an address with one.
  const { port } = server.address() as AddressInfo;
  const dir = await mkdtemp(join(tmpdir(), 'brainpod-transport-'));
  const kubeconfig = join(dir, 'kubeconfig.json');
  await writeFile(kubeconfig, JSON.stringify(configFor(`http://127.0.0.1:${port}`)));
  const transport = new HttpsTransport(await kubeconfigCredentials(kubeconfig));
  try {
    for (let burst = 0; burst < 5; burst++) {
      const calls = Array.from({ length: SIDE_BY_SIDE }, () => transport.send({ method: 'GET', path: '/' }));
      expect(await Promise.all(calls)).toEqual(calls.map(() => '{}'));
    }
    expect(connections).toBeLessThan(2 * SIDE_BY_SIDE);
  } finally {
    transport.close();
    server.close();
    await rm(dir, { recursive: true, force: true });
  }
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
