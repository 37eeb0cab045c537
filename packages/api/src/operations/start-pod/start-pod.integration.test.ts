import { sampleApp } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { DeploymentAccepted, Pod } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';

const start = (name: string) => ({ method: 'POST', path: `/v1/pods/${name}/start` }) as const;

describeOperation('startPod', { request: (pod) => start(pod.name) }, ({ proves }) => {
  proves(200, 'lets a stopped pod run and be deployed again; a running one stays as it is', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.store.pods.stop(pod.id, TEST_ACTOR);
    expect((await api.call(start(pod.name))).as(200, Pod).stoppedAt).toBeNull();
    expect((await api.call(start(pod.name))).as(200, Pod).stoppedAt).toBeNull();
    const deploy = await api.call({ method: 'POST', path: `/v1/pods/${pod.name}/deploy` });
    expect(deploy.as(202, DeploymentAccepted).state).toBe('pending');
  });
});
