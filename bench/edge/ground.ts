import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:https';
import { networkInterfaces, tmpdir } from 'node:os';
import path from 'node:path';
import { type CompiledObject, compileChecked, compilePlatform } from '@brainpod/compiler/compile';
import { type Platform, UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { createAuthority, issueWildcard } from '@brainpod/edge/certificate';
import { KubeClient } from '@brainpod/kube/client';
import type { KubeObject } from '@brainpod/kube/kube-object';
import type { ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { sampleApp } from '@brainpod/testkit/sample-documents';
import type { Engine } from './beside-engine.ts';
import type { LoadPrograms } from './programs.ts';

export const DOMAIN = 'edge.test';
export const ORIGIN_PORT = 3000;
export const ORIGIN_TLS_PORT = 3443;
const APP_PORT = 8080;
/** Of what a pod is compiled to, all that the edge and the way to an instance are made of. */
const KINDS_OF_THE_EDGE = new Set(['Namespace', 'Service', 'HTTPRoute', 'BackendTrafficPolicy']);

/** Files, in PEM. */
export type Files = { folder: string; authority: string; certificate: string; key: string };

/** An edge that serves nothing yet, and an instance that answers for every App. */
export class Ground {
  readonly kube: KubeClient;
  readonly files: Files;
  readonly #platform: Platform;
  readonly #children: ChildProcess[] = [];
  readonly #agent: Agent;
  #origin: ChildProcess | null = null;

  private constructor(parts: { kube: KubeClient; files: Files; platform: Platform; authorityPem: string }) {
    this.kube = parts.kube;
    this.files = parts.files;
    this.#platform = parts.platform;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: parts.authorityPem });
  }

  static async open(engine: Engine, programs: LoadPrograms): Promise<Ground> {
    const now = new Date();
    const authority = await createAuthority(DOMAIN, now);
    const certificate = await issueWildcard(authority, DOMAIN, now);
    const folder = await mkdtemp(path.join(tmpdir(), 'brainpod-bench-edge-'));
    const at = (name: string): string => path.join(folder, name);
    const files = { folder, authority: at('ca.pem'), certificate: at('edge.pem'), key: at('edge.key') };
    await writeFile(files.authority, authority.certPem);
    await writeFile(files.certificate, certificate.certPem);
    await writeFile(files.key, certificate.keyPem);
    const kube = await KubeClient.fromKubeconfig(engine.kubeconfig);
    const platform = platformOf(engine.gatewayClass, certificate);
    const ground = new Ground({ kube, files, platform, authorityPem: authority.certPem });
    for (const object of compilePlatform(platform)) await kube.apply(object);
    ground.#origin = await ground.#start(programs.origin, [
      ...['--plain', `:${ORIGIN_PORT}`, '--tls', `:${ORIGIN_TLS_PORT}`],
      ...['--cert', files.certificate, '--key', files.key],
    ]);
    return ground;
  }

  /** The process of the instance. */
  get originPid(): number {
    if (this.#origin?.pid === undefined) throw new Error('the instance was not started');
    return this.#origin.pid;
  }

  /** Starts a program that says something when it is ready. */
  async #start(binary: string, args: readonly string[]): Promise<ChildProcess> {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
    this.#keep(child);
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
    if (child.exitCode !== null) throw new Error(`${binary} ended with ${child.exitCode}`);
    return child;
  }

  /** Starts a program that ends with us. In a session of its own, as Envoy is: Linux shares processors out by session. */
  spawn(binary: string, args: readonly string[], environment: Record<string, string>): ChildProcess {
    const child = spawn(binary, args, {
      stdio: ['ignore', 'ignore', 'inherit'],
      detached: true,
      env: { ...process.env, ...environment },
    });
    this.#keep(child);
    return child;
  }

  #keep(child: ChildProcess): void {
    this.#children.push(child);
    process.once('exit', () => child.kill('SIGTERM'));
  }

  /** The objects of a pod's Apps, each with a Route, and with the one instance that they all lead to. */
  objectsOf(pod: string, apps: readonly string[]): KubeObject[] {
    const documents = apps.flatMap((app) => documentsOf(pod, app));
    const context = { name: pod, pullSecret: { dockerConfigJson: '{}' }, ...UNTOUCHED };
    return compileChecked(documents, context, this.#platform)
      .filter(isOfTheEdge)
      .flatMap(({ object }) => (object.kind === 'Service' ? [object, endpointsOf(object)] : [object]));
  }

  /** The status that the edge answers a host name with. */
  statusOf(host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: 443,
          servername: host,
          agent: this.#agent,
          path: '/small',
          headers: { host },
        },
        (answer) => {
          answer.resume();
          answer.once('end', () => resolve(answer.statusCode ?? 0));
        },
      );
      asked.once('error', reject);
      asked.end();
    });
  }

  async close(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = once(child, 'exit');
      // Not SIGKILL: what it has started would go on.
      child.kill('SIGTERM');
      await ended;
    }
    this.#agent.destroy();
    this.kube.close();
    await rm(this.files.folder, { recursive: true, force: true });
  }
}

export function hostOf(pod: string, app: string): string {
  return `${app}-${pod}.${DOMAIN}`;
}

function platformOf(gatewayClass: string, certificate: Platform['certificate']): Platform {
  return {
    domain: DOMAIN,
    registryHost: `registry.${DOMAIN}`,
    gateway: { namespace: 'brainpod-system', name: 'brainpod', httpsListener: 'https', httpListener: 'http' },
    gatewayClass,
    sizes: INSTANCE_SIZES,
    envoyGateway: true,
    listenerSets: true,
    certificate,
    drainSeconds: 5,
  };
}

function documentsOf(pod: string, app: string): ResourceDocument[] {
  return [
    sampleApp(app),
    {
      apiVersion: 'pod.brainpod.io/v1alpha1',
      kind: 'Route',
      metadata: { name: app, namespace: 'default' },
      spec: {
        hostname: hostOf(pod, app),
        domains: [],
        rules: [{ name: 'all', path: '/', port: APP_PORT, backendRef: `urn:brain:app:default:${app}` }],
        timeout: 60,
      },
    },
  ];
}

function isOfTheEdge({ object }: CompiledObject): boolean {
  return KINDS_OF_THE_EDGE.has(object.kind);
}

/** No instance runs in the cluster: each App's Service leads to the one beside it. */
function endpointsOf({ metadata }: KubeObject): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: metadata.name,
      ...(metadata.namespace && { namespace: metadata.namespace }),
      labels: {
        'kubernetes.io/service-name': metadata.name,
        'endpointslice.kubernetes.io/managed-by': 'bench',
      },
    },
    addressType: 'IPv4',
    endpoints: [
      { addresses: [ownAddress()], conditions: { ready: true, serving: true, terminating: false } },
    ],
    ports: [{ name: `port-${APP_PORT}`, port: ORIGIN_PORT, protocol: 'TCP' }],
  };
}

/** Of this machine, or network namespace, towards the outside: endpoints on loopback are not allowed. */
function ownAddress(): string {
  const found = networkInterfaces().eth0?.find(({ family }) => family === 'IPv4');
  if (found === undefined) throw new Error('there is no eth0 with an address');
  return found.address;
}
