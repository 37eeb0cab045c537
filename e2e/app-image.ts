import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { readRegistryHost } from 'brainpod/flows/registry-host';
import { writeTar } from '../tools/base-image/layer-tar.ts';
import { compressLayer, MANIFEST_TYPE } from '../tools/base-image/oci-image.ts';
import type { Installation } from './brainpod.ts';

/** A registry's front, and a key that it takes. */
export type RegistryAccess = { origin: string; key: string };
/** `user` is 1000 and `command` starts the program, where they are left out. */
export type AppSource = { program: string; user?: string; command?: string[] };

type Part = { mediaType: string; digest: string; size: number };
type Manifest = { config: Part; layers: Part[] };
type Configuration = {
  config?: Record<string, unknown>;
  rootfs: { type: string; diff_ids: string[] };
  history?: object[];
};

const PROGRAM = 'app/main.cjs';
/** npm start has put it there for its own app. */
const BASE = 'http://127.0.0.1:4650/v2/docker.io/library/node';
const BASE_TAG = '24-trixie-slim';

/** Where each registry was last pushed to: a repository that has the base image's layers already. */
const pushedBefore = new Map<string, string>();

/**
 * Brings a little app's image to a pod as a pipeline of somebody's does that has built it elsewhere: through the registry's front,
 * with a key. That is node, and one layer with the program. Gives the reference with its digest.
 */
export async function pushApp(
  installation: Installation,
  pod: string,
  name: string,
  source: AppSource,
): Promise<string> {
  const access = await accessOf(installation);
  return pushAppWith(access, path.join(installation.home, 'apps'), pod, name, source);
}

/** As {@link pushApp}, for who has a key at hand. The layer is made in `directory`. */
export async function pushAppWith(
  { origin, key }: RegistryAccess,
  directory: string,
  pod: string,
  name: string,
  source: AppSource,
): Promise<string> {
  const repository = `${pod}/${name}`;
  const registry = new Registry(origin, key, repository);
  const base: Manifest = JSON.parse(await textOf(`${BASE}/manifests/${BASE_TAG}`));
  const configuration: Configuration = JSON.parse(await textOf(`${BASE}/blobs/${base.config.digest}`));
  const layer = await layerOf(path.join(directory, repository), source.program);
  for (const { digest } of base.layers)
    await registry.provide(digest, () => bytesOf(`${BASE}/blobs/${digest}`));
  await registry.provide(layer.digest, () => readFile(layer.file));
  const config = Buffer.from(JSON.stringify(withProgram(configuration, layer.diffId, source)));
  await registry.provide(digestOf(config), async () => config);
  const type = 'application/vnd.oci.image.layer.v1.tar+gzip';
  const digest = await registry.putManifest({
    config: { ...base.config, digest: digestOf(config), size: config.length },
    layers: [...base.layers, { mediaType: type, digest: layer.digest, size: layer.sizeBytes }],
  });
  return `${await readRegistryHost(origin, key)}/${repository}@${digest}`;
}

function withProgram(base: Configuration, diffId: string, source: AppSource): Configuration {
  const { user = '1000', command = ['node', `/${PROGRAM}`] } = source;
  return {
    ...base,
    config: { ...base.config, User: user, Cmd: command, ExposedPorts: { '8080/tcp': {} } },
    rootfs: { ...base.rootfs, diff_ids: [...base.rootfs.diff_ids, diffId] },
    history: [...(base.history ?? []), { created_by: `COPY main.cjs /${PROGRAM}` }],
  };
}

async function layerOf(directory: string, program: string) {
  const root = path.join(directory, 'root');
  const file = path.join(root, PROGRAM);
  await rm(directory, { recursive: true, force: true });
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, program);
  const tar = path.join(directory, 'layer.tar');
  await writeTar(root, tar, 0);
  return await compressLayer(tar, path.join(directory, 'layer.tar.gz'), 'program');
}

/** One repository behind the front. */
class Registry {
  readonly #origin: string;
  readonly #repository: string;
  readonly #authorization: string;

  constructor(origin: string, key: string, repository: string) {
    this.#origin = origin;
    this.#repository = repository;
    this.#authorization = `Basic ${Buffer.from(`api:${key}`).toString('base64')}`;
  }

  /** Mounts a blob where it was pushed before; otherwise it is read and uploaded. */
  async provide(digest: string, read: () => Promise<Buffer<ArrayBuffer>>): Promise<void> {
    const from = pushedBefore.get(this.#origin);
    const query = new URLSearchParams(from === undefined ? {} : { mount: digest, from });
    const begun = await this.#call('POST', `blobs/uploads/?${query}`, [201, 202]);
    if (begun.status === 201) return;
    const target = new URL(begun.headers.get('location') ?? '', this.#origin);
    target.searchParams.set('digest', digest);
    await this.#call('PUT', target.href, [201], 'application/octet-stream', await read());
  }

  async putManifest({ config, layers }: Manifest): Promise<string> {
    const body = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MANIFEST_TYPE, config, layers }));
    await this.#call('PUT', 'manifests/latest', [201], MANIFEST_TYPE, body);
    pushedBefore.set(this.#origin, this.#repository);
    return digestOf(body);
  }

  async #call(
    method: string,
    where: string,
    expected: readonly number[],
    type = '',
    body: Buffer<ArrayBuffer> | null = null,
  ): Promise<Response> {
    const answer = await fetch(new URL(where, `${this.#origin}/v2/${this.#repository}/`), {
      method,
      headers: { authorization: this.#authorization, ...(type === '' ? {} : { 'content-type': type }) },
      body,
    });
    const text = await answer.text();
    if (!expected.includes(answer.status))
      throw new Error(`${method} ${this.#repository} ${where}: ${answer.status} ${text}`);
    return answer;
  }
}

/** Where the command finds them too. */
async function accessOf({ home, environment }: Installation): Promise<RegistryAccess> {
  const origin =
    environment.BRAINPOD_REGISTRY_ENDPOINT ?? environment.BRAINPOD_API_ENDPOINT ?? 'http://127.0.0.1:4600';
  if (environment.BRAINPOD_API_TOKEN !== undefined) return { origin, key: environment.BRAINPOD_API_TOKEN };
  const text = await readFile(path.join(home, '.config/brainpod/config.toml'), 'utf8');
  const key = /^api_token = "(\w+)"$/m.exec(text)?.[1];
  if (key === undefined) throw new Error(`there is no key in the configuration of ${home}`);
  return { origin, key };
}

async function textOf(url: string): Promise<string> {
  return (await bytesOf(url)).toString('utf8');
}

async function bytesOf(url: string): Promise<Buffer<ArrayBuffer>> {
  const answer = await fetch(url, { headers: { accept: `${MANIFEST_TYPE}, */*` } });
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
