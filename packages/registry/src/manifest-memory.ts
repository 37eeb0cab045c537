import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { nullIfAbsent } from './file-faults.ts';
import { isDigest, type RegistryCall } from './registry-call.ts';
import type { StorageLayout } from './storage-layout.ts';
import type { WholeAnswer } from './upstream-reads.ts';

export type ManifestCall = RegistryCall & { kind: 'manifest' };
/** The headers of an answer that says which manifest it is, and its bytes. */
type Manifest = { digest: string; type: string; body: Buffer };

const MOST_BYTES = 32 * 1024 * 1024;
/** As much as the registry behind takes. */
const LARGEST_BYTES = 4 * 1024 * 1024;

/**
 * Manifests by their digests, of which each has the same bytes for ever. Which one a tag leads to, and whether a repository shows it,
 * is read from the registry's storage for each question: nothing is told that was true only before it. Everything that is out of
 * the ordinary, absence too, is for the registry behind to answer.
 */
export class ManifestMemory {
  readonly #layout: StorageLayout | null;
  /** The one that was used last comes last. */
  readonly #kept = new Map<string, Manifest>();
  #bytes = 0;

  /** Knows nothing where the storage is not on this machine (null). */
  constructor(layout: StorageLayout | null) {
    this.#layout = layout;
  }

  /** What the registry behind would answer to a GET, where that is known here; null to ask it. */
  find(call: ManifestCall, headers: Record<string, string>): WholeAnswer | null {
    const layout = this.#layout;
    if (layout === null || call.digest !== null || headers['if-none-match'] !== undefined) return null;
    const { repository, reference } = call;
    const digest = isDigest(reference) ? reference : linkIn(layout.tagLink(repository, reference));
    const manifest = digest === null ? undefined : this.#kept.get(digest);
    if (manifest === undefined || !accepts(headers.accept, manifest.type)) return null;
    if (linkIn(layout.manifestLink(repository, manifest.digest)) !== manifest.digest) return null;
    this.#kept.delete(manifest.digest);
    this.#kept.set(manifest.digest, manifest);
    return { status: 200, headers: headersOf(manifest), body: manifest.body };
  }

  /** Takes an answer of the registry behind to a GET. */
  remember({ status, headers, body }: WholeAnswer): void {
    const { 'content-type': type, 'docker-content-digest': digest } = headers;
    if (this.#layout === null || status !== 200 || type === undefined || digest === undefined) return;
    if (this.#kept.has(digest) || body.length > LARGEST_BYTES) return;
    if (digest !== `sha256:${createHash('sha256').update(body).digest('hex')}`) return;
    this.#kept.set(digest, { digest, type, body });
    this.#bytes += body.length;
    for (const [oldest, { body: gone }] of this.#kept) {
      if (this.#bytes <= MOST_BYTES) break;
      this.#kept.delete(oldest);
      this.#bytes -= gone.length;
    }
  }
}

/** At once: these few bytes are in memory but for the first time, and asking in turns costs ten times as much. */
function linkIn(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    return nullIfAbsent(error);
  }
}

/** As the registry behind reads it: types that are named, and no ranges. */
function accepts(accept: string | undefined, type: string): boolean {
  return (accept ?? '').split(',').some((range) => range.split(';')[0]?.trim().toLowerCase() === type);
}

function headersOf({ digest, type, body }: Manifest): Record<string, string> {
  return {
    'content-length': String(body.length),
    'content-type': type,
    'docker-content-digest': digest,
    'docker-distribution-api-version': 'registry/2.0',
    etag: `"${digest}"`,
  };
}
