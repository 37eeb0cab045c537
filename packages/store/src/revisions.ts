import type { RevisionState } from '@brainpod/model/revision-state';
import { sql } from 'kysely';
import { loadEntries, type RevisionEntry } from './documents.ts';
import type { Database, ImageDigests } from './tables.ts';

export type Revision = {
  id: string;
  parentId: string | null;
  version: number;
  state: RevisionState;
  summary: string | null;
  error: string | null;
  checksum: string | null;
  /** It is pending, and its turn comes after an earlier revision of the pod that is on its way. */
  isWaiting: boolean;
  isLatest: boolean;
  isDeployed: boolean;
  createdAt: Date;
  /** What its images were when it was sent on its way. */
  imageDigests: ImageDigests;
};

export type RevisionPage = { items: Revision[]; nextCursor: string | null };

/** The revisions of pods. Ids of another pod's revisions are not found. */
export class Revisions {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async find(podId: string, revisionId: string): Promise<Revision | null> {
    const row = await selectRevisions(this.#db, podId)
      .where('revision.id', '=', revisionId)
      .executeTakeFirst();
    return row === undefined ? null : row;
  }

  /** A page of revisions, newest first, that starts after the revision `cursor`. Null when that is unknown. */
  async list(podId: string, page: { limit: number; cursor?: string }): Promise<RevisionPage | null> {
    let query = selectRevisions(this.#db, podId)
      .orderBy('version', 'desc')
      .limit(page.limit + 1);
    if (page.cursor !== undefined) {
      const last = await this.find(podId, page.cursor);
      if (last === null) return null;
      query = query.where('version', '<', last.version);
    }
    const rows = await query.execute();
    const items = rows.slice(0, page.limit);
    return { items, nextCursor: rows.length > items.length ? (items.at(-1)?.id ?? null) : null };
  }

  /** The revision that was live at an instant; null when none was. */
  async activeAt(podId: string, instant: Date): Promise<Revision | null> {
    const row = await selectRevisions(this.#db, podId)
      .where('deployed_at', '<=', instant)
      .orderBy('deployed_at', 'desc')
      .orderBy('version', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row === undefined ? null : row;
  }

  /** What a revision holds, by kind, then name; each with the hash of its document. */
  entries(revisionId: string): Promise<RevisionEntry[]> {
    return loadEntries(this.#db, revisionId);
  }
}

function selectRevisions(db: Database, podId: string) {
  return (
    db
      .selectFrom('revision')
      .innerJoin('pod', 'pod.id', 'revision.pod_id')
      .select([
        'revision.id',
        'parent_id as parentId',
        'version',
        'state',
        'summary',
        'error',
        'checksum',
        'revision.created_at as createdAt',
        'image_digests as imageDigests',
      ])
      // The clock of a deploy starts with its turn; see `startNextDeploy`.
      .select(sql<boolean>`state = 'pending' and deploy_started_at is null`.as('isWaiting'))
      .select(sql<boolean>`pod.head_revision_id = revision.id`.as('isLatest'))
      .select(sql<boolean>`coalesce(pod.deployed_revision_id = revision.id, false)`.as('isDeployed'))
      .where('pod_id', '=', podId)
  );
}
