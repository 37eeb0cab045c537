import type { ResourceInput } from '@brainpod/model/document';
import { sampleApp, sampleConfig, sampleRoute } from '@brainpod/testkit/sample-documents';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ServerProcess } from './server-process.ts';
import { World } from './world.ts';

// Every step takes a start of the server: all of them in npm run verify, each third here.
const STRIDE = process.env.BRAINPOD_TEST_EVERY_STEP === '1' ? 1 : 3;
const MOST_STEPS = 60;

let world: World;
let server: ServerProcess;

beforeAll(async () => {
  world = await World.start();
  server = await world.startServer();
});
afterAll(() => world?.close());

const documents = (image: string): ResourceInput[] => [
  sampleConfig('settings', { 'app.conf': image }),
  sampleApp('web', { image, mounts: [{ path: '/etc/app.conf', file: 'app.conf', config: 'settings' }] }),
  sampleRoute('web'),
];

/** Asks for a deploy until it has been asked for: whether a killed server had written that down is not known. */
async function deployWhateverHappens(pod: { name: string; id: string }): Promise<void> {
  for (;;) {
    try {
      await world.call(server, 'POST', `/v1/pods/${pod.name}/deploy`);
    } catch {
      // The server was killed under the call; whether it had written the deploy down is read below.
      await server.answering();
    }
    const head = await world.store.revisions.list(pod.id, { limit: 1 });
    if (head?.items[0]?.state !== 'draft') return;
  }
}

async function expectOneCleanDeploy(pod: { name: string; id: string }, image: string): Promise<void> {
  expect(await world.imageOf(pod.name, 'web')).toBe(image);
  const state = await world.store.reconciler.loadPod(pod.id);
  expect(state?.target).toBeNull();
  expect(state?.deployed?.documents).toHaveLength(3);
  const head = await world.store.revisions.list(pod.id, { limit: 1 });
  expect(head?.items[0]).toMatchObject({ state: 'deployed', isDeployed: true, error: null });
}

/** Deploys new pods, killing the server at one step after the other until a deploy has no more steps. */
async function killAtEachStep(arm: (pod: { name: string }, step: number) => () => boolean): Promise<number> {
  for (let step = 1, steps = 0; step <= MOST_STEPS; step += STRIDE, steps += 1) {
    const pod = await world.newPod(server);
    const image = `docker.io/demo/web:${step}`;
    await world.create(server, pod.name, documents(image));
    const wasKilled = arm(pod, step);
    await deployWhateverHappens(pod);
    expect(await world.settled(pod.id), server.log).toEqual(['deployed']);
    await expectOneCleanDeploy(pod, image);
    await server.answering();
    if (!wasKilled()) return steps;
  }
  throw new Error(`a deploy has more than ${MOST_STEPS} steps`);
}

function killAt(step: number): { isNow: () => boolean; wasKilled: () => boolean } {
  let left = step;
  return {
    isNow: () => {
      left -= 1;
      if (left === 0) server.kill();
      return left === 0;
    },
    wasKilled: () => left <= 0,
  };
}

describe('a server that is killed', { timeout: 600_000 }, () => {
  test('before any write into the cluster is passed on ends with the deploy done, once', async () => {
    const steps = await killAtEachStep((pod, step) => {
      const kill = killAt(step);
      world.kubeProxy.onWrite = (request) => !(request.url?.includes(pod.name) && kill.isNow());
      return kill.wasKilled;
    });
    world.kubeProxy.onWrite = () => true;
    // With fewer the writes were not those of a deploy.
    expect(steps * STRIDE).toBeGreaterThanOrEqual(9);
  });

  test('at any write into the database ends with the deploy done, once', async () => {
    const steps = await killAtEachStep((_pod, step) => {
      const kill = killAt(step);
      world.postgresProxy.onStatement = (text) => {
        if (/^\s*(insert|update|delete|commit)/i.test(text)) kill.isNow();
      };
      return kill.wasKilled;
    });
    world.postgresProxy.onStatement = () => undefined;
    expect(steps * STRIDE).toBeGreaterThanOrEqual(6);
  });
});
