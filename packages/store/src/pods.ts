import { randomInt, randomUUID } from 'node:crypto';
import { podName } from '@brainpod/model/pod-name';
import type { RevisionState } from '@brainpod/model/revision-state';
import { type Actor, recordAudit } from './audit.ts';
import type { Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

export type RevisionSummary = {
  id: string;
  parentId: string | null;
  version: number;
  state: RevisionState;
  summary: string | null;
  error: string | null;
  createdAt: Date;
};

export type PodRecord = {
  id: string;
  name: string;
  displayName: string | null;
  ownerId: string;
  createdAt: Date;
  head: RevisionSummary;
  deployed: RevisionSummary | null;
};

export type NewPod = {
  accountId: string;
  ownerId: string;
  clusterId: string;
  displayName: string | null;
  actor: Actor;
};

const NAME_ATTEMPTS = 20;
const RANDOM_LIMIT = 2 ** 31;

/** Pods: a person's workspaces. */
export class Pods {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** Makes a pod under a name of our choice, with an empty draft as its head. */
  async create(pod: NewPod): Promise<PodRecord> {
    const id = randomUUID();
    await inTransaction(this.#db, async (trx) => {
      const headId = randomUUID();
      const name = await insertUnderFreeName(trx, { ...pod, id, headId });
      await trx
        .insertInto('revision')
        .values({ id: headId, pod_id: id, version: 1, state: 'draft' })
        .execute();
      await recordAudit(trx, pod.actor, { pod: { id, name }, revisionId: headId });
    });
    const [made] = await selectPods(this.#db, (query) => query.where('pod.id', '=', id));
    if (made === undefined) throw new Error('a pod that was just made is not there');
    return made;
  }

  /** All pods of an account, by name. */
  list(accountId: string): Promise<PodRecord[]> {
    return selectPods(this.#db, (query) => query.where('account_id', '=', accountId).orderBy('name'));
  }

  async find(accountId: string, name: string): Promise<PodRecord | null> {
    const [found] = await selectPods(this.#db, (query) =>
      query.where('account_id', '=', accountId).where('name', '=', name),
    );
    return found ?? null;
  }
}

async function insertUnderFreeName(
  db: Database,
  pod: NewPod & { id: string; headId: string },
): Promise<string> {
  for (let attempt = 0; attempt < NAME_ATTEMPTS; attempt++) {
    // The plain name first; a number only where that is taken.
    const suffix = attempt === 0 ? undefined : randomInt(RANDOM_LIMIT);
    const inserted = await db
      .insertInto('pod')
      .values({
        id: pod.id,
        account_id: pod.accountId,
        owner_id: pod.ownerId,
        cluster_id: pod.clusterId,
        name: podName(randomInt(RANDOM_LIMIT), randomInt(RANDOM_LIMIT), suffix),
        display_name: pod.displayName,
        head_revision_id: pod.headId,
      })
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('name')
      .executeTakeFirst();
    if (inserted !== undefined) return inserted.name;
  }
  throw new Error(`found no free pod name in ${NAME_ATTEMPTS} attempts`);
}

type PodQuery = ReturnType<typeof podQuery>;

function podQuery(db: Database) {
  return db
    .selectFrom('pod')
    .innerJoin('revision as head', 'head.id', 'pod.head_revision_id')
    .leftJoin('revision as deployed', 'deployed.id', 'pod.deployed_revision_id')
    .select(['pod.id', 'pod.name', 'pod.display_name', 'pod.owner_id', 'pod.created_at'])
    .select([
      'head.id as head_id',
      'head.parent_id as head_parent_id',
      'head.version as head_version',
      'head.state as head_state',
      'head.summary as head_summary',
      'head.error as head_error',
      'head.created_at as head_created_at',
    ])
    .select([
      'deployed.id as deployed_id',
      'deployed.parent_id as deployed_parent_id',
      'deployed.version as deployed_version',
      'deployed.state as deployed_state',
      'deployed.summary as deployed_summary',
      'deployed.error as deployed_error',
      'deployed.created_at as deployed_created_at',
    ]);
}

async function selectPods(db: Database, narrow: (query: PodQuery) => PodQuery): Promise<PodRecord[]> {
  const rows = await narrow(podQuery(db)).execute();
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    displayName: row.display_name,
    ownerId: row.owner_id,
    createdAt: row.created_at,
    head: {
      id: row.head_id,
      parentId: row.head_parent_id,
      version: row.head_version,
      state: row.head_state,
      summary: row.head_summary,
      error: row.head_error,
      createdAt: row.head_created_at,
    },
    deployed: deployedOf(row),
  }));
}

function deployedOf(row: Awaited<ReturnType<PodQuery['execute']>>[number]): RevisionSummary | null {
  const {
    deployed_id: id,
    deployed_version: version,
    deployed_state: state,
    deployed_created_at: createdAt,
  } = row;
  if (id === null || version === null || state === null || createdAt === null) return null;
  return {
    id,
    parentId: row.deployed_parent_id,
    version,
    state,
    summary: row.deployed_summary,
    error: row.deployed_error,
    createdAt,
  };
}
