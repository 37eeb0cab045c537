import Type from 'typebox';
import { expect } from 'vitest';
import { OperatorCluster } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newCluster } from '../../testing/sample-cluster.ts';

const request = { method: 'GET', path: '/v1/operator/clusters' } as const;

describeOperation('listOperatorClusters', { request: () => request }, ({ proves }) => {
  proves(200, 'shows how each was registered, but not how it is reached', async (api) => {
    const { warnings: _warnings, ...second } = await newCluster(api, { gatewayClass: 'envoy' });
    const answer = await api.call(request);
    const clusters = answer.as(200, Type.Array(OperatorCluster));
    expect(clusters).toEqual([
      expect.objectContaining({ name: 'default', isBuiltIn: true, gatewayClass: null }),
      second,
    ]);
    expect(JSON.stringify(answer.body)).not.toContain('kubeconfig');
  });
});
