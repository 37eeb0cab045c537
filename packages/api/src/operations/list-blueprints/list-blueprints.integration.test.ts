import Type from 'typebox';
import { expect } from 'vitest';
import { Blueprint } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const path = '/v1/blueprints';

describeOperation('listBlueprints', { request: () => ({ method: 'GET', path }) }, ({ proves }) => {
  proves(200, 'shows the blueprints as a plain list, to a key that may do nothing else', async (api) => {
    const key = await api.keyFor(['pods:read'], ['nowhere-else']);
    expect((await api.get(path, key)).as(200, Type.Array(Blueprint))).toEqual([
      {
        id: 'sample',
        name: 'Sample',
        category: 'software',
        tagline: 'A page with a secret',
        description: 'A Config, an App and a Route.',
        tags: ['page'],
        version: '1',
        _links: { self: { href: '/v1/blueprints/sample' } },
      },
    ]);
  });
});
