/**
 * Moves one large image, and says how long it took: into a registry or out of it as a client does, or as many bytes onto
 * the disk and from it. What clients do besides (packing, hashing) is not in it. Its argument is a Transfer in JSON; it
 * prints a Transferred.
 */
import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { Connection } from './connection.ts';

export type Transfer =
  | { what: 'push'; port: number; authorization: string | null; repository: string; bytes: number }
  | { what: 'pull'; port: number; authorization: string | null; repository: string; layer: string }
  | { what: 'write'; file: string; bytes: number }
  | { what: 'read'; file: string };
/** `layer` is the digest of what was pushed. */
export type Transferred = { seconds: number; bytes: number; layer: string };

const BLOCK_BYTES = 1 << 20;
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux' }));

// Written by bench/registry.ts.
const transfer = JSON.parse(process.argv[2] ?? '') as Transfer;
console.log(JSON.stringify(await move(transfer)));

async function move(asked: Transfer): Promise<Transferred> {
  switch (asked.what) {
    case 'push':
      return await push(asked);
    case 'pull':
      return await pull(asked);
    case 'write':
      return write(asked);
    case 'read':
      return read(asked);
  }
}

/** What no registry has yet, and no file system can make smaller. */
function* blocksOf(random: Buffer, bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += random.length)
    yield random.subarray(0, Math.min(bytes - at, random.length));
}

async function push({
  port,
  authorization,
  repository,
  bytes,
}: Transfer & { what: 'push' }): Promise<Transferred> {
  const random = randomBytes(BLOCK_BYTES);
  const hash = createHash('sha256');
  for (const block of blocksOf(random, bytes)) hash.update(block);
  const layer = `sha256:${hash.digest('hex')}`;
  const config = `sha256:${createHash('sha256').update(CONFIG).digest('hex')}`;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config, size: CONFIG.length },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer, size: bytes }],
    }),
  );
  const began = performance.now();
  const connection = new Connection(port, authorization);
  const upload = async (digest: string, size: number, body: Iterable<Buffer>): Promise<void> => {
    const { location } = await connection.ask(202, `POST /v2/${repository}/blobs/uploads/`, {
      'Content-Length': 0,
    });
    const to = new URL(location ?? '', `http://127.0.0.1:${port}`);
    to.searchParams.set('digest', digest);
    const headers = { 'Content-Length': size, 'Content-Type': 'application/octet-stream' };
    await connection.ask(201, `PUT ${to.pathname}${to.search}`, headers, body);
  };
  await upload(layer, bytes, blocksOf(random, bytes));
  await upload(config, CONFIG.length, [CONFIG]);
  const headers = { 'Content-Length': manifest.length, 'Content-Type': MANIFEST };
  await connection.ask(201, `PUT /v2/${repository}/manifests/1`, headers, [manifest]);
  connection.close();
  return { seconds: secondsSince(began), bytes, layer };
}

async function pull({
  port,
  authorization,
  repository,
  layer,
}: Transfer & { what: 'pull' }): Promise<Transferred> {
  const began = performance.now();
  const connection = new Connection(port, authorization);
  await connection.ask(200, `GET /v2/${repository}/manifests/1`, { Accept: MANIFEST });
  const { bytes } = await connection.ask(200, `GET /v2/${repository}/blobs/${layer}`);
  connection.close();
  return { seconds: secondsSince(began), bytes, layer };
}

function write({ file, bytes }: Transfer & { what: 'write' }): Transferred {
  const random = randomBytes(BLOCK_BYTES);
  const began = performance.now();
  const to = openSync(file, 'w');
  for (const block of blocksOf(random, bytes)) writeSync(to, block);
  fsyncSync(to);
  closeSync(to);
  return { seconds: secondsSince(began), bytes, layer: '' };
}

function read({ file }: Transfer & { what: 'read' }): Transferred {
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  const began = performance.now();
  const from = openSync(file, 'r');
  let bytes = 0;
  for (let size = -1; size !== 0; bytes += size) size = readSync(from, buffer);
  closeSync(from);
  return { seconds: secondsSince(began), bytes, layer: '' };
}

function secondsSince(began: number): number {
  return (performance.now() - began) / 1000;
}
