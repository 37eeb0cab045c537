import { expect } from 'vitest';
import { RegisteredCluster } from '../../operator-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { KUBECONFIG, keptOf, newCluster, sampleCluster } from '../../testing/sample-cluster.ts';

const request = () => ({ method: 'POST', path: '/v1/operator/clusters', json: sampleCluster() }) as const;

describeOperation('registerCluster', { request }, ({ proves }) => {
  proves(201, 'takes a cluster in and keeps its kubeconfig sealed for it alone', async (api) => {
    const json = sampleCluster({ gatewayClass: 'envoy' });
    const answer = await api.call({ ...request(), json });
    const cluster = answer.as(201, RegisteredCluster);
    const { kubeconfig: _kubeconfig, ...facts } = json;
    expect(cluster).toEqual({ ...facts, id: cluster.id, isBuiltIn: false, warnings: [] });
    expect(api.registrar.asked.at(-1)).toEqual({ kubeconfig: KUBECONFIG, gatewayClass: 'envoy' });
    const { sealed, audit } = await keptOf(api, cluster.id);
    expect(api.registrar.open(cluster.id, sealed)).toBe(KUBECONFIG);
    expect(JSON.stringify(answer.body) + audit).not.toContain('secret-token');
    expect(audit).toContain(cluster.id);
  });

  proves(201, 'says what will not work in it', async (api) => {
    api.registrar.verdict = { faults: [], warnings: [{ path: 'kubeconfig', message: 'No disks.' }] };
    const cluster = await newCluster(api, { name: 'diskless' });
    api.registrar.verdict = { faults: [], warnings: [] };
    expect(cluster.warnings).toEqual([{ path: 'kubeconfig', message: 'No disks.' }]);
  });

  proves(201, 'without provider, country and region', async (api) => {
    const json = { name: 'plain', architectures: ['arm64'], kubeconfig: KUBECONFIG };
    const cluster = (await api.call({ ...request(), json })).as(201, RegisteredCluster);
    expect(cluster).toMatchObject({ provider: null, country: null, region: null, gatewayClass: null });
  });

  proves(400, 'with all that the cluster lacks, and takes nothing in', async (api) => {
    const faults = [
      { path: 'gatewayClass', message: 'There is none.' },
      { path: 'kubeconfig', message: 'It may do nothing.' },
    ];
    api.registrar.verdict = { faults, warnings: [] };
    const before = await api.store.clusters.list();
    const error = (await api.call(request())).error(400);
    api.registrar.verdict = { faults: [], warnings: [] };
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: faults });
    expect(await api.store.clusters.list()).toEqual(before);
  });

  proves(400, 'with each wrong field, before any cluster is asked', async (api) => {
    const asked = api.registrar.asked.length;
    const wrong: [string, unknown][] = [
      ['name', ''],
      ['name', 'x'.repeat(64)],
      ['provider', 1],
      ['country', 'Germany'],
      ['country', 'de'],
      ['country', 'QQ'],
      ['region', ''],
      ['architectures', []],
      ['architectures', ['amd64', 'amd64']],
      ['architectures[0]', ['pdp11']],
      ['kubeconfig', ''],
      ['kubeconfig', undefined],
      ['gatewayClass', ''],
      ['extra', 1],
    ];
    for (const [path, value] of wrong) {
      const field = path.replace('[0]', '');
      const error = (await api.call({ ...request(), json: { ...sampleCluster(), [field]: value } })).error(
        400,
      );
      expect(error, path).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path }] });
    }
    expect(api.registrar.asked).toHaveLength(asked);
  });

  proves(400, 'with faults that repeat nothing of the kubeconfig', async (api) => {
    const json = { ...sampleCluster(), kubeconfig: { token: 'secret-token' } };
    const answer = await api.call({ ...request(), json });
    expect(answer.error(400).details).toMatchObject([{ path: 'kubeconfig' }]);
    expect(JSON.stringify(answer.body)).not.toContain('secret-token');
  });

  proves(412, 'when the name is taken', async (api) => {
    const { name } = await newCluster(api);
    const error = (await api.call({ ...request(), json: sampleCluster({ name }) })).error(412);
    expect(error).toMatchObject({ code: 'PRECONDITION_FAILED', message: expect.stringContaining(name) });
  });
});
