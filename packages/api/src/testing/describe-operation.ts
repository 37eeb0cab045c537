import { ACTIONS, FULL_POLICY, podUrn } from '@brainpod/model/policy';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../operation.ts';
import { OPERATIONS } from '../operations.ts';
import { requiredStatuses } from './required-statuses.ts';
import { type Request, TestApi } from './test-api.ts';

type Tools = {
  api: () => TestApi;
  /** A test that gets this status from the operation; it fails when it did not. */
  proves: (status: number, title: string, run: (api: TestApi) => Promise<void>) => void;
};

type Sample = {
  /** A well-formed call of the operation on this pod. */
  request: (pod: PodRecord) => Request;
  /** Brings a new pod into the state that the call is for. */
  prepare?: (pod: PodRecord, api: TestApi) => Promise<unknown>;
};

async function preparedPod(api: TestApi, { prepare }: Sample): Promise<PodRecord> {
  const pod = await api.newPod();
  await prepare?.(pod, api);
  return pod;
}

/**
 * Tests of one operation. The cases that every operation shares (who may call it) are tested here; at the end,
 * each status that it may answer must have been proven by a test that passed.
 */
export function describeOperation(id: string, sample: Sample, define: (tools: Tools) => void): void {
  const operation = OPERATIONS.find((candidate) => candidate.id === id);
  if (operation === undefined) throw new Error(`there is no operation ${id}`);
  describe(id, () => {
    let started: TestApi | undefined;
    const proven = new Set<number>();
    beforeAll(async () => {
      started = await TestApi.start();
    });
    afterAll(() => started?.close());
    const api = (): TestApi => {
      if (started === undefined) throw new Error('the API is started in beforeAll');
      return started;
    };
    const proves: Tools['proves'] = (status, title, run) => {
      test(`${status}: ${title}`, async () => {
        const seen = new Set<number>();
        api().onAnswer((operationId, answered) => {
          if (operationId === id) seen.add(answered);
        });
        await run(api());
        expect([...seen]).toContain(status);
        proven.add(status);
      });
    };
    define({ api, proves });
    describeAccess(operation, sample, proves);
    if (operation.ifMatch !== undefined) provesIfMatch(sample, proves);
    test('is proven for every status that it may answer', () => {
      expect([...proven].sort()).toEqual(expect.arrayContaining(requiredStatuses(operation)));
    });
  });
}

function describeAccess(operation: Operation, sample: Sample, proves: Tools['proves']): void {
  if (operation.access.scope === 'public') return;
  provesKeyIsNeeded(sample, proves);
  if (operation.access.scope === 'pod') {
    provesActionsAreNeeded(operation.access.pod.actions, sample, proves);
    provesForeignPodsAreHidden(sample, proves);
  }
  if (operation.access.scope === 'account' && operation.access.account.grant === 'every-pod') {
    provesActionsAreNeeded([operation.access.account.action], sample, proves);
  }
  if (operation.access.scope === 'operator') {
    provesOperatorIsNeeded(sample, proves);
    provesActionsAreNeeded([operation.access.operator.action], sample, proves);
  }
}

function provesKeyIsNeeded(sample: Sample, proves: Tools['proves']): void {
  const isRefused = async (api: TestApi, request: Partial<Request>) => {
    const pod = await api.newPod();
    const answer = await api.call({ ...sample.request(pod), ...request });
    expect(answer.error(401).code).toBe('UNAUTHORIZED');
    expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);
  };
  proves(401, 'without a key', (api) => isRefused(api, { key: null }));
  proves(401, 'with an unknown key', (api) => isRefused(api, { key: `brain_${'x'.repeat(32)}` }));
  proves(401, 'with another scheme', (api) =>
    isRefused(api, { key: null, headers: { authorization: `Basic ${api.key}` } }),
  );
  proves(401, 'with a revoked key', async (api) => {
    const key = await api.store.apiKeys.create({
      userId: api.userId,
      name: 'revoked',
      policy: FULL_POLICY,
      actor: TEST_ACTOR,
    });
    await api.store.apiKeys.revoke(key.id, TEST_ACTOR);
    await isRefused(api, { key: key.secret });
  });
}

function provesOperatorIsNeeded(sample: Sample, proves: Tools['proves']): void {
  proves(
    403,
    'with a key for everything, of somebody who does not operate this installation',
    async (api) => {
      const pod = await preparedPod(api, sample);
      const error = (await api.call({ ...sample.request(pod), key: api.foreignKey })).error(403);
      expect(error).toMatchObject({ code: 'FORBIDDEN', message: expect.stringContaining('operator') });
    },
  );
}

function provesActionsAreNeeded(
  actions: readonly (typeof ACTIONS)[number][],
  sample: Sample,
  proves: Tools['proves'],
): void {
  for (const action of actions) {
    proves(403, `with a key for everything but ${action}`, async (api) => {
      const pod = await preparedPod(api, sample);
      const answer = await api.call({ ...sample.request(pod), key: await api.keyWithout(action) });
      const error = answer.error(403);
      expect(error.code).toBe('FORBIDDEN');
      expect(error.message).toContain(action);
    });
    proves(403, `with a key that is denied ${action}`, async (api) => {
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

/** Those who take an If-Match are about the draft, or about `App/web` in it. */
function provesIfMatch(sample: Sample, proves: Tools['proves']): void {
  const withTag = async (api: TestApi, tag: string) => {
    const pod = await preparedPod(api, sample);
    await api.write(pod, sampleApp());
    const request = sample.request(pod);
    const answer = await api.call({ ...request, headers: { ...request.headers, 'if-match': tag } });
    return { answer, pod };
  };
  for (const tag of ['"stale"', '"stale", "also-stale"', 'W/"weak"']) {
    proves(412, `when what it is about has another ETag than ${tag}`, async (api) => {
      const { answer, pod } = await withTag(api, tag);
      const error = answer.error(412);
      expect(error).toMatchObject({ code: 'PRECONDITION_FAILED', details: [{ path: 'App/web' }] });
      expect(await api.store.resources.list(pod.head.id)).toMatchObject([{ document: sampleApp() }]);
      expect((await api.store.revisions.find(pod.id, pod.head.id))?.state).toBe('draft');
    });
  }
  proves(400, 'with an If-Match that is none', async (api) => {
    const { answer } = await withTag(api, 'no-quotes');
    expect(answer.error(400)).toMatchObject({ code: 'BAD_REQUEST' });
  });
}

function provesForeignPodsAreHidden(sample: Sample, proves: Tools['proves']): void {
  const isHidden = async (api: TestApi, pod: PodRecord, key: string) => {
    const hidden = (await api.call({ ...sample.request(pod), key })).error(404);
    const missing = (await api.call({ ...sample.request({ ...pod, name: 'no-such-pod' }), key })).error(404);
    expect({ ...hidden, requestId: '' }).toEqual({ ...missing, requestId: '' });
    expect(hidden.code).toBe('NOT_FOUND');
  };
  proves(404, 'for a pod of another account', async (api) =>
    isHidden(api, await preparedPod(api, sample), api.foreignKey),
  );
  proves(404, 'for a pod that the key may do nothing with', async (api) => {
    const [pod, other] = [await preparedPod(api, sample), await api.newPod()];
    await isHidden(api, pod, await api.keyFor(ACTIONS, [other.name]));
  });
  proves(404, 'for what cannot be the name of a pod', async (api) => {
    const pod = await api.newPod();
    for (const name of ['%00', 'A', '..%2f..', 'x'.repeat(64), "'", '%F0%9F%A6%8A']) {
      expect((await api.call(sample.request({ ...pod, name }))).error(404).code).toBe('NOT_FOUND');
    }
  });
}
