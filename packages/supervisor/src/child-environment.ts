import path from 'node:path';
import type { Locations } from './locations.ts';
import { DATABASE_NAME, DATABASE_USER } from './postgres.ts';
import type { Settings } from './settings.ts';

type Environment = Record<string, string | undefined>;

/** The engine's own address, on a bridge that only its pods reach; the default of its configuration. */
const NODE_ADDRESS = '10.244.255.1';
const BUILD_REGISTRY_PORT = 4601;

/**
 * What every child inherits: the surroundings (PATH, proxies, CA bundles, package clients' settings) without
 * what belongs to the terminal, to npm or to the command line of Brainpod.
 */
export function inheritedEnvironment(environment: Environment): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (
      value !== undefined &&
      !/^(BRAINPOD_|npm_(lifecycle|package|command|node_execpath|execpath)|NODE_OPTIONS$|KUBECONFIG$|INIT_CWD$)/.test(
        name,
      )
    ) {
      kept[name] = value;
    }
  }
  return kept;
}

/** What the operator may set of the server itself; it reads and checks these. */
const OPERATORS_CHOICES = [
  'BRAINPOD_CLUSTER_PROVIDER',
  'BRAINPOD_CLUSTER_COUNTRY',
  'BRAINPOD_CLUSTER_REGION',
  'BRAINPOD_CLUSTER_ARCHITECTURES',
  'BRAINPOD_RATE_LIMIT_PER_SECOND',
  'BRAINPOD_RATE_LIMIT_BURST',
  'BRAINPOD_REQUEST_TIMEOUT_SECONDS',
  'BRAINPOD_DEPLOY_TIMEOUT_SECONDS',
  'BRAINPOD_TRUSTED_PROXIES',
  'BRAINPOD_CONSOLE_ORIGINS',
  'BRAINPOD_EVENTS_DAYS',
  'BRAINPOD_PULL_KEY_DAYS',
  'BRAINPOD_PULL_KEY_GRACE_MINUTES',
  'BRAINPOD_EVENTS_MB_PER_POD',
  'BRAINPOD_DNS_SERVERS',
  'BRAINPOD_ACME_DIRECTORY',
  'BRAINPOD_ACME_EMAIL',
  'BRAINPOD_ACME_CA_FILE',
  'BRAINPOD_BUILDER_IMAGE',
  'BRAINPOD_BUILD_NETWORKS',
  'BRAINPOD_BUILD_REGISTRY',
  'BRAINPOD_BUILD_TIMEOUT_MINUTES',
  'BRAINPOD_BUILDS_AT_ONCE',
];

/** Of the environment that Brainpod was started in, what is meant for the server. */
export function operatorsChoices(environment: Environment): Record<string, string> {
  return Object.fromEntries(
    OPERATORS_CHOICES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The server's settings as environment variables. */
export function serverEnvironment(settings: Settings, locations: Locations): Record<string, string> {
  return {
    PGHOST: locations.postgresSocketDir,
    PGUSER: DATABASE_USER,
    PGDATABASE: DATABASE_NAME,
    BRAINPOD_LISTEN: `${settings.listenAddress}:${settings.apiPort}`,
    BRAINPOD_KUBECONFIG: settings.kubeconfig ?? path.join(locations.engineRun, 'kubeconfig'),
    BRAINPOD_DOMAIN: settings.domain,
    BRAINPOD_HTTPS_PORT: String(settings.httpsPort),
    BRAINPOD_HTTP_PORT: String(settings.httpPort),
    BRAINPOD_REGISTRY_UPSTREAM: `http://127.0.0.1:${settings.registryPort}`,
    BRAINPOD_REGISTRY_HOST: settings.registryHost,
    BRAINPOD_GATEWAY_CLASS: settings.gatewayClass,
    BRAINPOD_DATA_DIR: locations.dataDir,
    BRAINPOD_RUN_DIR: locations.runDir,
    BRAINPOD_ACCESS_LOG_SOCKET: locations.accessLogSocket,
    BRAINPOD_ENGINE_BINARIES: locations.engineBinaries,
    ...(settings.mode === 'external' && { BRAINPOD_REGISTRY_STORAGE: locations.registryData }),
    ...(settings.mode === 'embedded' && {
      BRAINPOD_BUILDERS_NEAR: 'true',
      BRAINPOD_BUILD_REGISTRY: `${NODE_ADDRESS}:${BUILD_REGISTRY_PORT}`,
    }),
  };
}
