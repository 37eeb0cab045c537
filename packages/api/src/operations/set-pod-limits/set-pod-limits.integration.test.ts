import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { PodLimitsUsed } from '../../operator-schemas.ts';
import { Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const set = (name: string, json: unknown = { apps: 3 }) =>
  ({ method: 'PUT', path: `/v1/operator/pods/${name}/limits`, json }) as const;
const SHOWN = { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null, imagesMiB: null };

describeOperation('setPodLimits', { request: (pod) => set(pod.name) }, ({ proves }) => {
  proves(200, 'sets what is given, leaves the rest, and takes away what is null', async (api) => {
    const pod = await api.newPod();
    const limits = async (json: object) =>
      (await api.call(set(pod.name, json))).as(200, PodLimitsUsed).limits;
    expect(await limits({ apps: 1, memoryMiB: 2048 })).toEqual({ ...SHOWN, apps: 1, memoryMiB: 2048 });
    expect(await limits({ memoryMiB: null, diskGb: 0 })).toEqual({ ...SHOWN, apps: 1, diskGb: 0 });
    expect(await limits({})).toEqual({ ...SHOWN, apps: 1, diskGb: 0 });
    expect(await limits({ imagesMiB: 500 })).toEqual({ ...SHOWN, apps: 1, diskGb: 0, imagesMiB: 500 });
    expect(await limits({ imagesMiB: null })).toEqual({ ...SHOWN, apps: 1, diskGb: 0 });
    expect((await api.store.reconciler.loadPod(pod.id))?.pod.limits).toEqual({
      ...SHOWN,
      apps: 1,
      diskGb: 0,
    });
    const create = (name: string) =>
      api.call({ method: 'POST', path: `/v1/pods/${pod.name}/resources`, json: [sampleApp(name)] });
    expect((await create('one')).status).toBe(201);
    const error = (await create('two')).error(400);
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'limits.apps' }] });
  });

  proves(200, 'of a pod of another account', async (api) => {
    const made = await api.call({ method: 'POST', path: '/v1/pods', key: api.foreignKey });
    const { name } = made.as(201, Pod);
    expect((await api.call(set(name))).as(200, PodLimitsUsed).limits.apps).toBe(3);
  });

  proves(400, 'names every fault, and changes nothing', async (api) => {
    const pod = await api.newPod();
    const error = (await api.call(set(pod.name, { apps: -1, cpuMillis: 'x', disk: 1 }))).error(400);
    expect(error.code).toBe('VALIDATION_ERROR');
    expect(error.details?.map(({ path }) => path).sort()).toEqual(['apps', 'cpuMillis', 'disk']);
    expect((await api.store.pods.findAnywhere(pod.name))?.limits).toBeNull();
  });

  proves(404, 'for a pod that there is not', async (api) => {
    for (const name of ['no-such-pod', 'A', '%00', 'x'.repeat(64)]) {
      expect((await api.call(set(name))).error(404).code).toBe('NOT_FOUND');
    }
  });
});
