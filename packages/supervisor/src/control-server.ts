import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { type ControlReply, type ControlRequest, parseRequest } from './control-protocol.ts';

type Handler = (request: ControlRequest, connection: { closed: AbortSignal }) => Promise<ControlReply>;

/** Listens on a Unix socket that only its owner may open, and answers each line with one line. */
export async function listenForControl(socketFile: string, handle: Handler): Promise<Server> {
  await rm(socketFile, { force: true });
  const server = createServer((socket) => serve(socket, handle));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socketFile, resolve);
  });
  await chmod(socketFile, 0o600);
  return server;
}

function serve(socket: Socket, handle: Handler): void {
  const closed = new AbortController();
  socket.once('close', () => closed.abort());
  // A client that goes away in the middle is no fault of ours; 'close' follows.
  socket.on('error', () => socket.destroy());
  let queue: Promise<void> = Promise.resolve();
  const lines = createInterface({ input: socket });
  // It repeats the socket's errors, which the socket's own listener has dealt with.
  lines.on('error', () => lines.close());
  lines.on('line', (line) => {
    queue = queue.then(async () => {
      const reply = await answer(line, handle, closed.signal);
      if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
    });
  });
}

async function answer(line: string, handle: Handler, closed: AbortSignal): Promise<ControlReply> {
  try {
    return await handle(parseRequest(line), { closed });
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error.message : String(error) };
  }
}
