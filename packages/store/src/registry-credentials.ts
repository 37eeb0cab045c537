import { ApiError } from '@brainpod/model/errors';
import { type Selectable, sql } from 'kysely';
import { type Actor, recordAudit } from './audit.ts';
import { lockPod } from './locked-pod.ts';
import type { Database, RegistryCredentialTable } from './tables.ts';
import { inTransaction } from './transaction.ts';

/** What a pod pulls images of a registry with. */
export type RegistryCredential = {
  /** Its host as it stands in images' names. */
  registry: string;
  username: string;
  /** Sealed under the master key. */
  passwordSealed: Buffer;
  setAt: Date;
};

/** All of a pod's have to fit into the one object that nodes read. */
export const MAX_REGISTRY_CREDENTIALS = 20;

/** Credentials of other registries, by pod. Their passwords can be opened by the reconciler's server alone. */
export class RegistryCredentials {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** A pod's, by registry. */
  list(podId: string): Promise<RegistryCredential[]> {
    return loadRegistryCredentials(this.#db, podId);
  }

  /** In the place of those that the pod has for the registry. PRECONDITION_FAILED (ApiError) when it has too many. */
  set(
    podId: string,
    credential: Omit<RegistryCredential, 'setAt'>,
    actor: Actor,
  ): Promise<RegistryCredential> {
    const { registry, username, passwordSealed } = credential;
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const present = await loadRegistryCredentials(trx, podId);
      const isNew = present.every((each) => each.registry !== registry);
      if (isNew && present.length >= MAX_REGISTRY_CREDENTIALS) {
        throw new ApiError(
          'PRECONDITION_FAILED',
          `Pod ${pod.name} has credentials for ${present.length} registries, and ${MAX_REGISTRY_CREDENTIALS} are the most. Remove some that it does not need.`,
        );
      }
      const values = {
        username,
        password_sealed: passwordSealed,
        set_at: sql<Date>`date_trunc('milliseconds', clock_timestamp())`,
      };
      const row = await trx
        .insertInto('registry_credential')
        .values({ pod_id: podId, registry, ...values })
        .onConflict((conflict) => conflict.columns(['pod_id', 'registry']).doUpdateSet(values))
        .returningAll()
        .executeTakeFirstOrThrow();
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: registry });
      return toCredential(row);
    });
  }

  /** Gives what there was. NOT_FOUND (ApiError) where there was nothing. */
  remove(podId: string, registry: string, actor: Actor): Promise<RegistryCredential> {
    return inTransaction(this.#db, async (trx) => {
      const pod = await lockPod(trx, podId);
      const row = await trx
        .deleteFrom('registry_credential')
        .where('pod_id', '=', podId)
        .where('registry', '=', registry)
        .returningAll()
        .executeTakeFirst();
      if (row === undefined) {
        throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no credentials for ${registry}.`);
      }
      await recordAudit(trx, actor, { pod: { id: pod.id, name: pod.name }, target: registry });
      return toCredential(row);
    });
  }
}

/** As RegistryCredentials.list, within what else is read at that moment. */
export async function loadRegistryCredentials(db: Database, podId: string): Promise<RegistryCredential[]> {
  const rows = await db
    .selectFrom('registry_credential')
    .selectAll()
    .where('pod_id', '=', podId)
    .orderBy(sql`registry collate "C"`)
    .execute();
  return rows.map(toCredential);
}

function toCredential(row: Selectable<RegistryCredentialTable>): RegistryCredential {
  return {
    registry: row.registry,
    username: row.username,
    passwordSealed: row.password_sealed,
    setAt: row.set_at,
  };
}
