import { randomUUID } from 'node:crypto';
import type { Fault, Kind, ResourceDocument, ResourceInput } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { ApiError } from '@brainpod/model/errors';
import { underPath } from '@brainpod/model/fault';
import { immutableFaults, putBackImmutable } from '@brainpod/model/immutable';
import { formatUrn } from '@brainpod/model/urn';
import { type Actor, recordAudit } from './audit.ts';
import {
  type Expectation,
  entryOf,
  insertEntries,
  loadEntries,
  type RevisionEntry,
  saveDocuments,
} from './documents.ts';
import { claimDomains, releaseUnusedDomains } from './domain-claims.ts';
import { platformHostname } from './hostnames.ts';
import { type LockedPod, lockPod } from './locked-pod.ts';
import { refuseLocked } from './resource-locks.ts';
import { type StoredResource, storedResources } from './resources.ts';
import type { Database, DatabaseTransaction, PodLimits } from './tables.ts';
import { transactionKeptIf } from './transaction.ts';

export type DraftChange =
  | { type: 'create'; documents: readonly ResourceInput[] }
  | { type: 'replace'; document: ResourceInput }
  | { type: 'delete'; kind: Kind; name: string };

export type DraftRules = {
  /** The platform's domain, under which Routes get their host names. */
  domain: string;
  /** What is wrong with a change; paths begin with `<Kind>/<name>`, or with `limits.`. */
  check(change: CheckedChange): Fault[];
  /** What the head must hold before the change; see If-Match. */
  expect?: Expectation;
};

/** A change as it would be: the changed documents among all of the draft, and what that held before. */
export type CheckedChange = {
  before: ResourceDocument[];
  documents: ResourceDocument[];
  changed: ResourceDocument[];
  limits: PodLimits | null;
};

export type DraftResult =
  | { ok: true; revisionId: string; resources: StoredResource[] }
  /** Nothing was written. Paths begin with `<Kind>/<name>`. */
  | { ok: false; faults: Fault[] };

/** What a change makes of the draft, before it is written. */
type Plan = { entries: RevisionEntry[]; put: RevisionEntry[]; removed: RevisionEntry[]; faults: Fault[] };

/** The one mutable revision of each pod. */
export class Drafts {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /**
   * Changes a pod's draft: all of the change or, when there are faults, nothing. Writers of one pod wait for each
   * other. If the pod's head is no draft, a new one is made on top of it. NOT_FOUND (ApiError) when the resource
   * to replace or delete is not there.
   */
  write(podId: string, change: DraftChange, rules: DraftRules & { actor: Actor }): Promise<DraftResult> {
    const work = (trx: DatabaseTransaction) => writeDraft(trx, podId, change, rules);
    return transactionKeptIf(this.#db, work, (result) => result.ok);
  }

  /** Does all that `write` does except keeping it; returns what would be wrong. */
  async rehearse(podId: string, change: DraftChange, rules: DraftRules): Promise<Fault[]> {
    const work = (trx: DatabaseTransaction) => writeDraft(trx, podId, change, { ...rules, actor: null });
    const result = await transactionKeptIf(this.#db, work, () => false);
    return result.ok ? [] : result.faults;
  }
}

async function writeDraft(
  trx: DatabaseTransaction,
  podId: string,
  change: DraftChange,
  rules: DraftRules & { actor: Actor | null },
): Promise<DraftResult> {
  const pod = await lockPod(trx, podId);
  const current = await loadEntries(trx, pod.head.id);
  rules.expect?.(current);
  const plan = await planChange(trx, pod, current, change, rules.domain);
  await refuseLocked(trx, pod, [...plan.put, ...plan.removed]);
  const changed = plan.put.map(documentOf);
  const faults = [
    ...plan.faults,
    ...(await claimDomains(trx, podId, changed, rules.domain)),
    ...rules.check({
      before: current.map(documentOf),
      documents: plan.entries.map(documentOf),
      changed,
      limits: pod.limits,
    }),
  ];
  if (faults.length > 0) return { ok: false, faults };
  if (plan.put.length === 0 && plan.removed.length === 0) {
    return { ok: true, revisionId: pod.head.id, resources: [] };
  }
  const draftId = await ensureDraft(trx, pod, current);
  const kept = await storedResources(trx, draftId, plan.removed);
  await writeEntries(trx, draftId, plan);
  await releaseUnusedDomains(trx, podId);
  const resources = plan.removed.length > 0 ? kept : await storedResources(trx, draftId, plan.put);
  if (rules.actor !== null) await auditChange(trx, rules.actor, { pod, revisionId: draftId, resources });
  return { ok: true, revisionId: draftId, resources };
}

function documentOf(entry: RevisionEntry): ResourceDocument {
  return entry.document;
}

/** One entry for each resource that changed. */
async function auditChange(
  trx: DatabaseTransaction,
  actor: Actor,
  { pod, revisionId, resources }: { pod: LockedPod; revisionId: string; resources: StoredResource[] },
): Promise<void> {
  const { id, name } = pod;
  const entries = resources.map((resource) => ({
    pod: { id, name },
    target: formatUrn(resource.kind, resource.name),
    revisionId,
  }));
  await recordAudit(trx, actor, ...entries);
}

async function planChange(
  trx: DatabaseTransaction,
  pod: LockedPod,
  current: RevisionEntry[],
  change: DraftChange,
  domain: string,
): Promise<Plan> {
  if (change.type === 'delete') {
    const gone = current.filter((entry) => entry.kind === change.kind && entry.name === change.name);
    if (gone.length === 0) throw notThere(pod, change.kind, change.name);
    return { entries: current.filter((entry) => !gone.includes(entry)), put: [], removed: gone, faults: [] };
  }
  const inputs = change.type === 'create' ? change.documents : [change.document];
  const put: RevisionEntry[] = [];
  const faults: Fault[] = [];
  for (const input of inputs) {
    const stored = change.type === 'create' ? null : storedOf(current, input);
    faults.push(...underPath(placeOf(input), immutableFaults(stored, input)));
    const document = await withHostname(trx, pod, putBackImmutable(stored, input), domain);
    put.push(entryOf(pod.id, document));
  }
  const places = new Set(put.map((entry) => placeOf(entry.document)));
  const entries = [...current.filter((entry) => !places.has(placeOf(entry.document))), ...put];
  const existing = current.filter((entry) => places.has(placeOf(entry.document)));
  if (change.type === 'create') return { entries, put, removed: [], faults: existing.map(existsAlready) };
  const { kind, metadata } = change.document;
  if (existing.length === 0) throw notThere(pod, kind, metadata.name);
  return { entries, put, removed: [], faults };
}

function storedOf(current: RevisionEntry[], input: ResourceInput): ResourceDocument | null {
  const place = placeOf(input);
  return current.map(documentOf).find((document) => placeOf(document) === place) ?? null;
}

/** The host name is the platform's to choose: whatever the input says, the assigned one is put (back) there. */
async function withHostname(
  trx: DatabaseTransaction,
  pod: LockedPod,
  input: ResourceInput,
  domain: string,
): Promise<ResourceDocument> {
  if (input.kind !== 'Route') return input;
  const hostname = await platformHostname(trx, pod, input.metadata.name, domain);
  return { ...input, spec: { ...input.spec, hostname } };
}

function existsAlready(entry: RevisionEntry): Fault {
  return {
    path: `${placeOf(entry.document)}.metadata.name`,
    message: `${entry.kind} "${entry.name}" exists already in this pod. Replace it, or use another name.`,
  };
}

function notThere(pod: LockedPod, kind: Kind, name: string): ApiError {
  return new ApiError('NOT_FOUND', `There is no ${kind} "${name}" in pod ${pod.name}.`);
}

/** The pod's draft; made on top of the head, with the same documents, when the head is none. */
async function ensureDraft(
  trx: DatabaseTransaction,
  pod: LockedPod,
  entries: RevisionEntry[],
): Promise<string> {
  if (pod.head.state === 'draft') return pod.head.id;
  const id = randomUUID();
  await trx
    .insertInto('revision')
    .values({ id, pod_id: pod.id, parent_id: pod.head.id, version: pod.head.version + 1, state: 'draft' })
    .execute();
  await insertEntries(trx, id, entries);
  await trx.updateTable('pod').set({ head_revision_id: id }).where('id', '=', pod.id).execute();
  return id;
}

async function writeEntries(trx: DatabaseTransaction, revisionId: string, plan: Plan): Promise<void> {
  for (const entry of plan.removed) {
    await trx
      .deleteFrom('revision_resource')
      .where('revision_id', '=', revisionId)
      .where('kind', '=', entry.kind)
      .where('name', '=', entry.name)
      .execute();
  }
  await saveDocuments(trx, plan.put);
  await insertEntries(trx, revisionId, plan.put);
}
