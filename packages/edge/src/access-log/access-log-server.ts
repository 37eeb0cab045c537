import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Http2Server, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import { dirname } from 'node:path';
import { type AccessRecord, readAccessMessage } from './access-record.ts';

const METHOD = '/envoy.service.accesslog.v3.AccessLogService/StreamAccessLogs';
const PREFIX_BYTES = 5;
// Envoy hands over about 16 KB at a time, and never more than its buffer and one record.
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const UNIMPLEMENTED = '12';
const INTERNAL = '13';

export type AccessLogOptions = {
  /** Where to listen: a unix socket's path. */
  socket: string;
  /** Gets records as they come, and the id of the Envoy that they come from. Must not throw, and not wait. */
  onRecords: (records: AccessRecord[], node: string) => void;
  /** A stream that said what is no access log; it has been ended. */
  onFault: (error: unknown) => void;
};

export type AccessLogServer = { close(): Promise<void> };

/**
 * Serves Envoy's access log service. It is all of gRPC that this takes: messages come one after the other, each behind
 * its length, and are never answered before the stream ends, which is when Envoy ends.
 */
export async function serveAccessLog(options: AccessLogOptions): Promise<AccessLogServer> {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({ settings: { initialWindowSize: 1024 * 1024 } });
  server.on('session', (session) => {
    sessions.add(session);
    session.on('close', () => sessions.delete(session));
    // An Envoy that ended; its next one connects anew.
    session.on('error', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => stream.close());
    if (headers[':path'] === METHOD) receive(stream, options);
    else answer(stream, UNIMPLEMENTED);
  });
  await listen(server, options.socket);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const session of sessions) session.destroy();
      await closed;
    },
  };
}

async function listen(server: Http2Server, socket: string): Promise<void> {
  await mkdir(dirname(socket), { recursive: true, mode: 0o700 });
  // A server that was killed leaves its socket behind.
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });
  await chmod(socket, 0o600);
}

function receive(stream: ServerHttp2Stream, { onRecords, onFault }: AccessLogOptions): void {
  const cutter = new MessageCutter();
  let node = '';
  stream.on('data', (chunk: Buffer) => {
    try {
      for (const bytes of cutter.take(chunk)) {
        const message = readAccessMessage(bytes);
        node = message.node ?? node;
        if (message.records.length > 0) onRecords(message.records, node);
      }
    } catch (error) {
      onFault(error);
      answer(stream, INTERNAL);
    }
  });
  stream.on('end', () => answer(stream, '0'));
}

/** Ends a stream, with a status of gRPC. */
function answer(stream: ServerHttp2Stream, status: string): void {
  if (stream.headersSent || stream.destroyed) return;
  stream.respond(
    { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': status },
    { endStream: true },
  );
}

/** Cuts what arrives into gRPC's messages. */
class MessageCutter {
  #rest: Buffer = Buffer.alloc(0);

  take(chunk: Buffer): Buffer[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const messages: Buffer[] = [];
    let at = 0;
    while (bytes.length - at >= PREFIX_BYTES) {
      const isPacked = bytes.readUInt8(at) !== 0;
      const length = bytes.readUInt32BE(at + 1);
      if (isPacked || length > MAX_MESSAGE_BYTES)
        throw new Error('a message that is packed or far too large');
      const end = at + PREFIX_BYTES + length;
      if (end > bytes.length) break;
      messages.push(bytes.subarray(at + PREFIX_BYTES, end));
      at = end;
    }
    this.#rest = bytes.subarray(at);
    return messages;
  }
}
