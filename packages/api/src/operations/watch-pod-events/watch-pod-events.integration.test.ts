import type { PodRecord } from '@brainpod/store/pods';
import { expect } from 'vitest';
import { describeOperation } from '../../testing/describe-operation.ts';
import type { ReceivedEvent } from '../../testing/received-events.ts';
import { APP_URN, podWithRoute, ROUTE_URN, recordRequests } from '../../testing/recorded-requests.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

function watch(pod: PodRecord, more = '', headers: Record<string, string> = {}): Request {
  const path = `/v1/pods/${pod.name}/events/watch?resource=${ROUTE_URN}&duration=1${more}`;
  return { method: 'GET', path, headers };
}

const sample = {
  request: (pod: PodRecord) => watch(pod),
  prepare: (pod: PodRecord, api: TestApi) => podWithRoute(api, pod),
};

function pathsOf(events: readonly ReceivedEvent[]): unknown[] {
  return events.flatMap(({ event, data }) => (event === 'event' ? [Object(data).path] : []));
}

describeOperation('watchPodEvents', sample, ({ proves }) => {
  proves(200, 'gives what was, then what comes, each once and with its id', async (api) => {
    const pod = await podWithRoute(api);
    await recordRequests(api, pod, [{ path: '/1' }, { path: '/2' }]);
    const watching = api.call(watch(pod));
    await recordRequests(api, pod, [{ path: '/3' }]);
    const events = (await watching).events();
    expect(pathsOf(events)).toEqual(['/1', '/2', '/3']);
    for (const { event, id, data } of events) if (event === 'event') expect(id).toBe(Object(data).id);
    expect(events.at(-1)).toMatchObject({ event: 'end', data: {} });
  });

  proves(200, 'goes on after Last-Event-ID, whatever range and cursor say', async (api) => {
    const pod = await podWithRoute(api);
    const old = Date.now() - 3_600_000;
    await recordRequests(api, pod, [{ path: '/1' }, { path: '/2', atMs: old }, { path: '/3' }]);
    const first = (await api.call(watch(pod))).events();
    expect(pathsOf(first)).toEqual(['/1', '/3']);
    const after = { 'last-event-id': first[0]?.id ?? '' };
    const resumed = (await api.call(watch(pod, '&cursor=1', after))).events();
    expect(pathsOf(resumed)).toEqual(['/2', '/3']);
    const byCursor = (await api.call(watch(pod, `&cursor=${first[1]?.id}`))).events();
    expect(pathsOf(byCursor)).toEqual([]);
  });

  proves(200, 'tells nothing again, and misses nothing, after an end without events', async (api) => {
    const pod = await podWithRoute(api);
    await recordRequests(api, pod, [{ path: '/other' }]);
    const [end] = (await api.call(watch(pod, '&search=nothing'))).events();
    expect(end).toMatchObject({ event: 'end' });
    await recordRequests(api, pod, [{ path: '/next' }]);
    const resumed = (await api.call(watch(pod, '', { 'last-event-id': end?.id ?? '' }))).events();
    expect(pathsOf(resumed)).toEqual(['/next']);
  });

  proves(200, 'of what has no requests ends without events', async (api) => {
    const pod = await podWithRoute(api);
    const path = `/v1/pods/${pod.name}/events/watch?resource=${APP_URN}&duration=1`;
    const events = (await api.get(path)).events();
    expect(events).toMatchObject([{ event: 'end', id: expect.stringMatching(/^\d+$/) }]);
  });

  proves(400, 'for wrong parameters', async (api) => {
    const pod = await podWithRoute(api);
    for (const more of ['&duration=21', '&level=info', '&cursor=x', '&kind=all']) {
      expect((await api.call(watch(pod, more))).error(400).code).toBe('BAD_REQUEST');
    }
    const error = (await api.call(watch(pod, '', { 'last-event-id': 'x' }))).error(400);
    expect(error.details).toMatchObject([{ path: 'Last-Event-ID' }]);
  });

  proves(404, 'for a resource that the pod does not have', async (api) => {
    expect((await api.call(watch(await api.newPod()))).error(404).code).toBe('NOT_FOUND');
  });
});
