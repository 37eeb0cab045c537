import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';

/** One request through a Route, as its edge told of it. */
export type HttpAccess = {
  /** When it was over: ms since 1970. */
  atMs: number;
  method: string;
  /** With the query. */
  path: string;
  host: string;
  /** 0 where there was no answer. */
  status: number;
  durationMs: number;
  protocol: string | null;
  /** Why the edge answered or ended it: Envoy's short words, such as UF; null where all went well. */
  responseFlags: string | null;
  bytesSent: number;
  bytesReceived: number;
  /** Address and port of the instance. */
  upstreamHost: string | null;
  clientIp: string | null;
  userAgent: string | null;
  requestId: string | null;
};

/** An event with its place among all of the installation; places only grow with time. */
export type PlacedHttpAccess = HttpAccess & { position: number };

type Row = [
  fromFirst: number,
  atMs: number,
  method: string,
  path: string,
  host: string,
  status: number,
  durationMs: number,
  protocol: string | null,
  responseFlags: string | null,
  bytesSent: number,
  bytesReceived: number,
  upstreamHost: string | null,
  clientIp: string | null,
  userAgent: string | null,
  requestId: string | null,
];

/** Packs events, each with its distance from the first one's place. */
export function packEvents(events: readonly { fromFirst: number; event: HttpAccess }[]): Buffer {
  const rows = events.map(
    ({ fromFirst, event }): Row => [
      fromFirst,
      event.atMs,
      event.method,
      event.path,
      event.host,
      event.status,
      event.durationMs,
      event.protocol,
      event.responseFlags,
      event.bytesSent,
      event.bytesReceived,
      event.upstreamHost,
      event.clientIp,
      event.userAgent,
      event.requestId,
    ],
  );
  return zstdCompressSync(JSON.stringify(rows));
}

/** The events of a chunk whose first has this place, oldest first. */
export function unpackEvents(data: Buffer, firstPosition: number): PlacedHttpAccess[] {
  // A parse boundary: `packEvents` wrote it.
  const rows = JSON.parse(zstdDecompressSync(data).toString()) as Row[];
  return rows.map((row) => ({
    position: firstPosition + row[0],
    atMs: row[1],
    method: row[2],
    path: row[3],
    host: row[4],
    status: row[5],
    durationMs: row[6],
    protocol: row[7],
    responseFlags: row[8],
    bytesSent: row[9],
    bytesReceived: row[10],
    upstreamHost: row[11],
    clientIp: row[12],
    userAgent: row[13],
    requestId: row[14],
  }));
}
