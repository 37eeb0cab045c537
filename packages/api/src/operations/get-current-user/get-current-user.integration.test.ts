import { FULL_POLICY } from '@brainpod/model/policy';
import { expect } from 'vitest';
import { User } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

describeOperation('getCurrentUser', { request: () => ({ method: 'GET', path: '/v1/me' }) }, ({ proves }) => {
  proves(200, 'shows the user, the policy and what follows from it', async (api) => {
    const user = (await api.get('/v1/me')).as(200, User);
    expect(user).toMatchObject({
      email: 'ada@example.com',
      policy: FULL_POLICY,
      _links: {
        self: { href: '/v1/me' },
        pods: { href: '/v1/pods' },
        blueprints: { href: '/v1/blueprints' },
        clusters: { href: '/v1/clusters' },
      },
    });
    expect(user.permissions).toContainEqual({
      action: 'pods:create',
      resources: ['urn:brain:pod:*'],
      excludedResources: [],
    });
  });

  proves(200, 'shows what is denied beside what is allowed', async (api) => {
    const key = await api.keyWith({
      version: '1',
      statements: [
        { sid: 'all', effect: 'allow', actions: ['pods:read'], resources: ['urn:brain:pod:*'] },
        { sid: 'but', effect: 'deny', actions: ['pods:read'], resources: ['urn:brain:pod:secret-place'] },
      ],
    });
    expect((await api.get('/v1/me', key)).as(200, User).permissions).toEqual([
      {
        action: 'pods:read',
        resources: ['urn:brain:pod:*'],
        excludedResources: ['urn:brain:pod:secret-place'],
      },
    ]);
  });
});
