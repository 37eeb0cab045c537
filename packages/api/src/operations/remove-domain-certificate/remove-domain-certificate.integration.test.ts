import type { PodRecord } from '@brainpod/store/pods';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import { Domain } from '../../domain-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDomain, wantDomain } from '../../testing/sample-domain.ts';
import type { TestApi } from '../../testing/test-api.ts';

const remove = (pod: { name: string }, domain = sampleDomain(pod)) =>
  ({ method: 'DELETE', path: `/v1/pods/${pod.name}/domains/${domain}/certificate` }) as const;

async function withCertificate(pod: PodRecord, api: TestApi): Promise<void> {
  const domain = await wantDomain(pod, api);
  const notBefore = new Date();
  const notAfter = new Date(notBefore.getTime() + 1000);
  const kept = { chainPem: 'chain', keySealed: Buffer.from('key'), notBefore, notAfter };
  await api.store.domains.setCertificate(pod.id, domain, kept, TEST_ACTOR);
}

describeOperation(
  'removeDomainCertificate',
  { request: (pod) => remove(pod), prepare: withCertificate },
  ({ proves }) => {
    proves(200, 'takes it away', async (api) => {
      const pod = await api.newPod();
      await withCertificate(pod, api);
      expect((await api.call(remove(pod))).as(200, Domain)).toMatchObject({
        state: 'waitingForDns',
        certificate: null,
      });
    });

    proves(400, 'for a body, which it does not have', async (api) => {
      const pod = await api.newPod();
      await withCertificate(pod, api);
      (await api.call({ ...remove(pod), json: { why: 'x' } })).error(400);
    });

    proves(404, 'where there is none, or no such domain', async (api) => {
      const pod = await api.newPod();
      await wantDomain(pod, api);
      expect((await api.call(remove(pod))).error(404).message).toContain('no certificate of your own');
      expect((await api.call(remove(pod, 'not.example.com'))).error(404).code).toBe('NOT_FOUND');
    });
  },
);
