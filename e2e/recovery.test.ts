import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import {
  answering,
  buildApp,
  createPod,
  createResources,
  deploy,
  documents,
  hostname,
  replaceApp,
} from './apps.ts';
import { brainpodJson, engineComponents, installationIn, kubectl, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { startLoad } from './load.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 8);
const RECOVERY_TIMEOUT_MS = 90_000;

type Killed = {
  what: string;
  sent: number;
  lost: number;
  outageMs: number;
  recoveredMs: number;
  reasons: object;
};

/** The pid of a process the supervisor owns. */
async function ownedPid(name: string): Promise<number> {
  const status = JSON.parse(await readFile(path.join(installation.runDir, 'status.json'), 'utf8')) as {
    processes: { name: string; pid?: number; state: string }[];
  };
  const found = status.processes.find((process) => process.name === name);
  if (!found?.pid || found.state !== 'ready') throw new Error(`${name} is not ready`);
  return found.pid;
}

/** The pid of a ready component of the engine. */
async function componentPid(name: string): Promise<number> {
  const component = (await engineComponents(installation)).find((candidate) => candidate.name === name);
  if (!component?.pid || component.state !== 'ready') throw new Error(`${name} is not ready`);
  return component.pid;
}

/** The pid of one instance of the example, as seen from the machine. */
async function appPid(): Promise<number> {
  for (const entry of await readdir('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    const command = await readFile(`/proc/${entry}/cmdline`, 'utf8').catch(() => '');
    if (command.replaceAll('\0', ' ').trim() === 'node server.mjs') return Number(entry);
  }
  throw new Error('no instance of the example runs');
}

/** Waits until everything has been ready for a moment, so that one kill does not run into the one before. */
async function allReady(): Promise<void> {
  await until('everything ready', RECOVERY_TIMEOUT_MS, async () => {
    const status = (await (await fetch('http://127.0.0.1:4600/status.json')).json()) as { ready: boolean };
    return status.ready && (await apiAnswers());
  });
}

async function apiAnswers(): Promise<boolean> {
  const pods = await brainpodJson<unknown[]>(installation, ['pod', 'list']);
  return pods.length > 0;
}

const VICTIMS: { what: string; pid: () => Promise<number> }[] = [
  { what: 'the app’s process', pid: appPid },
  ...['kubelet', 'containerd', 'etcd', 'kube-apiserver', 'network-policies', 'envoy', 'envoy-gateway'].map(
    (name) => ({
      what: name,
      pid: () => componentPid(name),
    }),
  ),
  ...['server', 'postgres', 'engine'].map((name) => ({ what: name, pid: () => ownedPid(name) })),
];

describe('kill -9', () => {
  const table: Killed[] = [];

  it.each(VICTIMS)('of $what: it comes back by itself', async ({ what, pid }) => {
    await allReady();
    const victim = await pid();
    const load = startLoad(running.url, agent, 4, 10);
    await until('the load runs', 5_000, async () => load.goodSince(1));
    const killedAt = performance.now();
    process.kill(victim, 'SIGKILL');
    await until(
      `${what} is back under another pid`,
      RECOVERY_TIMEOUT_MS,
      async () => (await pid()) !== victim,
    );
    await allReady();
    const recoveredMs = Math.round(performance.now() - killedAt);
    await until('the app answers', RECOVERY_TIMEOUT_MS, async () => load.goodSince(killedAt + recoveredMs));
    const result = await load.stop();
    table.push({ what, recoveredMs, ...result });
    // What is not on a request's way costs no request.
    if (!['the app’s process', 'envoy'].includes(what)) expect(result.reasons).toEqual({});
    await writeTable(table);
  });
});

/** Where the figures go: `npm run verify` commits them, `npm test` only looks at them. */
async function writeTable(table: readonly Killed[]): Promise<void> {
  const directory = process.env.BRAINPOD_TEST_RESULTS;
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  const rows = table.map(
    (row) =>
      `| ${row.what} | ${row.sent} | ${row.lost} | ${(row.outageMs / 1000).toFixed(1)} | ${(row.recoveredMs / 1000).toFixed(1)} |`,
  );
  const title = `# What a killed process costs\n\n${new Date().toISOString().slice(0, 10)}, by \`npm run verify recovery\`: each is killed with SIGKILL while four connections ask the example (two instances).\n`;
  const head =
    '| kill -9 of | requests | lost | outage s | everything ready again s |\n| --- | ---: | ---: | ---: | ---: |';
  await writeFile(path.join(directory, 'recovery.md'), `${title}\n${head}\n${rows.join('\n')}\n`);
}

/** The revision once its deploy has come to an end, good or bad. */
function deployEnds(pod: string, revisionId: string): Promise<{ state: string; error: string | null }> {
  return until('the deploy ends', 120_000, async () => {
    const read = await brainpodJson<{ state: string; error: string | null }>(installation, [
      '--pod',
      pod,
      'revision',
      'get',
      revisionId,
    ]);
    return ['deployed', 'failed'].includes(read.state) ? read : null;
  });
}

describe('the server killed in the middle of a deploy', () => {
  it('finishes the deploy after its restart', async () => {
    await allReady();
    const pod = await createPod(installation);
    const image = await buildApp(installation, pod, 'slow', {
      program: `setTimeout(() => { ${answering('started', 8080)} }, 6000);`,
    });
    await createResources(installation, pod, documents('slow', image));
    const accepted = await brainpodJson<{ revisionId: string }>(installation, ['--pod', pod, 'deploy']);
    process.kill(await ownedPid('server'), 'SIGKILL');
    const revision = await deployEnds(pod, accepted.revisionId);
    expect(revision).toMatchObject({ state: 'deployed', error: null });
    const url = `https://${await hostname(installation, pod, 'slow')}/`;
    expect((await get(url, agent)).body).toBe('started');
  });

  it('fails the deploy after its restart, in its time, when the version never works', async () => {
    const pod = await createPod(installation);
    const image = await buildApp(installation, pod, 'mute', { program: 'setInterval(() => {}, 1000);' });
    await createResources(installation, pod, documents('mute', image));
    const accepted = await brainpodJson<{ revisionId: string }>(installation, ['--pod', pod, 'deploy']);
    process.kill(await ownedPid('server'), 'SIGKILL');
    const revision = await deployEnds(pod, accepted.revisionId);
    expect(revision.state).toBe('failed');
    expect(revision.error).toContain('8080');
  });
});

describe('etcd wiped', () => {
  it('pods and apps come back from PostgreSQL', async () => {
    await allReady();
    const pod = await createPod(installation);
    const image = await buildApp(installation, pod, 'kept', { program: answering('kept', 8080) });
    await createResources(installation, pod, documents('kept', image));
    expect((await deploy(installation, pod)).code).toBe(0);
    const url = `https://${await hostname(installation, pod, 'kept')}/`;
    await until('the app answers', 10_000, async () => (await get(url, agent)).body === 'kept');

    await rm(path.join(installation.dataDir, 'engine/etcd'), { recursive: true });
    process.kill(await componentPid('etcd'), 'SIGKILL');
    await until('the namespace is there again', 120_000, async () =>
      (await kubectl(installation, ['get', 'namespace', `bp-${pod}`, '-o', 'name'])).includes(pod),
    );
    await until('both apps answer', 180_000, async () => {
      const [kept, example] = [await get(url, agent, 3_000), await get(running.url, agent, 3_000)];
      return kept.body === 'kept' && example.status === 200;
    });
    // And the pod is not only running but can be changed.
    const [app] = documents('kept', image, { env: [{ name: 'CHANGED', value: 'yes' }] });
    await replaceApp(installation, pod, app ?? {});
    expect(await deploy(installation, pod)).toMatchObject({ code: 0 });
  });
});
