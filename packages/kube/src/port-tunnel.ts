import { Duplex } from 'node:stream';
import type { WebSocket } from 'ws';

/** The subprotocol in which a connection to one port is carried: each message begins with the number of its channel. */
export const PORT_PROTOCOL = 'v4.channel.k8s.io';

const DATA_CHANNEL = 0;
const ERROR_CHANNEL = 1;
/** The first message of each channel repeats the port. */
const PORT_BYTES = 2;
const CHANNELS = [DATA_CHANNEL, ERROR_CHANNEL];

/**
 * The bytes of a connection that a paused WebSocket of PORT_PROTOCOL carries. What the cluster says to be wrong ends it with
 * that as its error. The protocol has no half-closed connections: the end of one side is the end.
 */
export function portConnection(tunnel: WebSocket): Duplex {
  const begun = new Set<number>();
  const connection = new Duplex({
    allowHalfOpen: false,
    read: () => tunnel.resume(),
    write(chunk: Buffer, _encoding, done) {
      tunnel.send(Buffer.concat([Buffer.of(DATA_CHANNEL), chunk]), done);
    },
    final(done) {
      tunnel.close();
      done();
    },
    destroy(error, done) {
      tunnel.terminate();
      done(error);
    },
  });
  tunnel.on('message', (message) => {
    const bytes = asBuffer(message);
    const channel = bytes[0] ?? CHANNELS.length;
    const content = bytes.subarray(1);
    if (!CHANNELS.includes(channel)) return;
    const data = begun.has(channel) ? content : content.subarray(PORT_BYTES);
    begun.add(channel);
    if (data.length === 0) return;
    if (channel === ERROR_CHANNEL) connection.destroy(new Error(data.toString('utf8')));
    else if (!connection.push(data)) tunnel.pause();
  });
  tunnel.on('close', () => connection.push(null));
  return connection;
}

function asBuffer(message: WebSocket.RawData): Buffer {
  if (Buffer.isBuffer(message)) return message;
  return Array.isArray(message) ? Buffer.concat(message) : Buffer.from(message);
}
