import { FULL_POLICY, type Policy, podUrn } from '@brainpod/model/policy';
import { expect } from 'vitest';
import { ApiKeyWithSecret } from '../../account-schemas.ts';
import { User } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

const READ: Policy = {
  version: '1',
  statements: [{ sid: 'read', effect: 'allow', actions: ['pods:read'], resources: ['urn:brain:pod:*'] }],
};

function creation(fields: object = {}): Request {
  return { method: 'POST', path: '/v1/keys', json: { name: 'ci', policy: READ, ...fields } };
}

function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString();
}

/** A key for everything that expires. */
async function expiringKey(api: TestApi, expiresAt: string): Promise<string> {
  const made = await api.call(creation({ policy: FULL_POLICY, expiresAt }));
  return made.as(201, ApiKeyWithSecret).secret;
}

describeOperation('createKey', { request: () => creation() }, ({ proves }) => {
  proves(201, 'makes a key that works, of the user who asks', async (api) => {
    const made = (await api.call(creation({ name: ' ci ' }))).as(201, ApiKeyWithSecret);
    expect(made).toMatchObject({
      name: 'ci',
      policy: READ,
      email: 'ada@example.com',
      expiresAt: null,
      lastUsedAt: null,
      rolledAt: null,
      revokedAt: null,
      _links: { self: { href: `/v1/keys/${made.id}` }, roll: { href: `/v1/keys/${made.id}/roll` } },
    });
    expect(made.secret).toMatch(/^brain_[0-9A-Za-z]{32}$/);
    const me = (await api.get('/v1/me', made.secret)).as(200, User);
    expect(me).toMatchObject({ email: 'ada@example.com', policy: READ });
    (await api.call({ ...creation(), key: made.secret })).error(403);
  });

  proves(201, 'keeps the secret nowhere, not even for a repeated request', async (api) => {
    const headers = { 'idempotency-key': 'once' };
    const [first, second] = [
      (await api.call({ ...creation(), headers })).as(201, ApiKeyWithSecret),
      (await api.call({ ...creation(), headers })).as(201, ApiKeyWithSecret),
    ];
    expect(second.secret).toBe(first.secret);
    for (const table of ['api_key', 'idempotent_answer', 'audit_entry']) {
      const rows = JSON.stringify(await api.sql(`select row_to_json(row)::text as text from ${table} row`));
      const hex = Buffer.from(first.secret.slice(6)).toString('hex');
      expect(rows).toContain(table === 'idempotent_answer' ? 'once' : first.id);
      expect(rows.includes(first.secret.slice(6)) || rows.includes(hex)).toBe(false);
    }
  });

  proves(201, 'ends no later than the key it is made with', async (api) => {
    const expiresAt = inDays(3);
    const key = await expiringKey(api, expiresAt);
    const alike = (await api.call({ ...creation(), key })).as(201, ApiKeyWithSecret);
    expect(alike.expiresAt).toBe(expiresAt);
    const sooner = inDays(1);
    const short = (await api.call({ ...creation({ expiresAt: sooner }), key })).as(201, ApiKeyWithSecret);
    expect(short.expiresAt).toBe(sooner);
    const error = (await api.call({ ...creation({ expiresAt: inDays(4) }), key })).error(400);
    expect(error.details).toMatchObject([{ path: 'expiresAt', message: expect.stringContaining(expiresAt) }]);
  });

  proves(400, 'names every fault at once', async (api) => {
    const shape = (
      await api.call(creation({ name: ' ', policy: { version: '2' }, expiresAt: 'soon' }))
    ).error(400);
    expect(shape.code).toBe('VALIDATION_ERROR');
    expect(shape.details?.map(({ path }) => path)).toEqual(
      expect.arrayContaining(['name', 'policy.version', 'expiresAt']),
    );
    const past = (await api.call(creation({ expiresAt: inDays(-1) }))).error(400);
    expect(past.details).toMatchObject([{ path: 'expiresAt' }]);
    (await api.call(creation({ secret: 'brain_mine' }))).error(400);
  });

  proves(400, 'passes on no more than the key may do itself', async (api) => {
    const key = await api.keyFor(['keys:write', 'pods:read']);
    (await api.call({ ...creation(), key })).as(201, ApiKeyWithSecret);
    const error = (await api.call({ ...creation({ policy: FULL_POLICY }), key })).error(400);
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.details?.map(({ path }) => path)).toContain('policy.statements[0].actions[1]');
    expect(error.details?.map(({ path }) => path)).not.toContain('policy.statements[0].actions[0]');
  });

  proves(400, 'names pods that are not there, as it does those of others', async (api) => {
    const pod = await api.newPod();
    const policy = (...names: string[]): Policy => ({
      version: '1',
      statements: [
        { sid: 'one', effect: 'allow', actions: ['pods:read'], resources: names.map((name) => podUrn(name)) },
      ],
    });
    (await api.call(creation({ policy: policy(pod.name) }))).as(201, ApiKeyWithSecret);
    const error = (await api.call(creation({ policy: policy(pod.name, 'no-such-pod') }))).error(400);
    expect(error.details).toMatchObject([{ path: 'policy.statements[0].resources[1]' }]);
    const foreign = await api.call({ ...creation({ policy: policy(pod.name) }), key: api.foreignKey });
    expect(foreign.error(400).details).toMatchObject([{ path: 'policy.statements[0].resources[0]' }]);
  });
});
