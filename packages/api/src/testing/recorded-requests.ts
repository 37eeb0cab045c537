import { randomUUID } from 'node:crypto';
import { DurationSketch } from '@brainpod/model/duration-sketch';
import type { HttpAccess } from '@brainpod/store/packed-events';
import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleRoute } from '@brainpod/testkit/sample-documents';
import type { TestApi } from './test-api.ts';

/** What a Route and its App are called in URNs. */
export const ROUTE_URN = 'urn:brain:route:default:web';
export const APP_URN = 'urn:brain:app:default:web';

/** A pod with an App and a Route. */
export async function podWithRoute(api: TestApi, made?: PodRecord): Promise<PodRecord> {
  const pod = made ?? (await api.newPod());
  await api.write(pod, sampleApp(), sampleRoute());
  return pod;
}

/** Records requests through the pod's Route, as the edge would tell of them. */
export function recordRequests(
  api: TestApi,
  pod: PodRecord,
  requests: readonly Partial<HttpAccess>[],
): Promise<void> {
  const events = requests.map((request) => ({ ...REQUEST, atMs: Date.now(), ...request }));
  return api.store.requestRecords.write({
    writer: randomUUID(),
    number: 1,
    events: [{ podId: pod.id, route: 'web', events }],
    metrics: [],
  });
}

/** Records what requests of these durations amount to, in the minute before this one. */
export function recordMetrics(
  api: TestApi,
  pod: PodRecord,
  sum: { durations: readonly number[]; errors?: number; revision?: number },
): Promise<void> {
  const durations = new DurationSketch();
  for (const duration of sum.durations) durations.add(duration);
  return api.store.requestRecords.write({
    writer: randomUUID(),
    number: 1,
    events: [],
    metrics: [
      {
        podId: pod.id,
        at: new Date((Math.floor(Date.now() / 60_000) - 1) * 60_000),
        seconds: 10,
        route: 'web',
        app: 'web',
        revision: sum.revision ?? 1,
        requests: sum.durations.length,
        errors: sum.errors ?? 0,
        durations: durations.encode(),
      },
    ],
  });
}

const REQUEST = {
  method: 'GET',
  path: '/',
  host: 'web.example.test',
  status: 200,
  durationMs: 3.25,
  protocol: null,
  responseFlags: null,
  bytesSent: 5,
  bytesReceived: 0,
  upstreamHost: null,
  clientIp: null,
  userAgent: null,
  requestId: null,
};
