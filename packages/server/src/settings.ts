import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Connection } from '@brainpod/store/connection';
import type { RotationTimes } from '@brainpod/store/pull-keys';
import type { RequestBounds } from '@brainpod/store/request-upkeep';
import { type BuildSettings, readBuildSettings } from './builds/build-settings.ts';
import { type RequestSettings, readRequestSettings } from './request-settings.ts';

/** What the server is told by its environment. Every value has been checked. */
export type Settings = {
  database: Connection;
  listen: { host: string; port: number };
  /** May name a file that appears later. */
  kubeconfig: string;
  domain: string;
  httpsPort: number;
  httpPort: number;
  registryUpstream: string;
  /** The folder of the registry's storage. What is not on this machine is not swept. */
  registryStorage: string;
  registryHost: string;
  gatewayClass: string;
  dataDir: string;
  runDir: string;
  deployTimeoutMs: number;
  resyncIntervalMs: number;
  /** Who is asked about own domains: addresses, with a port where it is not 53. Empty: the system's. */
  dnsServers: string[];
  /** Who makes the certificates of own domains; null for the platform's own authority. */
  acme: { directory: string; email: string | null; caFile: string | null } | null;
  requests: RequestSettings;
  /** When the keys of nodes' passwords are replaced, and how long a pull with one may take. */
  pullKeys: RotationTimes;
  /** Where the edge tells of each request: a unix socket's path. */
  accessLogSocket: string;
  /** Where the edge serves its statistics, as Prometheus reads them. */
  edgeStatistics: string;
  /** How much is kept of what is known of requests. */
  requestBounds: RequestBounds;
  builds: BuildSettings;
};

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings. Throws one error that names every wrong variable. */
export function readSettings(environment: Environment): Settings {
  const faults: string[] = [];
  const text = (name: string, fallback: string) => environment[name]?.trim() || fallback;
  const whole = (name: string, fallback: number, from: number, to: number) => {
    const value = Number(text(name, String(fallback)));
    if (Number.isInteger(value) && value >= from && value <= to) return value;
    faults.push(`${name} must be a whole number from ${from} to ${to}, and is "${environment[name]}"`);
    return fallback;
  };
  const runDir = text('BRAINPOD_RUN_DIR', '/run/brainpod');
  const domain = readDomain(text('BRAINPOD_DOMAIN', 'brainpod.localhost'), faults);
  const httpsPort = whole('BRAINPOD_HTTPS_PORT', 443, 1, 65_535);
  const settings: Settings = {
    database: readDatabase(environment, runDir),
    listen: readListen(text('BRAINPOD_LISTEN', '127.0.0.1:4600'), faults),
    kubeconfig: text('BRAINPOD_KUBECONFIG', join(runDir, 'engine/kubeconfig')),
    domain,
    httpsPort,
    httpPort: whole('BRAINPOD_HTTP_PORT', 80, 1, 65_535),
    registryUpstream: readUrl(
      'BRAINPOD_REGISTRY_UPSTREAM',
      text('BRAINPOD_REGISTRY_UPSTREAM', 'http://127.0.0.1:4650'),
      faults,
    ),
    registryStorage: text(
      'BRAINPOD_REGISTRY_STORAGE',
      join(text('BRAINPOD_DATA_DIR', '/var/lib/brainpod'), 'engine/registry'),
    ),
    registryHost: text('BRAINPOD_REGISTRY_HOST', 'registry.brainpod.localhost'),
    gatewayClass: text('BRAINPOD_GATEWAY_CLASS', 'brainpod'),
    dataDir: text('BRAINPOD_DATA_DIR', '/var/lib/brainpod'),
    runDir,
    deployTimeoutMs: whole('BRAINPOD_DEPLOY_TIMEOUT_SECONDS', 80, 5, 3600) * 1000,
    resyncIntervalMs: whole('BRAINPOD_RESYNC_SECONDS', 300, 5, 86_400) * 1000,
    accessLogSocket: text('BRAINPOD_ACCESS_LOG_SOCKET', join(runDir, 'access-log.sock')),
    edgeStatistics: readUrl(
      'BRAINPOD_EDGE_STATISTICS',
      text('BRAINPOD_EDGE_STATISTICS', 'http://127.0.0.1:19001/stats/prometheus'),
      faults,
    ),
    requestBounds: {
      days: whole('BRAINPOD_EVENTS_DAYS', 7, 1, 365),
      bytesPerPod: whole('BRAINPOD_EVENTS_MB_PER_POD', 256, 1, 100_000) * 1024 * 1024,
    },
    pullKeys: {
      maxAgeMs: whole('BRAINPOD_PULL_KEY_DAYS', 30, 1, 365) * 86_400_000,
      graceMs: whole('BRAINPOD_PULL_KEY_GRACE_MINUTES', 120, 1, 1440) * 60_000,
    },
    dnsServers: readDnsServers(text('BRAINPOD_DNS_SERVERS', ''), faults),
    acme: readAcme(text, faults),
    builds: readBuildSettings({ environment, text, whole, faults }),
    requests: readRequestSettings({ text, whole, faults }, { domain, httpsPort }),
  };
  if (faults.length > 0) throw new Error(`The server's environment is wrong:\n  ${faults.join('\n  ')}`);
  return settings;
}

function readDatabase(environment: Environment, runDir: string): Connection {
  const url = environment.DATABASE_URL?.trim();
  if (url) return { url };
  return {
    host: environment.PGHOST?.trim() || join(runDir, 'postgres'),
    user: environment.PGUSER?.trim() || 'brainpod',
    database: environment.PGDATABASE?.trim() || 'brainpod',
  };
}

function readListen(value: string, faults: string[]): Settings['listen'] {
  const match = /^(\[[0-9a-f:]+\]|[^:[\]]+):(\d{1,5})$/i.exec(value);
  const port = Number(match?.[2]);
  if (match?.[1] && port <= 65_535) return { host: match[1].replace(/^\[|\]$/g, ''), port };
  faults.push(`BRAINPOD_LISTEN must be host:port, and is "${value}"`);
  return { host: '127.0.0.1', port: 4600 };
}

function readDomain(value: string, faults: string[]): string {
  const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
  if (!new RegExp(`^${label}(?:\\.${label})+$`).test(value)) {
    faults.push(`BRAINPOD_DOMAIN must be a lowercase domain name of two or more labels, and is "${value}"`);
  }
  return value;
}

function readDnsServers(value: string, faults: string[]): string[] {
  const servers = value
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  const wrong = servers.filter((server) => !isDnsServer(server));
  if (wrong.length > 0) {
    faults.push(
      `BRAINPOD_DNS_SERVERS must be addresses separated by commas, such as 192.0.2.1,[2001:db8::1]:5353, and holds "${wrong.join('", "')}"`,
    );
  }
  return servers;
}

function isDnsServer(text: string): boolean {
  const [, bracketed, plain, port = '53'] =
    /^(?:\[([0-9a-fA-F:]+)\]|([0-9.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  return isIP(text) !== 0 || (isIP(bracketed ?? plain ?? '') !== 0 && Number(port) <= 65_535);
}

function readAcme(text: (name: string, fallback: string) => string, faults: string[]): Settings['acme'] {
  const directory = text('BRAINPOD_ACME_DIRECTORY', '');
  const email = text('BRAINPOD_ACME_EMAIL', '');
  const caFile = text('BRAINPOD_ACME_CA_FILE', '');
  if (directory === '') {
    if (email + caFile !== '') {
      faults.push(
        'BRAINPOD_ACME_EMAIL and BRAINPOD_ACME_CA_FILE say nothing without BRAINPOD_ACME_DIRECTORY',
      );
    }
    return null;
  }
  if (!URL.canParse(directory) || new URL(directory).protocol !== 'https:') {
    faults.push(`BRAINPOD_ACME_DIRECTORY must be an https URL, and is "${directory}"`);
  }
  if (email !== '' && !/^[^\s@]+@[^\s@]+$/.test(email)) {
    faults.push(`BRAINPOD_ACME_EMAIL must be an e-mail address, and is "${email}"`);
  }
  return { directory, email: email || null, caFile: caFile || null };
}

function readUrl(name: string, value: string, faults: string[]): string {
  if (!URL.canParse(value)) faults.push(`${name} must be a URL, and is "${value}"`);
  return value.replace(/\/$/, '');
}
