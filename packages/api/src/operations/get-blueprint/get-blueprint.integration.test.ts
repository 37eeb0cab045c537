import { sampleBlueprint } from '@brainpod/blueprint/testing/sample-blueprint';
import { expect } from 'vitest';
import { BlueprintDetail } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const path = '/v1/blueprints/sample';

describeOperation('getBlueprint', { request: () => ({ method: 'GET', path }) }, ({ proves }) => {
  proves(200, 'shows what the list shows, the documentation, the defaults and the inputs', async (api) => {
    const key = await api.keyFor(['pods:read'], ['nowhere-else']);
    const { body, defaults, inputSchema } = sampleBlueprint();
    expect((await api.get(path, key)).as(200, BlueprintDetail)).toEqual({
      id: 'sample',
      name: 'Sample',
      category: 'software',
      tagline: 'A page with a secret',
      description: 'A Config, an App and a Route.',
      tags: ['page'],
      version: '1',
      body,
      defaults,
      inputSchema,
      _links: { self: { href: path } },
    });
  });

  proves(200, 'shows nothing of how its resources are made', async (api) => {
    const answer = await api.get(path);
    expect(JSON.stringify(answer.body)).not.toMatch(/templates|generate|\{\{/);
  });

  proves(404, 'for a blueprint that does not exist', async (api) => {
    for (const id of ['none', 'Sample', '%00', '..%2fsample', 'toString', '%F0%9F%A6%8A']) {
      const error = (await api.get(`/v1/blueprints/${id}`)).error(404);
      expect([error.code, error.message]).toEqual(['NOT_FOUND', expect.stringContaining('/v1/blueprints')]);
    }
  });
});
