/**
 * npm run verify: what takes too long for every change, or measures. Each item writes its dated result into
 * docs/results/. Items that passed on this commit are not run again, so a broken-off run is taken up where it
 * ended. Arguments name the items to run, again if need be.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

type Item = {
  name: string;
  what: string;
  command: readonly string[];
  environment?: Readonly<Record<string, string>>;
};

const ROOT = path.resolve(import.meta.dirname, '..');
const RESULTS = path.join(ROOT, 'docs/results');
const STATE = path.join(ROOT, '.cache/verify.json');
const NODE = path.join(ROOT, 'node_modules/.bin/node');

const ITEMS: readonly Item[] = [
  {
    name: 'recovery',
    what: 'end to end, with the table of what each killed process costs (docs/results/recovery.md)',
    command: [NODE, 'tools/test/main.ts', 'e2e'],
  },
  {
    name: 'faults',
    what: 'every step of a deploy: the server killed at it, its write failing; PostgreSQL and the Kubernetes API away for 30 s; base images made twice',
    command: [NODE, 'tools/test/main.ts', 'integration'],
    environment: { BRAINPOD_TEST_EVERY_STEP: '1' },
  },
  {
    name: 'walls',
    what: 'network policies case by case, and what they cost (docs/results/walls.md)',
    command: [NODE, 'bench/walls.ts'],
  },
  {
    name: 'rollouts',
    what: 'a million requests over fifty rollouts of the running Brainpod (docs/results/rollouts.md)',
    command: [NODE, 'bench/rollouts.ts'],
  },
  {
    name: 'propagation',
    what: 'how long the edge goes on asking an instance that ends (docs/results/edge.md)',
    command: [NODE, 'bench/propagation.ts'],
  },
  {
    name: 'edge-speed',
    what: 'what the edge adds to a request, beside Caddy, HAProxy and nginx (docs/results/edge-speed.md)',
    command: [NODE, 'bench/edge.ts'],
  },
  {
    name: 'routes',
    what: 'the edge with 100, 300 and 1,000 Routes (docs/results/routes.md)',
    command: [NODE, 'bench/routes.ts'],
  },
  {
    name: 'hogs',
    what: 'an instance takes all that it can get, and its neighbour is asked meanwhile (docs/results/hogs.md)',
    command: [NODE, 'bench/hogs.ts'],
  },
  {
    name: 'access-log',
    what: 'what the record of each request costs the edge and the server (docs/results/access-log.md)',
    command: [NODE, 'bench/access-log.ts'],
  },
  {
    name: 'gateway-conformance',
    what: 'the edge against the Gateway API’s conformance suite (docs/results/gateway-conformance.md)',
    command: [NODE, 'tools/conformance/run.ts'],
  },
  {
    name: 'bench',
    what: 'the figures of the running Brainpod (docs/results/spine.md)',
    command: [NODE, 'bench/run.ts'],
  },
  {
    name: 'build-examples',
    what: 'each of examples/ built by its plan, run and asked, and again with a line changed (docs/results/build-examples.md)',
    command: [NODE, 'bench/build-examples.ts'],
  },
  {
    name: 'deploy-speed',
    what: 'from a folder to an image, beside plain buildctl and Dockerfiles written by hand (docs/results/builds.md)',
    command: [NODE, 'bench/deploy.ts'],
  },
  {
    name: 'blueprints',
    what: 'blueprints deployed and asked, with the images that can be made here (docs/results/blueprints.md)',
    command: [NODE, 'bench/blueprints.ts'],
  },
  {
    name: 'reads',
    what: 'reads through the API beside bare fastify (docs/results/api.md)',
    command: [NODE, 'bench/api.ts'],
  },
  {
    name: 'registry-speed',
    what: 'the registry’s front beside the registry alone and the disk (docs/results/registry.md)',
    command: [NODE, 'bench/registry.ts'],
  },
  {
    name: 'scale',
    what: '100, 300 and 1,000 apps on nodes that KWOK plays (docs/results/scale.md)',
    command: [NODE, 'bench/scale.ts'],
  },
  {
    name: 'schemathesis',
    what: 'a running server gets 500 requests an operation of all kinds (docs/results/schemathesis.md)',
    command: [
      ...[NODE, 'tools/schemathesis/run.ts', '--examples', '500'],
      ...['--report', 'docs/results/schemathesis.md'],
    ],
  },
];

const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: ROOT, encoding: 'utf8' }).trim();
const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !ITEMS.some((item) => item.name === name));
if (unknown.length > 0) {
  console.error(
    `error: there is no item ${unknown.join(', ')}; there are ${ITEMS.map(({ name }) => name).join(', ')}`,
  );
  process.exit(2);
}
const passed = readPassed();
let failed = 0;
for (const item of ITEMS.filter(({ name }) =>
  asked.length > 0 ? asked.includes(name) : !passed.has(name),
)) {
  console.log(`\n== ${item.name}: ${item.what}`);
  const [command = '', ...args] = item.command;
  const { status } = spawnSync(command, args, {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, BRAINPOD_TEST_RESULTS: RESULTS, ...item.environment },
  });
  if (status === 0) passed.add(item.name);
  else failed++;
  mkdirSync(path.dirname(STATE), { recursive: true });
  writeFileSync(STATE, JSON.stringify({ commit, passed: [...passed] }));
}
console.log(`\n${passed.size} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function readPassed(): Set<string> {
  if (!existsSync(STATE)) return new Set();
  const state = JSON.parse(readFileSync(STATE, 'utf8')) as { commit: string; passed: string[] };
  return new Set(state.commit === commit ? state.passed : []);
}
