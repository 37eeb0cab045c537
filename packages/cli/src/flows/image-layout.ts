import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ReadableStream } from 'node:stream/web';
import type { ImageLocation } from '@brainpod/builder/execute/image-config';
import { CliFailure } from '../failure.ts';

type Descriptor = { mediaType: string; digest: string; size: number };

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const DOCUMENT_TYPES = [
  'application/vnd.oci.image.manifest.v1+json',
  INDEX_TYPE,
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const DIGEST = /^sha256:([0-9a-f]{64})$/;
/** As the registry takes them. */
const LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30 * 60_000;

/** Throws CliFailure where a layout could not be written there without touching what is there. */
export async function checkLayoutDirectory(directory: string): Promise<void> {
  try {
    if ((await readdir(directory)).length === 0) return;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : null;
    if (code === 'ENOENT') return;
    if (code !== 'ENOTDIR') throw error;
  }
  throw new CliFailure(`${directory} is there already, and not empty. Nothing was built.`, {
    advice: 'Name a directory that is not there, or an empty one.',
  });
}

/**
 * Writes an image as an OCI image layout (image-spec, image-layout.md), with all that its manifest names, each checked against its
 * digest. The index comes last: without it nothing there counts. `reference` of the location is a digest.
 */
export async function writeImageLayout(
  image: ImageLocation,
  { directory, tag }: { directory: string; tag: string },
): Promise<void> {
  const blobs = join(directory, 'blobs/sha256');
  await mkdir(blobs, { recursive: true });
  const root = await keepDocument(image, blobs, image.reference);
  const described = { ...root, annotations: { 'org.opencontainers.image.ref.name': tag } };
  await writeFile(join(directory, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests: [described] };
  await writeFile(join(directory, 'index.json'), JSON.stringify(index));
}

/** A manifest, or an index of several, with what it names. */
async function keepDocument(image: ImageLocation, blobs: string, digest: string): Promise<Descriptor> {
  const answer = await ask(image, `manifests/${digest}`, DOCUMENT_TYPES.join(', '));
  const bytes = Buffer.from(await answer.arrayBuffer());
  if (bytes.length > LARGEST_DOCUMENT_BYTES) throw damaged(image, digest);
  checkDigest(image, digest, createHash('sha256').update(bytes).digest('hex'));
  const fields = fieldsOf(JSON.parse(bytes.toString('utf8')));
  const [manifests, layers] = [fields.get('manifests'), fields.get('layers')];
  for (const each of Array.isArray(manifests) ? manifests : [])
    await keepDocument(image, blobs, descriptorIn(image, each).digest);
  const parts = Array.isArray(layers) ? [fields.get('config'), ...layers] : [];
  for (const each of parts) await keepBlob(image, blobs, descriptorIn(image, each));
  await writeFile(join(blobs, hexOf(image, digest)), bytes);
  const mediaType = answer.headers.get('content-type') ?? '';
  return { mediaType, digest, size: bytes.length };
}

async function keepBlob(image: ImageLocation, blobs: string, { digest, size }: Descriptor): Promise<void> {
  const target = join(blobs, hexOf(image, digest));
  const partial = `${target}.partial`;
  const answer = await ask(image, `blobs/${digest}`, '*/*');
  const hash = createHash('sha256');
  let received = 0;
  try {
    // The global type and Node's own of the very same stream do not know each other.
    const body = Readable.fromWeb((answer.body ?? new Blob([]).stream()) as ReadableStream<Uint8Array>);
    body.on('data', (chunk: Uint8Array) => {
      hash.update(chunk);
      received += chunk.length;
      if (received > size) body.destroy(damaged(image, digest));
    });
    await pipeline(body, createWriteStream(partial));
    checkDigest(image, digest, hash.digest('hex'));
    await rename(partial, target);
  } finally {
    await rm(partial, { force: true });
  }
}

async function ask(image: ImageLocation, path: string, accept: string): Promise<Response> {
  const authorization = `Basic ${Buffer.from(`api:${image.apiKey}`).toString('base64')}`;
  const answer = await fetch(new URL(`/v2/${image.repository}/${path}`, image.registryEndpoint), {
    headers: { authorization, accept },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (answer.ok) return answer;
  await answer.body?.cancel();
  throw new CliFailure(
    `The registry answered ${answer.status} when asked for ${path} of ${image.repository}. The image is in the registry; its copy is not complete.`,
  );
}

function checkDigest(image: ImageLocation, digest: string, hex: string): void {
  if (digest !== `sha256:${hex}`) throw damaged(image, digest);
}

function damaged(image: ImageLocation, digest: string): CliFailure {
  return new CliFailure(`What the registry gave as ${digest} of ${image.repository} is something else.`, {
    advice: 'Try again; if it stays so, tell the operator of the registry.',
  });
}

function hexOf(image: ImageLocation, digest: string): string {
  const [, hex] = DIGEST.exec(digest) ?? [];
  if (hex === undefined) throw damaged(image, digest);
  return hex;
}

function descriptorIn(image: ImageLocation, value: unknown): Descriptor {
  const fields = fieldsOf(value);
  const [mediaType, digest, size] = ['mediaType', 'digest', 'size'].map((name) => fields.get(name));
  if (typeof digest !== 'string' || typeof size !== 'number') throw damaged(image, image.reference);
  return { mediaType: typeof mediaType === 'string' ? mediaType : '', digest, size };
}

function fieldsOf(value: unknown): ReadonlyMap<string, unknown> {
  return new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
}
