import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KubeClient } from '@brainpod/kube/client';
import { parseKubeObject } from '@brainpod/kube/kube-object';
import { parse } from 'yaml';
import { waitFor } from './wait-for.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 60_000;
// What acts on nodes, clouds or volumes has nothing to do here and costs memory.
const CONTROLLERS =
  'namespace-controller,serviceaccount-controller,serviceaccount-token-controller,deployment-controller,replicaset-controller,' +
  'endpointslice-controller,resourcequota-controller,disruption-controller,garbage-collector-controller';

type Ports = { etcd: number; etcdPeer: number; apiserver: number };

/**
 * `tests`: what tests need and no more, in a hurry. `engine`: with every controller, with a scheduler, as quick and as
 * durable as the engine runs them, for measurements.
 */
type Manner = 'tests' | 'engine';

/**
 * etcd, kube-apiserver and kube-controller-manager on free loopback ports, without any node: what a test applies
 * is validated, stored and turned into replica sets and k8s pods, which nobody runs. Tests write their status.
 */
export class ApiServer {
  /** A kubeconfig of an administrator. */
  readonly kubeconfig: string;
  readonly #binary: string;
  readonly #dir: string;
  readonly #ports: Ports;
  readonly #token: string;
  readonly #manner: Manner;
  #processes: ChildProcess[] = [];

  private constructor(binDir: string, dir: string, ports: Ports, manner: Manner) {
    this.#manner = manner;
    this.#binary = join(binDir, 'kube');
    this.#dir = dir;
    this.#ports = ports;
    this.#token = randomBytes(16).toString('hex');
    this.kubeconfig = join(dir, 'kubeconfig.json');
  }

  /** Starts one from the folder that holds the engine's `kube` binary. */
  static async start(binDir: string, manner: Manner = 'tests'): Promise<ApiServer> {
    if (!existsSync(join(binDir, 'kube'))) {
      throw new Error(
        `There is no "kube" binary in ${binDir}. Build the engine, and set BRAINPOD_ENGINE_BIN to the folder of its binaries.`,
      );
    }
    const dir = await mkdtemp(join(tmpdir(), 'brainpod-apiserver-'));
    const [etcd, etcdPeer, apiserver] = await freePorts();
    const server = new ApiServer(binDir, dir, { etcd, etcdPeer, apiserver }, manner);
    await server.#writeFiles();
    try {
      await server.up();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** Starts the processes; the data of a former run is still there. */
  async up(): Promise<void> {
    const at = (name: string): string => join(this.#dir, name);
    const etcdUrl = `http://127.0.0.1:${this.#ports.etcd}`;
    const peerUrl = `http://127.0.0.1:${this.#ports.etcdPeer}`;
    await this.#spawn('etcd', [
      ...['--data-dir', at('etcd'), '--log-level', 'warn'],
      ...(this.#manner === 'tests' ? ['--unsafe-no-fsync'] : []),
      ...['--listen-client-urls', etcdUrl, '--advertise-client-urls', etcdUrl, '--listen-peer-urls', peerUrl],
      ...['--initial-advertise-peer-urls', peerUrl, '--initial-cluster', `default=${peerUrl}`],
    ]);
    await this.#spawn('kube-apiserver', [
      ...['--etcd-servers', etcdUrl, '--bind-address', '127.0.0.1', '--advertise-address', '127.0.0.1'],
      ...[
        '--secure-port',
        String(this.#ports.apiserver),
        '--cert-dir',
        at('pki'),
        '--token-auth-file',
        at('tokens.csv'),
      ],
      ...['--service-cluster-ip-range', '10.96.0.0/16', '--authorization-mode', 'RBAC', '--profiling=false'],
      ...[
        '--service-account-key-file',
        at('service-account.pub'),
        '--service-account-issuer',
        'https://kubernetes.default.svc',
      ],
      ...['--service-account-signing-key-file', at('service-account.key'), '--allow-privileged'],
      // There is no address that anybody could reach it on, so the Service `kubernetes` stays without endpoints.
      ...['--endpoint-reconciler-type', 'none', '--v', '0'],
    ]);
    await waitFor(() => this.#isReady(), {
      timeoutMs: START_TIMEOUT_MS,
      what: `kube-apiserver; its log is ${at('logs')}`,
      everyMs: 50,
    });
    await this.#startLoops();
  }

  /** The components that watch the API server and act on what they see. */
  async #startLoops(): Promise<void> {
    const connection = [
      ...['--kubeconfig', this.kubeconfig, '--leader-elect=false', '--secure-port', '0', '--v', '0'],
    ];
    const tokenKey = ['--service-account-private-key-file', join(this.#dir, 'service-account.key')];
    const manager = [...connection, ...tokenKey];
    if (this.#manner === 'engine') {
      const pace = ['--kube-api-qps', '50', '--kube-api-burst', '100'];
      const eachAsItself = [...manager, ...pace, '--use-service-account-credentials'];
      await this.#spawn('kube-controller-manager', eachAsItself);
      await this.#spawn('kube-scheduler', [...connection, ...pace]);
      return;
    }
    await this.#spawn('kube-controller-manager', [
      ...manager,
      ...['--controllers', CONTROLLERS, '--concurrent-deployment-syncs', '5'],
      ...['--kube-api-qps', '200', '--kube-api-burst', '400'],
    ]);
  }

  /** The ids of its processes. */
  get pids(): number[] {
    return this.#processes.flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Stops the processes and keeps the data. */
  async down(): Promise<void> {
    const processes = this.#processes.reverse();
    this.#processes = [];
    for (const child of processes) await endProcess(child);
  }

  /** Stops, deletes everything that was ever stored, and starts again, on the same address. */
  async wipe(): Promise<void> {
    await this.down();
    await rm(join(this.#dir, 'etcd'), { recursive: true, force: true });
    await this.up();
  }

  /** Stops and deletes everything. */
  async remove(): Promise<void> {
    await this.down();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #writeFiles(): Promise<void> {
    const keys = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    });
    await mkdir(join(this.#dir, 'logs'));
    await writeFile(join(this.#dir, 'service-account.key'), keys.privateKey, { mode: 0o600 });
    await writeFile(join(this.#dir, 'service-account.pub'), keys.publicKey);
    await writeFile(join(this.#dir, 'tokens.csv'), `${this.#token},admin,admin,system:masters\n`, {
      mode: 0o600,
    });
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      clusters: [
        {
          name: 'test',
          // The apiserver makes its certificate on its first start, and appends the one that signed it.
          cluster: {
            server: `https://127.0.0.1:${this.#ports.apiserver}`,
            'certificate-authority': 'pki/apiserver.crt',
          },
        },
      ],
      users: [{ name: 'admin', user: { token: this.#token } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    };
    await writeFile(this.kubeconfig, JSON.stringify(config, null, 2), { mode: 0o600 });
  }

  async #spawn(component: string, args: string[]): Promise<void> {
    const log = await open(join(this.#dir, 'logs', `${component}.log`), 'a');
    const child = spawn(this.#binary, [component, ...args], { stdio: ['ignore', log.fd, log.fd] });
    await once(child, 'spawn');
    await log.close();
    // A test run that is killed must leave nothing behind.
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    child.once('exit', () => process.removeListener('exit', killWithUs));
    this.#processes.push(child);
  }

  async #isReady(): Promise<boolean> {
    const dead = this.#processes.find((child) => child.exitCode !== null);
    if (dead !== undefined) {
      const name = dead.spawnargs[1] ?? 'process';
      const log = await readFile(join(this.#dir, 'logs', `${name}.log`), 'utf8');
      throw new Error(`${name} ended with code ${dead.exitCode}:\n${log.split('\n').slice(-15).join('\n')}`);
    }
    if (!existsSync(join(this.#dir, 'pki/apiserver.crt'))) return false;
    const client = await KubeClient.fromKubeconfig(this.kubeconfig);
    try {
      // Namespaces and roles are made by hooks that end after the port is open.
      return await client.isReady();
    } finally {
      client.close();
    }
  }
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  // Nothing is lost by it: what was written to etcd is in the kernel. A polite end waits for open watches.
  child.kill('SIGKILL');
  await exited;
}

async function freePorts(): Promise<[number, number, number]> {
  const servers = [createServer(), createServer(), createServer()] as const;
  const ports: number[] = [];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('a TCP server has no port');
    ports.push(address.port);
  }
  for (const server of servers) server.close();
  const [first, second, third] = ports;
  if (first === undefined || second === undefined || third === undefined) throw new Error('no free ports');
  return [first, second, third];
}

/** Starts an API server that has the Gateway API. */
export async function startGatewayCluster(binDir: string, manner: Manner = 'tests'): Promise<ApiServer> {
  const server = await ApiServer.start(binDir, manner);
  try {
    const client = await KubeClient.fromKubeconfig(server.kubeconfig);
    await installGatewayApi(client, binDir);
    client.close();
    return server;
  } catch (error) {
    await server.remove();
    throw error;
  }
}

const GATEWAY_API_KINDS = ['gatewayclasses', 'gateways', 'listenersets', 'httproutes'];

/**
 * Installs the definitions of the Gateway API: from the engine's manifests where it brings them, else from Go's
 * module cache. Resolves when the cluster serves them.
 */
export async function installGatewayApi(client: KubeClient, binDir: string): Promise<void> {
  const dir = await gatewayApiDir(binDir);
  const names = await readdir(dir);
  for (const plural of GATEWAY_API_KINDS) {
    const file = names.find((name) => name === `gateway.networking.k8s.io_${plural}.yaml`);
    if (file === undefined) throw new Error(`${dir} has no definition of ${plural}`);
    await client.apply(parseKubeObject(parse(await readFile(join(dir, file), 'utf8'))));
  }
  await waitFor(() => client.hasResource('gateway.networking.k8s.io/v1', 'HTTPRoute'), {
    timeoutMs: 20_000,
    what: 'the Gateway API',
  });
}

async function gatewayApiDir(binDir: string): Promise<string> {
  const shipped = join(binDir, 'manifests');
  if (existsSync(join(shipped, 'gateway.networking.k8s.io_httproutes.yaml'))) return shipped;
  const engineDir = join(import.meta.dirname, '../../../engine');
  const { stdout } = await run('go', ['list', '-m', '-f', '{{.Dir}}', 'sigs.k8s.io/gateway-api'], {
    cwd: engineDir,
  });
  return join(stdout.trim(), 'config/crd/standard');
}
