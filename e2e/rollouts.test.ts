import { expect, inject, it } from 'vitest';
import { SteadyPod } from '../tools/traffic/steady-pod.ts';
import { startTraffic } from '../tools/traffic/traffic.ts';
import { installationIn, until } from './brainpod.ts';

const running = inject('running');
const installation = installationIn(running.directory);

it('rollouts, edits of the Route and an image that cannot start lose no request of any kind', async () => {
  const pod = await SteadyPod.create({
    environment: { ...process.env, ...installation.environment },
    replicas: 1,
  });
  const versions = new Set<string>();
  const traffic = startTraffic({
    origin: pod.origin,
    ca: running.authorityPem,
    mix: { get: 2, fresh: 1, post: 1, slow: 2, http2: 1, websocket: 1 },
    pauseMs: 10,
    onReply: ({ version }) => versions.add(version),
  });
  const outcomes = [
    await pod.rollOut('steady'),
    await pod.rollOutBroken(),
    await pod.rollOut('steady'),
    await pod.lead([
      { path: '/', app: 'steady' },
      { path: '/more', app: 'spare' },
    ]),
    await pod.rollOut('steady', 'spare'),
    await pod.lead([{ path: '/', app: 'spare' }]),
    await pod.rollOut('steady', 'spare'),
    await pod.rollOut('spare'),
  ];
  // What the edge still knows of old instances shows within moments.
  const sentUntil = performance.now();
  await until('requests after the last', 20_000, async () => traffic.goodSince(sentUntil));
  const { sent, lost, losses, kinds } = await traffic.stop();
  await pod.remove();
  expect({ lost, losses }).toEqual({ lost: 0, losses: [] });
  expect(outcomes.map(({ state }) => state)).toEqual(
    outcomes.map((_, index) => (index === 1 ? 'failed' : 'deployed')),
  );
  expect([...versions]).toEqual(['1', '2', '3', '4', '5', '6']);
  expect(Object.keys(kinds).sort()).toEqual(['fresh', 'get', 'http2', 'post', 'slow', 'websocket']);
  expect(sent).toBeGreaterThan(1_000);
});
