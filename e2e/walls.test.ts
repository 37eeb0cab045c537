import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { pushApp } from './app-image.ts';
import { createPod, createResources, deploy, documents, hostname } from './apps.ts';
import { type Beyond, createBeyond, listenAt } from './beyond.ts';
import { engineComponents, installationIn, kubectl, runProgram, until } from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';

const running = inject('running');
const installation = installationIn(running.directory);
const agent = edgeAgent(running.authorityPem, 4);

const NODE_ADDRESS = '10.244.255.1';
const INTERNET = '8.8.4.4';
const METADATA = '169.254.169.254';
const [DATABASE, REGISTRY, BEYOND_PORT] = [5432, 4650, 80];
const CLOSED = ['refused', 'dropped'];

/**
 * An app that tells what it can reach, and what it could with the first thing it ever did. `from` is who asked, as
 * the app sees it.
 */
const PROBE = `
  const http = require('node:http');
  const net = require('node:net');
  const dns = require('node:dns').promises;
  const dgram = require('node:dgram');
  const reach = (host, port) => new Promise((resolve) => {
    const socket = net.connect({ host, port });
    const end = (outcome) => { socket.destroy(); resolve(outcome); };
    socket.setTimeout(1500, () => end('dropped'));
    socket.on('connect', () => end('open'));
    socket.on('error', () => end('refused'));
  });
  const ask = (host, port) => new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const end = (outcome) => { socket.close(); resolve(outcome); };
    const timer = setTimeout(() => end('dropped'), 1500);
    socket.on('error', () => { clearTimeout(timer); end('refused'); });
    socket.on('message', () => { clearTimeout(timer); end('open'); });
    // A question for the addresses of "kubernetes.default.svc.cluster.local".
    const name = ['kubernetes', 'default', 'svc', 'cluster', 'local'];
    const labels = name.map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
    const header = Buffer.from([0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    socket.connect(port, host, () => socket.send(Buffer.concat([header, ...labels, Buffer.from([0, 0, 1, 0, 1])])));
  });
  const seenBy = (host) => new Promise((resolve) => {
    http.get({ host, port: 8080, path: '/from', timeout: 1500 }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => { text += chunk; });
      answer.on('end', () => resolve(text));
    }).on('error', (error) => resolve(String(error)));
  });
  const first = process.env.FIRST ? reach(process.env.FIRST, 8080) : Promise.resolve('nothing');
  const answers = {
    '/tcp': (query) => reach(query.get('host'), Number(query.get('port'))),
    '/udp': (query) => ask(query.get('host'), Number(query.get('port'))),
    '/name': (query) => dns.lookup(query.get('host')).then(({ address }) => address, (error) => error.code),
    '/seen': (query) => seenBy(query.get('host')),
    '/first': () => first,
    '/from': async (query, request) => request.socket.remoteAddress.replace('::ffff:', ''),
  };
  const server = http.createServer(async (request, response) => {
    const url = new URL(request.url, 'http://any');
    const answer = answers[url.pathname] ?? (async () => 'ready');
    response.end(await answer(url.searchParams, request));
  });
  server.listen(8080, () => console.log('listening on 8080'));
  process.on('SIGTERM', () => server.close(() => process.exit(0)));
`;

/** What runs, and where: two tenants, the first of which has two apps. */
type Scene = {
  /** Calls the app `probe` of the first tenant. */
  ask(pathname: string, query?: Record<string, string | number>): Promise<string>;
  namespace: string;
  probe: string;
  sibling: string;
  stranger: string;
  strangerService: string;
  beyond: Beyond;
  servers: Server[];
  /** The machine's address in its own network. */
  machine: string;
};

let scene: Scene;

beforeAll(async () => {
  const [own, other] = [await createPod(installation), await createPod(installation)];
  await deployApp(own, 'sibling');
  await deployApp(other, 'stranger');
  await deployApp(own, 'probe', [{ name: 'FIRST', value: 'sibling' }]);
  const url = `https://${await hostname(installation, own, 'probe')}`;
  await until('the probe answers', 30_000, async () => (await get(url, agent)).body === 'ready');
  const [namespace, foreign] = [`bp-${own}`, `bp-${other}`];
  const machine = await machineAddress();
  scene = {
    ask: async (pathname, query = {}) => {
      const search = new URLSearchParams();
      for (const [key, value] of Object.entries(query)) search.set(key, String(value));
      return (await get(`${url}${pathname}?${search}`, agent)).body;
    },
    namespace,
    probe: await addressOf(namespace, 'probe'),
    sibling: await addressOf(namespace, 'sibling'),
    stranger: await addressOf(foreign, 'stranger'),
    strangerService: (
      await kubectl(installation, [
        '-n',
        foreign,
        'get',
        'service',
        'stranger',
        '-o',
        'jsonpath={.spec.clusterIP}',
      ])
    ).trim(),
    beyond: await createBeyond('brainpod-beyond', [INTERNET, METADATA], BEYOND_PORT),
    servers: [
      await listenAt(NODE_ADDRESS, DATABASE),
      await listenAt(NODE_ADDRESS, REGISTRY),
      await listenAt(machine, DATABASE),
    ],
    machine,
  };
});

afterAll(async () => {
  for (const server of scene.servers) server.close();
  await scene.beyond.remove();
});

async function deployApp(pod: string, name: string, env: object[] = []): Promise<void> {
  const image = await pushApp(installation, pod, name, { program: PROBE });
  await createResources(installation, pod, documents(name, image, { env }));
  const outcome = await deploy(installation, pod);
  expect(outcome, outcome.stderr).toMatchObject({ code: 0 });
}

async function addressOf(namespace: string, name: string): Promise<string> {
  const listed = await kubectl(installation, [
    '-n',
    namespace,
    'get',
    'pods',
    '-l',
    `brainpod.io/name=${name}`,
    '-o',
    'jsonpath={.items[0].status.podIP}',
  ]);
  return listed.trim();
}

/** The address by which this machine reaches the network beyond it. */
async function machineAddress(): Promise<string> {
  const route = await runProgram('ip', ['-json', 'route', 'get', INTERNET], {});
  const [found] = JSON.parse(route.stdout) as { prefsrc: string }[];
  if (!found) throw new Error('there is no route to the internet');
  return found.prefsrc;
}

/** Tries from the node itself: shows that what is refused to others is there. */
async function fromNode(host: string, port: number): Promise<string> {
  const socket = connect({ host, port, timeout: 3000 });
  try {
    await once(socket, 'connect');
    return 'open';
  } catch {
    return 'refused';
  } finally {
    socket.destroy();
  }
}

/** What enforces the policies, as the engine sees it. */
async function policyAgent(): Promise<{ state: string; pid?: number } | undefined> {
  return (await engineComponents(installation)).find(({ name }) => name === 'network-policies');
}

type Target = { what: string; at: () => [host: string, port: number] };

const REFUSED: Target[] = [
  { what: 'an instance of another tenant', at: () => [scene.stranger, 8080] },
  { what: 'the service of another tenant', at: () => [scene.strangerService, 8080] },
  { what: 'the kubelet', at: () => [NODE_ADDRESS, 10250] },
  { what: 'the API server', at: () => [NODE_ADDRESS, 6443] },
  { what: 'the metrics server', at: () => [NODE_ADDRESS, 4443] },
  { what: 'a database port of the node', at: () => [NODE_ADDRESS, DATABASE] },
  { what: 'the registry port of the node', at: () => [NODE_ADDRESS, REGISTRY] },
  { what: 'a database port of the machine', at: () => [scene.machine, DATABASE] },
  { what: 'a metadata service', at: () => [METADATA, BEYOND_PORT] },
];

const OPEN: Target[] = [
  { what: 'an app of the same pod by its address', at: () => [scene.sibling, 8080] },
  { what: 'an app of the same pod by its name', at: () => ['sibling', 8080] },
  { what: 'itself by its address', at: () => [scene.probe, 8080] },
  { what: 'itself by its name', at: () => ['probe', 8080] },
  { what: 'names over TCP', at: () => ['10.96.0.10', 53] },
  { what: 'the edge over https', at: () => [NODE_ADDRESS, 443] },
  { what: 'the edge over http', at: () => [NODE_ADDRESS, 80] },
  { what: 'the internet', at: () => [INTERNET, BEYOND_PORT] },
];

describe('an app', () => {
  it.each(REFUSED)('does not reach $what, which is there', async ({ at }) => {
    const [host, port] = at();
    expect(await fromNode(host, port)).toBe('open');
    expect(await scene.ask('/tcp', { host, port })).toBe('refused');
  });

  it('does not reach the cluster’s API by its service', async () => {
    expect(await scene.ask('/tcp', { host: '10.96.0.1', port: 443 })).toBe('refused');
  });

  it('does not reach an address that no instance has', async () => {
    expect(CLOSED).toContain(await scene.ask('/tcp', { host: '10.244.0.250', port: 8080 }));
  });

  it.each(OPEN)('reaches $what', async ({ at }) => {
    const [host, port] = at();
    expect(await scene.ask('/tcp', { host, port })).toBe('open');
  });

  it('asks for names over UDP, of the cluster and by the service', async () => {
    expect(await scene.ask('/udp', { host: '10.96.0.10', port: 53 })).toBe('open');
    expect(await scene.ask('/name', { host: 'sibling' })).toMatch(/^10\.96\./);
  });

  it('is seen by an app of the same pod with its own address', async () => {
    expect(await scene.ask('/seen', { host: 'sibling' })).toBe(scene.probe);
    expect(await scene.ask('/seen', { host: scene.sibling })).toBe(scene.probe);
  });

  it('had its rules before it did the first thing', async () => {
    expect(await scene.ask('/first')).toBe('open');
  });

  it('is reached by the node, and not from beyond it', async () => {
    expect(await fromNode(scene.probe, 8080)).toBe('open');
    expect(CLOSED).toContain(scene.beyond.reach(scene.probe, 8080));
    expect(scene.beyond.reach(scene.machine, 443)).toBe('open');
  });
});

describe('the walls', () => {
  const strange = () => scene.ask('/tcp', { host: scene.stranger, port: 8080 });
  const own = () => scene.ask('/tcp', { host: scene.sibling, port: 8080 });

  it('hold while their agent is dead', async () => {
    const pid = (await policyAgent())?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, 'SIGSTOP');
    expect([await strange(), await own()]).toEqual(['refused', 'open']);
    process.kill(pid, 'SIGKILL');
    expect([await strange(), await own()]).toEqual(['refused', 'open']);
    await until('the agent is back', 30_000, async () => {
      const now = await policyAgent();
      return now?.state === 'ready' && now.pid !== pid;
    });
    expect([await strange(), await own()]).toEqual(['refused', 'open']);
  });

  it('are what refuses, and are put up again when somebody takes them down', async () => {
    const tables = await runProgram('nft', ['list', 'tables', 'inet'], {});
    const table = /inet (\S+_walls)/.exec(tables.stdout)?.[1] ?? '';
    const pid = (await policyAgent())?.pid ?? 0;
    expect(pid).toBeGreaterThan(0);
    process.kill(pid, 'SIGSTOP');
    try {
      await runProgram('nft', ['delete', 'table', 'inet', table], {});
      const outcomes = REFUSED.map(({ at }) => at()).map(([host, port]) => scene.ask('/tcp', { host, port }));
      expect(new Set(await Promise.all(outcomes))).toEqual(new Set(['open']));
    } finally {
      process.kill(pid, 'SIGCONT');
    }
    await until('the table is there', 10_000, async () => (await strange()) === 'refused');
    expect(await own()).toBe('open');
    const log = await readFile(path.join(installation.dataDir, 'logs/network-policies.log'), 'utf8');
    expect(log).toContain(`somebody else changed the table inet ${table}`);
  });

  it('stand before the first policy, and without any', async () => {
    await kubectl(installation, ['-n', scene.namespace, 'delete', 'networkpolicies', '--all']);
    expect(CLOSED).toContain(await strange());
    await until('the policies are back', 60_000, async () => (await own()) === 'open');
    expect(await strange()).toBe('refused');
  });
});
