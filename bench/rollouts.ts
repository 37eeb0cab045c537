/**
 * npm run verify rollouts: requests of all kinds, each byte checked, while the running Brainpod rolls an app out again and
 * again, changes its Route, is given images that cannot start, renews its certificate and exchanges its edge. Goes on
 * where a run that broke off was, and writes docs/results/rollouts.md after each round. `--requests N` (default
 * 1,000,000), `--rollouts N` (default 50), `--minutes N` (no limit where absent). Needs root.
 */
import { parseArgs } from 'node:util';
import { SteadyPod } from '../tools/traffic/steady-pod.ts';
import { startTraffic } from '../tools/traffic/traffic.ts';
import { measuredOn } from './machine.ts';
import { writeTable } from './results.ts';
import { disturbances } from './rollouts/disturbances.ts';
import { KeptRollouts } from './rollouts/kept-rollouts.ts';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    rollouts: { type: 'string', default: '50' },
    minutes: { type: 'string' },
    'only-rollouts': { type: 'boolean', default: false },
  },
});
const [requests, rollouts] = [Number(values.requests), Number(values.rollouts)];
const until = performance.now() + Number(values.minutes ?? Number.POSITIVE_INFINITY) * 60_000;

const kept = new KeptRollouts();
const pod = await SteadyPod.create();
try {
  const steps = disturbances(pod, values['only-rollouts']);
  for (let round = 0; !kept.reached(requests, rollouts) && performance.now() < until; round++) {
    const step = steps[round % steps.length];
    if (step === undefined) throw new Error('there are no steps');
    const traffic = startTraffic({
      origin: pod.origin,
      ca: pod.bench.authorityPem,
      mix: { get: 6, fresh: 1, post: 3, slow: 4, http2: 4, websocket: 3 },
      pauseMs: 1,
    });
    await step.run();
    kept.add(step, await traffic.stop());
    await writeTable('rollouts.md', kept.table(measuredOn('npm run verify rollouts')));
    console.log(`${kept.line()} (${step.what})`);
  }
} finally {
  await pod.remove();
}
process.exitCode = kept.lost === 0 && kept.reached(requests, rollouts) ? 0 : 1;
