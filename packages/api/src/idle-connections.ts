import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Has `close` wait for requests and for nothing else. Node also waits, for a minute and more, for a connection on which
 * no request has come yet, as browsers open ahead of need, and for one that is kept after an answer given meanwhile.
 */
export function endIdleConnections(server: FastifyInstance): void {
  const requests = new Map<Socket, number>();
  let isClosing = false;
  const count = (socket: Socket, by: number): void => {
    const before = requests.get(socket);
    if (before === undefined) return;
    requests.set(socket, before + by);
    if (isClosing && before + by === 0) socket.destroySoon();
  };
  server.server.on('connection', (socket: Socket) => {
    requests.set(socket, 0);
    socket.once('close', () => requests.delete(socket));
  });
  server.server.on('request', ({ socket }: { socket: Socket }, response: ServerResponse) => {
    count(socket, 1);
    response.once('close', () => count(socket, -1));
  });
  server.addHook('preClose', async () => {
    isClosing = true;
    for (const [socket, underWay] of requests) if (underWay === 0) socket.destroy();
  });
}
