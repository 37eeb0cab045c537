import { ApiError } from '@brainpod/model/errors';
import type { StoredImage, StoredVariant } from '@brainpod/model/stored-image';
import { MANIFEST_TYPES, type RegistryPlace, repositoriesOf, unexpected, userTagsOf } from './catalogue.ts';
import { eachOf } from './each-of.ts';
import { ImageStatements } from './image-statements.ts';
import { listIn, memberOf, parseJson } from './json-parts.ts';

type Manifest = { digest: string; body: unknown };

const MOST_KEPT = 10_000;

/**
 * Reads what the registry behind `upstream` (its origin) holds. What a digest stands for never changes and is kept; which
 * digest a tag leads to is asked each time. Throws SERVICE_UNAVAILABLE (ApiError) while the registry does not answer.
 */
export class ImageReader {
  readonly #place: RegistryPlace;
  readonly #upstream: string;
  readonly #variants = new Map<string, StoredVariant[]>();

  constructor(place: RegistryPlace) {
    this.#place = place;
    this.#upstream = place.upstream;
  }

  /** All images of a namespace, by repository and tag. What is no container image is left out. */
  async list(namespace: string, signal: AbortSignal): Promise<StoredImage[]> {
    return await this.#orUnavailable(signal, async () => {
      const repositories = await repositoriesOf(this.#place, namespace, signal);
      const places = await eachOf(repositories.sort(), async (path) => {
        const tags = await userTagsOf(this.#upstream, path, signal);
        return tags.sort().map((tag) => ({ path, tag }));
      });
      const images = await eachOf(places.flat(), ({ path, tag }) => this.#read(path, tag, signal));
      return images.filter((image) => image !== null);
    });
  }

  /** The image that a tag or a digest leads to; null where there is none. `repository` is without the namespace. */
  async find(
    namespace: string,
    { repository, reference }: { repository: string; reference: string },
    signal: AbortSignal,
  ): Promise<StoredImage | null> {
    return await this.#orUnavailable(signal, () =>
      this.#read(`${namespace}/${repository}`, reference, signal),
    );
  }

  /** The kinds of what is said of an image, such as `https://slsa.dev/provenance/v1`. `repository` is without the namespace. */
  async statements(
    namespace: string,
    { repository, digest }: { repository: string; digest: string },
    signal: AbortSignal,
  ): Promise<string[]> {
    const image = { repository: `${namespace}/${repository}`, digest };
    return await this.#orUnavailable(signal, () => new ImageStatements(this.#place).kinds(image));
  }

  async #read(path: string, tag: string, signal: AbortSignal): Promise<StoredImage | null> {
    const digest = await this.#digestOf(path, tag, signal);
    if (digest === null) return null;
    const known = this.#variants.get(digest);
    const variants = known ?? (await this.#readVariants(path, digest, signal));
    if (known === undefined) this.#keep(digest, variants);
    if (variants.length === 0) return null;
    return { repository: path.slice(path.indexOf('/') + 1), tag, digest, variants };
  }

  #keep(digest: string, variants: StoredVariant[]): void {
    const [oldest] = this.#variants.keys();
    if (this.#variants.size >= MOST_KEPT && oldest !== undefined) this.#variants.delete(oldest);
    this.#variants.set(digest, variants);
  }

  async #digestOf(path: string, tag: string, signal: AbortSignal): Promise<string | null> {
    const response = await this.#get(`${path}/manifests/${tag}`, signal, 'HEAD');
    return response?.headers.get('docker-content-digest') ?? null;
  }

  async #readVariants(path: string, digest: string, signal: AbortSignal): Promise<StoredVariant[]> {
    const manifest = await this.#manifest(path, digest, signal);
    if (manifest === null) return [];
    const parts = listIn(manifest.body, 'manifests').filter((part) => !isAttestation(part));
    if (parts.length === 0)
      return [await this.#variant(path, manifest, signal)].filter((each) => each !== null);
    const variants = await eachOf(parts, async (part) => {
      const of = memberOf(part, 'digest');
      const read = typeof of === 'string' ? await this.#manifest(path, of, signal) : null;
      return read === null ? null : await this.#variant(path, read, signal);
    });
    return variants.filter((each) => each !== null);
  }

  async #manifest(path: string, digest: string, signal: AbortSignal): Promise<Manifest | null> {
    const response = await this.#get(`${path}/manifests/${digest}`, signal);
    return response === null ? null : { digest, body: parseJson(await response.text()) };
  }

  /** Null for what has a manifest but is no container image, such as a signature. */
  async #variant(
    path: string,
    { digest, body }: Manifest,
    signal: AbortSignal,
  ): Promise<StoredVariant | null> {
    const config = memberOf(body, 'config');
    const type = memberOf(config, 'mediaType');
    const configDigest = memberOf(config, 'digest');
    if (
      typeof type !== 'string' ||
      !/image\.(config\.)?v1\+json$/.test(type) ||
      typeof configDigest !== 'string'
    )
      return null;
    const response = await this.#get(`${path}/blobs/${configDigest}`, signal);
    return response === null ? null : variantOf(digest, parseJson(await response.text()));
  }

  /** Null where there is no such thing. */
  async #get(path: string, signal: AbortSignal, method = 'GET'): Promise<Response | null> {
    const url = `${this.#upstream}/v2/${path}`;
    const response = await fetch(url, { method, headers: { accept: MANIFEST_TYPES.join(', ') }, signal });
    if (response.ok) return response;
    await response.body?.cancel();
    // A name that cannot be one is that of nothing.
    if (response.status === 404 || response.status === 400) return null;
    throw unexpected(url, response);
  }

  async #orUnavailable<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (cause) {
      signal.throwIfAborted();
      throw new ApiError(
        'SERVICE_UNAVAILABLE',
        'The image registry does not answer at the moment. Try again shortly.',
        { cause },
      );
    }
  }
}

/** Builders put what they say about an image beside it, for a processor that there is not. */
function isAttestation(part: unknown): boolean {
  return memberOf(memberOf(part, 'platform'), 'architecture') === 'unknown';
}

function variantOf(digest: string, config: unknown): StoredVariant {
  const inner = memberOf(config, 'config');
  const exposed = memberOf(inner, 'ExposedPorts');
  const created = memberOf(config, 'created');
  const isInstant = typeof created === 'string' && !Number.isNaN(Date.parse(created));
  return {
    architecture: architectureOf(config),
    digest,
    ...userOf(memberOf(inner, 'User')),
    exposedPorts: typeof exposed === 'object' && exposed !== null ? Object.keys(exposed).sort() : [],
    createdAt: isInstant ? new Date(created).toISOString() : null,
  };
}

function architectureOf(config: unknown): string {
  const [architecture, variant] = [memberOf(config, 'architecture'), memberOf(config, 'variant')];
  const name = typeof architecture === 'string' && architecture !== '' ? architecture : 'unknown';
  // 64-bit ARM has one variant only, which some builders write and some do not.
  return typeof variant === 'string' && variant !== '' && name !== 'arm64' ? `${name}/${variant}` : name;
}

/** An image that says nothing of its user starts as root. */
function userOf(user: unknown): { uid: number | null; gid: number | null } {
  if (typeof user !== 'string' || user === '' || user === 'root') return { uid: 0, gid: 0 };
  const [uid = '', gid = ''] = user.split(':');
  const number = (text: string) => (/^\d{1,10}$/.test(text) ? Number(text) : null);
  return { uid: number(uid), gid: number(gid) };
}
