import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import {
  brainpod,
  brainpodJson,
  engineComponents,
  installationIn,
  kubectl,
  npmStart,
  runProgram,
} from './brainpod.ts';
import { edgeAgent, get } from './edge.ts';

const running = inject('running');
const installation = installationIn(running.directory);

describe('npm start', () => {
  it('ends with an app that answers over TLS, checked against the local authority', async () => {
    const answer = await get(running.url, edgeAgent(running.authorityPem, 1));
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('Hello from Brainpod');
  });

  it('prints a curl command that works as it stands', async () => {
    const line = running.start.stdout.split('\n').find((candidate) => candidate.includes('curl --cacert'));
    const [command = '', ...args] = (line ?? '').trim().split(/\s+/);
    const outcome = await runProgram(command, ['-sS', '-m', '10', ...args], {});
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(outcome.stdout).toContain('Hello from Brainpod');
  });

  it('tells the seconds of each stage, in plain lines', () => {
    expect(running.start.stdout).toMatch(/\d+(\.\d+)? s/);
    expect(running.start.stdout).not.toContain('\u001b[');
  });

  it('shows the key once and keeps it where only its owner can read it', async () => {
    const file = path.join(installation.home, '.config/brainpod/config.toml');
    const text = await readFile(file, 'utf8');
    const key = /^api_token = "(brain_[A-Za-z0-9]{32})"$/m.exec(text)?.[1] ?? 'none';
    expect(running.start.stdout.split(key)).toHaveLength(2);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const names = [...text.matchAll(/^(\w+) =/gm)].map((match) => match[1]);
    const known = ['endpoint', 'registry_endpoint', 'api_token', 'pod', 'architecture'];
    expect(names.filter((name) => name === undefined || !known.includes(name))).toEqual([]);
    const logs = await runProgram('grep', ['-rlF', key, path.join(installation.dataDir, 'logs')], {});
    expect(logs.stdout).toBe('');
  });

  it('leads to the same address when it is called again, and changes nothing', async () => {
    const before = await brainpodJson<{ head: { id: string } }[]>(installation, ['pod', 'list']);
    const again = await npmStart(installation);
    expect(again.stderr).toBe('');
    expect(again.code).toBe(0);
    expect(again.stdout).toContain(running.url);
    const after = await brainpodJson<{ head: { id: string } }[]>(installation, ['pod', 'list']);
    expect(after.map((pod) => pod.head.id)).toEqual(before.map((pod) => pod.head.id));
  });

  it('redirects http to https', async () => {
    const { hostname } = new URL(running.url);
    const outcome = await runProgram(
      'curl',
      [
        '-sS',
        '-o',
        '/dev/null',
        '-w',
        '%{http_code} %{redirect_url}',
        '--resolve',
        `${hostname}:80:127.0.0.1`,
        `http://${hostname}/x`,
      ],
      {},
    );
    expect(outcome.stdout).toMatch(new RegExp(`^30[18] https://${hostname}(:443)?/x$`));
  });
});

describe('the platform', () => {
  it('has every component ready, and shows it', async () => {
    const components = await engineComponents(installation);
    expect(components.map((component) => component.name).sort()).toEqual(
      [
        'containerd',
        'coredns',
        'envoy',
        'envoy-gateway',
        'etcd',
        'kube-apiserver',
        'kube-controller-manager',
        'kube-proxy',
        'kube-scheduler',
        'kubelet',
        'metrics-server',
        'network-policies',
        'registry',
      ].sort(),
    );
    expect(components.filter((component) => component.state !== 'ready')).toEqual([]);
    const status = await brainpod(installation, ['engine', 'status']);
    for (const component of components) expect(status.stdout).toContain(component.name);
    const page = await fetch('http://127.0.0.1:4600/');
    expect(page.headers.get('content-type')).toContain('text/html');
    const json = (await (await fetch('http://127.0.0.1:4600/status.json')).json()) as { ready: boolean };
    expect(json.ready).toBe(true);
  });

  it('keeps secrets encrypted at rest', async () => {
    const create = (kind: string[], name: string) =>
      kubectl(installation, [
        '-n',
        'default',
        'create',
        ...kind,
        name,
        `--from-literal=text=${name}-in-plain-sight`,
      ]);
    await create(['configmap'], 'not-secret');
    await create(['secret', 'generic'], 'very-secret');
    const holds = async (text: string) =>
      (await runProgram('grep', ['-rlaF', text, path.join(installation.dataDir, 'engine/etcd')], {}))
        .stdout !== '';
    // That the first is found shows that the second would be.
    expect(await holds('not-secret-in-plain-sight')).toBe(true);
    const encoded = Buffer.from('very-secret-in-plain-sight').toString('base64');
    expect([await holds('very-secret-in-plain-sight'), await holds(encoded)]).toEqual([false, false]);
    await kubectl(installation, ['-n', 'default', 'delete', 'configmap/not-secret', 'secret/very-secret']);
  });

  it('listens beyond this machine with the edge alone', async () => {
    const listing = await runProgram('ss', ['-Hltn'], {});
    const open = listing.stdout
      .split('\n')
      .map((line) => line.split(/\s+/)[3] ?? '')
      .filter((address) => /^(0\.0\.0\.0|\[::\]|\*):/.test(address))
      .map((address) => Number(address.split(':').at(-1)));
    // 19003 is the readiness port that Envoy Gateway gives every Envoy; it answers /ready and nothing else.
    expect([...new Set(open)].sort((a, b) => a - b)).toEqual([80, 443, 19003]);
  });

  it('refuses a call without a key', async () => {
    expect((await fetch('http://127.0.0.1:4600/v1/pods')).status).toBe(401);
    expect((await fetch('http://127.0.0.1:4600/v2/')).status).toBe(401);
  });
});
