import { ACTIONS, type Action, FULL_POLICY, podUrn } from '@brainpod/model/policy';
import type { PodRecord } from '@brainpod/store/pods';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { expect } from 'vitest';
import type { Operation } from '../operation.ts';
import { type Proves, preparedPod, type Sample } from './operation-sample.ts';
import {
  DEAD_KEYS,
  FOREIGN_PODS,
  NOT_OPERATOR,
  neededActions,
  withDenial,
  withoutAction,
} from './required-cases.ts';
import type { Request, TestApi } from './test-api.ts';

/** The tests of who may call an operation: see `accessCases`. */
export function describeAccess(operation: Operation, sample: Sample, proves: Proves): void {
  const { scope } = operation.access;
  if (scope === 'public') return;
  provesKeyIsNeeded(sample, proves);
  if (scope === 'operator') provesOperatorIsNeeded(sample, proves);
  provesActionsAreNeeded(neededActions(operation), sample, proves);
  if (scope === 'pod') provesForeignPodsAreHidden(sample, proves);
}

function provesKeyIsNeeded(sample: Sample, proves: Proves): void {
  const isRefused = async (api: TestApi, request: Partial<Request>) => {
    const pod = await api.newPod();
    const answer = await api.call({ ...sample.request(pod), ...request });
    expect(answer.error(401).code).toBe('UNAUTHORIZED');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  };
  const newKey = (api: TestApi, expiresAt?: Date) =>
    api.store.apiKeys.create({
      userId: api.userId,
      name: 'dead',
      policy: FULL_POLICY,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      actor: TEST_ACTOR,
    });
  proves(401, DEAD_KEYS.missing, (api) => isRefused(api, { key: null }));
  proves(401, DEAD_KEYS.unknown, (api) => isRefused(api, { key: `brain_${'x'.repeat(32)}` }));
  proves(401, DEAD_KEYS.otherScheme, (api) =>
    isRefused(api, { key: null, headers: { authorization: `Basic ${api.key}` } }),
  );
  proves(401, DEAD_KEYS.revoked, async (api) => {
    const key = await newKey(api);
    await api.store.apiKeys.revoke(key.id, TEST_ACTOR);
    await isRefused(api, { key: key.secret });
  });
  proves(401, DEAD_KEYS.expired, async (api) => {
    const key = await newKey(api, new Date(Date.now() - 1000));
    await isRefused(api, { key: key.secret });
  });
  proves(401, DEAD_KEYS.rolled, async (api) => {
    const key = await newKey(api);
    await api.store.apiKeys.roll(key.id, TEST_ACTOR);
    await isRefused(api, { key: key.secret });
  });
}

function provesOperatorIsNeeded(sample: Sample, proves: Proves): void {
  proves(403, NOT_OPERATOR, async (api) => {
    const pod = await preparedPod(api, sample);
    const error = (await api.call({ ...sample.request(pod), key: api.foreignKey })).error(403);
    expect(error).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('operator') });
  });
}

function provesActionsAreNeeded(actions: readonly Action[], sample: Sample, proves: Proves): void {
  for (const action of actions) {
    proves(403, withoutAction(action), async (api) => {
      const pod = await preparedPod(api, sample);
      const answer = await api.call({ ...sample.request(pod), key: await api.keyWithout(action) });
      const error = answer.error(403);
      expect(error.code).toBe('FORBIDDEN');
      expect(error.message).toContain(action);
    });
    proves(403, withDenial(action), async (api) => {
      const pod = await preparedPod(api, sample);
      const denial = {
        sid: 'no',
        effect: 'deny' as const,
        actions: [action],
        resources: [podUrn(pod.name)],
      };
      const key = await api.keyWith({ version: '1', statements: [...FULL_POLICY.statements, denial] });
      expect((await api.call({ ...sample.request(pod), key })).error(403).code).toBe('FORBIDDEN');
    });
  }
}

function provesForeignPodsAreHidden(sample: Sample, proves: Proves): void {
  const isHidden = async (api: TestApi, pod: PodRecord, key: string) => {
    const hidden = (await api.call({ ...sample.request(pod), key })).error(404);
    const missing = (await api.call({ ...sample.request({ ...pod, name: 'no-such-pod' }), key })).error(404);
    expect({ ...hidden, requestId: '' }).toEqual({ ...missing, requestId: '' });
    expect(hidden.code).toBe('NOT_FOUND');
  };
  proves(404, FOREIGN_PODS.otherAccount, async (api) =>
    isHidden(api, await preparedPod(api, sample), api.foreignKey),
  );
  proves(404, FOREIGN_PODS.otherPod, async (api) => {
    const [pod, other] = [await preparedPod(api, sample), await api.newPod()];
    await isHidden(api, pod, await api.keyFor(ACTIONS, [other.name]));
  });
  proves(404, FOREIGN_PODS.noName, async (api) => {
    const pod = await api.newPod();
    for (const name of ['%00', 'A', '..%2f..', 'x'.repeat(64), "'", '%F0%9F%A6%8A']) {
      expect((await api.call(sample.request({ ...pod, name }))).error(404).code).toBe('NOT_FOUND');
    }
  });
}
