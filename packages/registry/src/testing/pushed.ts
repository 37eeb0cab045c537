import { createHash } from 'node:crypto';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';

type Json = Record<string, unknown>;
/** What an index says of a manifest. */
export type Pushed = { mediaType: string; digest: string; size: number };

/** Puts small images straight into the registry behind the front. */
export class Pusher {
  readonly #origin: string;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** An image of one layer with this config. `configType` makes it something else than a container image. */
  async image(repository: string, tag: string, config: Json, configType = CONFIG): Promise<Pushed> {
    const body = { mediaType: configType, ...(await this.#blob(repository, JSON.stringify(config))) };
    const layer = {
      mediaType: 'application/vnd.oci.image.layer.v1.tar',
      ...(await this.#blob(repository, '')),
    };
    return await this.#manifest(repository, tag, { mediaType: MANIFEST, config: body, layers: [layer] });
  }

  /** An index of manifests, each with what it says of its platform. */
  async index(repository: string, tag: string, parts: (Pushed & { platform: Json })[]): Promise<Pushed> {
    return await this.#manifest(repository, tag, { mediaType: INDEX, manifests: parts });
  }

  async #blob(repository: string, text: string): Promise<{ digest: string; size: number }> {
    const digest = digestOf(text);
    const started = await fetch(`${this.#origin}/v2/${repository}/blobs/uploads/`, { method: 'POST' });
    const location = new URL(started.headers.get('location') ?? '', this.#origin);
    location.searchParams.set('digest', digest);
    const ended = await fetch(location, { method: 'PUT', body: text });
    if (ended.status !== 201) throw new Error(`a blob was not taken: ${ended.status} ${await ended.text()}`);
    return { digest, size: Buffer.byteLength(text) };
  }

  async #manifest(repository: string, tag: string, manifest: Json & { mediaType: string }): Promise<Pushed> {
    const body = JSON.stringify({ schemaVersion: 2, ...manifest });
    const { mediaType } = manifest;
    const put = await fetch(`${this.#origin}/v2/${repository}/manifests/${tag}`, {
      method: 'PUT',
      headers: { 'content-type': mediaType },
      body,
    });
    if (put.status !== 201) throw new Error(`a manifest was not taken: ${put.status} ${await put.text()}`);
    return { mediaType, digest: digestOf(body), size: Buffer.byteLength(body) };
  }
}

function digestOf(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
