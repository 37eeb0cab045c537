import type { PodRecord } from '@brainpod/store/pods';
import { sampleApp, sampleConfig } from '@brainpod/testkit/sample-documents';
import { expect } from 'vitest';
import { describeOperation } from '../../testing/describe-operation.ts';
import { newCluster, type Request } from '../../testing/test-api.ts';

function logs(pod: PodRecord, query = '?duration=1', place = 'App/default/web'): Request {
  return { method: 'GET', path: `/v1/pods/${pod.name}/resources/${place}/logs${query}` };
}

const LINE = { instance: 'web-1', at: '2026-03-01T10:00:00.123456789Z', text: 'listening on :8080' };

describeOperation('followLogs', { request: (pod) => logs(pod) }, ({ proves }) => {
  proves(200, 'gives lines as they are written, until the time is over', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    api.cluster = newCluster();
    api.cluster.written = [LINE, { ...LINE, text: '' }];
    const events = (await api.call(logs(pod))).events();
    expect(events).toEqual([
      { event: 'line', data: { instance: 'web-1', timestamp: LINE.at, body: 'listening on :8080' } },
      { event: 'line', data: { instance: 'web-1', timestamp: LINE.at, body: '' } },
      { event: 'end', data: {} },
    ]);
    expect(api.cluster.asked).toEqual({ podName: pod.name, app: 'web', tail: 100, follow: true });
  });

  proves(200, 'without following ends by itself', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    api.cluster = newCluster();
    const since = '2026-03-01T10:00:00.5Z';
    expect((await api.call(logs(pod, `?follow=false&tail=0&since=${since}`))).events()).toHaveLength(1);
    expect(api.cluster.asked).toEqual({ podName: pod.name, app: 'web', tail: 0, since, follow: false });
  });

  proves(200, 'of an App that runs, though the draft has it no more', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    await api.deploy(pod, 'deployed');
    expect((await api.call({ method: 'DELETE', path: logs(pod, '').path.replace('/logs', '') })).status).toBe(
      200,
    );
    api.cluster = newCluster();
    expect((await api.call(logs(pod, '?follow=false'))).events()).toHaveLength(1);
  });

  proves(400, 'for a kind without output', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleConfig());
    const error = (await api.call(logs(pod, '', 'Config/default/settings'))).error(400);
    expect(error).toMatchObject({ code: 'VALIDATION_ERROR', details: [{ path: 'kind' }] });
  });

  proves(400, 'for wrong parameters', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    for (const query of ['?tail=-1', '?tail=1001', '?since=yesterday', '?follow=true', '?duration=601']) {
      expect((await api.call(logs(pod, query))).error(400).code).toBe('BAD_REQUEST');
    }
  });

  proves(404, 'for an App that the pod does not have', async (api) => {
    const pod = await api.newPod();
    expect((await api.call(logs(pod))).error(404).code).toBe('NOT_FOUND');
  });

  proves(503, 'while the cluster is away, or not known yet', async (api) => {
    const pod = await api.newPod();
    await api.write(pod, sampleApp());
    api.cluster = newCluster();
    api.cluster.isAway = true;
    const away = await api.call(logs(pod));
    expect(away.error(503).code).toBe('SERVICE_UNAVAILABLE');
    expect(away.headers['retry-after']).toBeDefined();
    api.cluster = null;
    expect((await api.call(logs(pod))).error(503).code).toBe('SERVICE_UNAVAILABLE');
  });
});
