import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, createResources, deploy, documents, hostname } from './apps.ts';
import { installationIn, kubectl, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { ATTEMPTS, TENANCY_PROBE } from './tenancy-probe.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 8);

const MOST_PROCESSES = 2048;

type Tenant = { pod: string; namespace: string; image: string; url: string };
type Instance = { uid: string; restarts: number; lastEnd: string };

let own: Tenant;
let other: Tenant;

beforeAll(async () => {
  const nodePaths = [
    installation.dataDir,
    installation.runDir,
    path.join(installation.runDir, 'engine/containerd.sock'),
  ];
  const env = [{ name: 'NODE_PATHS', value: nodePaths.join('\n') }];
  other = await deployTenant('neighbour', { env });
  own = await deployTenant('hog', { env, instance: '1x', lifecycle: { init: 'node /app/main.cjs once' } });
});

async function deployTenant(name: string, spec: Record<string, unknown>): Promise<Tenant> {
  const pod = await createPod(installation);
  const image = await pushApp(installation, pod, name, { program: TENANCY_PROBE });
  await createResources(installation, pod, documents(name, image, spec));
  const outcome = await deploy(installation, pod);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
  const url = `https://${await hostname(installation, pod, name)}`;
  await until(`${name} answers`, 30_000, async () => (await get(url, agent)).body === 'ready');
  return { pod, namespace: `bp-${pod}`, image, url };
}

/** The instances of a tenant, the ended ones among them. */
async function instancesOf({ namespace }: Tenant): Promise<Instance[]> {
  type Listed = {
    items: {
      metadata: { uid: string };
      status: {
        containerStatuses?: { restartCount: number; lastState: { terminated?: { reason: string } } }[];
      };
    }[];
  };
  const { items }: Listed = JSON.parse(
    await kubectl(installation, ['-n', namespace, 'get', 'pods', '-o', 'json']),
  );
  return items.map(({ metadata, status }) => ({
    uid: metadata.uid,
    restarts: status.containerStatuses?.[0]?.restartCount ?? 0,
    lastEnd: status.containerStatuses?.[0]?.lastState.terminated?.reason ?? '',
  }));
}

/** Why the node took an instance away; undefined while it has not. */
async function evictionOf({ namespace }: Tenant, uid = ''): Promise<string | undefined> {
  type Listed = { items: { message: string; involvedObject: { uid: string } }[] };
  const listed = await kubectl(installation, [
    ...['-n', namespace, 'get', 'events', '--field-selector', 'reason=Evicted', '-o', 'json'],
  ]);
  const { items }: Listed = JSON.parse(listed);
  return items.find(({ involvedObject }) => involvedObject.uid === uid)?.message;
}

/** Asks the neighbour without a pause while something happens; fails on the first wrong answer. */
async function whileNeighbourAnswers<T>(happening: () => Promise<T>): Promise<T> {
  const before = await instancesOf(other);
  let ended = false;
  const asking = (async () => {
    let answers = 0;
    while (!ended) {
      expect(await get(other.url, agent)).toMatchObject({ status: 200, body: 'ready' });
      answers++;
    }
    return answers;
  })();
  const happened = await happening().finally(() => {
    ended = true;
  });
  expect(await asking).toBeGreaterThan(0);
  expect(await instancesOf(other)).toEqual(before);
  return happened;
}

describe('an instance', () => {
  it.each(ATTEMPTS)('does not get %s', async (attempt) => {
    const told: Record<string, string> = JSON.parse((await get(`${own.url}/attempts`, agent, 30_000)).body);
    expect(told[attempt]).toBe('no');
  });
});

describe('the container that runs as root before an instance', () => {
  it.each(ATTEMPTS)('does not get %s', async (attempt) => {
    const log = await kubectl(installation, [
      '-n',
      own.namespace,
      'logs',
      '-l',
      'brainpod.io/name=hog',
      '-c',
      'init',
    ]);
    const told: Record<string, string> = JSON.parse(log.trim().split('\n').at(-1) ?? '');
    expect(told[attempt]).toBe('no');
  });
});

describe('a tenant', () => {
  it('does not get the image of another', async () => {
    const pod = await createPod(installation);
    const thief = documents('thief', other.image);
    await expect(createResources(installation, pod, thief)).rejects.toThrow('Must be an image of this pod');
  });
});

describe('a hog', () => {
  it('of processes has its own only', async () => {
    const forked = await whileNeighbourAnswers(async () =>
      Number((await get(`${own.url}/fork`, agent, 60_000)).body),
    );
    expect(forked).toBeGreaterThan(MOST_PROCESSES / 2);
    expect(forked).toBeLessThanOrEqual(MOST_PROCESSES);
    await until('it answers again', 20_000, async () => (await get(own.url, agent)).body === 'ready');
  });

  it('of connections has its own only', async () => {
    const read = async (name: string) =>
      Number(await readFile(`/proc/sys/net/netfilter/nf_conntrack_${name}`, 'utf8'));
    const outcome = await whileNeighbourAnswers(async () => get(`${own.url}/connections`, agent, 60_000));
    expect(outcome.body).toBe('refused');
    expect(await read('count')).toBeLessThan((await read('max')) / 4);
  });

  it('of memory ends itself', async () => {
    await whileNeighbourAnswers(async () => {
      const answer = await get(`${own.url}/memory`, agent, 60_000);
      expect(answer.status).not.toBe(200);
      await until('it was ended', 30_000, async () =>
        (await instancesOf(own)).some(({ lastEnd }) => lastEnd === 'OOMKilled'),
      );
      await until('it answers again', 30_000, async () => (await get(own.url, agent)).body === 'ready');
    });
  });

  it('of disk space is taken away, and another one starts', async () => {
    const [before] = await instancesOf(own);
    await whileNeighbourAnswers(async () => {
      expect((await get(`${own.url}/disk`, agent, 30_000)).body).toContain('did');
      // What was taken away is soon forgotten; why it was, is not.
      const reason = await until('it is taken away', 60_000, async () => evictionOf(own, before?.uid));
      expect(reason).toContain('ephemeral');
      await until('another one answers', 30_000, async () => (await get(own.url, agent)).body === 'ready');
    });
  });
});
