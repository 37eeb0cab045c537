import type { PodRecord } from '@brainpod/store/pods';
import { sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { RequestMetrics } from '../../event-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { APP_URN, podWithRoute, ROUTE_URN, recordMetrics } from '../../testing/recorded-requests.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

function metrics(pod: PodRecord, query = `?resource=${ROUTE_URN}`): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/metrics${query}` };
}

const sample = {
  request: (pod: PodRecord) => metrics(pod),
  prepare: (pod: PodRecord, api: TestApi) => podWithRoute(api, pod),
};

describeOperation('getPodMetrics', sample, ({ proves }) => {
  proves(200, 'adds up requests of a Route, and of an App, by revision', async (api) => {
    const [pod, other] = [await podWithRoute(api), await podWithRoute(api)];
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    await recordMetrics(api, pod, { durations: hundred, errors: 3 });
    await recordMetrics(api, pod, { durations: [7] });
    await recordMetrics(api, pod, { durations: [500], revision: 2 });
    await recordMetrics(api, other, { durations: [1] });
    for (const urn of [ROUTE_URN, APP_URN]) {
      const body = (await api.call(metrics(pod, `?resource=${urn}&step=1m`))).as(200, RequestMetrics);
      expect(body).toMatchObject({ resource: urn, stepSeconds: 60, total: { requests: 102, errors: 3 } });
      expect(body.series).toMatchObject([
        { route: 'web', app: 'web', revision: 1, total: { requests: 101 }, points: [{ requests: 101 }] },
        { revision: 2, total: { requests: 1, errors: 0 } },
      ]);
      const { p50Ms, p95Ms, p99Ms } = body.series[0]?.total ?? {};
      for (const [told, exact] of [
        [p50Ms, 50],
        [p95Ms, 95],
        [p99Ms, 99],
      ]) {
        expect(Math.abs((told ?? 0) / (exact ?? 1) - 1)).toBeLessThan(0.021);
      }
    }
  });

  proves(200, 'is empty where there was no request', async (api) => {
    const body = (await api.call(metrics(await podWithRoute(api)))).as(200, RequestMetrics);
    expect(body).toMatchObject({ total: { requests: 0, p99Ms: null, ratePerSecond: 0 }, series: [] });
  });

  proves(400, 'for wrong parameters', async (api) => {
    const pod = await podWithRoute(api);
    await api.write(pod, sampleConfig());
    const faultsOf = async (query: string) =>
      (await api.call(metrics(pod, query))).error(400).details?.map(({ path }) => path);
    expect(await faultsOf('')).toEqual(['resource']);
    expect(await faultsOf('?resource=urn:brain:config:default:settings')).toEqual(['resource']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&range=7d&step=10s`)).toEqual(['step']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&step=2m`)).toEqual(['step']);
  });

  proves(404, 'for a resource that the pod does not have', async (api) => {
    expect((await api.call(metrics(await api.newPod()))).error(404).code).toBe('NOT_FOUND');
  });
});
