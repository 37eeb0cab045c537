import { createReadStream } from 'node:fs';
import { request } from 'node:http';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Image, MANIFEST_TYPE } from './oci-image.ts';

const TIMEOUT_MS = 5 * 60 * 1000;

/** A repository of a registry that wants no authentication, such as the one on loopback. */
export type Repository = { registryUrl: string; name: string };

type Answer = { status: number; location: string | null; body: Buffer };
type Body = { bytes: Buffer } | { stream: Readable; sizeBytes: number };

/** The labels of an image in the registry, or null where there is no such tag. */
export async function imageLabels(
  repository: Repository,
  tag: string,
): Promise<Record<string, string> | null> {
  const manifest = await call(repository, 'GET', `manifests/${tag}`, { accept: MANIFEST_TYPE });
  if (manifest.status === 404) return null;
  expectStatus(manifest, [200], `reading ${repository.name}:${tag}`);
  const digest = stringAt(JSON.parse(manifest.body.toString('utf8')), ['config', 'digest']);
  if (digest === null) return {};
  const config = await call(repository, 'GET', `blobs/${digest}`, {});
  if (config.status === 404) return null;
  expectStatus(config, [200], `reading the configuration of ${repository.name}:${tag}`);
  const labels = valueAt(JSON.parse(config.body.toString('utf8')), ['config', 'Labels']);
  const entries = typeof labels === 'object' && labels !== null ? Object.entries(labels) : [];
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Pushes what the registry does not have yet, and the tags last: a tag never names an image that is not whole. */
export async function pushImage(
  repository: Repository,
  tags: readonly string[],
  image: Image,
): Promise<void> {
  for (const layer of image.layers) {
    await pushBlob(repository, layer.digest, () => ({
      stream: createReadStream(layer.file),
      sizeBytes: layer.sizeBytes,
    }));
  }
  await pushBlob(repository, image.config.digest, () => ({ bytes: image.config.bytes }));
  for (const tag of tags) {
    const put = await call(
      repository,
      'PUT',
      `manifests/${tag}`,
      { 'content-type': MANIFEST_TYPE },
      { bytes: image.manifest.bytes },
    );
    expectStatus(put, [201, 202], `writing ${repository.name}:${tag}`);
  }
}

async function pushBlob(repository: Repository, digest: string, body: () => Body): Promise<void> {
  const present = await call(repository, 'HEAD', `blobs/${digest}`, {});
  if (present.status === 200) return;
  const start = await call(repository, 'POST', 'blobs/uploads/', {});
  expectStatus(start, [202], 'starting an upload');
  if (start.location === null) throw new Error('The registry did not say where to upload to.');
  const target = new URL(start.location, repository.registryUrl);
  target.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  expectStatus(await send(target, 'PUT', headers, body()), [201], `uploading ${digest}`);
}

function call(
  repository: Repository,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: Body,
): Promise<Answer> {
  return send(new URL(`/v2/${repository.name}/${path}`, repository.registryUrl), method, headers, body);
}

async function send(
  target: URL,
  method: string,
  headers: Record<string, string>,
  body?: Body,
): Promise<Answer> {
  const length = body === undefined ? 0 : 'bytes' in body ? body.bytes.length : body.sizeBytes;
  const outgoing = request(target, {
    method,
    headers: { ...headers, 'content-length': String(length) },
    timeout: TIMEOUT_MS,
  });
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.on('error', reject);
    outgoing.on('timeout', () => outgoing.destroy(new Error('The registry was silent for five minutes.')));
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          location: incoming.headers.location ?? null,
          body: Buffer.concat(chunks),
        }),
      );
    });
  });
  if (body !== undefined && 'stream' in body) {
    const [received] = await Promise.all([answer, pipeline(body.stream, outgoing)]);
    return received;
  }
  outgoing.end(body?.bytes);
  return await answer;
}

function expectStatus(answer: Answer, statuses: readonly number[], doing: string): void {
  if (statuses.includes(answer.status)) return;
  throw new Error(
    `The registry answered ${answer.status} when ${doing}: ${answer.body.toString('utf8').slice(0, 500)}`,
  );
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let current = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null) return null;
    current = Object.entries(current).find(([name]) => name === key)?.[1];
  }
  return current;
}

function stringAt(value: unknown, path: readonly string[]): string | null {
  const found = valueAt(value, path);
  return typeof found === 'string' ? found : null;
}
