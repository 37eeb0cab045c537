import { OciError } from './oci-error.ts';

/** What a request to `/v2/…` asks for, after every part of it was checked. */
export type RegistryCall =
  | { kind: 'ping' }
  | {
      kind: 'upload-start';
      repository: string;
      mount: string | null;
      from: string | null;
      digest: string | null;
    }
  | { kind: 'upload'; repository: string; id: string; state: string | null; digest: string | null }
  | { kind: 'blob'; repository: string; digest: string }
  | { kind: 'manifest'; repository: string; reference: string; digest: string | null }
  | { kind: 'tags'; repository: string; count: string | null; last: string | null }
  | {
      kind: 'referrers';
      repository: string;
      digest: string;
      artifactType: string | null;
      last: string | null;
    };

/** Tags that begin so are the registry's own; nobody may name them. */
export const OWN_TAG_PREFIX = '_referrer.';

const MAX_REPOSITORY_LENGTH = 255;
const COMPONENT = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
/** The part that stands in for Docker Hub. It is no pod's; who may read it is for the front to say. */
export const MIRROR = 'docker.io';
const POD_NAME = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
// The registry behind takes other algorithms, but keeps what it gets under its SHA-256 only: it could not be found again.
const DIGEST = /^sha256:[0-9a-f]{64}$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;
const UPLOAD_ID = /^[A-Za-z0-9_-]{1,128}$/;

/**
 * Reads the target of a request (`req.url`) strictly. Nothing of the path is ever passed on as it came: percent
 * escapes, empty and dot segments are refused, so that the registry behind cannot see another path than the one
 * that was authorized. Throws OciError.
 */
export function parseRegistryCall(target: string): RegistryCall {
  const [path = '', ...rest] = target.split('?');
  const query = readQuery(rest.join('?'));
  if (path === '/v2' || path === '/v2/') return { kind: 'ping' };
  if (!path.startsWith('/v2/')) throw new OciError('NAME_UNKNOWN', 'This is not a path of the registry.');
  const segments = path.slice('/v2/'.length).split('/');
  if (segments[0] === '_catalog') {
    throw new OciError('DENIED', 'The registry does not list the repositories of all pods.');
  }
  return callOf(segments, query);
}

/** The first component of a repository: the pod it belongs to. */
export function podOf(repository: string): string {
  return repository.slice(0, repository.indexOf('/'));
}

/** The path and query to send upstream: made from checked parts only. */
export function upstreamTarget(call: RegistryCall): string {
  if (call.kind === 'ping') return '/v2/';
  const base = `/v2/${call.repository}`;
  switch (call.kind) {
    case 'upload-start':
      return withQuery(`${base}/blobs/uploads/`, { mount: call.mount, from: call.from, digest: call.digest });
    case 'upload':
      return withQuery(`${base}/blobs/uploads/${call.id}`, { _state: call.state, digest: call.digest });
    case 'blob':
      return `${base}/blobs/${call.digest}`;
    case 'manifest':
      return withQuery(`${base}/manifests/${call.reference}`, { digest: call.digest });
    case 'tags':
      return withQuery(`${base}/tags/list`, { n: call.count, last: call.last });
    case 'referrers':
      return withQuery(`${base}/referrers/${call.digest}`, {
        artifactType: call.artifactType,
        last: call.last,
      });
  }
}

export function isOwnTag(tag: string): boolean {
  return tag.startsWith(OWN_TAG_PREFIX);
}

function callOf(segments: string[], query: Map<string, string>): RegistryCall {
  const last = segments.at(-1) ?? '';
  const word = segments.at(-2);
  const digest = optionalDigest(query, 'digest');
  if (word === 'uploads' && segments.at(-3) === 'blobs') {
    const repository = checkRepository(segments.slice(0, -3));
    if (last === '') return { kind: 'upload-start', repository, ...mountOf(query), digest };
    if (!UPLOAD_ID.test(last)) throw new OciError('NAME_INVALID', 'The upload id is not one of ours.');
    return { kind: 'upload', repository, id: last, state: query.get('_state') ?? null, digest };
  }
  const repository = checkRepository(segments.slice(0, -2));
  switch (word) {
    case 'blobs':
      return { kind: 'blob', repository, digest: checkDigest(unescapeColon(last)) };
    case 'manifests':
      return { kind: 'manifest', repository, reference: checkReference(unescapeColon(last)), digest };
    case 'referrers':
      return {
        kind: 'referrers',
        repository,
        digest: checkDigest(unescapeColon(last)),
        artifactType: query.get('artifactType') ?? null,
        last: query.get('last') ?? null,
      };
    case 'tags':
      if (last === 'list') {
        return { kind: 'tags', repository, count: query.get('n') ?? null, last: query.get('last') ?? null };
      }
  }
  throw new OciError('NAME_UNKNOWN', 'This is not a path of the registry.');
}

function mountOf(query: Map<string, string>): { mount: string | null; from: string | null } {
  const from = query.get('from');
  return {
    mount: optionalDigest(query, 'mount'),
    from: from === undefined || from === '' ? null : checkRepository(from.split('/')),
  };
}

function checkRepository(components: string[]): string {
  const repository = components.join('/');
  const [pod = '', ...rest] = components;
  if (
    !components.every((component) => COMPONENT.test(component)) ||
    repository.length > MAX_REPOSITORY_LENGTH
  ) {
    throw new OciError(
      'NAME_INVALID',
      'A repository name is made of components of lowercase letters, digits, ".", "_" and "-", each beginning ' +
        `and ending with a letter or digit, joined by "/", at most ${MAX_REPOSITORY_LENGTH} characters in all.`,
    );
  }
  if (rest.length === 0) {
    throw new OciError(
      // Of an invalid name docker believes that it becomes valid in a while, and tries five times.
      'NAME_UNKNOWN',
      'A repository name begins with the name of a pod: <pod>/<repository>.',
    );
  }
  if (pod !== MIRROR && !POD_NAME.test(pod)) {
    throw new OciError('DENIED', `"${pod}" is not a pod. A repository name begins with the name of a pod.`);
  }
  return repository;
}

export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

function checkDigest(text: string): string {
  if (DIGEST.test(text)) return text;
  throw new OciError('DIGEST_INVALID', 'The digest does not have the form sha256:<64 hexadecimal digits>.');
}

function checkReference(text: string): string {
  if (DIGEST.test(text)) return text;
  // A reference with a colon is a digest that is none, and is told so.
  if (text.includes(':')) return checkDigest(text);
  if (isOwnTag(text)) {
    throw new OciError('TAG_INVALID', `Tags that begin with "${OWN_TAG_PREFIX}" are the registry's own.`);
  }
  if (TAG.test(text)) return text;
  throw new OciError(
    'TAG_INVALID',
    'A tag has at most 128 letters, digits, "_", "." and "-", and does not begin with "." or "-".',
  );
}

function optionalDigest(query: Map<string, string>, name: string): string | null {
  const text = query.get(name);
  return text === undefined || text === '' ? null : checkDigest(text);
}

/** Some clients escape the colon of a digest; nothing else of a path may be escaped. */
function unescapeColon(segment: string): string {
  return segment.replace(/%3a/gi, ':');
}

function readQuery(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (found.has(name)) throw new OciError('NAME_INVALID', `The parameter "${name}" is given twice.`);
    found.set(name, value);
  }
  return found;
}

function withQuery(path: string, parameters: Record<string, string | null>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null) query.set(name, value);
  const text = query.toString();
  return text === '' ? path : `${path}?${text}`;
}
