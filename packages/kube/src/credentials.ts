import * as http from 'node:http';
import * as https from 'node:https';
import { homedir } from 'node:os';
import type { Connection, Credentials } from './connection.ts';
import { type ExecCredential, runExecCredential } from './exec-credential.ts';
import { type ClusterAccess, parseKubeconfig, readInClusterAccess, readKubeconfig } from './kubeconfig.ts';

const REREAD_INTERVAL_MS = 60_000;
const EXEC_EXPIRY_MARGIN_MS = 30_000;

/** Where programs usually lie and keep their state, for callers that hand down nothing of their own. */
function plainEnvironment(): NodeJS.ProcessEnv {
  return { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: homedir() };
}

type AccessSource = () => Promise<ClusterAccess>;

/**
 * Credentials from a source that may change while the server runs: certificates are renewed, tokens rotate,
 * an engine is set up anew. Reads again every minute and after `invalidate`.
 */
export class RereadingCredentials implements Credentials {
  readonly #source: AccessSource;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #nowMs: () => number;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #fingerprint = '';
  #connection: Connection | null = null;
  #access: ClusterAccess | null = null;
  #exec: ExecCredential | null = null;
  #pending: Promise<Connection> | null = null;

  constructor(
    source: AccessSource,
    environment: NodeJS.ProcessEnv = plainEnvironment(),
    nowMs: () => number = Date.now,
  ) {
    this.#source = source;
    this.#environment = environment;
    this.#nowMs = nowMs;
  }

  current(): Promise<Connection> {
    if (this.#connection !== null && !this.#isStale()) return Promise.resolve(this.#connection);
    this.#pending ??= this.#refresh().finally(() => {
      this.#pending = null;
    });
    return this.#pending;
  }

  invalidate(): void {
    this.#readAtMs = Number.NEGATIVE_INFINITY;
    this.#exec = null;
  }

  close(): void {
    this.#connection?.agent.destroy();
    this.#connection = null;
  }

  #isStale(): boolean {
    const nowMs = this.#nowMs();
    const expiresAtMs = this.#exec?.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    return nowMs - this.#readAtMs > REREAD_INTERVAL_MS || nowMs > expiresAtMs - EXEC_EXPIRY_MARGIN_MS;
  }

  async #refresh(): Promise<Connection> {
    const access = await this.#source();
    if (access.exec !== undefined && this.#execIsOutdated(access)) {
      this.#exec = await runExecCredential(access.exec, access, this.#environment);
    }
    const merged = mergeExec(access, this.#exec);
    const fingerprint = JSON.stringify(merged);
    if (this.#connection === null || fingerprint !== this.#fingerprint) {
      // Requests under way keep their sockets; idle ones of the old agent end by their own time-out.
      this.#connection = {
        server: new URL(merged.server),
        agent: makeAgent(merged),
        headers: makeHeaders(merged),
      };
      this.#fingerprint = fingerprint;
    }
    this.#access = access;
    this.#readAtMs = this.#nowMs();
    return this.#connection;
  }

  #execIsOutdated(access: ClusterAccess): boolean {
    if (this.#exec === null || JSON.stringify(this.#access?.exec) !== JSON.stringify(access.exec))
      return true;
    const expiresAtMs = this.#exec.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
    return this.#nowMs() > expiresAtMs - EXEC_EXPIRY_MARGIN_MS;
  }
}

function mergeExec(access: ClusterAccess, exec: ExecCredential | null): ClusterAccess {
  if (access.exec === undefined || exec === null) return access;
  return {
    ...access,
    ...(exec.token === undefined ? {} : { token: exec.token }),
    ...(exec.cert === undefined ? {} : { certPem: exec.cert }),
    ...(exec.key === undefined ? {} : { keyPem: exec.key }),
  };
}

function makeAgent(access: ClusterAccess): http.Agent {
  // One agent serves watches and calls: without a bound on sockets a watch never keeps a call waiting.
  // As many are kept open as calls run side by side, or every burst begins with handshakes, which cost both sides more
  // than the calls themselves.
  const common = { keepAlive: true, keepAliveMsecs: 15_000, maxFreeSockets: 32, timeout: 0 };
  if (access.server.startsWith('http:')) return new http.Agent(common);
  return new https.Agent({
    ...common,
    rejectUnauthorized: !access.insecureSkipTlsVerify,
    ...(access.caPem === undefined ? {} : { ca: access.caPem }),
    ...(access.certPem === undefined ? {} : { cert: access.certPem }),
    ...(access.keyPem === undefined ? {} : { key: access.keyPem }),
    ...(access.tlsServerName === undefined ? {} : { servername: access.tlsServerName }),
  });
}

function makeHeaders(access: ClusterAccess): Record<string, string> {
  const headers: Record<string, string> = {};
  if (access.token !== undefined) headers.authorization = `Bearer ${access.token}`;
  else if (access.basic !== undefined) {
    const { username, password } = access.basic;
    headers.authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  if (access.impersonate !== undefined) headers['impersonate-user'] = access.impersonate;
  return headers;
}

export type KubeconfigOptions = {
  /** Instead of the file's current context. */
  context?: string;
  /** For the sign-in program that a kubeconfig may name: cloud settings and the like. Default: usual PATH and HOME. */
  environment?: NodeJS.ProcessEnv;
};

/**
 * Credentials of a kubeconfig's current context (or the one named). Throws when the file is missing or incomplete.
 *
 * Certificates, tokens, passwords and exec programs are handled here: loading the official client for its
 * KubeConfig costs 77 MB and half a second. It is loaded only for what needs it: proxies and the OpenID,
 * Google and Azure sign-in of old.
 */
export async function kubeconfigCredentials(
  path: string,
  options: KubeconfigOptions = {},
): Promise<Credentials> {
  const contextName = options.context;
  const access = await readKubeconfig(path, contextName);
  if (access.needsOfficialClient) {
    const { officialCredentials } = await import('./official-credentials.ts');
    return officialCredentials(path, contextName);
  }
  return new RereadingCredentials(() => readKubeconfig(path, contextName), options.environment);
}

/** Credentials of a kubeconfig that came as text. Throws when it is incomplete or leads out of itself. */
export async function textCredentials(content: string): Promise<Credentials> {
  const access = await parseKubeconfig(content);
  return new RereadingCredentials(() => Promise.resolve(access));
}

/** Credentials of nobody: every call fails as for a cluster that is away. */
export function noCredentials(reason: string): Credentials {
  return new RereadingCredentials(() => Promise.reject(new Error(reason)));
}

/** Credentials of the service account of the process, which runs inside the cluster. */
export function inClusterCredentials(host: string, port: string): Credentials {
  return new RereadingCredentials(() => readInClusterAccess(host, port));
}
