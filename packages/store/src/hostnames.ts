import { platformHostnames } from '@brainpod/model/hostname';
import type { DatabaseTransaction } from './tables.ts';

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
