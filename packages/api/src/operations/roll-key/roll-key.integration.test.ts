import { FULL_POLICY, type Policy } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { ApiKeyWithSecret } from '../../account-schemas.ts';
import { User } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

const NO_KEY = '00000000-0000-4000-8000-000000000000';

function roll(id: string, key?: string): Request {
  return { method: 'POST', path: `/v1/keys/${id}/roll`, ...(key === undefined ? {} : { key }) };
}

function make(api: TestApi, fields: { policy?: Policy; expiresAt?: Date; userId?: string } = {}) {
  const key = { userId: api.userId, name: 'to roll', policy: FULL_POLICY, actor: TEST_ACTOR };
  return api.store.apiKeys.create({ ...key, ...fields });
}

describeOperation('rollKey', { request: () => roll(NO_KEY) }, ({ proves }) => {
  proves(200, 'gives it a new secret; the old one is dead at once, on every server', async (api) => {
    const { id, secret } = await make(api);
    const servers = [api, api.beside(), api.beside()];
    for (const server of servers) (await server.get('/v1/me', secret)).as(200, User);
    const rolled = (await api.call(roll(id))).as(200, ApiKeyWithSecret);
    expect(rolled).toMatchObject({ id, name: 'to roll', rolledAt: expect.any(String) });
    for (const server of servers) {
      (await server.get('/v1/me', secret)).error(401);
      (await server.get('/v1/me', rolled.secret)).as(200, User);
    }
  });

  proves(200, 'a key can roll itself', async (api) => {
    const { id, secret } = await make(api, { expiresAt: new Date(Date.now() + 60_000) });
    const rolled = (await api.call(roll(id, secret))).as(200, ApiKeyWithSecret);
    (await api.get('/v1/me', rolled.secret)).as(200, User);
    (await api.get('/v1/me', secret)).error(401);
  });

  proves(403, 'keeps the secret from keys that may do less, or for less long', async (api) => {
    const { id, secret } = await make(api);
    const weak = await api.keyFor(['keys:write']);
    const error = (await api.call(roll(id, weak))).error(403);
    expect(error.details?.[0]?.path).toBe('policy.statements[0].actions[0]');
    const short = await make(api, { expiresAt: new Date(Date.now() + 60_000) });
    expect((await api.call(roll(id, short.secret))).error(403).details).toMatchObject([
      { path: 'expiresAt' },
    ]);
    (await api.get('/v1/me', secret)).as(200, User);
  });

  proves(403, 'makes no operator of those who are none', async (api) => {
    const [operator] = await api.sql(`insert into app_user (account_id, email, is_operator)
      values ('${api.accountId}', 'operator@example.com', true) returning id`);
    const { id } = await make(api, { userId: String(operator?.id) });
    const bob = await api.sql(`insert into app_user (account_id, email)
      values ('${api.accountId}', 'bob@example.com') returning id`);
    const { secret } = await make(api, { userId: String(bob[0]?.id) });
    expect((await api.call(roll(id, secret))).error(403).details).toMatchObject([
      { message: expect.stringContaining('operates') },
    ]);
  });

  proves(404, 'for keys that are not there, or another account has', async (api) => {
    const { id } = await make(api);
    for (const request of [roll(NO_KEY), roll('x'), roll(id, api.foreignKey)]) {
      expect((await api.call(request)).error(404).message).toContain('API key');
    }
  });

  proves(412, 'for keys that have ended', async (api) => {
    const revoked = await make(api);
    await api.store.apiKeys.revoke(revoked.id, TEST_ACTOR);
    expect((await api.call(roll(revoked.id))).error(412).message).toContain('revoked');
    const expired = await make(api, { expiresAt: new Date(Date.now() - 1000) });
    expect((await api.call(roll(expired.id))).error(412).message).toContain('expired');
    (await api.get('/v1/me', revoked.secret)).error(401);
  });

  proves(400, 'takes neither a body nor query parameters', async (api) => {
    const { id } = await make(api);
    (await api.call({ ...roll(id), json: { secret: 'brain_mine' } })).error(400);
    const path = `/v1/keys/${id}/roll?key=${id}`;
    (await api.call({ method: 'POST', path })).error(400);
  });
});
