import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const CODES = { A: 1, CNAME: 5, TXT: 16 } as const;
const TYPES: readonly RecordType[] = ['A', 'CNAME', 'TXT'];
const HEADER_BYTES = 12;
const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

export type RecordType = keyof typeof CODES;

/** What there is under a name; undefined for nothing. */
export type FindRecord = (type: RecordType, name: string) => string | undefined;

/** A DNS server on loopback, over UDP and TCP. */
export class DnsServer {
  readonly address: string;
  /** Answers nothing but that it cannot answer. */
  isBroken = false;
  readonly #find: FindRecord;
  readonly #streams: Server;
  readonly #datagrams: DatagramSocket;

  private constructor(find: FindRecord, streams: Server, datagrams: DatagramSocket) {
    this.#find = find;
    this.#streams = streams;
    this.#datagrams = datagrams;
    this.address = `127.0.0.1:${datagrams.address().port}`;
    datagrams.on('message', (query, from) => datagrams.send(this.#answerTo(query), from.port, from.address));
    streams.on('connection', (stream) => this.#converse(stream));
  }

  static async start(find: FindRecord): Promise<DnsServer> {
    const streams = createServer();
    await new Promise<void>((resolve) => streams.listen(0, '127.0.0.1', resolve));
    // A server that listens on a port has an address with one.
    const { port } = streams.address() as AddressInfo;
    const datagrams = createSocket('udp4');
    await new Promise<void>((resolve) => datagrams.bind(port, '127.0.0.1', resolve));
    return new DnsServer(find, streams, datagrams);
  }

  async close(): Promise<void> {
    this.#streams.close();
    await new Promise<void>((resolve) => void this.#datagrams.close(() => resolve()));
  }

  /** Over TCP each message stands behind its length (RFC 1035, 4.2.2). */
  #converse(stream: Socket): void {
    let read = Buffer.alloc(0);
    // Whoever asked may go without waiting.
    stream.on('error', () => stream.destroy());
    stream.on('data', (chunk: Buffer) => {
      read = Buffer.concat([read, chunk]);
      while (read.length >= 2 && read.length >= 2 + read.readUInt16BE(0)) {
        const end = 2 + read.readUInt16BE(0);
        const answer = this.#answerTo(read.subarray(2, end));
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.length);
        stream.write(Buffer.concat([length, answer]));
        read = read.subarray(end);
      }
    });
  }

  #answerTo(query: Buffer): Buffer {
    const { name, end } = readName(query);
    const type = query.readUInt16BE(end);
    const question = query.subarray(HEADER_BYTES, end + 4);
    const of = (wanted: RecordType) => this.#find(wanted, name.toLowerCase());
    const known = TYPES.find((wanted) => CODES[wanted] === type);
    const value = known === undefined ? undefined : of(known);
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    const isKnown = TYPES.some((each) => of(each) !== undefined);
    const code = this.isBroken ? SERVER_FAILURE : isKnown ? 0 : NO_SUCH_NAME;
    header.writeUInt16BE(0x8180 | code, 2);
    header.writeUInt16BE(1, 4);
    if (code !== 0 || value === undefined) return Buffer.concat([header, question]);
    header.writeUInt16BE(1, 6);
    const data = dataOf(known, value);
    const record = Buffer.alloc(12);
    // The name of the question, by a pointer to it; class IN; no time to live.
    record.writeUInt16BE(0xc000 | HEADER_BYTES, 0);
    record.writeUInt16BE(type, 2);
    record.writeUInt16BE(1, 4);
    record.writeUInt16BE(data.length, 10);
    return Buffer.concat([header, question, record, data]);
  }
}

/** A DNS server that knows what a test tells it; it ends with the test. */
export class TestDns {
  readonly #records: Map<string, string>;
  readonly #server: DnsServer;

  private constructor(records: Map<string, string>, server: DnsServer) {
    this.#records = records;
    this.#server = server;
  }

  static async open(): Promise<TestDns> {
    const records = new Map<string, string>();
    const server = await DnsServer.start((type, name) => records.get(`${type} ${name}`));
    onTestFinished(() => server.close());
    return new TestDns(records, server);
  }

  get address(): string {
    return this.#server.address;
  }

  set isBroken(isBroken: boolean) {
    this.#server.isBroken = isBroken;
  }

  set(type: RecordType, name: string, value: string): void {
    this.#records.set(`${type} ${name}`, value);
  }

  clear(): void {
    this.#records.clear();
  }
}

function dataOf(type: RecordType | undefined, value: string): Buffer {
  if (type === 'A') return Buffer.from(value.split('.').map(Number));
  return type === 'TXT' ? characterString(value) : nameBytes(value);
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
