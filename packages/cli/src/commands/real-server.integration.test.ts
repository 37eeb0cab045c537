import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { Platform } from '../testing/platform.ts';
import { runInProcess } from '../testing/run-in-process.ts';

let platform: Platform;
let pod: string;

beforeAll(async () => {
  platform = await Platform.start();
});
afterAll(() => platform?.stop());
beforeEach(async () => {
  platform.verdict = () => null;
  pod = (await platform.client.createPod()).name;
});

const run = (args: string | string[], world: { stdin?: string; key?: string } = {}) =>
  runInProcess(typeof args === 'string' ? args.split(' ') : args, {
    ...(world.stdin === undefined ? {} : { stdin: world.stdin }),
    environment: {
      HOME: platform.home,
      BRAINPOD_API_ENDPOINT: platform.origin,
      BRAINPOD_API_TOKEN: world.key ?? platform.apiKey,
      BRAINPOD_POD: pod,
    },
  });

/** Runs it and gives its JSON; fails with what it said. */
async function json<T>(args: string, stdin = ''): Promise<T> {
  const outcome = await run(`${args} --json`, { stdin });
  expect({ args, code: outcome.exitCode, stderr: outcome.stderr }).toEqual({ args, code: 0, stderr: '' });
  return JSON.parse(outcome.stdout);
}

const document = (kind: string, name: string, spec: object) =>
  JSON.stringify({
    apiVersion: 'pod.brainpod.io/v1alpha1',
    kind,
    metadata: { name, namespace: 'default' },
    spec,
  });
const config = (text: string) => document('Config', 'c', { files: { 'a.txt': text } });
const app = document('App', 'web', {
  image: 'nginx:1.29',
  env: [],
  instance: '.25x',
  replicas: 1,
});

async function deployed(text: string): Promise<void> {
  const existing = await json<unknown[]>('resource list');
  if (existing.length === 0) await json('resource create -f -', config(text));
  else await json('resource replace config c -f -', config(text));
  await json('deploy --wait');
}

async function textNow(): Promise<string> {
  const found = await json<{ content: { spec: { files: Record<string, string> } } }>('resource get config c');
  return found.content.spec.files['a.txt'] ?? '';
}

describe('plan and deploy', () => {
  it('deploys what was read, and refuses what is not that any more', async () => {
    await json('resource create -f -', config('one'));
    const plan = await run('plan');
    expect(plan.stdout).toMatch(/\+ Config\/c +created[\s\S]*The cluster accepts it/);
    const { tag } = await json<{ tag: string }>('plan');
    await json('resource replace config c -f -', config('two'));
    const stale = await run(`deploy --plan ${tag}`);
    expect([stale.exitCode, stale.stderr]).toEqual([1, expect.stringContaining('brainpod plan')]);
    const again = await json<{ tag: string }>('plan');
    expect((await run(`deploy --wait --plan ${again.tag}`)).exitCode).toBe(0);
    expect((await run('plan')).stdout).toContain('Nothing changes.');
    expect((await run('deploy')).stderr).toContain('brainpod resource create');
  });

  it('shows what a revision on its way does, as the server tells it', async () => {
    await json('resource create -f -', config('one'));
    const { revisionId } = await json<{ revisionId: string }>('deploy');
    const waited = await run(`revision wait ${revisionId}`);
    expect(waited.exitCode).toBe(0);
    expect(waited.stderr).toMatch(/revision \d+ {2}deployed\n/);
    expect((await run('revision wait 9999')).stderr).toContain('brainpod revision list');
  });
});

describe('rollback and cancel', () => {
  it('goes back by steps and by version, and sets a draft aside only when asked to', async () => {
    await deployed('one');
    await deployed('two');
    await deployed('three');
    await json('rollback -2 --wait');
    expect(await textNow()).toBe('one');
    const list = await json<{ items: { version: number; summary: string | null }[] }>('revision list');
    const second = list.items.toSorted((a, b) => a.version - b.version)[1];
    await json(`rollback ${second?.version} --wait`);
    expect(await textNow()).toBe('two');
    await json('resource replace config c -f -', config('draft'));
    const refused = await run('rollback -1');
    expect([refused.exitCode, refused.stderr]).toEqual([1, expect.stringContaining('--discard-draft')]);
    await json('rollback -1 --discard-draft --wait');
    expect(await textNow()).toBe('one');
  });

  it('cancels the draft', async () => {
    await deployed('one');
    const { revisionId } = await json<{ revisionId: string }>(
      'resource replace config c -f -',
      config('two'),
    );
    expect((await run(`revision cancel ${revisionId}`)).stdout).toContain('is canceled');
    expect(await textNow()).toBe('one');
  });

  it('tells why a deploy failed, and what can be done', async () => {
    await json('resource create -f -', config('one'));
    platform.verdict = () => ({ error: 'App web listens on no port 8080.' });
    const failed = await run('deploy --wait');
    expect(failed.exitCode).toBe(1);
    expect(failed.stderr).toMatch(/failed\. App web listens on no port 8080\.\n.*brainpod redeploy/);
    platform.verdict = () => null;
    expect((await run('redeploy')).exitCode).toBe(0);
  });
});

describe('the life of a pod', () => {
  it('is renamed, stopped, started, deleted and restored', async () => {
    await deployed('one');
    expect(await json(`pod rename ${pod} Shop`)).toMatchObject({ displayName: 'Shop' });
    expect((await run(['pod', 'rename', pod, '', '--json'])).stdout).toContain('"displayName": null');
    await json('pod stop');
    await json('resource replace config c -f -', config('two'));
    expect((await run('deploy')).stderr).toContain(`brainpod pod start ${pod}`);
    await json('pod start');
    await json(`pod delete ${pod}`);
    expect((await run('resource list')).stderr).toContain('brainpod pod list');
    expect((await run('pod list --deleted')).stdout).toContain(pod);
    expect((await run('pod list')).stdout).not.toContain(pod);
    await json(`pod restore ${pod}`);
    expect(await textNow()).toBe('two');
  });

  it('shows what it uses of its limits, and the sizes', async () => {
    await json('resource create -f -', app);
    expect((await run('pod limits')).stdout).toMatch(/Draft[\s\S]*apps +1/);
    expect((await run('size list')).stdout).toMatch(/1x +1 CPU +1 GiB/);
    await json('size set 1x --cpu 1.5 --memory 2048');
    expect((await run('size list')).stdout).toMatch(/1x +1\.5 CPU +2 GiB/);
    await json(`pod limits ${pod} --apps 0 --cpu 0.25`);
    const limited = await run('pod limits');
    expect(limited.stdout).toMatch(/CPU +0\.25 CPU +of 0\.25 CPU +█+ 100%/);
    expect((await run('deploy')).stderr).toContain('brainpod pod limits');
  });

  it('restarts an app, once it runs', async () => {
    await json('resource create -f -', app);
    expect((await run('resource restart app web')).exitCode).toBe(1);
    await json('deploy --wait');
    expect((await run('resource restart app web')).stdout).toContain('is being restarted');
    expect(await json('resource get app web')).toMatchObject({ locked: true });
    expect((await run('resource delete app web')).stderr).toContain('brainpod resource list');
    expect((await run('resource restart config c')).exitCode).toBe(1);
  });
});

describe('keys and the audit log', () => {
  it('makes a key that may do less, rolls and revokes it, and tells who did what', async () => {
    const made = await json<{ id: string; secret: string }>(
      `key create ci --allow pods:read --pods ${pod} --expires 30d`,
    );
    expect((await run('pod list', { key: made.secret })).stdout).toContain(pod);
    expect((await run('resource list', { key: made.secret })).stderr).toContain('brainpod whoami');
    const rolled = await json<{ secret: string }>(`key roll ${made.id}`);
    expect((await run('pod list', { key: made.secret })).stderr).toContain('brainpod login');
    expect((await run('pod list', { key: rolled.secret })).exitCode).toBe(0);
    expect((await run('key list')).stdout).toMatch(/ci +works/);
    await json(`key revoke ${made.id}`);
    expect((await run('pod list', { key: rolled.secret })).exitCode).toBe(1);
    expect((await run('key list')).stdout).toMatch(/ci +revoked/);
    expect((await run('audit')).stdout).toMatch(/revokeKey[\s\S]*rollKey[\s\S]*createKey/);
    expect((await run(`audit --pod ${pod}`)).stdout).toContain('createPod');
    expect((await run('key roll 5')).exitCode).toBe(1);
  });
});

describe('own domains', () => {
  const HOUR_MS = 3_600_000;
  const due = async () => (await platform.domains.due(new Date(), 1000)).find((each) => each.route === pod);
  const wanting = async () => {
    const domain = `www.${pod}.example.com`;
    const rules = [{ name: 'web', path: '/', port: 80, backendRef: 'urn:brain:app:default:web' }];
    await json('resource create -f -', app);
    await json('resource create -f -', document('Route', pod, { domains: [domain], rules }));
    return domain;
  };

  it('are listed with the record to set, and active once DNS and a certificate are there', async () => {
    const domain = await wanting();
    expect((await run('domain list')).stdout).toMatch(
      new RegExp(`${domain} +waitingForDns[^]*CNAME +${domain} +${pod}-${pod}`),
    );
    const waiting = run(`domain check ${pod} ${domain} --wait --json`);
    const found = await vi.waitFor(async () => {
      const asked = (await run('audit')).stdout.includes('checkDomain') ? await due() : undefined;
      if (asked === undefined) throw new Error('Nobody has asked for it.');
      return asked;
    }, 10_000);
    const nextAttemptAt = new Date(Date.now() + HOUR_MS);
    await platform.domains.hold(found.podId, domain, new Date());
    const dates = { notBefore: new Date(), notAfter: nextAttemptAt };
    const certificate = { chainPem: '', keySealed: Buffer.from('sealed'), issuer: 'acme' as const, ...dates };
    await platform.domains.save(found, { state: 'active', reason: null, nextAttemptAt, certificate });
    const outcome = await waiting;
    expect([outcome.exitCode, outcome.stderr]).toEqual([0, '']);
    expect(JSON.parse(outcome.stdout)).toMatchObject({ domain, state: 'active' });
    expect((await run(`domain check ${pod} other.example.com`)).stderr).toContain(`domain list ${pod}`);
  });

  it('get a certificate of their owner, and lose it again', async () => {
    const domain = await wanting();
    const [cert, key] = [join(platform.home, 'cert.pem'), join(platform.home, 'key.pem')];
    await writeFile(cert, '-----BEGIN CERTIFICATE-----\n');
    await writeFile(key, '-----BEGIN PRIVATE KEY-----\n');
    const set = await run(`domain certificate set ${pod} ${domain} --cert ${cert} --key ${key}`);
    expect([set.exitCode, set.stdout]).toEqual([0, expect.stringContaining('yours, until')]);
    expect((await run(`domain certificate remove ${pod} ${domain}`)).exitCode).toBe(0);
    const again = await run(`domain certificate remove ${pod} ${domain}`);
    expect([again.exitCode, again.stderr]).toEqual([1, expect.stringContaining(`domain list ${pod}`)]);
  });
});

describe('completion', () => {
  const candidates = async (...words: string[]) => {
    const { stdout } = await run(['__complete', '--', ...words]);
    return stdout.split('\n').filter(Boolean);
  };

  it('knows commands, flags and values without any server', async () => {
    expect(await candidates('rollb')).toEqual([expect.stringMatching(/^rollback\t/)]);
    expect(await candidates('revision', 'ca')).toEqual([expect.stringMatching(/^cancel\t/)]);
    expect(await candidates('deploy', '--w')).toEqual([expect.stringMatching(/^--wait\t/)]);
    expect(await candidates('deploy', '--js')).toEqual([expect.stringMatching(/^--json\t/)]);
    expect(await candidates('events', '--range', '3')).toEqual(['30m']);
    expect(await candidates('resource', 'create', '-f', '')).toEqual([':files']);
    expect(await candidates('resource', 'get', 'po')).toEqual(['postgres']);
    expect(await candidates('config', 'set', 'api')).toEqual(['api-token']);
    expect(await candidates('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  });

  it('looks up pods, resources and revisions where the line says', async () => {
    await deployed('one');
    expect(await candidates('pod', 'get', pod)).toEqual([pod]);
    expect(await candidates('--pod', pod.slice(0, 3))).toContain(pod);
    expect(await candidates('resource', 'get', 'config', '')).toEqual(['c\tConfig']);
    expect(await candidates('events', '--resource', 'urn')).toEqual(['urn:brain:config:default:c']);
    expect((await candidates('rollback', '')).length).toBeGreaterThan(0);
    const other = (await platform.client.createPod()).name;
    expect(await candidates('--pod', other, 'resource', 'get', 'config', '')).toEqual([]);
    expect(await candidates('--api-token', 'brain_wrong', 'pod', 'get', '')).toEqual([]);
  });
});
