import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BUILDER_REPOSITORY, BUILDER_TAG } from '@brainpod/builder/builder-image';
import { DEFAULT_BUILDER_LIMITS } from '@brainpod/compiler/builder';
import type { BuilderPlatform } from '@brainpod/compiler/builder-platform';
import type { PullKey, PullSecrets } from '@brainpod/reconciler/ports';
import { ImageStatements } from '@brainpod/registry/image-statements';
import { ImageScanner } from '@brainpod/sbom/scan-image';
import type { Builds } from '@brainpod/store/builds';
import type { Logger } from 'pino';
import type { AnsweringCluster } from '../clusters.ts';
import type { Settings } from '../settings.ts';
import { serveBuildRegistry } from './build-registry.ts';
import { BuildSecrets } from './build-secrets.ts';
import { buildToken } from './build-token.ts';
import { workOnBuilds } from './build-worker.ts';
import { podsWithBuilder, removeBuilder } from './builder.ts';
import type { BuildDeps } from './run-build.ts';
import { stepFilesOf } from './step-files.ts';

export type HostedBuildParts = {
  settings: Settings;
  builds: Builds;
  /** How many bytes the images of a pod may take; null for any. */
  imageBytesLimit(pod: string): Promise<number | null>;
  sources: BuildDeps['sources'];
  clusters(): ReadonlyMap<string, AnsweringCluster>;
  pullSecrets: PullSecrets;
  logins: BuildDeps['logins'];
  /** Those that are accepted, the newest last. */
  pullKeys: { list(): Promise<PullKey[]> };
  masterKey: Buffer;
  logger: Logger;
};

/** Who fetches the builders' image: no pod has this name. */
const PULLER = { id: 'brainpod', name: 'brainpod' };
const HTTPS_PORT = 443;
/** Longer than a build, shorter than anybody could do harm with. */
const TOKEN_SPARE_MS = 10 * 60_000;
const IDLE_MS = 30 * 60_000;
const IDLE_LOOK_MS = 60_000;

/** Builds images in their pods' own builders until `signal`, and takes away those that nobody uses. Never rejects. */
export async function runHostedBuilds(signal: AbortSignal, parts: HostedBuildParts): Promise<void> {
  const { settings, masterKey, logger, builds, sources } = parts;
  const { registry, engineBinaries, atOnce, timeoutMs } = settings.builds;
  if (engineBinaries === null) return;
  const stored = { upstream: settings.registryUpstream, storage: settings.registryStorage };
  const { imageBytesLimit } = parts;
  const secrets = new BuildSecrets(masterKey);
  const statements = new ImageStatements(stored);
  await Promise.all([
    registry === null
      ? null
      : serveBuildRegistry({ listen: registry, ...stored, imageBytesLimit, masterKey, logger, signal }),
    workOnBuilds(signal, {
      queue: builds,
      sources,
      appendLog: (build, entries) => builds.appendLog(build, entries),
      clusters: parts.clusters,
      platform: (isOwn) => builderPlatform(parts, isOwn),
      openSecrets: (build) => secrets.open(build),
      logins: parts.logins,
      registryOrigin: new URL(settings.registryUpstream),
      scanner: new ImageScanner(),
      saidOfImage: (image) => statements.kinds(image),
      sayOfImage: (image, statement) => statements.add(image, statement),
      token: (pod) => buildToken(masterKey, pod, new Date(Date.now() + timeoutMs + TOKEN_SPARE_MS)),
      isNear: settings.builds.isNear,
      buildctl: () => findBuildctl(engineBinaries),
      registryHost: settings.registryHost,
      workDir: path.join(settings.dataDir, 'server', 'builds'),
      ...{ atOnce, timeoutMs, logger },
    }),
    removeIdle(signal, parts),
  ]);
}

async function builderPlatform(
  { settings, pullSecrets, pullKeys }: HostedBuildParts,
  isOwn: boolean,
): Promise<BuilderPlatform> {
  const { image, registry, steps, networks } = settings.builds;
  const { registryHost } = settings;
  const pullKey = (await pullKeys.list()).at(-1);
  if (pullKey === undefined) throw new Error('there is no key for pulls');
  const near = isOwn ? registry : null;
  return {
    image: image ?? `${registryHost}/${BUILDER_REPOSITORY}:${BUILDER_TAG}`,
    pullSecret: { dockerConfigJson: pullSecrets.dockerConfigJson(PULLER, { pullKey, credentials: [] }) },
    registry:
      near === null
        ? { host: registryHost, address: null, port: HTTPS_PORT, isPlain: false }
        : { host: registryHost, address: near.host, port: near.port, isPlain: true },
    stepFiles: await stepFilesOf(isOwn ? steps : null),
    limits: DEFAULT_BUILDER_LIMITS,
    allowedCidrs: networks,
  };
}

/** Null while the file that names their folder is not there. */
async function findBuildctl(engineBinaries: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(engineBinaries, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const value: unknown = JSON.parse(text);
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const binDir = fields.get('binDir');
  return typeof binDir === 'string' ? path.join(binDir, 'buildctl') : null;
}

/** A builder that is not used for a while goes, with its cache; so does that of a pod that is gone. */
async function removeIdle(
  signal: AbortSignal,
  { builds, clusters, logger }: HostedBuildParts,
): Promise<void> {
  while (!signal.aborted) {
    for (const { kube } of clusters().values()) {
      try {
        const pods = await podsWithBuilder(kube);
        const activity = pods.length === 0 ? new Map<string, Date>() : await builds.lastActivity(pods);
        const idle = pods.filter((pod) => Date.now() - (activity.get(pod)?.getTime() ?? 0) > IDLE_MS);
        for (const pod of idle) await removeBuilder(kube, pod, signal);
      } catch (error) {
        if (!signal.aborted)
          logger.warn({ err: error }, 'idle builders could not be looked for; trying again');
      }
    }
    await delay(IDLE_LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}
