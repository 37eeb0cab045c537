import { gzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { ReceivedContents } from '../../build-schemas.ts';
import { describeOperation } from '../../testing/describe-operation.ts';
import { digestOf } from '../../testing/stand-in-sources.ts';

const send = (pod: { name: string }, payload: string | Buffer = 'code', headers = {}) =>
  ({
    method: 'PUT',
    path: `/v1/pods/${pod.name}/sources/contents`,
    payload,
    headers: { 'content-type': 'application/x-tar', ...headers },
  }) as const;

describeOperation('sendSourceContents', { request: (pod) => send(pod) }, ({ proves }) => {
  proves(200, 'hands on what is sent, packed by gzip or not', async (api) => {
    const pod = await api.newPod();
    const both = ['one', 'two'].map(digestOf);
    expect((await api.call(send(pod, 'one'))).as(200, ReceivedContents)).toEqual({ received: 1, bytes: 3 });
    const packed = send(pod, gzipSync('two'), { 'content-encoding': 'gzip' });
    expect((await api.call(packed)).as(200, ReceivedContents)).toEqual({ received: 1, bytes: 3 });
    expect(await api.sources.missing(pod.id, both)).toEqual([]);
    expect(await api.sources.missing((await api.newPod()).id, both)).toEqual(both);
  });

  proves(400, 'for what is no tar, is packed otherwise, or holds something else', async (api) => {
    const pod = await api.newPod();
    const refused = [
      send(pod, '{}', { 'content-type': 'application/json' }),
      send(pod, 'code', { 'content-encoding': 'br' }),
      send(pod, 'no gzip', { 'content-encoding': 'gzip' }),
      send(pod, gzipSync('x'.repeat(100_000)).subarray(0, 60), { 'content-encoding': 'gzip' }),
      send(pod, '../../etc/passwd'),
      { ...send(pod), path: `${send(pod).path}?now=1` },
    ];
    for (const request of refused) (await api.call(request)).error(400);
    expect(await api.sources.missing(pod.id, [digestOf('code')])).toEqual([digestOf('code')]);
  });
});
