import type { Fault, ResourceDocument } from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { platformHostnames } from '@brainpod/model/hostname';
import type { RouteDocument } from '@brainpod/model/kinds/route';
import { sql } from 'kysely';
import type { Database, DatabaseTransaction } from './tables.ts';

/**
 * The platform host name of a pod's Route, assigned when it is first asked for. It stays with that pod and name
 * for ever, so that a Route deleted and made again, or rolled back to, is found where it was, and an address that
 * people know never leads to somebody else's app.
 */
export async function platformHostname(
  trx: DatabaseTransaction,
  pod: { id: string; name: string },
  routeName: string,
  domain: string,
): Promise<string> {
  const existing = await trx
    .selectFrom('hostname_claim')
    .select('hostname')
    .where('pod_id', '=', pod.id)
    .where('route_name', '=', routeName)
    .executeTakeFirst();
  if (existing !== undefined) return existing.hostname;
  for (const hostname of platformHostnames(routeName, pod.name, domain)) {
    const claimed = await trx
      .insertInto('hostname_claim')
      .values({ hostname, pod_id: pod.id, type: 'platform', route_name: routeName })
      .onConflict((conflict) => conflict.column('hostname').doNothing())
      .returning('hostname')
      .executeTakeFirst();
    if (claimed !== undefined) return claimed.hostname;
  }
  throw new Error(`every host name for Route ${routeName} of pod ${pod.name} is taken`);
}

/** Claims the own domains of these Routes for a pod. What another pod has claimed comes back as faults. */
export async function claimDomains(
  trx: DatabaseTransaction,
  podId: string,
  documents: readonly ResourceDocument[],
  platformDomain: string,
): Promise<Fault[]> {
  const wanted = documents.filter((document) => document.kind === 'Route').flatMap(domainsOf);
  const faults = wanted
    .filter(({ domain }) => domain === platformDomain || domain.endsWith(`.${platformDomain}`))
    .map(({ path, domain }) => ({
      path,
      message: `${domain} lies under the platform's own domain ${platformDomain}. Use a domain of your own; the Route's hostname is assigned by itself.`,
    }));
  // In one order everywhere: two pods that claim the same domains must not wait for each other in a ring.
  for (const { path, domain } of wanted.toSorted((a, b) => (a.domain < b.domain ? -1 : 1))) {
    if (!(await claim(trx, podId, domain))) {
      faults.push({ path, message: `${domain} is used by another pod already. Remove it there first.` });
    }
  }
  return faults;
}

async function claim(trx: DatabaseTransaction, podId: string, hostname: string): Promise<boolean> {
  await trx
    .insertInto('hostname_claim')
    .values({ hostname, pod_id: podId, type: 'custom', route_name: null })
    .onConflict((conflict) => conflict.column('hostname').doNothing())
    .execute();
  const owner = await trx
    .selectFrom('hostname_claim')
    .select('pod_id')
    .where('hostname', '=', hostname)
    .executeTakeFirst();
  return owner?.pod_id === podId;
}

function domainsOf(route: RouteDocument): { path: string; domain: string }[] {
  return route.spec.domains.map((domain, index) => ({
    path: `${placeOf(route)}.spec.domains[${index}]`,
    domain,
  }));
}

/** Frees the own domains that neither the pod's head, nor what is deployed, nor what is on its way names. */
export async function releaseUnusedDomains(db: Database, podId: string): Promise<void> {
  await sql`
    delete from hostname_claim
    where pod_id = ${podId} and type = 'custom' and hostname not in (
      select jsonb_array_elements_text(document.body -> 'spec' -> 'domains')
      from pod
      join revision on revision.pod_id = pod.id
        and (revision.id in (pod.head_revision_id, pod.deployed_revision_id) or revision.state in ('pending', 'ready'))
      join revision_resource on revision_resource.revision_id = revision.id and revision_resource.kind = 'Route'
      join document on document.hash = revision_resource.document_hash
      where pod.id = ${podId}
    )`.execute(db);
}
