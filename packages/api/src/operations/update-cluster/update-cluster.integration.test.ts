import { expect } from 'vitest';
import { RegisteredCluster } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { KUBECONFIG, keptOf, newCluster } from '../../testing/sample-cluster.ts';
import type { Request } from '../../testing/test-api.ts';

const update = (id: string, json: unknown): Request => ({
  method: 'PUT',
  path: `/v1/operator/clusters/${id}`,
  json,
});

describeOperation(
  'updateCluster',
  { request: () => update(crypto.randomUUID(), { region: 'fsn1' }) },
  ({ proves }) => {
    proves(200, 'changes what is given and keeps the rest, without asking the cluster', async (api) => {
      const before = await newCluster(api);
      const asked = api.registrar.asked.length;
      const kept = await keptOf(api, before.id);
      const changes = { name: 'renamed', provider: null, country: 'CH', architectures: ['arm64'] };
      const after = (await api.call(update(before.id, changes))).as(200, RegisteredCluster);
      expect(after).toEqual({ ...before, ...changes });
      expect(api.registrar.asked).toHaveLength(asked);
      expect((await keptOf(api, before.id)).sealed).toEqual(kept.sealed);
      const same = (await api.call(update(before.id.toUpperCase(), {}))).as(200, RegisteredCluster);
      expect(same).toEqual(after);
    });

    proves(200, 'takes a new kubeconfig once the cluster has been asked with it', async (api) => {
      const { id } = await newCluster(api, { gatewayClass: 'envoy' });
      const kubeconfig = 'kubeconfig: with-another-secret-token';
      const answer = await api.call(update(id, { kubeconfig }));
      answer.as(200, RegisteredCluster);
      expect(api.registrar.asked.at(-1)).toEqual({ kubeconfig, gatewayClass: 'envoy' });
      const { sealed, audit } = await keptOf(api, id);
      expect(api.registrar.open(id, sealed)).toBe(kubeconfig);
      expect(JSON.stringify(answer.body) + audit).not.toContain('secret-token');
    });

    proves(200, 'asks the cluster for a new gateway class with the kubeconfig that it has', async (api) => {
      const { id } = await newCluster(api);
      const cluster = (await api.call(update(id, { gatewayClass: 'envoy' }))).as(200, RegisteredCluster);
      expect(cluster.gatewayClass).toBe('envoy');
      expect(api.registrar.asked.at(-1)).toEqual({ kubeconfig: KUBECONFIG, gatewayClass: 'envoy' });
    });

    proves(400, 'with what the cluster lacks, and changes nothing', async (api) => {
      const { id, warnings: _warnings, ...before } = await newCluster(api);
      const faults = [{ path: 'kubeconfig', message: 'The cluster cannot be reached.' }];
      api.registrar.verdict = { faults, warnings: [] };
      const error = (await api.call(update(id, { name: 'other', kubeconfig: 'x' }))).error(400);
      api.registrar.verdict = { faults: [], warnings: [] };
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: faults });
      expect(await api.store.clusters.find(id)).toMatchObject(before);
      const { sealed } = await keptOf(api, id);
      expect(api.registrar.open(id, sealed)).toBe(KUBECONFIG);
    });

    proves(400, 'with each wrong field', async (api) => {
      const { id } = await newCluster(api);
      for (const [path, value] of Object.entries({ name: null, country: 'XX', kubeconfig: 1, extra: 1 })) {
        const error = (await api.call(update(id, { [path]: value }))).error(400);
        expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path }] });
      }
    });

    proves(404, 'for a cluster that there is not', async (api) => {
      for (const id of [crypto.randomUUID(), 'default', '%00'])
        expect((await api.call(update(id, {}))).error(404).code).toBe('NOT_FOUND');
    });

    proves(412, 'for the one that the server was started with', async (api) => {
      const own = await api.store.clusters.defaultId();
      const error = (await api.call(update(own ?? '', { region: 'x', kubeconfig: KUBECONFIG }))).error(412);
      expect(error.message).toContain("server's settings");
      expect(await api.store.clusters.find(own ?? '')).toMatchObject({ region: null, isBuiltIn: true });
    });

    proves(412, 'when the name is taken', async (api) => {
      const [one, other] = [await newCluster(api), await newCluster(api)];
      const error = (await api.call(update(one.id, { name: other.name }))).error(412);
      expect(error.message).toContain(other.name);
    });
  },
);
