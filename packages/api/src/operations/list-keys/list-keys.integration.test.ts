import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import Type from 'typebox';
import { expect } from 'vitest';
import { ApiKey } from '../../account-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request } from '../../testing/test-api.ts';

const LIST: Request = { method: 'GET', path: '/v1/keys' };

describeOperation('listKeys', { request: () => LIST }, ({ proves }) => {
  proves(200, 'shows every key of the account, newest first, and what became of it', async (api) => {
    const expiresAt = new Date(Date.now() + 60_000);
    const key = { userId: api.userId, name: 'newest', policy: FULL_POLICY, expiresAt, actor: TEST_ACTOR };
    const revoked = await api.store.apiKeys.create({ ...key, name: 'revoked' });
    await api.store.apiKeys.revoke(revoked.id, TEST_ACTOR);
    const newest = await api.store.apiKeys.create(key);
    await api.store.apiKeys.authenticate(newest.secret);
    const keys = (await api.call(LIST)).as(200, Type.Array(ApiKey));
    expect(keys.slice(0, 2)).toMatchObject([
      {
        id: newest.id,
        name: 'newest',
        policy: FULL_POLICY,
        expiresAt: expiresAt.toISOString(),
        lastUsedAt: expect.any(String),
        revokedAt: null,
        rolledAt: null,
      },
      { id: revoked.id, lastUsedAt: null, revokedAt: expect.any(String) },
    ]);
  });

  proves(200, 'shows the keys of everybody in the account, and of nobody else', async (api) => {
    const [user] = await api.sql(`insert into app_user (account_id, email)
      values ('${api.accountId}', 'bob@example.com') returning id`);
    const key = { name: 'of bob', policy: FULL_POLICY, actor: TEST_ACTOR };
    await api.store.apiKeys.create({ ...key, userId: String(user?.id) });
    const keys = (await api.call(LIST)).as(200, Type.Array(ApiKey));
    expect(keys.map(({ email }) => email)).toContain('bob@example.com');
    const foreign = (await api.get('/v1/keys', api.foreignKey)).as(200, Type.Array(ApiKey));
    expect(foreign.map(({ email }) => email)).toEqual(['foreign@example.com']);
  });

  proves(200, 'tells no secret, whole or hashed', async (api) => {
    const text = JSON.stringify((await api.call(LIST)).body);
    const rows = await api.sql(
      `select encode(secret_hash, 'hex') as hex, encode(secret_hash, 'base64') as base64 from api_key`,
    );
    for (const { hex, base64 } of rows) {
      expect(text).not.toContain(hex);
      expect(text).not.toContain(base64);
    }
    expect(text).not.toContain(api.key);
  });
});
