import { FULL_POLICY } from '@brainpod/model/policy';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { ApiKey } from '../../account-schemas.ts';
import { User } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

const NO_KEY = '00000000-0000-4000-8000-000000000000';

function revocation(id: string, key?: string): Request {
  return { method: 'DELETE', path: `/v1/keys/${id}`, ...(key === undefined ? {} : { key }) };
}

function make(api: TestApi) {
  return api.store.apiKeys.create({
    userId: api.userId,
    name: 'to revoke',
    policy: FULL_POLICY,
    actor: TEST_ACTOR,
  });
}

describeOperation('revokeKey', { request: () => revocation(NO_KEY) }, ({ proves }) => {
  proves(200, 'ends it at once, on every server', async (api) => {
    const { id, secret } = await make(api);
    const servers = [api, api.beside()];
    for (const server of servers) (await server.get('/v1/me', secret)).as(200, User);
    const revoked = (await api.call(revocation(id))).as(200, ApiKey);
    expect(revoked).toMatchObject({ id, revokedAt: expect.any(String) });
    for (const server of servers) (await server.get('/v1/me', secret)).error(401);
    const again = (await api.call(revocation(id))).as(200, ApiKey);
    expect(again.revokedAt).toBe(revoked.revokedAt);
  });

  proves(200, 'of a key by itself, and by one that may do less', async (api) => {
    const own = await make(api);
    (await api.call(revocation(own.id, own.secret))).as(200, ApiKey);
    (await api.get('/v1/me', own.secret)).error(401);
    const strong = await make(api);
    (await api.call(revocation(strong.id, await api.keyFor(['keys:write'])))).as(200, ApiKey);
    (await api.get('/v1/me', strong.secret)).error(401);
  });

  proves(404, 'for keys that are not there, or another account has', async (api) => {
    const { id, secret } = await make(api);
    for (const request of [revocation(NO_KEY), revocation('x'), revocation(id, api.foreignKey)]) {
      expect((await api.call(request)).error(404).message).toContain('API key');
    }
    (await api.get('/v1/me', secret)).as(200, User);
  });
});
