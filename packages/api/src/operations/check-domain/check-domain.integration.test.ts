import { expect } from 'vitest';
import { Domain } from '../../domain-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { sampleDomain, wantDomain } from '../../testing/sample-domain.ts';

const check = (pod: { name: string }, domain = sampleDomain(pod)) =>
  ({ method: 'POST', path: `/v1/pods/${pod.name}/domains/${domain}/check` }) as const;

describeOperation('checkDomain', { request: (pod) => check(pod), prepare: wantDomain }, ({ proves }) => {
  proves(202, 'has it looked at now', async (api) => {
    const pod = await api.newPod();
    const domain = await wantDomain(pod, api);
    const found = await api.store.domains.find(pod.id, domain);
    if (found === null) throw new Error('the domain is gone');
    const nextAttemptAt = new Date(Date.now() + 60_000);
    await api.store.domains.save(found, { attempts: 9, nextAttemptAt, reason: 'No record.' });
    const asked = (await api.call(check(pod))).as(202, Domain);
    expect(asked).toMatchObject({ domain, state: 'waitingForDns', reason: 'No record.' });
    const due = await api.store.domains.due(new Date(), 100);
    expect(due.map((each) => [each.domain, each.attempts])).toContainEqual([domain, 0]);
  });

  proves(400, 'for a body or a query, which it does not have', async (api) => {
    const pod = await api.newPod();
    await wantDomain(pod, api);
    (await api.call({ ...check(pod), json: { why: 'x' } })).error(400);
    (await api.call({ ...check(pod), path: `${check(pod).path}?now=1` })).error(400);
  });

  proves(404, 'for a domain that no Route names', async (api) => {
    const pod = await api.newPod();
    for (const domain of ['not.example.com', '%00', 'A.example.com', 'x'.repeat(253)]) {
      expect((await api.call(check(pod, domain))).error(404).code).toBe('NOT_FOUND');
    }
  });
});
