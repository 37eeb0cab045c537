import { canonicalJson } from '@brainpod/model/canonical-json';
import type { Kind } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import type { ResourceStatus } from '@brainpod/model/status';
import type { Database } from './tables.ts';

/** What the reconciler found out about one resource. */
export type StatusReport = { kind: Kind; name: string; status: ResourceStatus; healthy: boolean };

/** Makes these the statuses of a pod's resources; writes and deletes only what differs. */
export async function saveStatuses(
  db: Database,
  podId: string,
  reports: readonly StatusReport[],
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const rows = await trx
      .selectFrom('resource_status')
      .select(['kind', 'name', 'status', 'healthy'])
      .where('pod_id', '=', podId)
      .forUpdate()
      .execute();
    const current = new Map(rows.map((row) => [keyOf(row), row]));
    const wanted = new Map(reports.map((report) => [keyOf(report), report]));
    for (const [key, row] of current) {
      if (wanted.has(key)) continue;
      await trx
        .deleteFrom('resource_status')
        .where('pod_id', '=', podId)
        .where('kind', '=', row.kind)
        .where('name', '=', row.name)
        .execute();
    }
    const changed = [...wanted.values()].filter((report) => !isSame(report, current.get(keyOf(report))));
    if (changed.length === 0) return;
    const updatedAt = new Date();
    await trx
      .insertInto('resource_status')
      .values(
        changed.map(({ kind, name, status, healthy }) => ({
          pod_id: podId,
          kind,
          name,
          status: JSON.stringify(status),
          healthy,
          updated_at: updatedAt,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['pod_id', 'kind', 'name']).doUpdateSet((values) => ({
          status: values.ref('excluded.status'),
          healthy: values.ref('excluded.healthy'),
          updated_at: updatedAt,
        })),
      )
      .execute();
  });
}

type Report = Pick<StatusReport, 'kind' | 'name'>;

function keyOf({ kind, name }: Report): string {
  return placeOf({ kind, metadata: { name } });
}

function isSame(
  a: Pick<StatusReport, 'status' | 'healthy'>,
  b: Pick<StatusReport, 'status' | 'healthy'> | undefined,
): boolean {
  return b !== undefined && a.healthy === b.healthy && canonicalJson(a.status) === canonicalJson(b.status);
}
