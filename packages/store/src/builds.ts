import type { BuildEvent } from '@brainpod/model/build-event';
import {
  type BuildArtifact,
  type BuildLogEntry,
  type BuildOptions,
  type BuildOrigin,
  type BuildState,
  hasBuildEnded,
} from '@brainpod/model/build-state';
import { ApiError } from '@brainpod/model/errors';
import { type Selectable, sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { LockOutcome, PodLocks } from './pod-locks.ts';
import type { BuildTable, BuildTags, Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** A build of an image, or what was told of one that was done elsewhere. */
export type Build = {
  id: string;
  podId: string;
  origin: BuildOrigin;
  state: BuildState;
  /** What it makes; null for one that is done elsewhere. */
  wanted: WantedImage | null;
  tags: BuildTags;
  artifacts: BuildArtifact[];
  /** Of what it made. */
  digest: string | null;
  /** Why it failed. */
  reason: string | null;
  /** How often it was begun. */
  attempts: number;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
};

/** `repository`: within the pod. `source`: the digest of the list of its files. `platform`: null for that of its builder. */
export type WantedImage = {
  repository: string;
  tag: string;
  source: string;
  platform: string | null;
  options: BuildOptions;
};

/** A value that a build may use, sealed for it. `id`: by which it is asked for. */
export type SealedBuildSecret = { id: string; sealed: Buffer };

/** A hosted build whose turn it is. */
export type DueBuild = WantedImage & {
  secrets: SealedBuildSecret[];
  id: string;
  /** Which time it is done: whoever does an earlier one has lost it. */
  attempt: number;
  podId: string;
  podName: string;
  clusterId: string;
};
type Turn = Pick<DueBuild, 'id' | 'attempt'>;

export type BuildOutcome =
  | { state: 'ready'; digest: string; reference: string }
  | { state: 'failed'; reason: string }
  | { state: 'cancelled' };

export type BuildLogLine = BuildLogEntry & { seq: number; at: Date };
export type BuildPage = { items: Build[]; nextCursor: string | null };

/** How many builds of a pod may wait. */
const MOST_WAITING = 50;
const MOST_ATTEMPTS = 3;
const MOST_LOG_LINES = 20_000;
const MOST_ARTIFACTS = 200;
/** How many are looked through for one whose pod is free. */
const LOOKED_AT = 200;
/** Of a pod, besides those that are not over. */
const KEPT_BUILDS = 200;
const LOG_KEPT_FOR = sql`interval '30 days'`;
const NOW = sql<Date>`clock_timestamp()`;

/** Builds of pods, the queue of those that are done here, and what was said in them. */
export class Builds {
  readonly #db: Database;
  readonly #locks: PodLocks;

  constructor(db: Database, locks: PodLocks) {
    this.#db = db;
    this.#locks = locks;
  }

  /**
   * Puts a build into the queue, under an id of the caller's where that sealed something for it. What is sealed is gone when the
   * build is over. RATE_LIMITED (ApiError) where too many of the pod wait already.
   */
  create(
    podId: string,
    wanted: WantedImage & { tags?: BuildTags; id?: string; secrets?: readonly SealedBuildSecret[] },
    actor: Actor,
  ): Promise<Build> {
    const { repository, tag, source, platform, options, tags = {}, secrets = [] } = wanted;
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const { waiting } = await trx
        .selectFrom('build')
        .select(({ fn }) => fn.countAll<string>().as('waiting'))
        .where('pod_id', '=', podId)
        .where('state', '=', 'waiting')
        .executeTakeFirstOrThrow();
      if (Number(waiting) >= MOST_WAITING) {
        throw new ApiError(
          'RATE_LIMITED',
          `${waiting} builds of pod ${pod.name} wait already, which is the most. Wait for one of them, or cancel it.`,
        );
      }
      const row = await trx
        .insertInto('build')
        .values({
          ...(wanted.id === undefined ? {} : { id: wanted.id }),
          ...{ pod_id: podId, origin: 'hosted', repository, tag, source, platform },
          options: JSON.stringify(options),
          tags: JSON.stringify(tags),
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      if (secrets.length > 0) {
        const rows = secrets.map(({ id, sealed }) => ({ build_id: row.id, name: id, value_sealed: sealed }));
        await trx.insertInto('build_secret').values(rows).execute();
      }
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: row.id });
      return toBuild(row);
    });
  }

  /** Notes a build that is done elsewhere. */
  createExternal(podId: string, tags: BuildTags, actor: Actor): Promise<Build> {
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const row = await trx
        .insertInto('build')
        .values({ pod_id: podId, origin: 'external', tags: JSON.stringify(tags) })
        .returningAll()
        .executeTakeFirstOrThrow();
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: row.id });
      return toBuild(row);
    });
  }

  /**
   * Notes what is told of a build that is done elsewhere. NOT_FOUND (ApiError) where the pod has none such;
   * PRECONDITION_FAILED where it is over.
   */
  tell(podId: string, id: string, event: BuildEvent): Promise<Build> {
    return inTransaction(this.#db, async (trx) => {
      const row = await trx
        .selectFrom('build')
        .selectAll()
        .where('pod_id', '=', podId)
        .where(sql<boolean>`id::text = ${id}`)
        .where('origin', '=', 'external')
        .forUpdate()
        .executeTakeFirst();
      if (row === undefined) throw new ApiError('NOT_FOUND', `There is no build ${id} that is told of.`);
      if (hasBuildEnded(row.state)) {
        throw new ApiError(
          'PRECONDITION_FAILED',
          `The build is ${row.state}: nothing more can be told of it.`,
        );
      }
      const changed = await trx
        .updateTable('build')
        .set({ started_at: sql<Date>`coalesce(started_at, clock_timestamp())`, ...toldChange(row, event) })
        .where('id', '=', row.id)
        .returningAll()
        .executeTakeFirstOrThrow();
      if (event.kind === 'progress') {
        const line = `${event.phase}: ${event.current} of ${event.total}`;
        const entry = JSON.stringify(storable({ kind: 'note', step: '', name: event.phase, line }));
        await sql`insert into build_log (build_id, seq, entry)
          select ${row.id}, coalesce(max(seq), 0) + 1, ${entry}::jsonb from build_log where build_id = ${row.id}
          having coalesce(max(seq), 0) < ${MOST_LOG_LINES}`.execute(trx);
      }
      return toBuild(changed);
    });
  }

  async find(podId: string, id: string): Promise<Build | null> {
    const row = await this.#db
      .selectFrom('build')
      .selectAll()
      .where('pod_id', '=', podId)
      .where('id', '=', id)
      .executeTakeFirst();
    return row === undefined ? null : toBuild(row);
  }

  /**
   * A page of builds, newest first, that starts after the build `cursor`. Null when that is unknown. `repository`: an
   * image's, or one of code; `branch`: with `refs/heads/` or without.
   */
  async list(
    podId: string,
    page: { limit: number; cursor?: string; repository?: string; branch?: string },
  ): Promise<BuildPage | null> {
    const { repository, branch } = page;
    let query = this.#db
      .selectFrom('build')
      .selectAll()
      .where('pod_id', '=', podId)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit + 1);
    if (page.cursor !== undefined) {
      const last = await this.find(podId, page.cursor);
      if (last === null) return null;
      query = query.where(
        sql<boolean>`(created_at, id) < (select created_at, id from build as last where last.id = ${last.id})`,
      );
    }
    if (repository !== undefined) {
      query = query.where(
        sql<boolean>`(repository = ${repository} or tags ->> 'github.repo' = ${repository})`,
      );
    }
    if (branch !== undefined) {
      query = query.where(sql<boolean>`tags ->> 'git.refname' in (${branch}, ${`refs/heads/${branch}`})`);
    }
    const rows = await query.execute();
    const items = rows.slice(0, page.limit).map(toBuild);
    return { items, nextCursor: rows.length > items.length ? (items.at(-1)?.id ?? null) : null };
  }

  /** How many builds, of any pod, were asked for before this one and are not over; 0 where it is not waiting. */
  async ahead(build: Build): Promise<number> {
    if (build.state !== 'waiting') return 0;
    const { ahead } = await this.#db
      .selectFrom('build')
      .select(({ fn }) => fn.countAll<string>().as('ahead'))
      .where('state', 'in', ['waiting', 'pending'])
      .where('origin', '=', 'hosted')
      .where('created_at', '<', build.createdAt)
      .executeTakeFirstOrThrow();
    return Number(ahead);
  }

  /**
   * One that waits is cancelled at once, one that is being done as soon as whoever does it has heard. NOT_FOUND (ApiError)
   * where there is none; PRECONDITION_FAILED where it is over, or is done elsewhere.
   */
  requestCancel(podId: string, id: string, actor: Actor): Promise<Build> {
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const current = await trx
        .selectFrom('build')
        .selectAll()
        .where('pod_id', '=', podId)
        .where('id', '=', id)
        .forUpdate()
        .executeTakeFirst();
      if (current === undefined) throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no build ${id}.`);
      if (hasBuildEnded(current.state)) {
        throw new ApiError(
          'PRECONDITION_FAILED',
          `The build is ${current.state}: there is nothing to cancel.`,
        );
      }
      if (current.origin === 'external') {
        throw new ApiError('PRECONDITION_FAILED', 'The build is done elsewhere: cancel it there.');
      }
      const row = await trx
        .updateTable('build')
        .set(
          current.state === 'waiting'
            ? { state: 'cancelled', finished_at: NOW, cancel_requested_at: NOW }
            : { cancel_requested_at: sql<Date>`coalesce(cancel_requested_at, clock_timestamp())` },
        )
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow();
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: id });
      return toBuild(row);
    });
  }

  /**
   * Does the work on the next build in one of these clusters, while nobody else does one of that pod: pods take turns,
   * the one whose last build began longest ago first, and a pod's builds come in their order. One that was begun by a
   * server that is gone is given again, and failed after the third time. `signal` tells that the lock was lost. Null
   * where there is nothing to do.
   */
  async withNext<T>(
    { clusterIds }: { clusterIds: readonly string[] },
    work: (build: DueBuild, signal: AbortSignal) => Promise<T>,
  ): Promise<{ value: T } | null> {
    for (const podId of await this.#podsInTurn(clusterIds)) {
      const outcome: LockOutcome<{ value: T } | null> = await this.#locks.withLock(
        `builds of ${podId}`,
        async (signal) => {
          const build = await this.#begin(podId);
          return build === null ? null : { value: await work(build, signal) };
        },
      );
      if (outcome.held && outcome.value !== null) return outcome.value;
    }
    return null;
  }

  async #podsInTurn(clusterIds: readonly string[]): Promise<string[]> {
    if (clusterIds.length === 0) return [];
    const rows = await this.#db
      .selectFrom('build')
      .innerJoin('pod', 'pod.id', 'build.pod_id')
      .select('build.pod_id')
      .where('build.origin', '=', 'hosted')
      .where('build.state', 'in', ['waiting', 'pending'])
      .where('pod.deleted_at', 'is', null)
      .where('pod.cluster_id', 'in', [...clusterIds])
      .groupBy('build.pod_id')
      .orderBy(
        sql`(select max(started_at) from build as earlier where earlier.pod_id = build.pod_id) asc nulls first`,
      )
      .orderBy(sql`min(build.created_at)`)
      .limit(LOOKED_AT)
      .execute();
    return rows.map((row) => row.pod_id);
  }

  /** What of the pod comes next: with the lock held, one that is `pending` is nobody's any more. */
  #begin(podId: string): Promise<DueBuild | null> {
    return inTransaction(this.#db, async (trx) => {
      const row = await trx
        .selectFrom('build')
        .innerJoin('pod', 'pod.id', 'build.pod_id')
        .selectAll('build')
        .select(['pod.name as pod_name', 'pod.cluster_id'])
        .where('build.pod_id', '=', podId)
        .where('build.origin', '=', 'hosted')
        .where('build.state', 'in', ['waiting', 'pending'])
        .where('pod.deleted_at', 'is', null)
        .orderBy(sql`build.state = 'pending' desc`)
        .orderBy('build.created_at')
        .limit(1)
        .forUpdate('build')
        .executeTakeFirst();
      if (row === undefined) return null;
      const wanted = toBuild(row).wanted;
      const isHopeless = row.attempts >= MOST_ATTEMPTS || wanted === null;
      const end = isHopeless
        ? {
            state: 'failed' as const,
            reason: `The build was broken off ${row.attempts} times by the platform, and is not begun again.`,
          }
        : row.cancel_requested_at === null
          ? null
          : { state: 'cancelled' as const };
      const change =
        end === null
          ? { state: 'pending' as const, attempts: row.attempts + 1, started_at: NOW }
          : { ...end, finished_at: NOW };
      await trx.updateTable('build').set(change).where('id', '=', row.id).execute();
      if (end !== null || wanted === null) return null;
      const secrets = await trx
        .selectFrom('build_secret')
        .select(['name as id', 'value_sealed as sealed'])
        .where('build_id', '=', row.id)
        .orderBy('name')
        .execute();
      return {
        ...wanted,
        secrets,
        id: row.id,
        attempt: row.attempts + 1,
        podId,
        podName: row.pod_name,
        clusterId: row.cluster_id,
      };
    });
  }

  /** Keeps how a build ended. Nothing is changed of one that is over already, or that somebody else does by now. */
  async finish({ id, attempt }: Turn, outcome: BuildOutcome): Promise<void> {
    const made =
      outcome.state === 'ready'
        ? {
            digest: outcome.digest,
            artifacts: sql<string>`jsonb_build_array(jsonb_build_object('name', repository, 'uri', ${outcome.reference}::text))`,
          }
        : {};
    await this.#db
      .updateTable('build')
      .set({
        ...made,
        state: outcome.state,
        reason: outcome.state === 'failed' ? outcome.reason.replaceAll('\0', '').toWellFormed() : null,
        finished_at: NOW,
      })
      .where('id', '=', id)
      .where('attempts', '=', attempt)
      .where('state', '=', 'pending')
      .execute();
  }

  /**
   * Adds to what was said in a build, up to a bound, and tells whether it is to be cancelled: somebody wants it, the pod is
   * deleted, or somebody else does the build by now, for whom nothing is added.
   */
  async appendLog(
    { id, attempt }: Turn,
    entries: readonly BuildLogEntry[],
  ): Promise<{ cancelRequested: boolean }> {
    if (entries.length > 0) {
      const tooMuch = {
        kind: 'note',
        step: '',
        name: '',
        line: `The build said more than ${MOST_LOG_LINES} lines; the rest is not kept.`,
      };
      await sql`with last as (select coalesce(max(seq), 0) as seq from build_log where build_id = ${id})
        insert into build_log (build_id, seq, entry)
        select ${id}, last.seq + place,
          case when last.seq + place = ${MOST_LOG_LINES} then ${JSON.stringify(tooMuch)}::jsonb else entry end
        from last, jsonb_array_elements(${JSON.stringify(entries.map(storable))}::jsonb) with ordinality as said (entry, place)
        where last.seq + place <= ${MOST_LOG_LINES}
          and exists (select from build where id = ${id} and attempts = ${attempt} and state = 'pending')`.execute(
        this.#db,
      );
    }
    const row = await this.#db
      .selectFrom('build')
      .innerJoin('pod', 'pod.id', 'build.pod_id')
      .select('build.id')
      .where('build.id', '=', id)
      .where('build.attempts', '=', attempt)
      .where('build.state', '=', 'pending')
      .where('build.cancel_requested_at', 'is', null)
      .where('pod.deleted_at', 'is', null)
      .executeTakeFirst();
    return { cancelRequested: row === undefined };
  }

  /** What was said after the line `after`. */
  async readLog(id: string, { after, limit }: { after: number; limit: number }): Promise<BuildLogLine[]> {
    const rows = await this.#db
      .selectFrom('build_log')
      .select(['seq', 'at', 'entry'])
      .where('build_id', '=', id)
      .where('seq', '>', after)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return rows.map(({ seq, at, entry }) => ({ ...entry, seq, at }));
  }

  /** When each of these pods last had something to build; now for one that has. */
  async lastActivity(podNames: readonly string[]): Promise<Map<string, Date>> {
    if (podNames.length === 0) return new Map();
    const rows = await this.#db
      .selectFrom('build')
      .innerJoin('pod', 'pod.id', 'build.pod_id')
      .select('pod.name')
      .select(sql<Date>`max(coalesce(build.finished_at, clock_timestamp()))`.as('at'))
      .where('pod.name', 'in', [...podNames])
      .where('pod.deleted_at', 'is', null)
      .where('build.origin', '=', 'hosted')
      .groupBy('pod.name')
      .execute();
    return new Map(rows.map(({ name, at }) => [name, at]));
  }

  /** The sources that builds need which are not over. */
  async sourcesInUse(): Promise<{ podId: string; source: string }[]> {
    const rows = await this.#db
      .selectFrom('build')
      .select(['pod_id', 'source'])
      .where('state', 'in', ['waiting', 'pending'])
      .execute();
    return rows.flatMap(({ pod_id: podId, source }) => (source === null ? [] : [{ podId, source }]));
  }

  /**
   * Forgets what is old: all but a pod's newest, and what was said in those that ended long ago. Of a build elsewhere that
   * nothing is heard of for a day nothing more is expected.
   */
  async forgetOld(): Promise<void> {
    await sql`update build set state = 'failed', finished_at = clock_timestamp(),
        reason = 'It was not told that the build ended, and nothing more came for a day.'
      where origin = 'external' and finished_at is null and created_at < clock_timestamp() - interval '1 day'`.execute(
      this.#db,
    );
    await sql`delete from build_log using build
      where build.id = build_log.build_id and build.finished_at < clock_timestamp() - ${LOG_KEPT_FOR}`.execute(
      this.#db,
    );
    await sql`delete from build where finished_at is not null and id in (
      select id from (
        select id, row_number() over (partition by pod_id order by created_at desc, id desc) as place from build
        where finished_at is not null
      ) as ranked where place > ${KEPT_BUILDS})`.execute(this.#db);
  }
}

/** What an event makes of a build. */
function toldChange(row: Selectable<BuildTable>, event: BuildEvent) {
  switch (event.kind) {
    case 'progress':
      return { state: 'pending' as const };
    case 'artifact': {
      const others = row.artifacts.filter(({ uri }) => uri !== event.uri);
      if (others.length >= MOST_ARTIFACTS) {
        throw new ApiError('PRECONDITION_FAILED', `A build can have at most ${MOST_ARTIFACTS} artifacts.`);
      }
      const artifacts = [...others, { name: event.name, uri: event.uri }];
      return { state: 'pending' as const, artifacts: JSON.stringify(artifacts) };
    }
    case 'completed':
      return { state: 'ready' as const, finished_at: NOW };
  }
}

function toBuild(row: Selectable<BuildTable>): Build {
  const { repository, tag, source, platform, options } = row;
  const isWhole = repository !== null && tag !== null && source !== null;
  return {
    id: row.id,
    podId: row.pod_id,
    origin: row.origin,
    state: row.state,
    wanted: isWhole ? { repository, tag, source, platform, options } : null,
    tags: row.tags,
    artifacts: row.artifacts,
    digest: row.digest,
    reason: row.reason,
    attempts: row.attempts,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
  };
}

/** What a program prints may hold what no text in PostgreSQL can: NUL, and halves of characters. */
function storable(entry: BuildLogEntry): BuildLogEntry {
  const clean = (text: string): string => text.replaceAll('\0', '').toWellFormed();
  const { line } = entry;
  return {
    ...entry,
    step: clean(entry.step),
    name: clean(entry.name),
    ...(line === undefined ? {} : { line: clean(line) }),
  };
}
