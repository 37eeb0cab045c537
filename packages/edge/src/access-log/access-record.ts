import { ProtobufFields } from './protobuf-fields.ts';

/** One request as Envoy tells of it, so far as we want to know. Texts that it does not say are empty. */
export type AccessRecord = {
  startMs: number;
  durationMs: number;
  /** `httproute/<namespace>/<name>/rule/…` where Envoy Gateway found a Route for it. */
  routeName: string;
  method: string;
  authority: string;
  path: string;
  userAgent: string;
  requestId: string;
  protocol: string;
  /** 0 where there was no answer. */
  status: number;
  responseFlags: string;
  bytesSent: number;
  bytesReceived: number;
  upstreamHost: string;
  clientIp: string;
};

/** What one message of the stream says. Only the first names the Envoy. */
export type AccessMessage = { node: string | null; records: AccessRecord[] };

const METHODS = ['', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];
const PROTOCOLS = ['', 'HTTP/1.0', 'HTTP/1.1', 'HTTP/2', 'HTTP/3'];

/** Envoy's short words, by the field that says so in its ResponseFlags. */
const FLAGS: Readonly<Record<number, string>> = {
  1: 'LH',
  2: 'UH',
  3: 'UT',
  4: 'LR',
  5: 'UR',
  6: 'UF',
  7: 'UC',
  8: 'UO',
  9: 'NR',
  10: 'DI',
  11: 'FI',
  12: 'RL',
  13: 'UAEX',
  14: 'RLSE',
  15: 'DC',
  16: 'URX',
  17: 'SI',
  18: 'IH',
  19: 'DPE',
  20: 'UMSDR',
  21: 'RFCF',
  22: 'NFCF',
  23: 'DT',
  24: 'UPE',
  25: 'NC',
  26: 'OM',
  27: 'DF',
  28: 'DR',
};

/** Reads an `envoy.service.accesslog.v3.StreamAccessLogsMessage`. Throws a ProtobufFault when it is none. */
export function readAccessMessage(bytes: Buffer): AccessMessage {
  const message: AccessMessage = { node: null, records: [] };
  const fields = new ProtobufFields(bytes);
  while (fields.next()) {
    if (fields.field === 1) message.node = readNode(fields.message());
    else if (fields.field === 2) readEntries(fields.message(), message.records);
    else fields.skip();
  }
  return message;
}

function readNode(identifier: ProtobufFields): string | null {
  let id: string | null = null;
  while (identifier.next()) {
    if (identifier.field !== 1) {
      identifier.skip();
      continue;
    }
    const node = identifier.message();
    while (node.next()) {
      if (node.field === 1) id = node.text();
      else node.skip();
    }
  }
  return id;
}

function readEntries(entries: ProtobufFields, into: AccessRecord[]): void {
  while (entries.next()) {
    if (entries.field === 1) into.push(readEntry(entries.message()));
    else entries.skip();
  }
}

function readEntry(entry: ProtobufFields): AccessRecord {
  const record: AccessRecord = {
    startMs: 0,
    durationMs: 0,
    routeName: '',
    method: '',
    authority: '',
    path: '',
    userAgent: '',
    requestId: '',
    protocol: '',
    status: 0,
    responseFlags: '',
    bytesSent: 0,
    bytesReceived: 0,
    upstreamHost: '',
    clientIp: '',
  };
  while (entry.next()) {
    if (entry.field === 1) readCommon(entry.message(), record);
    else if (entry.field === 2) record.protocol = PROTOCOLS[entry.number()] ?? '';
    else if (entry.field === 3) readRequest(entry.message(), record);
    else if (entry.field === 4) readResponse(entry.message(), record);
    else entry.skip();
  }
  return record;
}

function readCommon(common: ProtobufFields, record: AccessRecord): void {
  let lastByteMs = 0;
  while (common.next()) {
    if (common.field === 2) record.clientIp = readAddress(common.message()).address;
    else if (common.field === 5) record.startMs = readTime(common.message());
    else if (common.field === 12) lastByteMs = readTime(common.message());
    else if (common.field === 13) record.upstreamHost = hostOf(readAddress(common.message()));
    else if (common.field === 16) record.responseFlags = readFlags(common.message());
    else if (common.field === 19) record.routeName = common.text();
    else if (common.field === 23) record.durationMs = readTime(common.message());
    else common.skip();
  }
  // Where it does not say how long all took, the last byte of the answer was the end.
  if (record.durationMs === 0) record.durationMs = lastByteMs;
}

function readRequest(request: ProtobufFields, record: AccessRecord): void {
  while (request.next()) {
    if (request.field === 1) record.method = METHODS[request.number()] ?? '';
    else if (request.field === 3) record.authority = request.text();
    else if (request.field === 5) record.path = request.text();
    else if (request.field === 6) record.userAgent = request.text();
    else if (request.field === 9) record.requestId = request.text();
    else if (request.field === 12) record.bytesReceived = request.number();
    else request.skip();
  }
}

function readResponse(response: ProtobufFields, record: AccessRecord): void {
  while (response.next()) {
    if (response.field === 1) record.status = readWrapped(response.message());
    else if (response.field === 3) record.bytesSent = response.number();
    else response.skip();
  }
}

function readWrapped(wrapper: ProtobufFields): number {
  let value = 0;
  while (wrapper.next()) {
    if (wrapper.field === 1) value = wrapper.number();
    else wrapper.skip();
  }
  return value;
}

/** A time or a duration, to the microsecond, in ms. */
function readTime(time: ProtobufFields): number {
  let seconds = 0;
  let nanos = 0;
  while (time.next()) {
    if (time.field === 1) seconds = time.number();
    else if (time.field === 2) nanos = time.number();
    else time.skip();
  }
  return seconds * 1000 + Math.round(nanos / 1000) / 1000;
}

type Address = { address: string; port: number };

function readAddress(address: ProtobufFields): Address {
  const found: Address = { address: '', port: 0 };
  while (address.next()) {
    if (address.field !== 1) {
      address.skip();
      continue;
    }
    const socket = address.message();
    while (socket.next()) {
      if (socket.field === 2) found.address = socket.text();
      else if (socket.field === 3) found.port = socket.number();
      else socket.skip();
    }
  }
  return found;
}

function hostOf({ address, port }: Address): string {
  if (address === '') return '';
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function readFlags(flags: ProtobufFields): string {
  const said: string[] = [];
  while (flags.next()) {
    const word = FLAGS[flags.field];
    if (word !== undefined) said.push(word);
    flags.skip();
  }
  return said.join(',');
}
