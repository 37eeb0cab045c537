import Type from 'typebox';
import { expect } from 'vitest';
import { Domain } from '../../domain-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { wantDomain } from '../../testing/sample-domain.ts';
import { DOMAIN } from '../../testing/test-api.ts';

const list = (pod: { name: string }) => ({ method: 'GET', path: `/v1/pods/${pod.name}/domains` }) as const;

describeOperation('listDomains', { request: (pod) => list(pod) }, ({ proves }) => {
  proves(200, 'shows the record to set, and how far each has come', async (api) => {
    const pod = await api.newPod();
    const shown = async () => (await api.call(list(pod))).as(200, Type.Array(Domain));
    expect(await shown()).toEqual([]);
    const domain = await wantDomain(pod, api);
    const path = `/v1/pods/${pod.name}/domains`;
    expect(await shown()).toEqual([
      {
        domain,
        route: 'urn:brain:route:default:web',
        state: 'waitingForDns',
        reason: null,
        verifiedAt: null,
        records: {
          cname: { type: 'CNAME', name: domain, value: `web-${pod.name}.${DOMAIN}` },
          txt: {
            type: 'TXT',
            name: `_brainpod.${domain}`,
            value: expect.stringMatching(/^brainpod=[0-9a-f]{40}$/),
          },
        },
        certificate: null,
        nextAttemptAt: expect.any(String),
        _links: {
          pod: { href: `/v1/pods/${pod.name}` },
          domains: { href: path },
          check: { href: `${path}/${domain}/check` },
          certificate: { href: `${path}/${domain}/certificate` },
        },
      },
    ]);
    const now = new Date();
    await api.store.domains.hold(pod.id, domain, now);
    const found = await api.store.domains.find(pod.id, domain);
    if (found === null) throw new Error('the domain is gone');
    const notAfter = new Date(now.getTime() + 1000);
    const kept = { chainPem: 'chain', keySealed: Buffer.from('key'), notBefore: now, notAfter };
    await api.store.domains.save(found, { state: 'active', certificate: { ...kept, issuer: 'local' } });
    const [active] = await shown();
    expect(active).toMatchObject({
      state: 'active',
      verifiedAt: now.toISOString(),
      certificate: { issuer: 'local', notBefore: now.toISOString(), notAfter: notAfter.toISOString() },
    });
    expect(JSON.stringify(active)).not.toContain('chain');
  });
});
