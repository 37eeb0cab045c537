import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ExecConfig } from './exec-credential.ts';
import { isRecord } from './kube-object.ts';

/** What one context of a kubeconfig says, with every file it names already read. */
export type ClusterAccess = {
  server: string;
  caPem?: string;
  insecureSkipTlsVerify: boolean;
  tlsServerName?: string;
  certPem?: string;
  keyPem?: string;
  token?: string;
  basic?: { username: string; password: string };
  exec?: ExecConfig;
  impersonate?: string;
  /** The kubeconfig needs a proxy or an old sign-in method, for which the official client is loaded. */
  needsOfficialClient: boolean;
};

/**
 * Reads a kubeconfig (YAML or JSON) and the files that it names.
 * Errors say which entry is missing; they never hold credentials.
 */
export async function readKubeconfig(path: string, contextName?: string): Promise<ClusterAccess> {
  const content = await readFile(path, 'utf8');
  return accessOf(await parseConfig(content, path), { path, ...present('contextName', contextName) });
}

/** What a kubeconfig would have read or run on this machine. */
const OUTSIDE = [
  'certificate-authority',
  'client-certificate',
  'client-key',
  'tokenFile',
  'exec',
  'auth-provider',
  'proxy-url',
] as const;

/**
 * Reads a kubeconfig that somebody sent as text. All that it needs must be in it: no file of this machine is read and no
 * program run for it. Errors say what is wrong; they never hold credentials.
 */
export async function parseKubeconfig(content: string): Promise<ClusterAccess> {
  const path = 'the kubeconfig';
  const config = await parseConfig(content, path);
  const context = findEntry(config, 'contexts', text(config['current-context']), 'context', path);
  const user = text(context.user);
  const entries = [
    findEntry(config, 'clusters', text(context.cluster), 'cluster', path),
    user === undefined ? {} : findEntry(config, 'users', user, 'user', path),
  ];
  const outside = OUTSIDE.filter((key) => entries.some((entry) => entry[key] !== undefined));
  if (outside.length > 0) {
    throw new Error(
      `${path} leads out of itself by ${outside.join(', ')}; certificates must be in it as data, and the user must have a token or a certificate`,
    );
  }
  const access = await accessOf(config, { path });
  const faults = contentFaults(access);
  if (faults.length > 0) throw new Error(`${path} is damaged: ${faults.join('; ')}`);
  return access;
}

/** What of the contents can be seen to be wrong without asking the cluster. Repeats nothing of them. */
function contentFaults({ server, caPem, certPem, keyPem }: ClusterAccess): string[] {
  const { protocol } = URL.canParse(server) ? new URL(server) : { protocol: '' };
  const certificate = certPem === undefined ? undefined : readable(() => new X509Certificate(certPem));
  const key = keyPem === undefined ? undefined : readable(() => createPrivateKey(keyPem));
  const isAuthorityWrong = caPem !== undefined && readable(() => new X509Certificate(caPem)) === null;
  const isPairWrong = certificate && key && !certificate.checkPrivateKey(key);
  return [
    ...(protocol === 'https:' || protocol === 'http:' ? [] : ['the "server" of its cluster is no URL']),
    ...(isAuthorityWrong ? ['"certificate-authority-data" holds no certificate'] : []),
    ...(certificate === null ? ['"client-certificate-data" holds no certificate'] : []),
    ...(key === null ? ['"client-key-data" holds no private key'] : []),
    ...((certPem === undefined) === (keyPem === undefined)
      ? []
      : ['one of "client-certificate-data" and "client-key-data" is missing']),
    ...(isPairWrong ? ['"client-key-data" is not the key of "client-certificate-data"'] : []),
  ];
}

function readable<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    // Why it cannot be read would be about the inside of what is secret.
    return null;
  }
}

async function accessOf(
  config: Record<string, unknown>,
  { path, contextName }: { path: string; contextName?: string },
): Promise<ClusterAccess> {
  const context = findEntry(
    config,
    'contexts',
    contextName ?? text(config['current-context']),
    'context',
    path,
  );
  const cluster = findEntry(config, 'clusters', text(context.cluster), 'cluster', path);
  const userName = text(context.user);
  const user = userName === undefined ? {} : findEntry(config, 'users', userName, 'user', path);
  const server = text(cluster.server);
  if (server === undefined) throw new Error(`${path}: the cluster has no "server" address`);
  const file = (value: unknown): Promise<string | undefined> => readRelative(dirname(path), text(value));
  const token = text(user.token) ?? (await file(user.tokenFile))?.trim();
  const username = text(user.username);
  return {
    server: server.replace(/\/$/, ''),
    insecureSkipTlsVerify: cluster['insecure-skip-tls-verify'] === true,
    needsOfficialClient: cluster['proxy-url'] !== undefined || isRecord(user['auth-provider']),
    ...present(
      'caPem',
      base64(cluster['certificate-authority-data']) ?? (await file(cluster['certificate-authority'])),
    ),
    ...present('tlsServerName', text(cluster['tls-server-name'])),
    ...present(
      'certPem',
      base64(user['client-certificate-data']) ?? (await file(user['client-certificate'])),
    ),
    ...present('keyPem', base64(user['client-key-data']) ?? (await file(user['client-key']))),
    ...present('token', token),
    ...present(
      'basic',
      username === undefined ? undefined : { username, password: text(user.password) ?? '' },
    ),
    ...present('exec', parseExec(user.exec, path)),
    ...present('impersonate', text(user.as)),
  };
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The access that Kubernetes gives to a process that runs inside it. */
export async function readInClusterAccess(host: string, port: string): Promise<ClusterAccess> {
  const [caPem, token] = await Promise.all([
    readFile(`${SERVICE_ACCOUNT_DIR}/ca.crt`, 'utf8'),
    readFile(`${SERVICE_ACCOUNT_DIR}/token`, 'utf8'),
  ]);
  const server = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  return { server, caPem, token: token.trim(), insecureSkipTlsVerify: false, needsOfficialClient: false };
}

async function parseConfig(content: string, path: string): Promise<Record<string, unknown>> {
  const value = await parseYaml(content, path);
  if (!isRecord(value))
    throw new Error(`${path} is not a kubeconfig: it holds no "clusters", "users" and "contexts"`);
  return value;
}

async function parseYaml(content: string, path: string): Promise<unknown> {
  // JSON is what our own engine writes; the YAML parser is only loaded where it is needed.
  try {
    if (content.trimStart().startsWith('{')) return JSON.parse(content);
    const { parse } = await import('yaml');
    return parse(content);
  } catch {
    // What the parser says repeats a part of it, which may be a credential.
    throw new Error(`${path} is not valid YAML`);
  }
}

function findEntry(
  config: Record<string, unknown>,
  list: string,
  name: string | undefined,
  what: string,
  path: string,
): Record<string, unknown> {
  if (name === undefined) throw new Error(`${path} names no ${what} to use: set "current-context"`);
  const entries = config[list];
  const found = Array.isArray(entries)
    ? entries.find((entry) => isRecord(entry) && entry.name === name)
    : undefined;
  const body = isRecord(found) ? found[what] : undefined;
  if (!isRecord(body)) throw new Error(`${path} has no ${what} "${name}"`);
  return body;
}

function parseExec(value: unknown, path: string): ExecConfig | undefined {
  if (!isRecord(value)) return undefined;
  const command = text(value.command);
  if (command === undefined) throw new Error(`${path}: the user's "exec" entry names no command`);
  const args = Array.isArray(value.args) ? value.args.filter((arg) => typeof arg === 'string') : [];
  const env: { name: string; value: string }[] = [];
  for (const entry of Array.isArray(value.env) ? value.env : []) {
    if (isRecord(entry) && typeof entry.name === 'string' && typeof entry.value === 'string') {
      env.push({ name: entry.name, value: entry.value });
    }
  }
  return {
    apiVersion: text(value.apiVersion) ?? 'client.authentication.k8s.io/v1',
    // kubectl resolves a command with a slash against the kubeconfig's folder.
    command: command.includes('/') && !isAbsolute(command) ? resolve(dirname(path), command) : command,
    args,
    env,
    provideClusterInfo: value.provideClusterInfo === true,
  };
}

async function readRelative(dir: string, path: string | undefined): Promise<string | undefined> {
  return path === undefined ? undefined : readFile(resolve(dir, path), 'utf8');
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function base64(value: unknown): string | undefined {
  const encoded = text(value);
  return encoded === undefined ? undefined : Buffer.from(encoded, 'base64').toString('utf8');
}

function present<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  // A computed key widens to an index signature; the shape is exactly the one declared.
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
