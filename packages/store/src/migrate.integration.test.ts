import { randomBytes } from 'node:crypto';
import { createDatabase } from '@brainpod/testkit/postgres';
import { queryDatabase } from '@brainpod/testkit/test-database';
import { Kysely, PostgresDialect, sql } from 'kysely';
import { Migrator } from 'kysely/migration';
import pg from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { up as initial } from './migrations/0001-initial.ts';
import { up as controlPlane } from './migrations/0002-control-plane.ts';
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
  expect(rows).toEqual(
    [
      '0001-initial',
      '0002-control-plane',
      '0003-domains',
      '0004-events',
      '0005-acme',
      '0006-edge-tally',
      '0007-image-digests',
      '0008-builds',
      '0009-image-cleanup',
      '0010-registry-credentials',
      '0011-pull-keys',
      '0012-build-actions',
      '0016-daily-cleanup',
      '0017-build-secrets',
    ].map((each) => ({
      name: each,
    })),
  );
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
  const before = await store.clusters.list();
  expect(before).toMatchObject([{ id, architectures: ['arm64'] }]);
  await store.migrate();

  await expect(store.clusters.list()).resolves.toEqual(before);
});

test('who operated an installation before there were operators goes on doing so, with the same key', async () => {
  const name = `migrate_${randomBytes(8).toString('hex')}`;
  const address = await createDatabase(inject('postgresSocketDir'), name, 'template0');
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool(address) }) });
  const provider = { getMigrations: () => Promise.resolve({ '0001-initial': { up: initial } }) };
  expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
  const everything = {
    sid: 'everything',
    effect: 'allow',
    actions: ['pods:read'],
    resources: ['urn:brain:pod:*'],
  };
  const policy = JSON.stringify({ version: '1', statements: [everything] });
  await sql`with made as (insert into account default values returning id),
    person as (insert into app_user (account_id, email) select id, 'ada@example.com' from made returning id)
    insert into api_key (user_id, name, secret_hash, policy)
    select id, 'first', sha256('brain_'::bytea), ${policy}::jsonb from person`.execute(db);
  await db.destroy();

  const store = openStore({ connection: address });
  onTestFinished(() => store.close());
  await store.migrate();
  const operator = await store.accounts.operatorId();
  expect(operator).not.toBeNull();
  expect(await queryDatabase(address, 'select policy from api_key')).toMatchObject([
    {
      policy: {
        statements: [
          everything,
          { effect: 'allow', actions: expect.arrayContaining(['platform:operate']) },
          { effect: 'allow', actions: ['domains:read', 'domains:write'] },
          { effect: 'allow', actions: ['builds:read'] },
        ],
      },
    },
  ]);
});

test('own domains that pods had are wanted still, and have to be proven', async () => {
  const name = `migrate_${randomBytes(8).toString('hex')}`;
  const address = await createDatabase(inject('postgresSocketDir'), name, 'template0');
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool: new pg.Pool(address) }) });
  const provider = {
    getMigrations: () =>
      Promise.resolve({ '0001-initial': { up: initial }, '0002-control-plane': { up: controlPlane } }),
  };
  expect((await new Migrator({ db, provider }).migrateToLatest()).error).toBeUndefined();
  const body = JSON.stringify({ spec: { hostname: 'web-hill.example.test', domains: ['www.example.com'] } });
  await sql`with made as (insert into account default values returning id),
    person as (insert into app_user (account_id, email) select id, 'ada@example.com' from made returning id),
    place as (insert into cluster (name, architectures) values ('default', '{amd64}') returning id),
    home as (insert into pod (id, account_id, owner_id, cluster_id, name, head_revision_id)
      select gen_random_uuid(), made.id, person.id, place.id, 'hill', gen_random_uuid() from made, person, place
      returning id, head_revision_id),
    draft as (insert into revision (id, pod_id, version, state) select head_revision_id, id, 1, 'draft' from home),
    text as (insert into document (hash, body) values (sha256('a'), ${body}::jsonb)),
    route as (insert into revision_resource (revision_id, kind, name, uid, document_hash)
      select head_revision_id, 'Route', 'web', gen_random_uuid(), sha256('a') from home)
    insert into hostname_claim (hostname, pod_id, type, route_name)
      select 'www.example.com', id, 'custom', null from home
      union all select 'web-hill.example.test', id, 'platform', 'web' from home`.execute(db);
  await db.destroy();

  const store = openStore({ connection: address });
  onTestFinished(() => store.close());
  await store.migrate();
  expect(await queryDatabase(address, 'select hostname from hostname_claim')).toEqual([
    { hostname: 'web-hill.example.test' },
  ]);
  expect(
    await queryDatabase(address, 'select domain, route_name, target, state, verified_at from domain'),
  ).toEqual([
    {
      domain: 'www.example.com',
      route_name: 'web',
      target: 'web-hill.example.test',
      state: 'waitingForDns',
      verified_at: null,
    },
  ]);
});
