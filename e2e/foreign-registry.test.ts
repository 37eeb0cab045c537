import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, createResources, deploy, documents } from './apps.ts';
import { brainpod, brainpodJson, installationIn, kubectl, type Outcome, until } from './brainpod.ts';

/**
 * Another registry, which hands out images to ann alone: a second process of the same kind as the platform's own, that
 * reads the same files.
 */
const HOST = '127.0.0.1:7465';
const PASSWORD = 'a secret of ann';
const HTPASSWD = 'ann:$2b$04$abcdefghijklmnopqrstuubmb1j3FbqVW3jJ00R6PmrOlN0Pi52nS';

const ANSWERING = "require('node:http').createServer((_, response) => response.end('private')).listen(8080);";

const installation = installationIn(inject('running').directory);
let registry: ChildProcess | null = null;
let image = '';
let ownPod = '';
let ownImage = '';

beforeAll(async () => {
  const folder = path.join(installation.home, 'foreign-registry');
  await mkdir(folder, { recursive: true });
  const users = path.join(folder, 'htpasswd');
  const config = path.join(folder, 'config.json');
  await writeFile(users, HTPASSWD);
  const storage = {
    filesystem: { rootdirectory: path.join(installation.dataDir, 'engine/registry') },
    maintenance: { readonly: { enabled: true } },
  };
  const auth = { htpasswd: { realm: 'foreign', path: users } };
  await writeFile(config, JSON.stringify({ version: 0.1, storage, auth, http: { addr: HOST } }));
  registry = spawn(path.join(process.env.BRAINPOD_ENGINE_BIN ?? '', 'registry'), ['serve', config], {
    stdio: 'ignore',
  });
  ownPod = await createPod(installation);
  ownImage = await pushApp(installation, ownPod, 'private', { program: ANSWERING });
  image = ownImage.replace(/^[^/]+/, HOST);
  await until(
    'the other registry asks who comes',
    20_000,
    async () => (await fetch(`http://${HOST}/v2/`)).status === 401,
  );
});

afterAll(() => {
  registry?.kill('SIGTERM');
});

function inPod(pod: string, args: readonly string[], input?: string): Promise<Outcome> {
  return brainpod(installation, ['--pod', pod, ...args], input);
}

async function instances(pod: string): Promise<string[]> {
  const text = await kubectl(installation, ['get', 'pods', '--namespace', `bp-${pod}`, '-o', 'json']);
  const { items }: { items: { metadata: { uid: string } }[] } = JSON.parse(text);
  return items.map(({ metadata }) => metadata.uid);
}

async function failedFor(pod: string): Promise<string> {
  await createResources(installation, pod, documents('private', image));
  const outcome = await deploy(installation, pod);
  expect(outcome.code).not.toBe(0);
  return outcome.stdout + outcome.stderr;
}

describe('an image of another registry that is not public', () => {
  it('is fetched with what the pod holds for it, and by no other pod, wherever it lies by then', async () => {
    const pod = await createPod(installation);
    expect(await failedFor(pod)).toContain(`credentials for ${HOST}`);
    const set = await inPod(pod, ['registry', 'credentials', 'set', HOST, '-u', 'ann'], `${PASSWORD}\n`);
    expect([set.code, set.stderr]).toEqual([0, '']);
    const { revisionId } = await brainpodJson<{ revisionId: string }>(installation, [
      '--pod',
      pod,
      'redeploy',
    ]);
    const deployed = await inPod(pod, ['revision', 'wait', revisionId, '--timeout', '120']);
    expect([deployed.code, deployed.stdout + deployed.stderr]).toEqual([
      0,
      expect.stringContaining('deployed'),
    ]);
    const running = await instances(pod);
    expect(running).toHaveLength(1);
    // The node has the image now, and it is still not for everybody.
    const other = await createPod(installation);
    expect(await failedFor(other)).toContain(`credentials for ${HOST}`);
    const removed = await inPod(pod, ['registry', 'credentials', 'remove', HOST]);
    expect(removed.code).toBe(0);
    expect(await brainpodJson(installation, ['--pod', pod, 'registry', 'credentials', 'list'])).toEqual([]);
    expect(await instances(pod)).toEqual(running);
  });
});

describe("the key with which nodes fetch pods' own images", () => {
  it('is replaced while they run: each pod gets another password, and nothing is started anew', async () => {
    type Key = { id: number; pods: number; refusedAfter: string | null };
    await createResources(installation, ownPod, documents('first', ownImage));
    expect((await deploy(installation, ownPod)).code).toBe(0);
    const before = await instances(ownPod);
    const keys = () => brainpodJson<Key[]>(installation, ['registry', 'pull-keys', 'list']);
    const made = await brainpodJson<Key>(installation, ['registry', 'pull-keys', 'rotate']);
    await until('every pod has the new key', 60_000, async () =>
      (await keys()).every(({ id, pods, refusedAfter }) =>
        id === made.id ? pods > 0 : pods === 0 && refusedAfter !== null,
      ),
    );
    const second = await pushApp(installation, ownPod, 'second', { program: `// Another.\n${ANSWERING}` });
    await createResources(installation, ownPod, documents('second', second));
    const deployed = await deploy(installation, ownPod);
    expect([deployed.code, deployed.stderr]).toEqual([0, expect.not.stringContaining('refused')]);
    const after = await instances(ownPod);
    expect(after).toHaveLength(2);
    expect(after).toEqual(expect.arrayContaining(before));
  });
});
