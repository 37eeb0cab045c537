import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { answering, createPod, createResources, deploy, documents, hostname, replaceApp } from './apps.ts';
import { brainpod, brainpodJson, installationIn, npmStart, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { startLoad } from './load.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 4);

type Revision = { state: string; error: string | null; checksum: string | null };

/** Kubernetes' words, none of which a person should meet in a reason. */
const KUBERNETES_WORDS =
  /CrashLoopBackOff|ImagePullBackOff|ErrImagePull|CreateContainer|kubelet|Deployment|ReplicaSet|namespace|probe/i;

describe('a version that does not work', () => {
  let pod: string;
  let url: string;

  beforeAll(async () => {
    pod = await createPod(installation);
    const image = await pushApp(installation, pod, 'shop', { program: answering('first version', 8080) });
    await createResources(installation, pod, documents('shop', image));
    const deployed = await deploy(installation, pod);
    if (deployed.code !== 0) throw new Error(deployed.stderr);
    url = `https://${await hostname(installation, pod, 'shop')}/`;
    await until(
      'the first version answers',
      10_000,
      async () => (await get(url, agent)).body === 'first version',
    );
  });

  /** Deploys a broken version under load; gives the revision as it ended. The first version must not miss a request. */
  async function deployBroken(name: string, source: { program: string }): Promise<Revision> {
    const image = await pushApp(installation, pod, name, source);
    const [app] = documents('shop', image);
    await replaceApp(installation, pod, app ?? {});
    const load = startLoad(url, agent, 2, 20);
    const outcome = await deploy(installation, pod);
    const { lost, sent, reasons } = await load.stop();
    expect({ lost, reasons }).toEqual({ lost: 0, reasons: {} });
    expect(sent).toBeGreaterThan(10);
    expect(outcome.code).toBe(1);
    const { items } = await brainpodJson<{ items: { id: string }[] }>(installation, [
      '--pod',
      pod,
      'revision',
      'list',
    ]);
    const revision = await brainpodJson<Revision>(installation, [
      '--pod',
      pod,
      'revision',
      'get',
      items[0]?.id ?? '',
    ]);
    expect(revision.state).toBe('failed');
    expect(revision.checksum).toBeNull();
    expect(outcome.stderr + outcome.stdout).toContain(revision.error?.split('\n')[0] ?? 'a reason');
    expect(revision.error).not.toMatch(KUBERNETES_WORDS);
    expect((await get(url, agent)).body).toBe('first version');
    return revision;
  }

  it('listens on the wrong port: says which port nobody answers on, with the last log lines', async () => {
    const { error } = await deployBroken('wrong-port', { program: answering('unseen', 9999) });
    expect(error).toContain('8080');
    expect(error).toContain('listening on 9999');
  });

  it('exits at once: says with which code, with the last log lines', async () => {
    const { error } = await deployBroken('exits', {
      program: "console.error('no database configured'); process.exit(3);",
    });
    expect(error).toContain('3');
    expect(error).toContain('no database configured');
  });

  it('would run as root: is refused before anything is deployed, with how to change it', async () => {
    const source = { program: answering('unseen', 8080), user: '0' };
    const image = await pushApp(installation, pod, 'as-root', source);
    const [app] = documents('shop', image);
    await expect(replaceApp(installation, pod, app ?? {})).rejects.toThrow(/root.*USER.*"spec\.image"/s);
  });

  it('works again with the next good version', async () => {
    const image = await pushApp(installation, pod, 'good', { program: answering('second version', 8080) });
    const [app] = documents('shop', image);
    await replaceApp(installation, pod, app ?? {});
    expect((await deploy(installation, pod)).code).toBe(0);
    await until(
      'the second version answers',
      10_000,
      async () => (await get(url, agent)).body === 'second version',
    );
  });
});

describe('a broken Dockerfile', () => {
  it('is told with its line and the builder’s own words, and nothing is deployed', async () => {
    const folder = path.join(running.directory, 'broken');
    await mkdir(folder, { recursive: true });
    await writeFile(
      path.join(folder, 'Dockerfile'),
      'FROM node:24-trixie-slim\nRUN echo before\nRUN exit-with-trouble --now\nUSER 1000\n',
    );
    const outcome = await npmStart(installation, ['--app', folder]);
    expect(outcome.code).toBe(1);
    const said = outcome.stdout + outcome.stderr;
    expect(said).toContain('RUN exit-with-trouble --now');
    expect(said).toMatch(/line 3|:3\b/i);
    expect(said).toContain('exit-with-trouble: not found');
    const pods = await brainpodJson<{ displayName: string | null }[]>(installation, ['pod', 'list']);
    for (const pod of pods.filter(({ displayName }) => displayName === 'broken')) {
      expect(pod).toMatchObject({ deployed: null });
    }
  });
});

describe('an image of another pod', () => {
  it('cannot be named', async () => {
    const [first, second] = [await createPod(installation), await createPod(installation)];
    const image = await pushApp(installation, first, 'mine', { program: answering('mine', 8080) });
    await expect(createResources(installation, second, documents('theft', image))).rejects.toThrow(
      /VALIDATION_ERROR|pod/,
    );
    const listed = await brainpod(installation, ['--json', '--pod', second, 'resource', 'list']);
    expect(JSON.parse(listed.stdout)).toEqual([]);
  });
});
