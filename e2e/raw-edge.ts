import { once } from 'node:events';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { connect, type TLSSocket } from 'node:tls';

/** Connects to the edge as a visitor of `hostname`, without any HTTP. */
export async function tlsTo(hostname: string, ca: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port: 443, servername: hostname, ca });
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends bytes as they are and gives all that comes back until the edge ends the connection. */
export async function sendRaw(hostname: string, ca: string, text: string): Promise<string> {
  const socket = await tlsTo(hostname, ca);
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.write(text);
  await once(socket, 'close', { signal: AbortSignal.timeout(10_000) });
  return answer;
}

/** Connects to the edge with HTTP/2. */
export async function http2To(hostname: string, ca: string): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://${hostname}`, {
    createConnection: () =>
      connect({ host: '127.0.0.1', port: 443, servername: hostname, ca, ALPNProtocols: ['h2'] }),
  });
  await once(session, 'connect');
  return session;
}

/** Upgrades a connection; gives it as soon as the app has agreed. */
export async function upgradeTo(hostname: string, ca: string, protocol: string): Promise<TLSSocket> {
  const socket = await tlsTo(hostname, ca);
  socket.write(
    `GET /socket HTTP/1.1\r\nHost: ${hostname}\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`,
  );
  const head = String(await nextChunk(socket));
  if (!head.startsWith('HTTP/1.1 101 ')) throw new Error(`not upgraded: ${head}`);
  return socket;
}

/** What comes next on a connection; fails when it ends or nothing comes. */
export async function nextChunk(socket: TLSSocket): Promise<Buffer> {
  const aborted = new AbortController();
  const { signal } = aborted;
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(10_000)]);
    const ended = once(socket, 'close', { signal }).then(() => Promise.reject(new Error('it was closed')));
    const [chunk] = await Promise.race([once(socket, 'data', { signal: limit }), ended]);
    return chunk;
  } finally {
    aborted.abort();
  }
}
