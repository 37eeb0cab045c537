import { randomUUID } from 'node:crypto';
import type { Fault } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { ApiError } from '@brainpod/model/errors';
import type { RevisionState } from '@brainpod/model/revision-state';
import { type Actor, recordAudit } from './audit.ts';
import type { DeployCheck, DeployResult } from './deploy-result.ts';
import { byKindAndName, insertEntries, loadEntries, type RevisionEntry } from './documents.ts';
import { claimDomains, releaseUnusedDomains } from './domain-claims.ts';
import { assertRunning, type LockedPod, lockPod } from './locked-pod.ts';
import type { DatabaseTransaction, ImageDigests } from './tables.ts';
import { startNextDeploy, transition } from './transition.ts';

export type RollbackRequest = {
  /** The revision whose documents are to be live again. */
  revisionId: string;
  /** Default: `Roll back to version N`. */
  summary?: string;
  /** Whether changes that wait in the draft may be set aside with it. */
  discardDraft: boolean;
  /** The platform's domain, under which nobody's own domain lies. */
  domain: string;
  /** What is wrong with the documents by the rules of today. */
  check: DeployCheck;
  /** What tags of images lead to now, for those of which it is not known what they were. Default: none. */
  imageDigests?: ImageDigests;
  actor: Actor;
};

type Source = { id: string; version: number; state: RevisionState; image_digests: ImageDigests };

/**
 * Makes a new revision with the documents of an earlier one and sends it on its way, in the transaction. What the
 * Routes' own domains need is claimed anew; what another pod has taken meanwhile comes back as faults.
 */
export async function rollBack(
  trx: DatabaseTransaction,
  podId: string,
  request: RollbackRequest,
): Promise<DeployResult> {
  const pod = await lockPod(trx, podId);
  assertRunning(pod);
  const source = await sourceOf(trx, pod, request.revisionId);
  await setDraftAside(trx, pod, request.discardDraft);
  const entries = await loadEntries(trx, source.id);
  const documents = entries.map((entry) => entry.document);
  const faults: Fault[] = [
    ...request.check(documents, pod),
    ...(await claimDomains(trx, podId, documents, request.domain)),
  ];
  if (faults.length > 0) return { ok: false, faults };
  const revisionId = randomUUID();
  const summary = request.summary ?? `Roll back to version ${source.version}`;
  const { id: parentId, version } = pod.head;
  await trx
    .insertInto('revision')
    .values({
      id: revisionId,
      pod_id: podId,
      parent_id: parentId,
      version: version + 1,
      state: 'pending',
      summary,
      image_digests: JSON.stringify({ ...request.imageDigests, ...source.image_digests }),
    })
    .execute();
  await insertEntries(trx, revisionId, entries);
  await trx.updateTable('pod').set({ head_revision_id: revisionId }).where('id', '=', podId).execute();
  await startNextDeploy(trx, podId);
  await releaseUnusedDomains(trx, podId);
  await recordAudit(trx, request.actor, {
    pod: { id: pod.id, name: pod.name },
    target: source.id,
    revisionId,
  });
  return { ok: true, revisionId };
}

async function sourceOf(trx: DatabaseTransaction, pod: LockedPod, revisionId: string): Promise<Source> {
  const source = await trx
    .selectFrom('revision')
    .select(['id', 'version', 'state', 'image_digests'])
    .where('id', '=', revisionId)
    .where('pod_id', '=', pod.id)
    .executeTakeFirst();
  if (source === undefined) throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no such revision.`);
  if (source.state !== 'draft') return source;
  throw new ApiError(
    'PRECONDITION_FAILED',
    `Version ${source.version} is the draft, which was never on its way. Deploy it, or name an earlier revision.`,
  );
}

/** A draft that changes nothing is nobody's work; one that does is only set aside when that was asked for. */
async function setDraftAside(trx: DatabaseTransaction, pod: LockedPod, discard: boolean): Promise<void> {
  const { head } = pod;
  if (head.state !== 'draft') return;
  const changes = discard ? [] : await draftChanges(trx, head.id);
  if (changes.length > 0) {
    throw new ApiError(
      'PRECONDITION_FAILED',
      `The draft (version ${head.version}) holds changes that a rollback would set aside. Deploy them first, or send "discardDraft": true: the draft is then canceled, and can still be read as a revision.`,
      { details: changes },
    );
  }
  if (!(await transition(trx, head.id, 'canceled'))) {
    throw new Error(`revision ${head.id} changed its state although its pod was locked`);
  }
}

/** What a draft changes of the revision that it stands on: a line per resource. */
async function draftChanges(trx: DatabaseTransaction, draftId: string): Promise<Fault[]> {
  const draft = await trx
    .selectFrom('revision')
    .select('parent_id')
    .where('id', '=', draftId)
    .executeTakeFirstOrThrow();
  const before = draft.parent_id === null ? [] : await loadEntries(trx, draft.parent_id);
  const after = await loadEntries(trx, draftId);
  const changes = [
    ...after.filter((entry) => !before.some((other) => isSame(entry, other))),
    ...before.filter((entry) => !after.some((other) => isAtSamePlace(entry, other))),
  ];
  return changes.sort(byKindAndName).map((entry) => ({
    path: placeOf(entry.document),
    message: `${changeWord(entry, before, after)} in the draft`,
  }));
}

function changeWord(entry: RevisionEntry, before: RevisionEntry[], after: RevisionEntry[]): string {
  if (!after.includes(entry)) return 'Deleted';
  return before.some((other) => isAtSamePlace(entry, other)) ? 'Changed' : 'New';
}

function isAtSamePlace(a: RevisionEntry, b: RevisionEntry): boolean {
  return a.kind === b.kind && a.name === b.name;
}

function isSame(a: RevisionEntry, b: RevisionEntry): boolean {
  return isAtSamePlace(a, b) && a.hash.equals(b.hash);
}
