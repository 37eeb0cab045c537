import { setTimeout as pass } from 'node:timers/promises';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerProcess } from './server-process.ts';
import { type Answer, World } from './world.ts';

// How long what is away stays away: the test's subject, not a wait for something.
const OUTAGE_MS = process.env.BRAINPOD_TEST_EVERY_STEP === '1' ? 30_000 : 2_000;

let world: World;
let server: ServerProcess;

beforeAll(async () => {
  world = await World.start();
  server = await world.startServer({ BRAINPOD_DEPLOY_TIMEOUT_SECONDS: '120' });
});
afterAll(() => world?.close());

function expectUnavailable({ status, headers, body }: Answer): void {
  expect({ status, body }).toMatchObject({ status: 503, body: { error: { code: 'SERVICE_UNAVAILABLE' } } });
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
}

async function deployed(pod: { name: string; id: string }, image: string, states: string[]): Promise<void> {
  expect(await world.settled(pod.id), server.log).toEqual(states);
  await waitFor(async () => (await world.imageOf(pod.name, 'web')) === image, {
    timeoutMs: 10_000,
    what: `the App to run ${image}`,
  });
}

describe('while PostgreSQL is away', { timeout: 120_000 }, () => {
  test('every operation says so, and what was on its way ends once it is back', async () => {
    const pod = await world.newPod(server);
    await world.create(server, pod.name, [sampleApp('web', { image: 'docker.io/demo/web:1' })]);
    // It goes away just when the deploy's first mark is about to be written.
    const isAway = new Promise<void>((away) => {
      world.postgresProxy.onStatement = (text) => {
        if (/set .*"checksum"/i.test(text)) away(world.postgresProxy.down());
      };
    });
    await world.deploy(server, pod.name);
    await isAway;
    world.postgresProxy.onStatement = () => undefined;
    expectUnavailable(await world.call(server, 'GET', '/v1/pods'));
    expectUnavailable(await world.call(server, 'POST', '/v1/pods'));
    expectUnavailable(await world.call(server, 'POST', `/v1/pods/${pod.name}/deploy`));
    const before = (await world.store.reconciler.listPodIds()).length;
    await pass(OUTAGE_MS);
    await world.postgresProxy.up();
    await deployed(pod, 'docker.io/demo/web:1', ['deployed']);
    expect(await world.store.reconciler.listPodIds()).toHaveLength(before);
    await waitFor(async () => (await world.call(server, 'GET', '/v1/pods')).status === 200, {
      timeoutMs: 10_000,
      what: 'the API to answer again',
    });
  });
});

describe('while the Kubernetes API is away', { timeout: 120_000 }, () => {
  test('drafts, deploys and reads go on, and what was deployed is applied once it is back', async () => {
    const [pod, other] = [await world.newPod(server), await world.newPod(server)];
    await world.create(server, pod.name, [sampleApp('web', { image: 'docker.io/demo/web:1' })]);
    await world.create(server, other.name, [sampleApp('web', { image: 'docker.io/demo/web:1' })]);
    // It goes away between two writes of one deploy.
    const isAway = new Promise<void>((away) => {
      world.kubeProxy.onWrite = (request) => {
        if (!request.url?.includes('deployments')) return true;
        away(world.kubeProxy.down());
        return false;
      };
    });
    await world.deploy(server, pod.name);
    await isAway;
    world.kubeProxy.onWrite = () => true;
    await world.deploy(server, other.name);
    await world.replace(server, other.name, sampleApp('web', { image: 'docker.io/demo/web:2' }));
    await world.deploy(server, other.name);
    expect((await world.call(server, 'GET', `/v1/pods/${pod.name}/resources`)).status).toBe(200);
    await pass(OUTAGE_MS);
    await world.kubeProxy.up();
    await deployed(pod, 'docker.io/demo/web:1', ['deployed']);
    await deployed(other, 'docker.io/demo/web:2', ['deployed', 'deployed']);
  });

  test('a server that starts then fails a deploy in its time, and says why', async () => {
    const pod = await world.newPod(server);
    await world.create(server, pod.name, [sampleApp('web', { image: 'docker.io/demo/web:1' })]);
    await world.kubeProxy.down();
    const impatient = await world.startServer({ BRAINPOD_DEPLOY_TIMEOUT_SECONDS: '5' });
    await server.stop();
    const revision = await world.deploy(impatient, pod.name);
    expect(await world.settled(pod.id), impatient.log).toEqual(['failed']);
    const found = await world.store.revisions.find(pod.id, revision);
    expect(found?.error).toContain('could not be reached');
    await world.kubeProxy.up();
    expect((await world.call(impatient, 'POST', `/v1/pods/${pod.name}/redeploy`)).status).toBe(202);
    expect(await world.settled(pod.id), impatient.log).toEqual(['deployed']);
  });
});
