import { randomBytes } from 'node:crypto';
import { type Agent, request } from 'node:https';
import type { Socket } from 'node:net';

type Ended = { by: 'close'; code: number } | { by: 'cut'; reason: string };

/** A WebSocket that sends short texts and gets each of them back. */
export type Echo = {
  /** Resolves when just this text came back, or the connection has ended. */
  say(text: string, timeoutMs: number): Promise<'echoed' | Ended>;
  close(): void;
};

const CLOSE = 8;
const LONGEST = 125;

/** Opens a WebSocket; rejects when it is refused. */
export function openEcho(origin: string, agent: Agent, timeoutMs: number): Promise<Echo> {
  return new Promise((resolve, reject) => {
    const headers = {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': randomBytes(16).toString('base64'),
    };
    const call = request(`${origin}/ws`, { agent, headers, timeout: timeoutMs });
    call.on('timeout', () => call.destroy(new Error(`no upgrade within ${timeoutMs} ms`)));
    call.on('error', reject);
    call.on('response', (response) => {
      response.resume();
      reject(new Error(`upgrade answered with status ${response.statusCode}`));
    });
    call.on('upgrade', (_response, socket: Socket, head) => {
      socket.setTimeout(0);
      resolve(echoOver(socket, head));
    });
    call.end();
  });
}

function echoOver(socket: Socket, head: Buffer): Echo {
  let rest = head;
  let ended: Ended | null = null;
  let waiting: { text: string; done: (outcome: 'echoed' | Ended) => void } | null = null;
  const finish = (outcome: 'echoed' | Ended): void => {
    const { done } = waiting ?? {};
    waiting = null;
    done?.(outcome);
  };
  const end = (how: Ended): void => {
    ended ??= how;
    finish(ended);
    socket.destroy();
  };
  const take = (opcode: number, payload: Buffer): void => {
    if (opcode === CLOSE) end({ by: 'close', code: payload.length >= 2 ? payload.readUInt16BE(0) : 1005 });
    else if (payload.toString() === waiting?.text) finish('echoed');
    else end({ by: 'cut', reason: 'wrong bytes came back' });
  };
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    for (let frame = frameOf(rest); frame !== null; frame = frameOf(rest)) {
      rest = rest.subarray(2 + frame.payload.length);
      take(frame.opcode, frame.payload);
    }
  });
  socket.on('error', (error) => end({ by: 'cut', reason: error.message }));
  socket.on('close', () => end({ by: 'cut', reason: 'the connection ended without a word' }));
  return {
    say: (text, timeoutMs) =>
      new Promise((resolve) => {
        if (ended !== null) return resolve(ended);
        const timer = setTimeout(
          () => end({ by: 'cut', reason: `no echo within ${timeoutMs} ms` }),
          timeoutMs,
        );
        waiting = {
          text,
          done: (outcome) => {
            clearTimeout(timer);
            resolve(outcome);
          },
        };
        socket.write(maskedFrame(1, Buffer.from(text)));
      }),
    close() {
      socket.end(maskedFrame(CLOSE, Buffer.from([1000 >> 8, 1000 & 0xff])));
    },
  };
}

function frameOf(bytes: Buffer): { opcode: number; payload: Buffer } | null {
  const [first, length] = bytes;
  if (first === undefined || length === undefined || bytes.length < 2 + length) return null;
  return { opcode: first & 0x0f, payload: bytes.subarray(2, 2 + length) };
}

function maskedFrame(opcode: number, payload: Buffer): Buffer {
  if (payload.length > LONGEST) throw new Error(`a text of more than ${LONGEST} bytes`);
  const mask = randomBytes(4);
  const masked = payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length]), mask, masked]);
}
