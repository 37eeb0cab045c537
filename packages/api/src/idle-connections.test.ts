import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import fastify from 'fastify';
import { expect, test } from 'vitest';
import { endIdleConnections } from './idle-connections.ts';

test('closing waits for a request, and for no connection without one', async () => {
  const asked = Promise.withResolvers<void>();
  const mayAnswer = Promise.withResolvers<void>();
  const server = fastify();
  endIdleConnections(server);
  server.get('/', async () => {
    asked.resolve();
    await mayAnswer.promise;
    return 'hello';
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  // A server that listens on a port has an address with one.
  const { port } = server.server.address() as AddressInfo;
  const silent = connect(port, '127.0.0.1');
  await once(server.server, 'connection');
  const answer = fetch(`http://127.0.0.1:${port}/`);
  await asked.promise;

  const closed = server.close();
  // A connection that is reset says so before it closes.
  silent.on('error', () => undefined).resume();
  await once(silent, 'close');
  mayAnswer.resolve();
  expect(await (await answer).text()).toBe('hello');
  await closed;
});
