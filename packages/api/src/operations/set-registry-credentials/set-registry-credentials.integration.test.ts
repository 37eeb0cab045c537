import Type from 'typebox';
import { expect } from 'vitest';
import { RegistryCredentials } from '../../registry-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { addCredentials } from '../../testing/sample-registry-credentials.ts';
import { REGISTRY_HOST } from '../../testing/test-api.ts';

const ANN = { username: 'ann', password: 'a secret of hers' };

const set = (pod: { name: string }, json: unknown = ANN, registry = 'ghcr.io') =>
  ({
    method: 'PUT',
    path: `/v1/pods/${pod.name}/registry-credentials/${encodeURIComponent(registry)}`,
    json,
  }) as const;

describeOperation('setRegistryCredentials', { request: (pod) => set(pod) }, ({ proves }) => {
  proves(200, 'takes the place of what was set, and shows no password anywhere', async (api) => {
    const pod = await api.newPod();
    await addCredentials(pod, api);
    const answer = await api.call(set(pod));
    expect(answer.as(200, RegistryCredentials)).toMatchObject({ registry: 'ghcr.io', username: 'ann' });
    // Once more is the same.
    (await api.call(set(pod))).as(200, RegistryCredentials);
    const kept = await api.store.registryCredentials.list(pod.id);
    expect(kept).toEqual([
      {
        registry: 'ghcr.io',
        username: 'ann',
        passwordSealed: Buffer.from(`${pod.id}/ghcr.io/${ANN.password.length}`),
        setAt: expect.any(Date),
      },
    ]);
    const shown = [
      answer.body,
      (await api.get(`/v1/pods/${pod.name}/registry-credentials`)).body,
      (await api.get(`/v1/pods/${pod.name}/audit`)).body,
      (await api.get(`/v1/pods/${pod.name}`)).body,
      await api.sql('select * from audit_entry'),
    ];
    expect(JSON.stringify(shown)).toContain('ghcr.io');
    expect(JSON.stringify(shown)).not.toContain(ANN.password);
  });

  proves(200, 'takes what registries give: long tokens, keys of many lines', async (api) => {
    const pod = await api.newPod();
    const password = `{\n  "private_key": "${'k'.repeat(9_000)}"\n}`;
    const json = { username: '_json_key', password };
    (await api.call(set(pod, json, 'europe-docker.pkg.dev'))).as(200, RegistryCredentials);
  });

  proves(200, 'knows Docker Hub by all its names', async (api) => {
    const pod = await api.newPod();
    for (const name of ['index.docker.io', 'Docker.io', 'registry-1.docker.io']) {
      const answer = (await api.call(set(pod, ANN, name))).as(200, RegistryCredentials);
      expect(answer.registry).toBe('docker.io');
    }
    expect(await api.store.registryCredentials.list(pod.id)).toHaveLength(1);
  });

  proves(400, 'names all that is wrong, and keeps what was', async (api) => {
    const pod = await api.newPod();
    const wrong = { username: 'a:b', password: '', more: 1 };
    const error = (await api.call(set(pod, wrong))).error(400);
    expect(error.details?.map(({ path }) => path).sort()).toEqual(['more', 'password', 'username']);
    const long = { username: 'x'.repeat(256), password: 'y'.repeat(10_001) };
    const tooLong = (await api.call(set(pod, long))).error(400);
    expect(tooLong.details?.map(({ path }) => path).sort()).toEqual(['password', 'username']);
    for (const username of ['a\nb', 'a\u007f']) {
      (await api.call(set(pod, { ...ANN, username }))).error(400);
    }
    expect(await api.store.registryCredentials.list(pod.id)).toEqual([]);
  });

  proves(400, 'for what is no registry, or the own one', async (api) => {
    const pod = await api.newPod();
    for (const registry of ['ghcr', 'https://ghcr.io', 'ghcr.io/owner', '*.io', 'a b.io', 'ghcr.io:0']) {
      const error = (await api.call(set(pod, ANN, registry))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'registry' }] });
    }
    for (const own of [REGISTRY_HOST, REGISTRY_HOST.toUpperCase()]) {
      const error = (await api.call(set(pod, ANN, own))).error(400);
      expect(error.details?.[0]?.message).toContain("Brainpod's own registry");
    }
    expect(await api.store.registryCredentials.list(pod.id)).toEqual([]);
  });

  proves(412, 'for more registries than fit', async (api) => {
    const pod = await api.newPod();
    for (let each = 0; each < 20; each++) await addCredentials(pod, api, `r${each}.example.com`);
    expect((await api.call(set(pod))).error(412).message).toContain('20');
    (await api.call(set(pod, ANN, 'r3.example.com'))).as(200, RegistryCredentials);
    const all = await api.get(`/v1/pods/${pod.name}/registry-credentials`);
    expect(all.as(200, Type.Array(RegistryCredentials))).toHaveLength(20);
  });
});
