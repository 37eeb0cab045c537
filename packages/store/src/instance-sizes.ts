import {
  INSTANCE_SIZES,
  type InstanceResources,
  type InstanceSize,
  type InstanceSizes,
} from '@brainpod/model/instance-size';
import { type Actor, recordAudit } from './audit.ts';
import type { Database } from './tables.ts';
import { inTransaction } from './transaction.ts';

/**
 * What one instance of each size may use. Nothing of it is kept in memory: the table has a handful of rows, and a
 * server that had not heard of a change would run Apps at other sizes than its neighbour.
 */
export class Sizes {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** All sizes: as the operator has set them, else as the model has them. */
  list(): Promise<InstanceSizes> {
    return loadInstanceSizes(this.#db);
  }

  /** Sets one size. Apps of that size that run are given the new one at the next resync. */
  async set(size: InstanceSize, resources: InstanceResources, actor: Actor): Promise<void> {
    const values = {
      cpu_millis: resources.cpuMillis,
      memory_mib: resources.memoryMiB,
      updated_at: new Date(),
    };
    await inTransaction(this.#db, async (trx) => {
      await trx
        .insertInto('instance_size')
        .values({ name: size, ...values })
        .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
        .execute();
      await recordAudit(trx, actor, { target: size });
    });
  }
}

/** All sizes as of the moment that a transaction sees. */
export async function loadInstanceSizes(db: Database): Promise<InstanceSizes> {
  const rows = await db.selectFrom('instance_size').select(['name', 'cpu_millis', 'memory_mib']).execute();
  const set = rows.map(
    (row) => [row.name, { cpuMillis: row.cpu_millis, memoryMiB: row.memory_mib }] as const,
  );
  return { ...INSTANCE_SIZES, ...Object.fromEntries(set) };
}
