import { sampleApp } from '@brainpod/testkit/sample-documents';
import { openSecondStore } from '@brainpod/testkit/test-store';
import Type from 'typebox';
import { expect } from 'vitest';
import { InstanceSize, PodLimitsUsed } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const set = (size: string, json: unknown = { cpuMillis: 750, memoryMiB: 2000 }) =>
  ({ method: 'PUT', path: `/v1/operator/instance-sizes/${size}`, json }) as const;

describeOperation('setInstanceSize', { request: () => set('4x') }, ({ proves }) => {
  proves(200, 'counts at once, on every server, for what pods ask for', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, { ...sampleApp(), spec: { ...sampleApp().spec, instance: '2x', replicas: 3 } });
    expect((await api.call(set('2x'))).as(200, InstanceSize)).toEqual({
      name: '2x',
      cpuMillis: 750,
      memoryMiB: 2000,
    });
    const sizes = (await api.get('/v1/instance-sizes')).as(200, Type.Array(InstanceSize));
    expect(sizes.find(({ name }) => name === '2x')).toEqual({ name: '2x', cpuMillis: 750, memoryMiB: 2000 });
    expect((await openSecondStore(api.address).instanceSizes.list())['2x']).toEqual({
      cpuMillis: 750,
      memoryMiB: 2000,
    });
    const { used } = (await api.get(`/v1/pods/${pod.name}/limits`)).as(200, PodLimitsUsed);
    expect(used.draft).toEqual({ apps: 1, cpuMillis: 2250, memoryMiB: 6000, diskGb: 0 });
    expect((await api.store.reconciler.loadPod(pod.id))?.sizes['2x']).toEqual({
      cpuMillis: 750,
      memoryMiB: 2000,
    });
  });

  proves(400, 'names every fault, and changes nothing', async (api) => {
    const error = (await api.call(set('8x', { cpuMillis: 9, memoryMiB: 1.5, disk: 1 }))).error(400);
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.details?.map(({ path }) => path).sort()).toEqual(['cpuMillis', 'disk', 'memoryMiB']);
    expect((await api.store.instanceSizes.list())['8x'].cpuMillis).toBe(8000);
  });

  proves(404, 'for a size that there is not', async (api) => {
    for (const size of ['3x', '1X', '__proto__', '%00']) {
      expect((await api.call(set(size))).error(404).code).toBe('NOT_FOUND');
    }
  });
});
