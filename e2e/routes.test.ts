import { beforeAll, describe, expect, inject, it } from 'vitest';
import { buildApp, createPod, createResources, deploy, hostname } from './apps.ts';
import { brainpod, installationIn, until } from './brainpod.ts';
import { type Answer, edgeAgent, get } from './edge.ts';
import { EDGE_APP } from './edge-app.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 8);
const domain = new URL(running.url).hostname.split('.').slice(1).join('.');

const envelope = (kind: string, name: string, spec: Record<string, unknown>) => ({
  apiVersion: 'pod.brainpod.io/v1alpha1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});

const rule = (name: string, path: string, port: number, app = 'edge') => ({
  name,
  path,
  port,
  backendRef: `urn:brain:app:default:${app}`,
});

let [pod, origin, partly] = ['', '', ''];

beforeAll(async () => {
  pod = await createPod(installation);
  const image = await buildApp(installation, pod, 'edge', { program: EDGE_APP });
  const app = { image, env: [], instance: '.25x', replicas: 1, checks: { ready: { port: 8080 } } };
  await createResources(installation, pod, [
    envelope('App', 'edge', app),
    envelope('Route', 'edge', {
      timeout: 2,
      rules: [rule('all', '/', 8080), rule('nobody', '/nobody', 8082)],
    }),
    envelope('Route', 'partly', { rules: [rule('api', '/api', 8080)] }),
  ]);
  expect(await deploy(installation, pod)).toMatchObject({ code: 0 });
  origin = `https://${await hostname(installation, pod, 'edge')}`;
  partly = `https://${await hostname(installation, pod, 'partly')}`;
  await until('the app answers', 20_000, async () => (await get(`${origin}/seen`, agent)).status === 200);
});

function expectOurs(answer: Answer, status: number, code: string): void {
  expect(answer).toMatchObject({ status, headers: { 'cache-control': 'no-store' } });
  const { error } = JSON.parse(answer.body);
  expect(error).toEqual({
    code,
    message: expect.any(String),
    requestId: answer.headers['x-request-id'],
  });
  expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  expect(JSON.stringify(answer)).not.toMatch(/envoy|kube|upstream|gateway/i);
}

describe('where no app answers', () => {
  const asJson = { accept: 'application/json' };

  it('is an answer of ours that names what is wrong, and never one of the proxy', async () => {
    expectOurs(await get(`https://nobody-at-home.${domain}/`, agent, 10_000, asJson), 404, 'NO_APP');
    expectOurs(await get(`${partly}/elsewhere`, agent, 10_000, asJson), 404, 'NO_APP');
    expectOurs(await get(`${origin}/nobody`, agent, 10_000, asJson), 503, 'APP_REFUSES_CONNECTIONS');
    expectOurs(await get(`${origin}/broken`, agent, 10_000, asJson), 503, 'APP_BROKE_OFF');
    expectOurs(await get(`${origin}/silent`, agent, 10_000, asJson), 504, 'APP_TOO_SLOW');
  });

  it('says so in text where headers are too large to be read to their end', async () => {
    const cookie = 'c'.repeat(100_000);
    const answer = await get(`${origin}/seen`, agent, 10_000, { cookie });
    expect(answer).toMatchObject({ status: 431, headers: { 'content-type': 'text/plain; charset=utf-8' } });
    expect(answer.body).toMatch(/^The request's headers are too large\.\n/);
  });

  it('is a page for people, and text for who asks for neither', async () => {
    const accept = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
    const page = await get(`${origin}/nobody`, agent, 10_000, { accept });
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(page.body).toMatch(/^<!doctype html>.*<h1>The app takes no connections<\/h1>/s);
    expect(page.body).toContain(String(page.headers['x-request-id']));
    const text = await get(`${origin}/nobody`, agent, 10_000, { accept: '*/*' });
    expect(text.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(text.body).toMatch(/^The app takes no connections\.\n/);
  });

  it('leaves what an app answers as it is, faults included', async () => {
    for (const status of [400, 403, 404, 413, 500, 502, 503, 504]) {
      const answer = await get(`${origin}/status/${status}`, agent, 10_000, { accept: 'text/html' });
      expect(answer).toMatchObject({
        status,
        body: 'of the app itself',
        headers: { 'content-type': 'text/plain' },
      });
    }
  });
});

describe('a pod that is stopped', () => {
  it('is said to be not ready', async () => {
    expect(await brainpod(installation, ['pod', 'stop', pod])).toMatchObject({ code: 0 });
    // While the last instance ends, it refuses connections.
    const answer = await until('no instance is left', 30_000, async () => {
      const now = await get(`${origin}/seen`, agent, 10_000, { accept: 'application/json' });
      return now.body.includes('APP_NOT_READY') && now;
    });
    expectOurs(answer, 503, 'APP_NOT_READY');
    expect(answer.headers['retry-after']).toBe('5');
  });
});
