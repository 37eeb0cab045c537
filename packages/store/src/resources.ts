import type { Kind, ResourceDocument } from '@brainpod/model/document';
import type { RevisionState } from '@brainpod/model/revision-state';
import type { ResourceStatus } from '@brainpod/model/status';
import { byKindAndName } from './documents.ts';
import { PreparedQuery } from './prepared-query.ts';
import type { Database } from './tables.ts';

/** A resource of one revision, with what is known of it in the cluster. */
export type StoredResource = {
  kind: Kind;
  name: string;
  uid: string;
  /** Of the document; see `documentHash`. */
  hash: Buffer;
  document: ResourceDocument;
  status: ResourceStatus;
  healthy: boolean;
  /** It is being restarted, and cannot be changed until that is over. */
  locked: boolean;
};

/** The resources of revisions. */
export class Resources {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All resources of a revision, by kind, then name. */
  list(revisionId: string): Promise<StoredResource[]> {
    return select(this.#db, revisionId);
  }

  /**
   * The same, but while the revision is being applied (`ready`) each with what is seen of it in the cluster right now,
   * which may still be of the revision before. For people who look on; `list` says what runs.
   */
  observe(revisionId: string): Promise<StoredResource[]> {
    return select(this.#db, revisionId, { whileApplied: true });
  }

  async find(revisionId: string, kind: Kind, name: string): Promise<StoredResource | null> {
    const [found] = await select(this.#db, revisionId, { only: [{ kind, name }] });
    return found ?? null;
  }
}

/** These resources of a revision, as `Resources.list` shows them. */
export async function storedResources(
  db: Database,
  revisionId: string,
  wanted: readonly { kind: Kind; name: string }[],
): Promise<StoredResource[]> {
  return wanted.length === 0 ? [] : select(db, revisionId, { only: wanted });
}

type Place = { kind: Kind; name: string };

function selectResources(db: Database, revisionId: string, only: readonly Place[] | null) {
  const query = db
    .selectFrom('revision_resource as resource')
    .innerJoin('document', 'document.hash', 'resource.document_hash')
    .innerJoin('revision', 'revision.id', 'resource.revision_id')
    .innerJoin('pod', 'pod.id', 'revision.pod_id')
    .leftJoin('revision_resource as deployed', (join) =>
      join
        .onRef('deployed.revision_id', '=', 'pod.deployed_revision_id')
        .onRef('deployed.kind', '=', 'resource.kind')
        .onRef('deployed.name', '=', 'resource.name')
        .onRef('deployed.document_hash', '=', 'resource.document_hash'),
    )
    .leftJoin('resource_status', (join) =>
      join
        .onRef('resource_status.pod_id', '=', 'pod.id')
        .onRef('resource_status.kind', '=', 'resource.kind')
        .onRef('resource_status.name', '=', 'resource.name'),
    )
    .select(['resource.kind', 'resource.name', 'resource.uid', 'resource.document_hash as hash'])
    .select(['body', 'state', 'status', 'healthy'])
    .leftJoin('resource_restart as restart', (join) =>
      join
        .onRef('restart.pod_id', '=', 'pod.id')
        .onRef('restart.kind', '=', 'resource.kind')
        .onRef('restart.name', '=', 'resource.name')
        .on('restart.finished_at', 'is', null),
    )
    .select(['deployed.uid as deployedUid', 'restart.restarted_at as restartedAt'])
    .where('resource.revision_id', '=', revisionId);
  if (only === null) return query;
  return query.where((where) =>
    where.or(
      only.map(({ kind, name }) =>
        where.and([where('resource.kind', '=', kind), where('resource.name', '=', name)]),
      ),
    ),
  );
}

type ResourceRow = Awaited<ReturnType<ReturnType<typeof selectResources>['execute']>>[number];
type OnePlace = Place & { revisionId: string };

const ALL = new PreparedQuery({ revisionId: 'the id of a revision' }, (db, { revisionId }) =>
  selectResources(db, revisionId, null),
);
const A_PLACE: OnePlace = { revisionId: 'the id of a revision', kind: 'App', name: 'the name of a resource' };
const ONE = new PreparedQuery(A_PLACE, (db, { revisionId, kind, name }) =>
  selectResources(db, revisionId, [{ kind, name }]),
);

function readRows(db: Database, revisionId: string, only: readonly Place[] | null): Promise<ResourceRow[]> {
  const [first, second] = only ?? [];
  if (only === null) return ALL.run(db, { revisionId });
  if (first !== undefined && second === undefined)
    return ONE.run(db, { revisionId, kind: first.kind, name: first.name });
  return selectResources(db, revisionId, only).execute();
}

async function select(
  db: Database,
  revisionId: string,
  { only = null, whileApplied = false }: { only?: readonly Place[] | null; whileApplied?: boolean } = {},
): Promise<StoredResource[]> {
  const rows = await readRows(db, revisionId, only);
  return rows
    .map(({ kind, name, uid, hash, body, state, status, healthy, deployedUid, restartedAt }) => ({
      kind,
      name,
      uid,
      hash,
      document: body,
      locked: restartedAt !== null,
      ...(whileApplied && state === 'ready'
        ? seen({ kind, status, healthy })
        : health({ kind, state, runs: deployedUid !== null, status, healthy })),
    }))
    .sort(byKindAndName);
}

/**
 * What a resource reports. Only what runs can be well: a document that is not the deployed one is not healthy, and
 * neither is anything in a revision that is on its way or failed, for clients wait for a deploy by looking at
 * nothing but this. A Config has nothing that could be unwell.
 */
function health(row: {
  kind: Kind;
  state: RevisionState;
  runs: boolean;
  status: ResourceStatus;
  healthy: boolean | null;
}): { status: ResourceStatus; healthy: boolean } {
  const isShown = row.state === 'draft' || row.state === 'deployed';
  return isShown && row.runs ? seen(row) : { status: null, healthy: false };
}

function seen(row: { kind: Kind; status: ResourceStatus; healthy: boolean | null }) {
  if (row.kind === 'Config') return { status: null, healthy: true };
  return { status: row.status, healthy: row.healthy ?? false };
}
