import { openStore, type Store } from '@brainpod/store/store';
import { onTestFinished } from 'vitest';
import type { DatabaseAddress } from './postgres.ts';
import { createTestDatabase } from './test-database.ts';

/** A store on a database of its own, with a cluster, an account and its user, who operates the installation. */
export type TestStore = {
  store: Store;
  address: DatabaseAddress;
  accountId: string;
  userId: string;
  clusterId: string;
};

/** Opens it. The caller closes the store. */
export async function openTestStore(): Promise<TestStore> {
  const address = await createTestDatabase();
  const store = openStore({ connection: address });
  const clusterId = await store.clusters.registerDefault({
    provider: 'embedded',
    region: null,
    architectures: ['amd64'],
  });
  const first = await store.accounts.createFirst({ email: 'ada@example.com' });
  const caller = first === null ? null : await store.apiKeys.authenticate(first.secret);
  if (caller === null) throw new Error('a new database has accounts already');
  return { store, address, accountId: caller.accountId, userId: caller.userId, clusterId };
}

/** Another server's store on the same database; it is closed when the test is over. */
export function openSecondStore(address: DatabaseAddress): Store {
  const store = openStore({ connection: address });
  onTestFinished(() => store.close());
  return store;
}
