import Type from 'typebox';
import { expect } from 'vitest';
import { Cluster } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

describeOperation(
  'listClusters',
  { request: () => ({ method: 'GET', path: '/v1/clusters' }) },
  ({ proves }) => {
    proves(200, 'shows the clusters as a plain list, to a key that may do nothing else', async (api) => {
      const key = await api.keyFor(['pods:read'], ['nowhere-else']);
      const clusters = (await api.get('/v1/clusters', key)).as(200, Type.Array(Cluster));
      expect(clusters).toEqual([
        {
          id: expect.any(String),
          provider: 'embedded',
          country: null,
          region: null,
          architectures: ['amd64'],
        },
      ]);
    });
  },
);
