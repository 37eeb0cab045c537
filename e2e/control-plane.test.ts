import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, hostname } from './apps.ts';
import { brainpod, brainpodJson, installationIn, kubectl, type Outcome, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';
import { startLoad } from './load.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 4);

/** A server whose answer tells its version, its greeting, and its Config's text. */
const TELLING = `
  const http = require('node:http');
  const { readFileSync } = require('node:fs');
  const config = () => { try { return readFileSync('/etc/shop/motd', 'utf8'); } catch { return ''; } };
  const server = http.createServer((request, response) => {
    response.end([process.env.VERSION, process.env.GREETING, config()].join('|'));
  });
  server.listen(8080, () => console.log('listening, version', process.env.VERSION));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

type Spec = Record<string, unknown>;
type Change = {
  kind: string;
  name: string;
  action: string;
  interruption: null | { what: string; seconds: number | null };
};
type Plan = { tag: string; canDeploy: boolean; changes: Change[]; cluster: { accepted: boolean | null } };
type Item = { metadata: { uid: string; deletionTimestamp?: string; namespace: string } };

const document = (kind: string, name: string, spec: Spec) => ({
  apiVersion: 'pod.brainpod.io/v1alpha1',
  kind,
  metadata: { name, namespace: 'default' },
  spec,
});

const rule = (name: string, urlPath: string) => ({
  name,
  path: urlPath,
  port: 8080,
  backendRef: 'urn:brain:app:default:shop',
});

/** The command in one pod; fails with what it said where it fails. */
function inPod(pod: string) {
  const run = async (args: readonly string[], input?: string): Promise<Outcome> => {
    const outcome = await brainpod(installation, ['--pod', pod, ...args], input);
    if (outcome.code !== 0) {
      throw new Error(`brainpod ${args.join(' ')}: exit ${outcome.code}\n${outcome.stderr}${outcome.stdout}`);
    }
    return outcome;
  };
  return {
    run,
    json: async <T>(args: readonly string[], input?: string): Promise<T> =>
      await brainpodJson<T>(installation, ['--pod', pod, ...args], input),
    replace: async (kind: string, name: string, spec: Spec) => {
      await run(
        ['resource', 'replace', kind, name, '-f', '-'],
        JSON.stringify(document(kindOf(kind), name, spec)),
      );
    },
    deploy: async (...more: string[]) => await run(['deploy', '--wait', '--timeout', '120', ...more]),
  };
}

function kindOf(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}

/** The instances of a pod that are to stay, by their ids. */
async function instances(pod: string): Promise<string[]> {
  const text = await kubectl(installation, ['get', 'pods', '--all-namespaces', '-o', 'json']);
  const { items }: { items: Item[] } = JSON.parse(text);
  return items
    .filter(({ metadata }) => metadata.namespace.endsWith(pod) && metadata.deletionTimestamp === undefined)
    .map(({ metadata }) => metadata.uid)
    .sort();
}

describe('one file with a Config, an App and a Route', () => {
  it('goes through dry run, create, plan, deploy, change, diff, deploy and rollback', async () => {
    const pod = await createPod(installation);
    const { run, json, deploy } = inPod(pod);
    const image = await pushApp(installation, pod, 'shop', { program: TELLING });
    const { items } = await json<{ items: { tag: string; digest: string }[] }>(['image', 'list']);
    expect(items).toMatchObject([{ digest: image.slice(image.indexOf('@') + 1) }]);
    const inspected = await run(['image', 'inspect', 'shop', items[0]?.tag ?? '']);
    expect(inspected.stdout).toMatch(/1000:-\s+8080\/tcp/);
    const yaml = (version: string, motd: string) =>
      [
        document('Config', 'shop', { files: { motd } }),
        document('App', 'shop', {
          image,
          env: [
            { name: 'VERSION', value: version },
            { name: 'GREETING', value: 'hello' },
          ],
          instance: '.25x',
          replicas: 1,
          mounts: [{ path: '/etc/shop/motd', file: 'motd', config: 'shop' }],
        }),
        document('Route', 'shop', { rules: [rule('all', '/')] }),
      ]
        .map((each) => JSON.stringify(each))
        .join('\n---\n');
    const folder = path.join(installation.home, 'one-file');
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, 'shop.yaml');
    await writeFile(file, yaml('1', 'first'));

    expect((await run(['resource', 'create', '-f', file, '--dry-run'])).stdout).toContain(
      'Nothing was created',
    );
    expect(await json<unknown[]>(['resource', 'list'])).toEqual([]);
    await run(['resource', 'create', '-f', file]);
    const first = await json<Plan>(['plan']);
    expect(first).toMatchObject({ canDeploy: true, cluster: { accepted: true } });
    expect(first.changes.map(({ action }) => action)).toEqual(['create', 'create', 'create']);
    expect((await deploy('--plan', first.tag)).stdout).toContain('is deployed and healthy');
    const url = `https://${await hostname(installation, pod, 'shop')}/`;
    const answer = async () => (await get(url, agent)).body;
    expect(await answer()).toBe('1|hello|first');
    expect((await run(['open', '--no-browser'])).stdout.trim()).toBe(url);
    expect((await run(['logs', 'shop'])).stdout).toContain('listening, version 1');

    const [, app] = yaml('2', 'first').split('\n---\n');
    await run(['resource', 'replace', 'app', 'shop', '-f', '-'], app);
    expect(await answer()).toBe('1|hello|first');
    const { head } = await json<{ head: { id: string } }>(['pod', 'get', pod]);
    expect((await run(['revision', 'diff', head.id])).stdout).toMatch(/-.*value: "?1[\s\S]*\+.*value: "?2/);
    const stale = await brainpod(installation, ['--pod', pod, 'deploy', '--plan', first.tag]);
    expect([stale.code, stale.stderr]).toEqual([1, expect.stringContaining('brainpod plan')]);
    await deploy('--summary', 'second');
    expect(await answer()).toBe('2|hello|first');

    const load = startLoad(url, agent, 2, 20);
    await run(['rollback', '-1', '--wait', '--timeout', '120']);
    expect(await load.stop()).toMatchObject({ lost: 0 });
    expect(await answer()).toBe('1|hello|first');
    expect((await run(['revision', 'list'])).stdout).toContain('Roll back');
  });
});

describe('what a plan says, under constant requests', () => {
  let pod: string;
  let url: string;
  let images: { one: string; two: string };
  let at: ReturnType<typeof inPod>;
  let app: Spec;

  beforeAll(async () => {
    pod = await createPod(installation);
    at = inPod(pod);
    images = {
      one: await pushApp(installation, pod, 'one', { program: TELLING }),
      two: await pushApp(installation, pod, 'two', { program: `${TELLING}\n// another image` }),
    };
    app = {
      image: images.one,
      env: [{ name: 'VERSION', value: '1' }],
      instance: '1x',
      replicas: 1,
      mounts: [{ path: '/etc/shop/motd', file: 'motd', config: 'mounted' }],
    };
    await at.run(
      ['resource', 'create', '-f', '-'],
      JSON.stringify([
        document('Config', 'mounted', { files: { motd: 'first' } }),
        document('Config', 'loose', { files: { a: '1' } }),
        document('App', 'shop', app),
        document('App', 'side', { image: images.one, env: [], instance: '.25x', replicas: 1, mounts: [] }),
        document('Route', 'shop', { rules: [rule('all', '/')] }),
        document('Route', 'other', { rules: [rule('all', '/')] }),
      ]),
    );
    await at.deploy();
    url = `https://${await hostname(installation, pod, 'shop')}/`;
  });

  /** Deploys what is in the draft under load, exactly as planned. Nothing may be lost where nothing is said to be. */
  async function deployAsPlanned(
    place: string,
    action: string,
  ): Promise<{ before: string[]; after: string[] }> {
    const plan = await at.json<Plan>(['plan']);
    expect(plan).toMatchObject({ canDeploy: true, cluster: { accepted: true } });
    const [kind, name] = place.split('/');
    const change = plan.changes.find((each) => each.kind === kind && each.name === name);
    expect(change?.action).toBe(action);
    const before = await instances(pod);
    const load = startLoad(url, agent, 4, 10);
    await at.deploy('--plan', plan.tag);
    // What the edge still knows of old instances shows within moments.
    const sentUntil = performance.now();
    await until('requests after the deploy', 10_000, async () => load.goodSince(sentUntil));
    const { lost, sent, reasons } = await load.stop();
    // What is said of other resources does not excuse a request that this one lost.
    const isInterrupted = plan.changes.some(
      ({ interruption, name: of }) => interruption !== null && of === 'shop',
    );
    if (!isInterrupted) expect({ place, lost, reasons }).toEqual({ place, lost: 0, reasons: {} });
    expect(sent).toBeGreaterThan(10);
    return { before, after: await instances(pod) };
  }

  const text = async () => (await get(url, agent)).body;

  it.each<[what: string, change: Spec]>([
    ['another value in env', { env: [{ name: 'VERSION', value: '2' }] }],
    ['a check', { checks: { ready: { port: 8080, path: '/' } } }],
    ['another size', { instance: '.5x' }],
  ])('%s is rolled: new instances, no request lost', async (_what, change) => {
    app = { ...app, ...change };
    await at.replace('app', 'shop', app);
    const { before, after } = await deployAsPlanned('App/shop', 'roll');
    expect(after.filter((uid) => before.includes(uid))).toHaveLength(before.length - 1);
  });

  it('another image is rolled', async () => {
    app = { ...app, image: images.two };
    await at.replace('app', 'shop', app);
    const { before, after } = await deployAsPlanned('App/shop', 'roll');
    expect(after).not.toEqual(before);
  });

  it('the text of a mounted Config rolls its App; of another, nothing', async () => {
    await at.replace('config', 'mounted', { files: { motd: 'second' } });
    const mounted = await deployAsPlanned('App/shop', 'roll');
    expect(mounted.after).not.toEqual(mounted.before);
    expect(await text()).toMatch(/\|second$/);
    await at.replace('config', 'loose', { files: { a: '2' } });
    const loose = await deployAsPlanned('Config/loose', 'update');
    expect(loose.after).toEqual(loose.before);
  });

  it('more and fewer replicas are only scaled', async () => {
    app = { ...app, instance: '1x' };
    await at.replace('app', 'shop', app);
    await deployAsPlanned('App/shop', 'roll');
    app = { ...app, replicas: 2 };
    await at.replace('app', 'shop', app);
    const up = await deployAsPlanned('App/shop', 'scale');
    expect(up.after).toEqual(expect.arrayContaining(up.before));
    expect(up.after).toHaveLength(up.before.length + 1);
    app = { ...app, replicas: 1 };
    await at.replace('app', 'shop', app);
    const down = await deployAsPlanned('App/shop', 'scale');
    expect(down.before).toEqual(expect.arrayContaining(down.after));
    // It goes on serving for a while after the deploy; what comes next is to be measured by itself.
    await until('the instance that was too many to be gone', 60_000, async () => {
      const left = await kubectl(installation, ['get', 'pods', '--all-namespaces', '-o', 'json']);
      const { items }: { items: Item[] } = JSON.parse(left);
      return items
        .filter(({ metadata }) => metadata.namespace.endsWith(pod))
        .every(({ metadata }) => metadata.deletionTimestamp === undefined);
    });
  });

  it('a rule and the time-out of a Route change in place', async () => {
    const { content } = await at.json<{ content: { spec: Spec } }>(['resource', 'get', 'route', 'shop']);
    await at.replace('route', 'shop', { ...content.spec, rules: [rule('all', '/'), rule('more', '/more')] });
    const rules = await deployAsPlanned('Route/shop', 'update');
    expect(rules.after).toEqual(rules.before);
    expect((await get(`${url}more`, agent)).status).toBe(200);
    await at.replace('route', 'shop', { ...content.spec, timeout: 7 });
    const timeout = await deployAsPlanned('Route/shop', 'update');
    expect(timeout.after).toEqual(timeout.before);
  });

  it('another Route that goes takes only its own address along', async () => {
    const gone = `https://${await hostname(installation, pod, 'other')}/`;
    expect((await get(gone, agent)).status).toBe(200);
    await at.run(['resource', 'delete', 'route', 'other']);
    const { before, after } = await deployAsPlanned('Route/other', 'delete');
    expect(after).toEqual(before);
    await until('its address to be gone', 10_000, async () =>
      get(gone, agent).then(
        ({ status }) => status === 404,
        () => true,
      ),
    );
  });

  it('another App that goes takes nothing else along', async () => {
    await at.run(['resource', 'delete', 'app', 'side']);
    const { before, after } = await deployAsPlanned('App/side', 'delete');
    expect(before).toEqual(expect.arrayContaining(after));
    expect(after).toHaveLength(before.length - 1);
  });

  it('a restart exchanges the instances and loses nothing', async () => {
    const before = await instances(pod);
    const load = startLoad(url, agent, 4, 10);
    await at.run(['resource', 'restart', 'app', 'shop']);
    await until('the restart to be over', 90_000, async () => {
      const { locked } = await at.json<{ locked?: boolean }>(['resource', 'get', 'app', 'shop']);
      return locked !== true;
    });
    expect(await load.stop()).toMatchObject({ lost: 0 });
    const after = await until('only new instances', 30_000, async () => {
      const now = await instances(pod);
      return now.some((uid) => before.includes(uid)) ? null : now;
    });
    expect(after).toHaveLength(before.length);
  });

  it('a stopped pod answers no more, refuses a deploy, and is back after its start', async () => {
    await at.run(['pod', 'stop']);
    await until('no instances', 60_000, async () => (await instances(pod)).length === 0);
    await until('no answers', 30_000, async () => (await get(url, agent, 3_000)).status !== 200);
    await at.replace('config', 'loose', { files: { a: '3' } });
    const refused = await brainpod(installation, ['--pod', pod, 'deploy']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining(`brainpod pod start ${pod}`)]);
    await at.run(['pod', 'start']);
    await until('answers', 60_000, async () => (await get(url, agent, 3_000)).status === 200);
    await at.deploy();
  });

  it('a deleted pod is gone from everywhere but the list of those, and comes back as it was', async () => {
    const before = await text();
    await at.run(['pod', 'delete', pod]);
    await until('no answers', 60_000, async () =>
      get(url, agent, 3_000).then(
        ({ status }) => status !== 200,
        () => true,
      ),
    );
    const lost = await brainpod(installation, ['pod', 'get', pod]);
    expect([lost.code, lost.stderr]).toEqual([1, expect.stringContaining('brainpod pod list')]);
    expect((await brainpod(installation, ['pod', 'list', '--deleted'])).stdout).toContain(pod);
    await at.run(['pod', 'restore', pod]);
    await until('answers', 120_000, async () => (await get(url, agent, 3_000)).status === 200);
    expect(await text()).toBe(before);
  });

  it('an App that goes with its Route stops answering, as said', async () => {
    await at.run(['resource', 'delete', 'route', 'shop']);
    await at.run(['resource', 'delete', 'app', 'shop']);
    const plan = await at.json<Plan>(['plan']);
    const interrupted = plan.changes.filter(({ interruption }) => interruption !== null);
    expect(interrupted.map(({ kind }) => kind).sort()).toEqual(['App', 'Route']);
    expect(interrupted.every(({ interruption }) => interruption?.seconds === null)).toBe(true);
    await at.deploy('--plan', plan.tag);
    await until('no answers', 30_000, async () =>
      get(url, agent, 3_000).then(
        ({ status }) => status === 404,
        () => true,
      ),
    );
    expect(await instances(pod)).toEqual([]);
  });
});
