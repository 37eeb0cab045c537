import { expect } from 'vitest';
import { Domain } from '../../domain-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDomain, wantDomain } from '../../testing/sample-domain.ts';

const set = (
  pod: { name: string },
  json: unknown = { certificate: 'chain', key: 'key' },
  domain = sampleDomain(pod),
) => ({ method: 'PUT', path: `/v1/pods/${pod.name}/domains/${domain}/certificate`, json }) as const;

describeOperation(
  'setDomainCertificate',
  { request: (pod) => set(pod), prepare: wantDomain },
  ({ proves }) => {
    proves(200, 'takes the place of any other, and its key is never shown', async (api) => {
      const pod = await api.newPod();
      await wantDomain(pod, api);
      const answer = (await api.call(set(pod, { certificate: 'chain', key: 'a secret' }))).as(200, Domain);
      expect(answer).toMatchObject({ state: 'waitingForDns', certificate: { issuer: 'own' } });
      expect(JSON.stringify(answer)).not.toContain('a secret');
      const second = (await api.call(set(pod, { certificate: 'another', key: 'key' }))).as(200, Domain);
      expect(second.certificate?.issuer).toBe('own');
      const found = await api.store.domains.find(pod.id, sampleDomain(pod));
      expect(found?.certificate?.chainPem).toBe('another');
    });

    proves(400, 'names what is wrong with it, and keeps what was', async (api) => {
      const pod = await api.newPod();
      const domain = await wantDomain(pod, api);
      const error = (await api.call(set(pod, { certificate: 'faulty', key: 'key' }))).error(400);
      expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'certificate' }] });
      const shape = (await api.call(set(pod, { certificate: 7, more: 1 }))).error(400);
      expect(shape.details?.map(({ path }) => path).sort()).toEqual(['certificate', 'key', 'more']);
      expect((await api.store.domains.find(pod.id, domain))?.certificate).toBeNull();
    });

    proves(404, 'for a domain that no Route names', async (api) => {
      const pod = await api.newPod();
      const call = set(pod, undefined, 'not.example.com');
      expect((await api.call(call)).error(404).code).toBe('NOT_FOUND');
    });
  },
);
