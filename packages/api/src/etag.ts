import { createHash } from 'node:crypto';
import type { ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { ApiError } from '@brainpod/model/errors';
import type { Kind } from '@brainpod/model/kind';
import type { Expectation } from '@brainpod/store/documents';

// Tags name what is to be deployed, not how it fares: the status of a resource is no part of its tag.

type Hashed = { kind: Kind; name: string; hash: Buffer };
export type ResourceKey = { kind: Kind; name: string };

/** What an If-Match header asks for. */
export type IfMatch = '*' | readonly string[];

export const ETAG_OF_RESOURCE = { etag: 'Names the document: the same as long as that is the same' };
export const ETAG_OF_CONTENT = { etag: 'Names all documents of the revision: the same as long as they are' };

const LIST_MEMBER = /^(W\/)?("[\x21\x23-\x7e\x80-\xff]*")$/;
const MAX_DETAILS = 100;

/** The tag of a resource, which names its document. */
export function documentTag({ hash }: Pick<Hashed, 'hash'>): string {
  return quoted(hash.toString('hex'));
}

/** The tag of all that a revision holds, in whatever order. */
export function contentTag(entries: readonly Hashed[]): string {
  const lines = entries.map(({ kind, name, hash }) => `${kind}/${name} ${hash.toString('hex')}\n`).sort();
  return quoted(createHash('sha256').update(lines.join('')).digest('hex'));
}

/** The headers of an answer that shows all resources of a revision. */
export function contentHeaders(resources: readonly Hashed[]): { etag: string } {
  return { etag: contentTag(resources) };
}

/** Reads an If-Match header; null without one. BAD_REQUEST (ApiError) when it is none. Weak tags are left out. */
export function parseIfMatch(header: string | undefined): IfMatch | null {
  if (header === undefined) return null;
  if (header.trim() === '*') return '*';
  const members = header.split(',').map((member) => LIST_MEMBER.exec(member.trim()));
  const tags = members.map((member) => (member?.[1] === undefined ? member?.[2] : ''));
  if (tags.some((tag) => tag === undefined)) {
    throw new ApiError(
      'BAD_REQUEST',
      'The If-Match header must be "*", or ETags as they were answered, with their quotes and separated by commas.',
    );
  }
  return tags.filter((tag) => tag !== undefined).filter((tag) => tag !== '');
}

export function matches(wanted: IfMatch, tag: string): boolean {
  return wanted === '*' || wanted.includes(tag);
}

/** What If-Match asks of the draft as a whole, for the store to check under the pod's lock. */
export function contentExpectation(header: string | undefined): { expect?: Expectation } {
  const wanted = parseIfMatch(header);
  if (wanted === null) return {};
  return {
    expect: (entries) => {
      const tag = contentTag(entries);
      if (!matches(wanted, tag)) throw otherContent(tag, entries);
    },
  };
}

/** What If-Match asks of one resource. One that is not there is left to whoever looks for it. */
export function resourceExpectation(header: string | undefined, key: ResourceKey): { expect?: Expectation } {
  const wanted = parseIfMatch(header);
  if (wanted === null) return {};
  return {
    expect: (entries) => {
      const found = entries.find(({ kind, name }) => kind === key.kind && name === key.name);
      if (found === undefined) return;
      const tag = documentTag(found);
      if (matches(wanted, tag)) return;
      throw new ApiError(
        'PRECONDITION_FAILED',
        `${key.kind} "${key.name}" has been changed since you read it. Read it again, then repeat your change if it still makes sense.`,
        { details: [{ path: `${key.kind}/${key.name}`, message: `Its ETag is now ${tag}.` }] },
      );
    },
  };
}

function otherContent(tag: string, entries: readonly (Hashed & { document: ResourceDocument })[]): ApiError {
  const message = `The draft has been changed since you read it: its ETag is now ${tag}. Read it again, then repeat your request if it still makes sense. It holds ${entries.length} ${entries.length === 1 ? 'resource' : 'resources'}; those with another ETag than you know were changed.`;
  const details = entries.slice(0, MAX_DETAILS).map((entry) => ({
    path: placeOf(entry.document),
    message: `Its ETag is ${documentTag(entry)}.`,
  }));
  return new ApiError('PRECONDITION_FAILED', message, { details });
}

function quoted(text: string): string {
  return `"${text}"`;
}
