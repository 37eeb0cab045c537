import Type from 'typebox';
import { expect } from 'vitest';
import { RegistryCredentials } from '../../registry-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { addCredentials } from '../../testing/sample-registry-credentials.ts';

const list = (pod: { name: string }) =>
  ({ method: 'GET', path: `/v1/pods/${pod.name}/registry-credentials` }) as const;

describeOperation('listRegistryCredentials', { request: (pod) => list(pod) }, ({ proves }) => {
  proves(200, 'shows with whom the pod signs in where, and no other pod', async (api) => {
    const pod = await api.newPod();
    const other = await api.newPod();
    await addCredentials(pod, api, 'registry.example.com:5000');
    await addCredentials(pod, api, 'docker.io');
    const path = `/v1/pods/${pod.name}/registry-credentials`;
    const answer = (await api.call(list(pod))).as(200, Type.Array(RegistryCredentials));
    expect(answer.map(({ registry }) => registry)).toEqual(['docker.io', 'registry.example.com:5000']);
    expect(answer[1]).toEqual({
      registry: 'registry.example.com:5000',
      username: 'ann',
      setAt: expect.any(String),
      _links: {
        pod: { href: `/v1/pods/${pod.name}` },
        credentials: { href: path },
        self: { href: `${path}/registry.example.com%3A5000` },
      },
    });
    expect((await api.call(list(other))).as(200, Type.Array(RegistryCredentials))).toEqual([]);
  });
});
