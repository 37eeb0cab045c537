import { randomUUID } from 'node:crypto';
import { describe, expect, inject, it } from 'vitest';
import { brainpodJson, installationIn, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 4);

type Listed = { urn: string; content: { kind: string; spec: { hostname?: string } } };
type Events = { items: { path: string; status: number; host: string; timestamp: string; id: string }[] };
type Metrics = { series: { app: string; revision: number; total: { requests: number; p99Ms: number } }[] };

async function routeUrn(): Promise<string> {
  const resources = await brainpodJson<Listed[]>(installation, ['resource', 'list']);
  const { hostname } = new URL(running.url);
  return resources.find(({ content }) => content.spec.hostname === hostname)?.urn ?? '';
}

describe('requests through a Route', () => {
  it('are compared with what the edge counted', async () => {
    type Status = { requestRecords: { lost: number | null } };
    const lost = async () => {
      // Written by packages/server/src/status-routes.ts.
      const status = (await (await fetch('http://127.0.0.1:4600/status.json')).json()) as Status;
      return status.requestRecords.lost;
    };
    await until('the edge has been asked', 15_000, async () => (await lost()) !== null);
    expect(await lost()).toBeGreaterThanOrEqual(0);
  });

  it('each have a record within seconds, and add up to metrics', async () => {
    const urn = await routeUrn();
    const mark = randomUUID();
    for (const index of [1, 2, 3, 4, 5]) {
      expect((await get(`${running.url}/?${mark}-${index}`, agent)).status).toBe(200);
    }
    const list = () => brainpodJson<Events>(installation, ['events', '--resource', urn, '--search', mark]);
    await until('each request is recorded', 10_000, async () => (await list()).items.length === 5);
    const { items } = await list();
    expect(items.map(({ path }) => path)).toEqual([5, 4, 3, 2, 1].map((index) => `/?${mark}-${index}`));
    for (const item of items) {
      expect(item).toMatchObject({
        kind: 'httpAccess',
        method: 'GET',
        host: new URL(running.url).host,
        status: 200,
        protocol: 'HTTP/1.1',
        clientIp: expect.stringMatching(/^[0-9a-f.:]+$/),
        upstreamHost: expect.stringMatching(/:\d+$/),
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        durationMs: expect.any(Number),
      });
      expect(Math.abs(Date.parse(item.timestamp) - Date.now())).toBeLessThan(60_000);
    }
    await until('they add up', 15_000, async () => {
      const { series } = await brainpodJson<Metrics>(installation, ['metrics', '--resource', urn]);
      return series.some(({ total, revision }) => total.requests >= 5 && revision > 0 && total.p99Ms > 0);
    });
  });
});
