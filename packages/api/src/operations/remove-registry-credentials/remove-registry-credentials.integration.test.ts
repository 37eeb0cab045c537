import { expect } from 'vitest';
import { RegistryCredentials } from '../../registry-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { addCredentials } from '../../testing/sample-registry-credentials.ts';

const remove = (pod: { name: string }, registry = 'ghcr.io') =>
  ({
    method: 'DELETE',
    path: `/v1/pods/${pod.name}/registry-credentials/${encodeURIComponent(registry)}`,
  }) as const;

describeOperation(
  'removeRegistryCredentials',
  { request: (pod) => remove(pod), prepare: (pod, api) => addCredentials(pod, api) },
  ({ proves }) => {
    proves(200, 'forgets those of the registry, by whichever of its names, and no others', async (api) => {
      const pod = await api.newPod();
      for (const registry of ['ghcr.io', 'docker.io']) await addCredentials(pod, api, registry);
      const answer = (await api.call(remove(pod, 'index.docker.io'))).as(200, RegistryCredentials);
      expect(answer).toMatchObject({ registry: 'docker.io', username: 'ann' });
      const left = await api.store.registryCredentials.list(pod.id);
      expect(left.map(({ registry }) => registry)).toEqual(['ghcr.io']);
    });

    proves(400, 'for a body, which it does not have', async (api) => {
      const pod = await api.newPod();
      await addCredentials(pod, api);
      (await api.call({ ...remove(pod), json: { why: 'x' } })).error(400);
    });

    proves(404, 'where there are none', async (api) => {
      const pod = await api.newPod();
      expect((await api.call(remove(pod))).error(404).message).toContain('no credentials for ghcr.io');
      expect((await api.call(remove(pod, 'no registry'))).error(404).code).toBe('NOT_FOUND');
    });
  },
);
