import { randomBytes } from 'node:crypto';
import { createDatabase } from '@brainpod/testkit/postgres';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { openStore } from './store.ts';

test('servers that start at once on an empty database migrate it once', async () => {
  const name = `migrate_${randomBytes(8).toString('hex')}`;
  const address = await createDatabase(inject('postgresSocketDir'), name, 'template0');
  const stores = [1, 2, 3].map(() => openStore({ connection: address }));
  onTestFinished(async () => {
    await Promise.all(stores.map((store) => store.close()));
  });

  await Promise.all(stores.map((store) => store.migrate()));

  const client = new pg.Client(address);
  await client.connect();
  onTestFinished(() => client.end());
  const { rows } = await client.query('select name from kysely_migration');
  expect(rows).toEqual([{ name: '0001-initial' }, { name: '0002-control-plane' }]);
  await expect(stores[0]?.clusters.list()).resolves.toEqual([]);
});

test('migrating again changes nothing', async () => {
  const name = `migrate_${randomBytes(8).toString('hex')}`;
  const store = openStore({
    connection: await createDatabase(inject('postgresSocketDir'), name, 'template0'),
  });
  onTestFinished(() => store.close());

  await store.migrate();
  const id = await store.clusters.registerDefault({ provider: null, region: null, architectures: ['arm64'] });
  await store.migrate();

  await expect(store.clusters.list()).resolves.toEqual([
    { id, provider: null, region: null, architectures: ['arm64'] },
  ]);
});
