import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { RevisionDetail, type RevisionProgressBody } from '../../schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { parseEvents, type ReceivedEvent } from '../../testing/received-events.ts';
import type { Request, TestApi } from '../../testing/test-api.ts';

function watch(pod: PodRecord, revisionId = pod.head.id, query = '?duration=1'): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/revisions/${revisionId}/watch${query}` };
}

/** What a revision event says, in short. */
function told({ event, data }: ReceivedEvent): string {
  if (event !== 'revision') return event;
  // A parse boundary: `TestApi.call` held the data against the schema.
  const { phase, resources } = data as RevisionProgressBody;
  return `${phase} ${resources.map(({ healthy }) => (healthy ? '+' : '-')).join('')}`;
}

/** A watch over a real connection, read as its records come. */
async function connect(api: TestApi, request: Request) {
  const { address } = await listening(api);
  const response = await fetch(`${address}${request.path}`, {
    headers: { authorization: `Bearer ${api.key}`, ...request.headers },
  });
  if (response.body === null) throw new Error('the answer has no body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<ReceivedEvent> => {
    for (;;) {
      const end = text.indexOf('\n\n');
      if (end >= 0) {
        const [event] = parseEvents(text.slice(0, end + 2));
        text = text.slice(end + 2);
        if (event !== undefined) return event;
        continue;
      }
      const { value, done } = await reader.read();
      if (done) throw new Error('the stream is over');
      text += value;
    }
  };
  return { response, next, leave: () => reader.cancel() };
}

const addresses = new WeakMap<TestApi, Promise<string>>();

async function listening(api: TestApi): Promise<{ address: string }> {
  const address = addresses.get(api) ?? api.server.listen({ host: '127.0.0.1', port: 0 });
  addresses.set(api, address);
  return { address: await address };
}

function starting(name: string, healthy: boolean, reason?: string) {
  const phase = healthy ? ('Ready' as const) : ('Starting' as const);
  const replica = { name: `${name}-1`, phase, ...(reason === undefined ? {} : { reason }) };
  const status = { phase, readyReplicas: healthy ? 1 : 0, replicas: [replica] };
  return { kind: 'App' as const, name, status, healthy };
}

describeOperation('watchRevision', { request: (pod) => watch(pod) }, ({ proves }) => {
  proves(200, 'tells how it is at once, and ends when the time is over', async (api) => {
    const pod = await api.newPod();
    const events = (await api.call(watch(pod))).events();
    expect(events.map(told)).toEqual(['draft ', 'end']);
    expect(events[0]?.id).toBeTypeOf('string');
    expect(events[1]?.data).toEqual({});
  });

  proves(200, 'tells each step of a deploy, and why an instance is not ready yet', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(watch(pod))).status).toBe(200);
    await api.write(pod, sampleApp(), sampleConfig());
    const id = await api.deploy(pod, 'pending');
    const { next, response } = await connect(api, watch(pod, id, '?duration=60'));
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(told(await next())).toBe('pending --');
    await api.finish(id, 'ready');
    expect(told(await next())).toBe('ready -+');
    const { reconciler } = api.store;
    await reconciler.saveStatuses(pod.id, [starting('web', false, 'The image is being fetched.')]);
    const why = await next();
    expect(why.data).toMatchObject({
      phase: 'ready',
      resources: [
        {
          urn: 'urn:brain:app:default:web',
          healthy: false,
          status: { replicas: [{ name: 'web-1', reason: 'The image is being fetched.' }] },
        },
        { urn: 'urn:brain:config:default:settings', healthy: true, status: null },
      ],
    });
    await reconciler.saveStatuses(pod.id, [starting('web', true)]);
    expect(told(await next())).toBe('ready ++');
    const meanwhile = await api.get(`/v1/pods/${pod.name}/revisions/${id}`);
    expect(meanwhile.as(200, RevisionDetail).resources.map(({ healthy }) => healthy)).toEqual([false, false]);
    await reconciler.markDeployed(id);
    expect(told(await next())).toBe('deployed ++');
    expect(told(await next())).toBe('end');
  });

  proves(200, 'says that it waits while another revision is on its way, and when it fails', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(watch(pod))).status).toBe(200);
    await api.write(pod, sampleApp());
    const first = await api.deploy(pod, 'ready');
    await api.write(pod, sampleConfig());
    const second = await api.deploy(pod, 'pending');
    const { next } = await connect(api, watch(pod, second, '?duration=60'));
    const waiting = await next();
    expect(waiting.data).toMatchObject({ phase: 'waiting', state: 'pending' });
    await api.finish(first, 'deployed');
    expect((await next()).data).toMatchObject({ phase: 'pending', state: 'pending' });
    await api.finish(second, 'failed');
    expect((await next()).data).toMatchObject({ phase: 'failed', error: 'App "web" never became ready.' });
    expect(told(await next())).toBe('end');
  });

  proves(200, 'after Last-Event-ID tells only what is new', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    const id = await api.deploy(pod, 'pending');
    const [seen] = (await api.call(watch(pod, id))).events();
    const headers = { 'last-event-id': seen?.id ?? '' };
    const again = { ...watch(pod, id), headers };
    expect((await api.call(again)).events().map(told)).toEqual(['end']);
    await api.finish(id, 'failed');
    expect((await api.call(again)).events().map(told)).toEqual(['failed -', 'end']);
    const unknown = { ...watch(pod, id), headers: { 'last-event-id': 'x' } };
    expect((await api.call(unknown)).events().map(told)).toEqual(['failed -', 'end']);
  });

  proves(200, 'does not wait for what is finished', async (api) => {
    const pod = await api.newPod();
    const id = await api.deploy(pod, 'deployed');
    const started = performance.now();
    const events = (await api.call(watch(pod, id, '?duration=300'))).events();
    expect(events.map(told)).toEqual(['deployed ', 'end']);
    expect(performance.now() - started).toBeLessThan(60_000);
  });

  proves(400, 'for a wrong duration', async (api) => {
    const pod = await api.newPod();
    for (const query of ['?duration=0', '?duration=301', '?duration=x', '?duration=1.5']) {
      expect((await api.call(watch(pod, pod.head.id, query))).error(400).code).toBe('BAD_REQUEST');
    }
  });

  proves(404, 'for a revision of another pod', async (api) => {
    const pod = await api.newPod();
    const other = await api.newPod();
    expect((await api.call(watch(pod, other.head.id))).error(404).code).toBe('NOT_FOUND');
  });
});
