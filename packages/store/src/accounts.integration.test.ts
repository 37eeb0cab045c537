import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { createTestDatabase } from '@brainpod/testkit/test-database';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStore, type Store } from './store.ts';

let store: Store;
let client: pg.Client;

beforeAll(async () => {
  const address = await createTestDatabase();
  store = openStore({ connection: address });
  client = new pg.Client(address);
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await store.close();
});

test('the first account is made once, however many ask for it at once', async () => {
  expect(await store.accounts.operatorId()).toBeNull();
  const made = await Promise.all(
    [1, 2, 3, 4].map(() => store.accounts.createFirst({ email: 'ada@example.com' })),
  );
  const secrets = made.filter((answer) => answer !== null);
  expect(secrets).toHaveLength(1);
  const caller = await store.apiKeys.authenticate(secrets[0]?.secret ?? '');
  expect(caller).toMatchObject({ email: 'ada@example.com', policy: FULL_POLICY });
  expect(await store.accounts.operatorId()).toBe(caller?.userId);
  expect(await store.accounts.createFirst({ email: 'bob@example.com' })).toBeNull();
});

test('a key is known by its secret, of which only the hash is kept', async () => {
  const { userId } = await store.accounts.create('eve@example.com');
  const { id, secret } = await store.apiKeys.create({
    userId,
    name: 'ci',
    policy: FULL_POLICY,
    actor: TEST_ACTOR,
  });
  expect(secret).toMatch(/^brain_[0-9A-Za-z]{32}$/);
  expect(await store.apiKeys.authenticate(secret)).toMatchObject({ keyId: id, userId });
  const { rows } = await client.query('select * from api_key where id = $1', [id]);
  expect(JSON.stringify(rows)).not.toContain(secret);
  expect(JSON.stringify(rows)).not.toContain(secret.slice('brain_'.length));
});

test('an unknown, revoked or expired key is nobody', async () => {
  const { userId } = await store.accounts.create('joe@example.com');
  expect(await store.apiKeys.authenticate(`brain_${'x'.repeat(32)}`)).toBeNull();
  expect(await store.apiKeys.authenticate('something else\u0000')).toBeNull();
  const revoked = await store.apiKeys.create({ userId, name: 'old', policy: FULL_POLICY, actor: TEST_ACTOR });
  await store.apiKeys.revoke(revoked.id, TEST_ACTOR);
  expect(await store.apiKeys.authenticate(revoked.secret)).toBeNull();
  const expired = {
    userId,
    name: 'short',
    policy: FULL_POLICY,
    expiresAt: new Date(Date.now() - 1000),
    actor: TEST_ACTOR,
  };
  expect(await store.apiKeys.authenticate((await store.apiKeys.create(expired)).secret)).toBeNull();
  const valid = { ...expired, expiresAt: new Date(Date.now() + 60_000) };
  expect(await store.apiKeys.authenticate((await store.apiKeys.create(valid)).secret)).not.toBeNull();
});

test('the last use is recorded, a minute apart at least', async () => {
  const { userId } = await store.accounts.create('kim@example.com');
  const { id, secret } = await store.apiKeys.create({
    userId,
    name: 'cli',
    policy: FULL_POLICY,
    actor: TEST_ACTOR,
  });
  const lastUse = async (): Promise<unknown> =>
    (await client.query('select last_used_at from api_key where id = $1', [id])).rows[0].last_used_at;
  expect(await lastUse()).toBeNull();
  await store.apiKeys.authenticate(secret);
  const first = await lastUse();
  expect(first).toBeInstanceOf(Date);
  await store.apiKeys.authenticate(secret);
  expect(await lastUse()).toEqual(first);
  await client.query(`update api_key set last_used_at = now() - interval '2 minutes' where id = $1`, [id]);
  await store.apiKeys.authenticate(secret);
  expect(await lastUse()).not.toEqual(first);
});
