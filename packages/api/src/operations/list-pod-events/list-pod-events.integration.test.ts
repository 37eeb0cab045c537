import type { PodRecord } from '@brainpod/store/pods';
import { sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { EventList } from '../../event-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { APP_URN, podWithRoute, ROUTE_URN, recordRequests } from '../../testing/recorded-requests.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

function list(pod: PodRecord, query = `?resource=${ROUTE_URN}`): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/events${query}` };
}

async function pathsOf(api: TestApi, pod: PodRecord, more: string): Promise<string[]> {
  const { items } = (await api.call(list(pod, `?resource=${ROUTE_URN}${more}`))).as(200, EventList);
  return items.map((item) => (item.kind === 'httpAccess' ? item.path : item.kind));
}

const sample = {
  request: (pod: PodRecord) => list(pod),
  prepare: (pod: PodRecord, api: TestApi) => podWithRoute(api, pod),
};

describeOperation('listPodEvents', sample, ({ proves }) => {
  proves(200, 'shows requests with all that is known of them', async (api) => {
    const pod = await podWithRoute(api);
    const known = {
      method: 'POST',
      path: '/a?b=c',
      host: 'shop.example.test',
      status: 503,
      durationMs: 12.5,
      protocol: 'HTTP/2',
      responseFlags: 'UF',
      bytesSent: 120,
      bytesReceived: 7,
      upstreamHost: '10.0.0.1:80',
      clientIp: '192.0.2.1',
      userAgent: 'test/1',
      requestId: 'b1',
    };
    await recordRequests(api, pod, [known, { status: 0 }]);
    const { items, _links } = (await api.call(list(pod))).as(200, EventList);
    expect(items).toMatchObject([
      { kind: 'httpAccess', body: 'GET web.example.test/ without an answer', status: 0 },
      { kind: 'httpAccess', body: 'POST shop.example.test/a?b=c 503', ...known },
    ]);
    expect(items[0]).not.toHaveProperty('clientIp');
    expect(_links.next).toBeNull();
  });

  proves(200, 'in pages, newest first, whatever comes meanwhile', async (api) => {
    const pod = await podWithRoute(api);
    const paths = Array.from({ length: 250 }, (_, index) => `/${index}`);
    await recordRequests(
      api,
      pod,
      paths.map((path) => ({ path })),
    );
    const seen: string[] = [];
    let next: string | undefined = list(pod).path;
    while (next !== undefined) {
      const answer = await api.get(next);
      const { items, _links } = answer.as(200, EventList);
      seen.push(...items.map((item) => (item.kind === 'httpAccess' ? item.path : '')));
      next = _links.next?.href;
      expect(answer.headers.link).toBe(next === undefined ? undefined : `<${next}>; rel="next"`);
      if (next !== undefined) expect(next).toContain(String(answer.headers['x-next-cursor']));
      await recordRequests(api, pod, [{ path: '/late' }]);
    }
    expect(seen).toEqual(paths.reverse());
  });

  proves(200, 'those that hold a text, of the range and of the kind', async (api) => {
    const pod = await podWithRoute(api);
    const old = Date.now() - 20 * 60_000;
    await recordRequests(api, pod, [{ path: '/old', atMs: old }, { path: '/Cart' }, { userAgent: 'Curl/8' }]);
    expect(await pathsOf(api, pod, '&search=cART')).toEqual(['/Cart']);
    expect(await pathsOf(api, pod, '&search=curl')).toEqual(['/']);
    expect(await pathsOf(api, pod, '&search=no%20such')).toEqual([]);
    expect(await pathsOf(api, pod, '')).toEqual(['/', '/Cart']);
    expect(await pathsOf(api, pod, '&range=30m&kind=httpAccess')).toEqual(['/', '/Cart', '/old']);
    expect(await pathsOf(api, pod, '&kind=platform')).toEqual([]);
  });

  proves(200, 'of an App is empty, and so is a Route of the same name in another pod', async (api) => {
    const [pod, other] = [await podWithRoute(api), await podWithRoute(api)];
    await recordRequests(api, pod, [{}]);
    const ofApp = await api.call(list(pod, `?resource=${APP_URN}&kind=app&level=error`));
    expect(ofApp.as(200, EventList).items).toEqual([]);
    expect((await api.call(list(other))).as(200, EventList).items).toEqual([]);
  });

  proves(400, 'for wrong parameters, all at once', async (api) => {
    const pod = await podWithRoute(api);
    await api.write(pod, sampleConfig());
    const faultsOf = async (query: string) =>
      (await api.call(list(pod, query))).error(400).details?.map(({ path }) => path);
    expect(await faultsOf('')).toEqual(['resource']);
    expect(await faultsOf('?resource=web&level=info')).toEqual(['resource', 'level']);
    expect(await faultsOf('?resource=urn:brain:config:default:settings')).toEqual(['resource']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&range=2h`)).toEqual(['range']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&kind=http-access`)).toEqual(['kind']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&cursor=tomorrow`)).toEqual(['cursor']);
    expect(await faultsOf(`?resource=${ROUTE_URN}&search=${'a'.repeat(257)}`)).toEqual(['search']);
  });

  proves(404, 'for a resource that the pod does not have', async (api) => {
    expect((await api.call(list(await api.newPod()))).error(404).code).toBe('NOT_FOUND');
  });
});
