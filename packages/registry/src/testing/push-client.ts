import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG = 'application/vnd.oci.image.config.v1+json';
const TRIES = 200;

type Origin = { origin: string; authorization: string };
/** `all` are the digests of manifest, config and layers. */
export type PushedImage = { digest: string; config: string; all: string[] };

/** A push that was refused as a whole: nothing of it counts. */
class PushRefused extends Error {}

/** Pushes and pulls through the front, as a client does. */
export class PushClient {
  readonly #origin: string;
  readonly #headers: { authorization: string };

  constructor({ origin, authorization }: Origin) {
    this.#origin = origin;
    this.#headers = { authorization };
  }

  async image(repository: string, tag: string, layers: Buffer[]): Promise<PushedImage> {
    const config = await this.blob(
      repository,
      Buffer.from(JSON.stringify({ architecture: 'amd64', repository, tag })),
    );
    const pushed: { digest: string; size: number }[] = [];
    for (const layer of layers) pushed.push(await this.blob(repository, layer));
    return await this.#manifest(repository, tag, config, pushed);
  }

  /** The same image in another repository, its blobs mounted from the first. */
  async mounted(repository: string, from: string, tag: string, image: PushedImage): Promise<void> {
    for (const digest of image.all.slice(1)) {
      const query = new URLSearchParams({ mount: digest, from });
      const mounted = await this.#call('POST', `${repository}/blobs/uploads/?${query}`);
      if (mounted.status !== 201) throw new PushRefused(`mount: ${mounted.status}`);
    }
    const manifest = await this.#call('GET', `${from}/manifests/${image.digest}`);
    const put = await this.#call('PUT', `${repository}/manifests/${tag}`, {
      headers: { 'content-type': MANIFEST },
      body: await manifest.text(),
    });
    if (put.status !== 201) throw new PushRefused(`manifest: ${put.status}`);
  }

  async blob(repository: string, content: Buffer): Promise<{ digest: string; size: number }> {
    const digest = digestOf(content);
    const present = await this.status('HEAD', `${repository}/blobs/${digest}`);
    if (present === 200) return { digest, size: content.length };
    const started = await this.#call('POST', `${repository}/blobs/uploads/`);
    if (started.status !== 202) throw new PushRefused(`upload: ${started.status} ${await started.text()}`);
    const ended = await this.endUpload(this.#locationOf(started), content, digest);
    if (ended !== 201) throw new PushRefused(`blob: ${ended}`);
    return { digest, size: content.length };
  }

  async beginUpload(repository: string, content: Buffer): Promise<URL> {
    const started = await this.#call('POST', `${repository}/blobs/uploads/`);
    const part = await fetch(this.#locationOf(started), {
      method: 'PATCH',
      headers: { ...this.#headers, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(content),
    });
    await part.body?.cancel();
    if (part.status !== 202) throw new PushRefused(`part: ${part.status}`);
    return this.#locationOf(part);
  }

  /** The status of the last answer. */
  async endUpload(location: URL, content: Buffer, digest: string): Promise<number> {
    location.searchParams.set('digest', digest);
    const ended = await fetch(location, {
      method: 'PUT',
      headers: this.#headers,
      body: new Uint8Array(content),
    });
    await ended.body?.cancel();
    return ended.status;
  }

  /** Pulls all of an image, checks every byte of it, and gives the digests. */
  async pull(repository: string, reference: string): Promise<string[]> {
    const manifest = await this.#whole(`${repository}/manifests/${reference}`);
    const { config, layers } = JSON.parse(manifest.toString());
    const digests: string[] = [config, ...layers].map((part) => part.digest);
    for (const digest of digests) {
      const content = await this.#whole(`${repository}/blobs/${digest}`);
      if (digestOf(content) !== digest) throw new Error(`${digest} has other bytes`);
    }
    return [digestOf(manifest), ...digests];
  }

  async status(method: string, path: string): Promise<number> {
    const answer = await this.#call(method, path);
    await answer.body?.cancel();
    return answer.status;
  }

  /** Tries until it is not refused, as people do; any other fault counts. */
  async insist<T>(push: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await push();
      } catch (error) {
        if (!(error instanceof PushRefused) || tries === TRIES) throw error;
        await delay(1);
      }
    }
  }

  async #manifest(
    repository: string,
    tag: string,
    config: { digest: string; size: number },
    layers: { digest: string; size: number }[],
  ): Promise<PushedImage> {
    const layerType = 'application/vnd.oci.image.layer.v1.tar';
    const body = JSON.stringify({
      ...{ schemaVersion: 2, mediaType: MANIFEST, config: { mediaType: CONFIG, ...config } },
      layers: layers.map((layer) => ({ mediaType: layerType, ...layer })),
    });
    const put = await this.#call('PUT', `${repository}/manifests/${tag}`, {
      headers: { 'content-type': MANIFEST },
      body,
    });
    if (put.status !== 201) throw new PushRefused(`manifest: ${put.status} ${await put.text()}`);
    const digest = digestOf(Buffer.from(body));
    const all = [digest, config.digest, ...layers.map((layer) => layer.digest)];
    return { digest, config: config.digest, all };
  }

  async #whole(path: string): Promise<Buffer> {
    const answer = await this.#call('GET', path);
    const content = Buffer.from(await answer.arrayBuffer());
    if (answer.status !== 200) throw new Error(`GET ${path}: ${answer.status} ${content}`);
    return content;
  }

  #call(method: string, path: string, more: { headers?: object; body?: string } = {}): Promise<Response> {
    return fetch(`${this.#origin}/v2/${path}`, {
      method,
      ...more,
      headers: { accept: MANIFEST, ...this.#headers, ...more.headers },
    });
  }

  #locationOf(answer: Response): URL {
    return new URL(answer.headers.get('location') ?? '', this.#origin);
  }
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
