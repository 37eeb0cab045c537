import { sampleApp } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { PodLimitsUsed } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleHeld } from '../../testing/stand-in-keeper.ts';

const show = (name: string) => ({ method: 'GET', path: `/v1/pods/${name}/limits` }) as const;
const NOTHING = { apps: 0, cpuMillis: 0, memoryMiB: 0, diskGb: 0 };

describeOperation('getPodLimits', { request: (pod) => show(pod.name) }, ({ proves }) => {
  proves(200, 'shows what the draft asks for, and what is deployed', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(show(pod.name))).as(200, PodLimitsUsed)).toEqual({
      limits: { apps: null, cpuMillis: null, memoryMiB: null, diskGb: null, imagesMiB: null },
      used: { draft: NOTHING, deployed: NOTHING, imageBytes: 0 },
      _links: { self: { href: show(pod.name).path }, pod: { href: `/v1/pods/${pod.name}` } },
    });
    const app = sampleApp();
    await api.write(pod, { ...app, spec: { ...app.spec, instance: '1x', replicas: 2 } });
    await api.deploy(pod, 'deployed');
    const disk = {
      apiVersion: 'pod.brainpod.io/v1alpha1',
      kind: 'Disk',
      metadata: { name: 'data', namespace: 'default' },
      spec: { size: 7 },
    } as const;
    await api.write(pod, disk);
    api.imageKeeper.hold(pod.name, [sampleHeld()]);
    const { used } = (await api.call(show(pod.name))).as(200, PodLimitsUsed);
    const deployed = { apps: 1, cpuMillis: 2000, memoryMiB: 2048, diskGb: 0 };
    expect(used).toEqual({ deployed, draft: { ...deployed, diskGb: 7 }, imageBytes: 1000 });
    api.imageKeeper.isAway = true;
    expect((await api.call(show(pod.name))).as(200, PodLimitsUsed).used.imageBytes).toBeNull();
    api.imageKeeper.isAway = false;
  });
});
