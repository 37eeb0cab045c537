/**
 * The server: API, image registry front, status page and reconciler in one process. It listens at once; what
 * needs PostgreSQL or the cluster answers 503 until they are there.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildServer } from '@brainpod/api/server';
import { SourceStore } from '@brainpod/builder/source/source-store';
import { ImageKeeper } from '@brainpod/registry/image-keeper';
import { ImageReader } from '@brainpod/registry/image-reader';
import { RegistrySweep } from '@brainpod/registry/sweep/registry-sweep';
import { openStore, type Store } from '@brainpod/store/store';
import { type Logger, pino } from 'pino';
import { registerAuthorizePage } from './authorize-page/routes.ts';
import { BLUEPRINTS_DIR, readBlueprints } from './blueprints.ts';
import { BuildSecrets } from './builds/build-secrets.ts';
import { runHostedBuilds } from './builds/hosted-builds.ts';
import { sourcePort } from './builds/source-port.ts';
import { type Certificates, openCertificates } from './certificates.ts';
import { readClusterFacts } from './cluster-facts.ts';
import { clusterRegistrar } from './cluster-registrar.ts';
import { type ClusterWorkers, workOnClusters } from './clusters.ts';
import { migrateWhenAvailable } from './database.ts';
import { acmeIssuer } from './domains/acme-issuer.ts';
import { SealedDomainKeys } from './domains/domain-keys.ts';
import { openResolver, workOnDomains } from './domains/domain-worker.ts';
import { type Issuer, localIssuer } from './domains/issuer.ts';
import { ownCertificates } from './domains/own-certificates.ts';
import { cleanImagesUntil } from './image-cleaning.ts';
import { ensureMasterKey } from './master-key.ts';
import { keepPullKeys } from './pull-keys.ts';
import { SealedPullSecrets } from './pull-secrets.ts';
import { imageBytesLimit, registerRegistryRoutes } from './registry-routes.ts';
import { sweepRegistryUntil } from './registry-sweeping.ts';
import { readEdgeCount } from './request-log/edge-count.ts';
import { keepRequestLog, type RequestLog } from './request-log/request-log.ts';
import { ACME_ACCOUNTS, TextSealer } from './sealed-text.ts';
import { readSettings, type Settings } from './settings.ts';
import { registerStatusRoutes } from './status-routes.ts';
import { sweepUntil } from './sweep.ts';

/** How long open requests may take after SIGTERM; the supervisor waits a little longer. */
const CLOSE_TIMEOUT_MS = 15_000;

const logger = pino({ level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime });
const settings = readSettings(process.env);
const ownCluster = readClusterFacts(process.env);
const store = openStore({ connection: settings.database, logger });
const keysDir = join(settings.dataDir, 'server');
const masterKey = await ensureMasterKey(join(keysDir, 'master.key'));
const sealer = new TextSealer(masterKey);
const domainKeys = new SealedDomainKeys(masterKey, logger);
const pullSecrets = new SealedPullSecrets({ registryHost: settings.registryHost, masterKey, logger });
const certificates = await openCertificates(keysDir, settings.domain, logger);
const dns = openResolver(settings.dnsServers);
const issuer = await openIssuer();
const sources = new SourceStore(join(keysDir, 'sources'));
const imageKeeper = new ImageKeeper(settings.registryUpstream, settings.registryStorage);
const stopping = new AbortController();

let sweeping: Promise<void> | null = null;
let freeing: Promise<void> | null = null;
let certifying: Promise<void> | null = null;
let cleaning: Promise<void> | null = null;
let rotating: Promise<void> | null = null;
let building: Promise<void> | null = null;
let workers: ClusterWorkers | null = null;
let requestLog: RequestLog | null = null;
const server = buildServer({
  store,
  domain: settings.domain,
  registryHost: settings.registryHost,
  blueprints: await readBlueprints(BLUEPRINTS_DIR),
  ...settings.requests,
  clusterOf: (pod) => workers?.portOf(pod.clusterId) ?? null,
  clusterRegistrar: clusterRegistrar(sealer, settings),
  domainCertificates: ownCertificates(domainKeys),
  registryPasswords: pullSecrets,
  buildSecrets: new BuildSecrets(masterKey),
  sources: sourcePort(sources),
  images: new ImageReader({ upstream: settings.registryUpstream, storage: settings.registryStorage }),
  imageKeeper,
  logger,
});
registerRegistryRoutes(server, { settings, store, masterKey });
registerAuthorizePage(server);
registerStatusRoutes(server, {
  runDir: settings.runDir,
  api: `http://${settings.listen.host}:${settings.listen.port}`,
  domain: settings.domain,
  authorityPem: () => certificates.authorityPem(),
  requestCounts: () => requestLog?.counts ?? null,
});
await server.listen(settings.listen);

const working = work({
  settings,
  store,
  certificates,
  sealer,
  domainKeys,
  pullSecrets,
  logger,
  environment: process.env,
});
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));

async function openIssuer(): Promise<Issuer> {
  if (settings.acme === null) return localIssuer(certificates);
  const { directory, email, caFile } = settings.acme;
  return acmeIssuer({
    ...{ directory, email, ca: caFile === null ? null : await readFile(caFile, 'utf8') },
    accounts: store.acmeAccounts,
    accountKeys: new TextSealer(masterKey, ACME_ACCOUNTS),
    keys: domainKeys,
    dns,
    now: () => new Date(),
    logger: logger.child({ part: 'domains' }),
  });
}

/** Waits for PostgreSQL, then keeps the clusters as it says. */
async function work(parts: {
  settings: Settings;
  store: Store;
  certificates: Certificates;
  sealer: TextSealer;
  domainKeys: SealedDomainKeys;
  pullSecrets: SealedPullSecrets;
  logger: Logger;
  environment: NodeJS.ProcessEnv;
}): Promise<void> {
  try {
    await migrateWhenAvailable(store, stopping.signal);
    await store.clusters.registerDefault(ownCluster);
    logger.info('the database is ready');
    requestLog = await keepRequestLog({
      store,
      logger,
      socket: settings.accessLogSocket,
      bounds: settings.requestBounds,
      readEdge: () => readEdgeCount(settings.edgeStatistics),
    });
    sweeping = sweepUntil(stopping.signal, { store, sources, logger });
    freeing = sweepRegistryUntil(stopping.signal, {
      store,
      sweep: new RegistrySweep(settings.registryStorage),
      logger: logger.child({ part: 'registry' }),
    });
    cleaning = cleanImagesUntil(stopping.signal, {
      ...{ store, imageKeeper, registryHost: settings.registryHost },
      logger: logger.child({ part: 'registry' }),
    });
    certifying = workOnDomains(stopping.signal, {
      domains: store.domains,
      dns,
      issuer,
      keys: domainKeys,
      now: () => new Date(),
      random: Math.random,
      logger: logger.child({ part: 'domains' }),
    });
    rotating = keepPullKeys(stopping.signal, {
      pullKeys: store.pullKeys,
      times: settings.pullKeys,
      now: () => new Date(),
      logger: logger.child({ part: 'pull keys' }),
    });
    workers = workOnClusters(parts);
    building = runHostedBuilds(stopping.signal, {
      ...{ settings, masterKey, sources },
      builds: store.builds,
      imageBytesLimit: (pod) => imageBytesLimit(store, pod),
      clusters: () => workers?.answering() ?? new Map(),
      pullSecrets: parts.pullSecrets,
      logins: async (pod) => pullSecrets.open(pod, await store.registryCredentials.list(pod.id)),
      pullKeys: store.pullKeys,
      logger: logger.child({ part: 'builds' }),
    });
  } catch (error) {
    if (stopping.signal.aborted) return;
    logger.fatal({ err: error }, 'the database cannot be used; the server ends and is started again');
    process.exitCode = 1;
    setImmediate(() => void stop('a failed start'));
  }
}

async function stop(reason: string): Promise<void> {
  if (stopping.signal.aborted) return;
  logger.info({ reason }, 'stopping');
  stopping.abort();
  const waitsFor = new Set<string>();
  const overdue = setTimeout(() => {
    logger.error({ waitsFor: [...waitsFor] }, 'not everything ended in time; stopping without it');
    process.exit(1);
  }, CLOSE_TIMEOUT_MS);
  const ended = async (what: string, ending: Promise<unknown> | null | undefined): Promise<void> => {
    waitsFor.add(what);
    await ending;
    waitsFor.delete(what);
  };
  certificates.stop();
  await ended('start', working);
  await Promise.all([
    ended('requests', server.close()),
    ended('clusters', workers?.stop()),
    ended('sweeping', sweeping),
    ended('registry', freeing),
    ended('images', cleaning),
    ended('domains', certifying),
    ended('builds', building),
    ended('pull keys', rotating),
    ended('request records', requestLog?.stop()),
  ]);
  await ended('database', store.close());
  clearTimeout(overdue);
}
