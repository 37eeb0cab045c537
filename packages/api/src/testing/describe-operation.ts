import { sampleApp } from '@brainpod/testkit/sample-documents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Operation } from '../operation.ts';
import { OPERATIONS } from '../operations.ts';
import { describeAccess } from './access-tests.ts';
import { assertAudited } from './audited.ts';
import { type Proves, preparedPod, type Sample } from './operation-sample.ts';
import { type Case, missingCases } from './required-cases.ts';
import { type Heard, TestApi } from './test-api.ts';
import { describeTroubles } from './trouble-tests.ts';

type Tools = { api: () => TestApi; proves: Proves };

/**
 * Tests of one operation. The cases that every operation shares (who may call it, what can go wrong, what the audit log
 * says) are tested here; at the end, each status that it may answer must have been proven by a test that passed.
 */
export function describeOperation(id: string, sample: Sample, define: (tools: Tools) => void): void {
  const operation = operationOf(id);
  describe(id, () => {
    let started: TestApi | undefined;
    const proven: Case[] = [];
    let auditedCount = 0;
    beforeAll(async () => {
      started = await TestApi.start();
    });
    afterAll(() => started?.close());
    const api = (): TestApi => {
      if (started === undefined) throw new Error('the API is started in beforeAll');
      return started;
    };
    const proves: Proves = (status, title, run) => {
      test(`${status}: ${title}`, async () => {
        const heard: Heard[] = [];
        api().onAnswer((answered) => {
          if (answered.operationId === id) heard.push(answered);
        });
        await run(api());
        expect(heard.map(({ answer }) => answer.status)).toContain(status);
        if (operation.method !== 'GET') auditedCount += await assertAudited(api(), heard);
        proven.push({ status, title });
      });
    };
    define({ api, proves });
    describeAccess(operation, sample, proves);
    if (operation.ifMatch !== undefined) provesIfMatch(sample, proves);
    describeTroubles(operation, sample, proves);
    test('is proven for every status that it may answer', () => {
      expect(missingCases(operation, proven)).toEqual([]);
    });
    if (operation.method === 'GET') return;
    test('is in the audit log when it succeeds, and is not when it fails', () => {
      expect(auditedCount).toBeGreaterThan(0);
    });
  });
}

function operationOf(id: string): Operation {
  const operation = OPERATIONS.find((candidate) => candidate.id === id);
  if (operation === undefined) throw new Error(`there is no operation ${id}`);
  return operation;
}

/** Those who take an If-Match are about the draft, or about `App/web` in it. */
function provesIfMatch(sample: Sample, proves: Proves): void {
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
