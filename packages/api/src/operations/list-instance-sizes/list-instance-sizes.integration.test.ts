import Type from 'typebox';
import { expect } from 'vitest';
import { InstanceSize } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const Sizes = Type.Array(InstanceSize);
const list = { method: 'GET', path: '/v1/instance-sizes' } as const;

describeOperation('listInstanceSizes', { request: () => list }, ({ proves }) => {
  proves(200, 'shows all sizes, the smallest first, to a key that may do nothing else', async (api) => {
    const key = await api.keyFor(['pods:read'], ['nowhere-else']);
    const sizes = (await api.call({ ...list, key })).as(200, Sizes);
    expect(sizes.map(({ name }) => name)).toEqual(['.25x', '.5x', '1x', '2x', '4x', '8x']);
    expect(sizes[2]).toEqual({ name: '1x', cpuMillis: 1000, memoryMiB: 1024 });
  });
});
