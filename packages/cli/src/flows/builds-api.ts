import { setTimeout } from 'node:timers/promises';
import { ConnectionFailure, readEnvelope, UnexpectedAnswer } from '@brainpod/api-client/failure';
import { type Retry, retryingFetch } from '@brainpod/api-client/retry';
import type { Overrides } from '@brainpod/build-plan/build-plan';
import type { BuildSecret } from './build-secrets.ts';
import type { SourceEntry } from './pack-directory.ts';

/** What the server makes of a source; `missing` are the digests of what it has not got. */
export type SourceReceipt = { source: string; files: number; bytes: number; missing: string[] };

export type BuildState = 'waiting' | 'pending' | 'ready' | 'failed' | 'cancelled';

export type Build = {
  id: string;
  state: BuildState;
  origin: 'hosted' | 'external';
  image: { repository: string; tag: string; reference: string | null; digest: string | null } | null;
  source: string | null;
  platform: string | null;
  tags: Record<string, string>;
  artifacts: { name: string; uri: string }[];
  error: string | null;
  /** How many wait before it; null once it has begun. */
  ahead: number | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
};

export type BuildList = { items: Build[]; _links: { next?: { href: string } | null } };

export type BuildLogEntry = {
  seq: number;
  at: string;
  kind: 'step-started' | 'step-done' | 'step-failed' | 'log' | 'plan' | 'note';
  step: string;
  name: string;
  line?: string;
  durationMs?: number;
  cached?: boolean;
};

export type BuildLog = { items: BuildLogEntry[]; ended: boolean };

export type BuildRequest = {
  image: string;
  tag: string;
  source: string;
  builder?: 'auto' | 'dockerfile' | 'plan';
  dockerfile?: string;
  overrides?: Overrides;
  labels?: Record<string, string>;
  platform?: string;
  secrets?: readonly BuildSecret[];
};

/** The operations of hosted builds. Failures are those of the API's client. */
export type BuildsApi = {
  createSource(pod: string, files: readonly SourceEntry[], signal?: AbortSignal): Promise<SourceReceipt>;
  /** `body`: a tar.gz of files that are named by the hex of their digests. It is read once, so nothing is tried again. */
  sendSourceContents(pod: string, body: ReadableStream<Uint8Array>, signal?: AbortSignal): Promise<void>;
  createBuild(pod: string, request: BuildRequest, signal?: AbortSignal): Promise<Build>;
  listBuilds(pod: string, query: Record<string, string>, signal?: AbortSignal): Promise<BuildList>;
  getBuild(pod: string, id: string, signal?: AbortSignal): Promise<Build>;
  cancelBuild(pod: string, id: string, signal?: AbortSignal): Promise<Build>;
  getBuildLog(pod: string, id: string, after: number, signal?: AbortSignal): Promise<BuildLog>;
};

type Options = { endpoint: string; token: string; onRetry?: (retry: Retry) => void };

type Call = {
  method: 'GET' | 'POST' | 'PUT';
  path: string;
  json?: unknown;
  signal?: AbortSignal | undefined;
};

const TIMEOUT_MS = 60_000;
const SENDING_TIMEOUT_MS = 30 * 60_000;
const LOG_LIMIT = 1000;

/** The operations of hosted builds over HTTP. */
export class BuildsConnection implements BuildsApi {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async createSource(
    pod: string,
    files: readonly SourceEntry[],
    signal?: AbortSignal,
  ): Promise<SourceReceipt> {
    return await this.#call({ method: 'POST', path: `${of(pod)}/sources`, json: { files }, signal });
  }

  async sendSourceContents(
    pod: string,
    body: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const request = new Request(`${this.#options.endpoint}${of(pod)}/sources/contents`, {
      method: 'PUT',
      headers: { ...this.#headers(), 'Content-Type': 'application/x-tar', 'Content-Encoding': 'gzip' },
      body,
      duplex: 'half',
    });
    await this.#read(await this.#fetch(request, SENDING_TIMEOUT_MS, signal));
  }

  async createBuild(pod: string, request: BuildRequest, signal?: AbortSignal): Promise<Build> {
    return await this.#call({ method: 'POST', path: `${of(pod)}/builds`, json: request, signal });
  }

  async listBuilds(pod: string, query: Record<string, string>, signal?: AbortSignal): Promise<BuildList> {
    const asked = new URLSearchParams(query).toString();
    return await this.#call({
      method: 'GET',
      path: `${of(pod)}/builds${asked === '' ? '' : `?${asked}`}`,
      signal,
    });
  }

  async getBuild(pod: string, id: string, signal?: AbortSignal): Promise<Build> {
    return await this.#call({ method: 'GET', path: buildPath(pod, id), signal });
  }

  async cancelBuild(pod: string, id: string, signal?: AbortSignal): Promise<Build> {
    return await this.#call({ method: 'POST', path: `${buildPath(pod, id)}/cancel`, signal });
  }

  async getBuildLog(pod: string, id: string, after: number, signal?: AbortSignal): Promise<BuildLog> {
    const path = `${buildPath(pod, id)}/log?after=${after}&limit=${LOG_LIMIT}`;
    return await this.#call({ method: 'GET', path, signal });
  }

  async #call<Body>({ method, path, json, signal }: Call): Promise<Body> {
    const { endpoint, onRetry } = this.#options;
    const send = retryingFetch({
      fetch: (request) => this.#fetch(request, TIMEOUT_MS, signal),
      sleep: (delayMs) => this.#sleep(delayMs, signal),
      random: Math.random,
      ...(onRetry === undefined ? {} : { onRetry }),
    });
    const body = json === undefined ? {} : { body: JSON.stringify(json) };
    const type = json === undefined ? {} : { 'Content-Type': 'application/json' };
    const request = new Request(`${endpoint}${path}`, {
      method,
      headers: { ...this.#headers(), ...type },
      ...body,
    });
    // The interface says what the body is.
    return (await this.#read(await send(request))) as Body;
  }

  #headers(): Record<string, string> {
    return { Accept: 'application/json', Authorization: `Bearer ${this.#options.token}` };
  }

  async #fetch(request: Request, timeoutMs: number, signal: AbortSignal | undefined): Promise<Response> {
    const limits = [AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])];
    try {
      const response = await fetch(request, { signal: AbortSignal.any(limits) });
      const { status, headers } = response;
      return new Response(status === 204 ? null : await response.arrayBuffer(), { status, headers });
    } catch (cause) {
      throw new ConnectionFailure(this.#options.endpoint, cause);
    }
  }

  async #read(response: Response): Promise<object> {
    const text = await response.text();
    const body = parsed(text);
    const failure = response.ok ? null : readEnvelope(body, response.status, response.headers);
    if (failure !== null) throw failure;
    if (response.ok && typeof body === 'object' && body !== null) return body;
    throw new UnexpectedAnswer(response.status, text);
  }

  async #sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    await pauseFor(delayMs, signal).catch((cause: unknown) => {
      throw new ConnectionFailure(this.#options.endpoint, cause);
    });
  }
}

/** Rejects as soon as `signal` is raised. */
export async function pauseFor(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  await setTimeout(delayMs, undefined, signal === undefined ? {} : { signal });
}

function of(pod: string): string {
  return `/v1/pods/${encodeURIComponent(pod)}`;
}

function buildPath(pod: string, id: string): string {
  return `${of(pod)}/builds/${encodeURIComponent(id)}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told apart by the caller: no answer of the API is a bare "undefined".
    return undefined;
  }
}
