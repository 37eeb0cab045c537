import type { RouteDocument } from '@brainpod/model/kinds/route';
import type { Database } from './tables.ts';

/** A Route that takes requests, or is about to. */
export type LiveRoute = {
  podId: string;
  podName: string;
  document: RouteDocument;
  /** The version of the revision that answers: the deployed one, or before there is one that which is being applied. */
  revision: number;
};

/** The Routes of what is deployed or being applied, in all pods or in these. */
export async function liveRoutes(db: Database, podIds: readonly string[] | null): Promise<LiveRoute[]> {
  let query = db
    .selectFrom('pod')
    .innerJoin('revision', 'revision.pod_id', 'pod.id')
    .innerJoin('revision_resource as resource', 'resource.revision_id', 'revision.id')
    .innerJoin('document', 'document.hash', 'resource.document_hash')
    .leftJoin('revision as deployed', 'deployed.id', 'pod.deployed_revision_id')
    .select(['pod.id as podId', 'pod.name as podName', 'body', 'revision.version'])
    .select('deployed.version as deployedVersion')
    .where('resource.kind', '=', 'Route')
    .where((where) =>
      where.or([
        where('revision.id', '=', where.ref('pod.deployed_revision_id')),
        where('revision.state', '=', 'ready'),
      ]),
    );
  if (podIds !== null) query = query.where('pod.id', 'in', podIds);
  const rows = await query.execute();
  return rows.flatMap(({ podId, podName, body, version, deployedVersion }) =>
    body.kind === 'Route' ? [{ podId, podName, document: body, revision: deployedVersion ?? version }] : [],
  );
}
