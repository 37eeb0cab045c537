import { createHash } from 'node:crypto';
import { canonicalJson } from '@brainpod/model/canonical-json';
import type { Kind, ResourceDocument } from '@brainpod/model/document';
import { KINDS } from '@brainpod/model/kind';
import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from './tables.ts';

/** One entry of a revision: which document stands under which kind and name. */
export type RevisionEntry = {
  kind: Kind;
  name: string;
  uid: string;
  hash: Buffer;
  document: ResourceDocument;
};

/**
 * Looks at what a pod's head holds before a change, while the pod is locked: throws (PRECONDITION_FAILED) when that
 * is not what the caller's change was made for.
 */
export type Expectation = (entries: readonly RevisionEntry[]) => void;

/** A document's address: sha256 of its canonical JSON, so equal documents are kept once. */
export function documentHash(document: ResourceDocument): Buffer {
  return createHash('sha256').update(canonicalJson(document)).digest();
}

/** The id of a resource: the same for a kind and name of a pod in every revision, on every server. */
export function resourceUid(podId: string, kind: Kind, name: string): string {
  const digest = createHash('sha256').update(`${podId}/${kind}/${name}`).digest();
  // Version 8 (made by a rule of one's own), variant 10.
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x80, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = digest.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}

export function entryOf(podId: string, document: ResourceDocument): RevisionEntry {
  const { kind } = document;
  const { name } = document.metadata;
  return { kind, name, uid: resourceUid(podId, kind, name), hash: documentHash(document), document };
}

/** Keeps these documents; those that are there already stay as they are. */
export async function saveDocuments(db: Database, entries: readonly RevisionEntry[]): Promise<void> {
  if (entries.length === 0) return;
  // In one order everywhere: two transactions that save the same documents must not wait for each other in a ring.
  const sorted = entries.toSorted((a, b) => Buffer.compare(a.hash, b.hash));
  await db
    .insertInto('document')
    .values(sorted.map((entry) => ({ hash: entry.hash, body: canonicalJson(entry.document) })))
    .onConflict((conflict) => conflict.column('hash').doNothing())
    .execute();
}

/** A revision's entries, by kind, then name. */
export async function loadEntries(db: Database, revisionId: string): Promise<RevisionEntry[]> {
  const rows = await db
    .selectFrom('revision_resource')
    .innerJoin('document', 'document.hash', 'revision_resource.document_hash')
    .select(['kind', 'name', 'uid', 'document_hash', 'body'])
    .where('revision_id', '=', revisionId)
    .execute();
  return rows
    .map((row) => ({
      kind: row.kind,
      name: row.name,
      uid: row.uid,
      hash: row.document_hash,
      document: row.body,
    }))
    .sort(byKindAndName);
}

/** Puts entries into a revision, in the place of those of the same kind and name. */
export async function insertEntries(
  trx: DatabaseTransaction,
  revisionId: string,
  entries: readonly RevisionEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await trx
    .insertInto('revision_resource')
    .values(
      entries.map(({ kind, name, uid, hash }) => ({
        revision_id: revisionId,
        kind,
        name,
        uid,
        document_hash: hash,
      })),
    )
    .onConflict((conflict) =>
      conflict
        .columns(['revision_id', 'kind', 'name'])
        .doUpdateSet((values) => ({ document_hash: values.ref('excluded.document_hash') })),
    )
    .execute();
}

/** Gives a revision without entries those of another. */
export async function copyEntries(
  trx: DatabaseTransaction,
  revisions: { from: string; to: string },
): Promise<void> {
  await sql`insert into revision_resource (revision_id, kind, name, uid, document_hash)
    select ${revisions.to}, kind, name, uid, document_hash
    from revision_resource where revision_id = ${revisions.from}`.execute(trx);
}

/** The order of lists. */
export function byKindAndName(a: { kind: Kind; name: string }, b: { kind: Kind; name: string }): number {
  return KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compare(a.name, b.name);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
