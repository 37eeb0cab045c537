import type { Fault, ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import type { RouteDocument } from '@brainpod/model/kinds/route';
import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from './tables.ts';

type Wanted = { path: string; domain: string; route: string; target: string };

/**
 * Notes that a pod wants the own domains of these Routes. Wanting blocks nobody: a pod holds a domain from the moment
 * when DNS proves its control. What another pod holds comes back as faults.
 */
export async function claimDomains(
  trx: DatabaseTransaction,
  podId: string,
  documents: readonly ResourceDocument[],
  platformDomain: string,
): Promise<Fault[]> {
  const wanted = documents.filter((document) => document.kind === 'Route').flatMap(domainsOf);
  const ours = wanted.filter(
    ({ domain }) => domain === platformDomain || domain.endsWith(`.${platformDomain}`),
  );
  const held = await heldElsewhere(trx, podId, wanted);
  const faults = [
    ...ours.map(({ path, domain }) => ({
      path,
      message: `${domain} lies under the platform's own domain ${platformDomain}. Use a domain of your own; the Route's hostname is assigned by itself.`,
    })),
    ...wanted
      .filter(({ domain }) => held.has(domain))
      .map(({ path, domain }) => ({
        path,
        message: `${domain} is used by another pod already, which has proven its control. Remove it there first.`,
      })),
  ];
  if (faults.length === 0) await noteWanted(trx, podId, wanted);
  return faults;
}

async function heldElsewhere(
  trx: DatabaseTransaction,
  podId: string,
  wanted: readonly Wanted[],
): Promise<Set<string>> {
  if (wanted.length === 0) return new Set();
  const names = wanted.map(({ domain }) => domain);
  const rows = await trx
    .selectFrom('domain')
    .select('domain')
    .where('domain', 'in', names)
    .where('pod_id', '!=', podId)
    .where('verified_at', 'is not', null)
    .execute();
  return new Set(rows.map((row) => row.domain));
}

/** A domain that goes over to another Route of its pod keeps its proof and its certificate. */
async function noteWanted(trx: DatabaseTransaction, podId: string, wanted: readonly Wanted[]): Promise<void> {
  if (wanted.length === 0) return;
  await trx
    .insertInto('domain')
    .values(wanted.map(({ domain, route, target }) => ({ pod_id: podId, domain, route_name: route, target })))
    .onConflict((conflict) =>
      conflict.columns(['pod_id', 'domain']).doUpdateSet((values) => ({
        route_name: values.ref('excluded.route_name'),
        target: values.ref('excluded.target'),
      })),
    )
    .execute();
}

function domainsOf(route: RouteDocument): Wanted[] {
  return route.spec.domains.map((domain, index) => ({
    path: `${placeOf(route)}.spec.domains[${index}]`,
    domain,
    route: route.metadata.name,
    target: route.spec.hostname,
  }));
}

/** Frees the own domains that neither the pod's head, nor what is deployed, nor what is on its way names. */
export async function releaseUnusedDomains(db: Database, podId: string): Promise<void> {
  await sql`
    delete from domain
    where pod_id = ${podId} and domain not in (
      select jsonb_array_elements_text(document.body -> 'spec' -> 'domains')
      from pod
      join revision on revision.pod_id = pod.id
        and (revision.id in (pod.head_revision_id, pod.deployed_revision_id) or revision.state in ('pending', 'ready'))
      join revision_resource on revision_resource.revision_id = revision.id and revision_resource.kind = 'Route'
      join document on document.hash = revision_resource.document_hash
      where pod.id = ${podId}
    )`.execute(db);
}
