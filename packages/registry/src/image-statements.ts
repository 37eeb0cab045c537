import { createHash } from 'node:crypto';
import type { RegistryPlace } from './catalogue.ts';
import { listIn, memberOf, parseJson } from './json-parts.ts';
import { PushGuard } from './push-guard.ts';
import { readReferrers, referrerTag } from './referrers.ts';
import { StorageLayout } from './storage-layout.ts';
import { askUpstream, type UpstreamAnswer } from './upstream.ts';

const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
const PREDICATE = 'in-toto.io/predicate-type';
const EMPTY_TYPE = 'application/vnd.oci.empty.v1+json';

/** An image by its digest; `repository` begins with the name of the pod. */
export type StatedImage = { repository: string; digest: string };

/** Keeps what is said of images beside them, as in-toto statements that refer to them. */
export class ImageStatements {
  readonly #origin: URL;
  readonly #guard: PushGuard;

  constructor({ upstream, storage }: RegistryPlace) {
    this.#origin = new URL(upstream);
    this.#guard = new PushGuard(new StorageLayout(storage));
  }

  /** The kinds of what is said of an image. Rejects while the registry does not answer. */
  async kinds(image: StatedImage): Promise<string[]> {
    const kinds: string[] = [];
    let last: string | null = null;
    do {
      const page = await readReferrers(this.#origin, { ...image, last });
      for (const entry of listIn(parseJson(page.index), 'manifests')) {
        const kind = memberOf(memberOf(entry, 'annotations'), PREDICATE);
        if (memberOf(entry, 'artifactType') === STATEMENT_TYPE && typeof kind === 'string') kinds.push(kind);
      }
      last = page.next;
    } while (last !== null);
    return [...new Set(kinds)].sort();
  }

  /**
   * Says something of an image. What was said of the very same image before stays, and nothing is added: who builds again what has not
   * changed has nothing new. False in that case. Rejects where the registry does not take it.
   */
  async add(
    image: StatedImage,
    { predicateType, predicateJson }: { predicateType: string; predicateJson: Uint8Array },
  ): Promise<boolean> {
    if ((await this.kinds(image)).includes(predicateType)) return false;
    const { repository, digest } = image;
    const subject = await this.#descriptor(image);
    const before = JSON.stringify({
      _type: 'https://in-toto.io/Statement/v1',
      subject: [{ name: repository, digest: { sha256: digest.replace(/^sha256:/, '') } }],
      predicateType,
    });
    // It may be long, and is not parsed and written again for this.
    const statement = Buffer.concat([
      Buffer.from(`${before.slice(0, -1)},"predicate":`),
      predicateJson,
      Buffer.from('}'),
    ]);
    const empty = Buffer.from('{}');
    const annotations = { [PREDICATE]: predicateType };
    const manifest = Buffer.from(
      JSON.stringify({
        ...{ schemaVersion: 2, mediaType: MANIFEST_TYPE, artifactType: STATEMENT_TYPE },
        config: descriptorOf(EMPTY_TYPE, empty),
        layers: [{ ...descriptorOf(STATEMENT_TYPE, statement), annotations }],
        ...{ subject, annotations },
      }),
    );
    const digests = [empty, statement, manifest].map(digestOf);
    await this.#guard.during([repository], digests, async () => {
      await Promise.all([this.#putBlob(repository, empty), this.#putBlob(repository, statement)]);
      const tag = referrerTag(digest, digestOf(manifest));
      await this.#call('PUT', `/v2/${repository}/manifests/${tag}`, { type: MANIFEST_TYPE, body: manifest });
    });
    return true;
  }

  async #descriptor({ repository, digest }: StatedImage): Promise<object> {
    const { headers, body } = await this.#call('GET', `/v2/${repository}/manifests/${digest}`);
    return { mediaType: headers['content-type'], digest, size: body.length };
  }

  async #putBlob(repository: string, body: Buffer): Promise<void> {
    const started = await this.#call('POST', `/v2/${repository}/blobs/uploads/`);
    const location = new URL(started.headers.location ?? '', this.#origin);
    location.searchParams.set('digest', digestOf(body));
    await this.#call('PUT', `${location.pathname}${location.search}`, {
      ...{ type: 'application/octet-stream', body },
    });
  }

  async #call(
    method: string,
    target: string,
    sent?: { type: string; body: Buffer },
  ): Promise<UpstreamAnswer> {
    const answer = await askUpstream(this.#origin, target, {
      method,
      headers: sent === undefined ? { accept: MANIFEST_TYPE } : { 'content-type': sent.type },
      ...(sent === undefined ? {} : { body: sent.body }),
    });
    if (answer.status >= 200 && answer.status < 300) return answer;
    throw new Error(`the registry answers ${answer.status} to ${method} ${target}`);
  }
}

function descriptorOf(mediaType: string, content: Buffer): object {
  return { mediaType, digest: digestOf(content), size: content.length };
}

function digestOf(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
