import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { type Rehearsal, rehearsalRow, rehearse, TABLE_HEAD } from '../tools/rehearse/rehearsal.ts';
import { VICTIMS, Victims } from '../tools/rehearse/victims.ts';
import { pushApp } from './app-image.ts';
import { answering, createPod, createResources, deploy, documents, hostname, replaceApp } from './apps.ts';
import { brainpodJson, installationIn, kubectl, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { startLoad } from './load.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 8);
// The example's host name is its Route's name and its pod's.
const podOfExample = new URL(running.url).hostname.split('.')[0]?.replace('hello-node-', '') ?? '';
const victims = new Victims(installation, `bp-${podOfExample}`);

/** Waits until everything has been ready for a moment, so that one kill does not run into the one before. */
async function allReady(): Promise<void> {
  await victims.allReady();
  await until('the API to answer', 30_000, async () => {
    const pods = await brainpodJson<unknown[]>(installation, ['pod', 'list']);
    return pods.length > 0;
  });
}

describe('kill -9', () => {
  const table: Rehearsal[] = [];

  it.each([...VICTIMS])('of $what: it comes back by itself', async (victim) => {
    await allReady();
    const row = await rehearse(victims, victim, () => startLoad(running.url, agent, 4, 10));
    table.push(row);
    // What is not on a request's way costs no request.
    if (!victim.isOnTheWay) expect(row.reasons).toEqual({});
    await writeTable(table);
  });
});

/** Where the figures go: `npm run verify` commits them, `npm test` only looks at them. */
async function writeTable(table: readonly Rehearsal[]): Promise<void> {
  const directory = process.env.BRAINPOD_TEST_RESULTS;
  if (!directory) return;
  await mkdir(directory, { recursive: true });
  const title = `# What a killed process costs\n\n${new Date().toISOString().slice(0, 10)}, by \`npm run verify recovery\`: each is killed with SIGKILL while four connections ask the example (two instances).\n`;
  const rows = table.map(rehearsalRow);
  await writeFile(path.join(directory, 'recovery.md'), `${title}\n${[TABLE_HEAD, ...rows].join('\n')}\n`);
}

/** The revision once its deploy has come to an end, good or bad. */
function deployEnds({ pod, revisionId }: { pod: string; revisionId: string }): Promise<{
  state: string;
  error: string | null;
}> {
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

describe('the server killed in the middle of two deploys', () => {
  type Deploy = { pod: string; revisionId: string };
  let good: Deploy;
  let bad: Deploy;

  /** Asks for a deploy and does not wait for it. */
  async function begin(name: string, program: string): Promise<Deploy> {
    const pod = await createPod(installation);
    const image = await pushApp(installation, pod, name, { program });
    await createResources(installation, pod, documents(name, image));
    const accepted = await brainpodJson<{ revisionId: string }>(installation, ['--pod', pod, 'deploy']);
    return { pod, revisionId: accepted.revisionId };
  }

  beforeAll(async () => {
    await allReady();
    bad = await begin('mute', 'setInterval(() => {}, 1000);');
    good = await begin('slow', `setTimeout(() => { ${answering('started', 8080)} }, 6000);`);
    process.kill(await victims.pidOf('server'), 'SIGKILL');
  });

  it('finishes the deploy after its restart', async () => {
    const revision = await deployEnds(good);
    expect(revision).toMatchObject({ state: 'deployed', error: null });
    const url = `https://${await hostname(installation, good.pod, 'slow')}/`;
    expect((await get(url, agent)).body).toBe('started');
  });

  it('fails the deploy after its restart, in its time, when the version never works', async () => {
    const revision = await deployEnds(bad);
    expect(revision.state).toBe('failed');
    expect(revision.error).toContain('8080');
  });
});

describe('etcd wiped', () => {
  it('pods and apps come back from PostgreSQL', async () => {
    await allReady();
    const pod = await createPod(installation);
    const image = await pushApp(installation, pod, 'kept', { program: answering('kept', 8080) });
    await createResources(installation, pod, documents('kept', image));
    expect((await deploy(installation, pod)).code).toBe(0);
    const url = `https://${await hostname(installation, pod, 'kept')}/`;
    await until('the app answers', 10_000, async () => (await get(url, agent)).body === 'kept');

    await rm(path.join(installation.dataDir, 'engine/etcd'), { recursive: true });
    process.kill(await victims.pidOf('etcd'), 'SIGKILL');
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
