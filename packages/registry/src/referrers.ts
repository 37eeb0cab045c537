import { listIn, memberOf, parseJson } from './json-parts.ts';
import { isOwnTag, OWN_TAG_PREFIX, upstreamTarget } from './registry-call.ts';
import { askUpstream } from './upstream.ts';

const INDEX_TYPE = 'application/vnd.oci.image.index.v1+json';
const MANIFEST_TYPES = [INDEX_TYPE, 'application/vnd.oci.image.manifest.v1+json'];
const PAGE_SIZE = 100;
// Digests are shortened in tags, which have 128 characters at most.
const DIGEST_CHARACTERS = 40;

/** What a manifest says about another one, as an entry of an index. */
export type Descriptor = {
  mediaType: string;
  digest: string;
  size: number;
  artifactType?: string;
  annotations?: Record<string, string>;
};

/** One page of what refers to a manifest. `next` is where the following page begins, null on the last one. */
export type ReferrersPage = { index: Buffer; next: string | null };

/** The digest of the manifest that this one is about, null where it is about none or is no JSON. */
export function subjectOf(manifest: Buffer): string | null {
  const subject = memberOf(parseJson(manifest), 'subject');
  const digest = memberOf(subject, 'digest');
  return typeof digest === 'string' && /^sha256:[0-9a-f]{64}$/.test(digest) ? digest : null;
}

/**
 * The tag under which a manifest that refers to another one is kept, besides what its owner calls it. The registry behind
 * has no list of referrers, but lists tags in order: those of one subject stand beside each other, and writing one twice,
 * or two at the same time, loses nothing. Deleting a manifest takes its tags along.
 */
export function referrerTag(subject: string, digest: string): string {
  return `${tagsOf(subject)}${hexOf(digest).slice(0, DIGEST_CHARACTERS)}`;
}

/** The referrers of a manifest that the registry behind at `origin` holds, as the OCI specification's image index. */
export async function readReferrers(
  origin: URL,
  { repository, digest, last }: { repository: string; digest: string; last: string | null },
): Promise<ReferrersPage> {
  const tags = await tagsAfter(origin, repository, last ?? tagsOf(digest));
  const own = tags.filter((tag) => tag.startsWith(tagsOf(digest)));
  const found = await Promise.all(own.map((tag) => describe(origin, repository, tag)));
  const manifests = found.filter((descriptor) => descriptor !== null);
  const index = { schemaVersion: 2, mediaType: INDEX_TYPE, manifests };
  const isLast = own.length < PAGE_SIZE;
  return { index: Buffer.from(JSON.stringify(index)), next: isLast ? null : (own.at(-1) ?? null) };
}

/** The same page with the entries of one type only. */
export function ofArtifactType(index: Buffer, artifactType: string): Buffer {
  const parsed = parseJson(index);
  const manifests = listIn(parsed, 'manifests').filter(
    (entry) => memberOf(entry, 'artifactType') === artifactType,
  );
  return Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: INDEX_TYPE, manifests }));
}

/** The registry's list of tags without those that are not its users'. */
export function withoutOwnTags(body: Buffer): Buffer {
  const parsed = parseJson(body);
  const tags = listIn(parsed, 'tags').filter((tag) => typeof tag === 'string' && !isOwnTag(tag));
  return Buffer.from(JSON.stringify({ name: memberOf(parsed, 'name'), tags }));
}

function tagsOf(subject: string): string {
  return `${OWN_TAG_PREFIX}${hexOf(subject)}.`;
}

function hexOf(digest: string): string {
  return digest.slice(digest.indexOf(':') + 1);
}

async function tagsAfter(origin: URL, repository: string, last: string): Promise<string[]> {
  const target = upstreamTarget({ kind: 'tags', repository, count: String(PAGE_SIZE), last });
  const { status, body } = await askUpstream(origin, target);
  // A repository that nobody has pushed to has no referrers.
  if (status === 404) return [];
  return listIn(parseJson(body), 'tags').filter((tag) => typeof tag === 'string');
}

/** Null where the manifest has gone since its tag was listed. */
async function describe(origin: URL, repository: string, tag: string): Promise<Descriptor | null> {
  const target = upstreamTarget({ kind: 'manifest', repository, reference: tag, digest: null });
  const { status, headers, body } = await askUpstream(origin, target, {
    headers: { accept: MANIFEST_TYPES.join(', ') },
  });
  const digest = headers['docker-content-digest'];
  if (status !== 200 || digest === undefined) return null;
  const manifest = parseJson(body);
  const mediaType = headers['content-type'] ?? '';
  const artifactType = artifactTypeOf(manifest);
  const annotations = annotationsOf(manifest);
  return {
    mediaType,
    digest,
    size: body.length,
    ...(artifactType === null ? {} : { artifactType }),
    ...(annotations === null ? {} : { annotations }),
  };
}

/** As the OCI specification has it: the manifest's own, or where it has none the type of an image's config. */
function artifactTypeOf(manifest: unknown): string | null {
  const own = memberOf(manifest, 'artifactType');
  if (typeof own === 'string' && own !== '') return own;
  const config = memberOf(memberOf(manifest, 'config'), 'mediaType');
  return typeof config === 'string' ? config : null;
}

function annotationsOf(manifest: unknown): Record<string, string> | null {
  const annotations = memberOf(manifest, 'annotations');
  if (typeof annotations !== 'object' || annotations === null) return null;
  const texts = Object.entries(annotations).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}
