import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { onTestFinished } from 'vitest';

const CODES = { CNAME: 5, TXT: 16 } as const;
const HEADER_BYTES = 12;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

type RecordType = keyof typeof CODES;

/** A DNS server on loopback that knows what a test tells it; it ends with the test. */
export class TestDns {
  readonly address: string;
  /** Answers nothing but that it cannot answer. */
  isBroken = false;
  readonly #records = new Map<string, string>();

  private constructor(socket: Socket) {
    this.address = `127.0.0.1:${socket.address().port}`;
    socket.on('message', (query, from) => this.#answer(socket, query, from));
  }

  static async open(): Promise<TestDns> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    onTestFinished(() => new Promise<void>((resolve) => void socket.close(() => resolve())));
    return new TestDns(socket);
  }

  set(type: RecordType, name: string, value: string): void {
    this.#records.set(`${CODES[type]} ${name}`, value);
  }

  clear(): void {
    this.#records.clear();
  }

  #answer(socket: Socket, query: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const question = query.subarray(HEADER_BYTES, end + 4);
    const value = this.#records.get(`${type} ${name.toLowerCase()}`);
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    const code = this.isBroken ? SERVER_FAILURE : value === undefined ? NO_SUCH_NAME : 0;
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    if (code !== 0 || value === undefined) {
      socket.send(Buffer.concat([header, question]), from.port, from.address);
      return;
    }
    header.writeUInt16BE(1, 6);
    const data = type === CODES.TXT ? characterString(value) : nameBytes(value);
    const record = Buffer.alloc(12);
    // The name of the question, by a pointer to it; class IN; no time to live.
    record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt16BE(data.length, 10);
    socket.send(Buffer.concat([header, question, record, data]), from.port, from.address);
  }
}

function readName(message: Buffer): { name: string; end: number } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.'), end: at + 1 };
}

function nameBytes(name: string): Buffer {
  return Buffer.concat([...name.split('.').map(characterString), Buffer.of(0)]);
}

function characterString(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text, 'latin1')]);
}
