import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Bench, openBench } from '../../bench/bench.ts';
import { type AppSource, pushAppWith } from '../../e2e/app-image.ts';
import { until } from '../../e2e/brainpod.ts';

const DEPLOY_TIMEOUT_MS = 150_000;
const APP_FILE = path.join(import.meta.dirname, 'steady-app.cjs');
const PORT = 8080;
type SteadyApp = 'steady' | 'spare';
/** A rule of the Route: the paths that begin so go to this App. */
export type SteadyRule = { path: string; app: SteadyApp };
export type SteadyOptions = {
  /** Leads to the Brainpod, as for the commands; this process's own where absent. */
  environment?: NodeJS.ProcessEnv;
  /** Of each App; 2 where absent. */
  replicas?: number;
};
/** References of an image of the app, and of one whose program is missing. */
type SteadyImages = { good: string; broken: string };
type Spec = Record<string, unknown>;
type Revision = { state: string; error: string | null };

/** A pod whose app the traffic asks: two Apps of the same image, and a Route to the first. */
export class SteadyPod {
  readonly bench: Bench;
  readonly name: string;
  readonly origin: string;
  readonly #images: SteadyImages;
  readonly #replicas: number;
  #version = 1;

  private constructor(
    bench: Bench,
    made: { name: string; images: SteadyImages; origin: string; replicas: number },
  ) {
    this.bench = bench;
    this.name = made.name;
    this.origin = made.origin;
    this.#images = made.images;
    this.#replicas = made.replicas;
  }

  /** Makes the pod and waits until it serves. */
  static async create({ environment = process.env, replicas = 2 }: SteadyOptions = {}): Promise<SteadyPod> {
    const bench = await openBench(environment);
    const { name } = await bench.api<{ name: string }>('POST', '/v1/pods', { displayName: 'steady traffic' });
    const images = await pushedImages(bench, name);
    const { resources } = await bench.api<{ resources: { content: { spec: { hostname?: string } } }[] }>(
      'POST',
      `/v1/pods/${name}/resources`,
      [
        appDocument('steady', images.good, '1', replicas),
        appDocument('spare', images.good, '1', replicas),
        document('Route', 'steady', { rules: rulesOf([{ path: '/', app: 'steady' }]) }),
      ],
    );
    const hostname = resources.flatMap(({ content }) => content.spec.hostname ?? [])[0];
    const pod = new SteadyPod(bench, { name, images, replicas, origin: `https://${hostname}` });
    const { state, error } = await pod.#deploy();
    if (state !== 'deployed') throw new Error(`the first deploy: ${state}, ${error}`);
    return pod;
  }

  get version(): string {
    return String(this.#version);
  }

  /** Rolls Apps out anew. */
  async rollOut(...apps: SteadyApp[]): Promise<Revision> {
    this.#version += 1;
    for (const app of apps) await this.#put(this.#app(app));
    return this.#deploy();
  }

  /** Deploys a version whose image cannot start, which fails, and takes the draft back to what serves. */
  async rollOutBroken(): Promise<Revision> {
    await this.#put(appDocument('steady', this.#images.broken, this.version, this.#replicas));
    const outcome = await this.#deploy();
    await this.#put(this.#app('steady'));
    return outcome;
  }

  /** Changes where the Route leads to. */
  async lead(rules: readonly SteadyRule[], timeout = 60): Promise<Revision> {
    const { hostname } = new URL(this.origin);
    await this.#put(document('Route', 'steady', { hostname, rules: rulesOf(rules), timeout }));
    return this.#deploy();
  }

  async scale(replicas: number): Promise<Revision> {
    await this.#put(this.#app('steady', replicas));
    return this.#deploy();
  }

  async remove(): Promise<void> {
    await this.bench.api('DELETE', `/v1/pods/${this.name}`);
  }

  #app(name: SteadyApp, replicas = this.#replicas) {
    return appDocument(name, this.#images.good, this.version, replicas);
  }

  async #put(body: { kind: string; metadata: { name: string } }): Promise<void> {
    await this.bench.api(
      'PUT',
      `/v1/pods/${this.name}/resources/${body.kind}/default/${body.metadata.name}`,
      body,
    );
  }

  /** A server that is killed meanwhile comes back and goes on; its caller asks again. */
  async #deploy(): Promise<Revision> {
    const pod = `/v1/pods/${this.name}`;
    const { revisionId } = await this.bench.api<{ revisionId: string }>('POST', `${pod}/deploy`, {});
    return until(`deploy of ${this.name}`, DEPLOY_TIMEOUT_MS, async () => {
      const revision = await this.bench.api<Revision>('GET', `${pod}/revisions/${revisionId}`);
      const { state, error } = revision;
      return ['deployed', 'failed', 'canceled'].includes(state) ? { state, error } : null;
    });
  }
}

async function pushedImages({ endpoint, token }: Bench, pod: string): Promise<SteadyImages> {
  const directory = await mkdtemp(path.join(tmpdir(), 'brainpod-traffic-'));
  try {
    const push = (name: string, source: AppSource): Promise<string> =>
      pushAppWith({ origin: endpoint, key: token }, directory, pod, name, source);
    const program = await readFile(APP_FILE, 'utf8');
    const good = await push('steady', { program });
    const broken = await push('steady-broken', { program, command: ['/app/main'] });
    return { good, broken };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function appDocument(name: string, image: string, version: string, replicas: number) {
  const env = [{ name: 'VERSION', value: version }];
  return document('App', name, { image, env, instance: '1x', replicas });
}

function rulesOf(rules: readonly SteadyRule[]): Spec[] {
  return rules.map(({ path: prefix, app }, index) => ({
    name: `rule-${index}`,
    path: prefix,
    port: PORT,
    backendRef: `urn:brain:app:default:${app}`,
  }));
}

function document(kind: string, name: string, spec: Spec) {
  return { apiVersion: 'pod.brainpod.io/v1alpha1', kind, metadata: { name, namespace: 'default' }, spec };
}
