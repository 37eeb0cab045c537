/**
 * npm run rehearse: kills the parts of the running Brainpod with SIGKILL, one after the other, while visitors ask an app
 * that it makes for this and removes afterwards; prints what each costs. Asks nothing. `-- --only NAME,NAME` kills only
 * these. Needs root, as the processes belong to it.
 */
import { parseArgs } from 'node:util';
import { rehearsalRow, rehearse, TABLE_HEAD } from './rehearse/rehearsal.ts';
import { VICTIMS, Victims } from './rehearse/victims.ts';
import { SteadyPod } from './traffic/steady-pod.ts';
import { startTraffic } from './traffic/traffic.ts';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const asked = values.only?.split(',') ?? VICTIMS.map(({ name }) => name);
const unknown = asked.filter((name) => !VICTIMS.some((victim) => victim.name === name));
if (unknown.length > 0) {
  console.error(
    `error: nothing here is called ${unknown.join(', ')}; there are ${VICTIMS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const chosen = VICTIMS.filter(({ name }) => asked.includes(name));

console.log(`This makes a pod with an app of two instances, asks it without a pause, and kills with SIGKILL, one after the other:
${chosen.map(({ what }) => `  - ${what}`).join('\n')}
Each comes back by itself before the next is killed. Apps of yours may lose requests when envoy is killed, and none
otherwise. At the end the pod is removed. It takes about ${chosen.length * 10} seconds; stop it with Ctrl-C at any time.
`);

const pod = await SteadyPod.create();
try {
  const victims = new Victims(pod.bench, `bp-${pod.name}`);
  console.log(TABLE_HEAD);
  for (const victim of chosen) {
    const start = () =>
      startTraffic({
        origin: pod.origin,
        ca: pod.bench.authorityPem,
        mix: { get: 3, post: 1, http2: 1 },
        pauseMs: 5,
      });
    const row = await rehearse(victims, victim, start);
    console.log(rehearsalRow(row));
    for (const [reason, count] of Object.entries(row.reasons)) console.log(`  ${count} × ${reason}`);
  }
} finally {
  await pod.remove();
}
