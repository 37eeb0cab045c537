import { mkdir, mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { planBuild } from '@brainpod/build-plan/plan-build';
import { BuildError } from '@brainpod/builder/execute/build-error';
import { buildImage, hasDockerfile, type RegistryLogin } from '@brainpod/builder/execute/build-image';
import { directoryTree } from '@brainpod/builder/plan/directory-tree';
import { SourceIncomplete } from '@brainpod/builder/source/source-store';
import type { BuilderPlatform } from '@brainpod/compiler/builder-platform';
import { registryName } from '@brainpod/compiler/buildkit-configuration';
import type { BuildSecret } from '@brainpod/model/build-secret';
import type { BuildOutcome, Builds, DueBuild } from '@brainpod/store/builds';
import type { Logger } from 'pino';
import type { AnsweringCluster } from '../clusters.ts';
import { BuildLog } from './build-log.ts';
import { type ProvenanceDeps, sayProvenance } from './build-provenance.ts';
import { type SbomDeps, saySbom } from './build-sbom.ts';
import { hiding, writeSecrets } from './build-secrets.ts';
import { BuilderAway, readyBuilder, replaceBuilder } from './builder.ts';
import { type BuilderConnection, connectDirectly, connectThroughCluster } from './builder-connection.ts';
import { pushFailure } from './push-failure.ts';

export type BuildDeps = ProvenanceDeps &
  SbomDeps & {
    /** A source that is not there (any more) is an error of `materialise`. */
    sources: {
      materialise(podId: string, source: string, directory: string, signal: AbortSignal): Promise<void>;
    };
    appendLog: Builds['appendLog'];
    /** `isOwn`: of the cluster that the server was started with. */
    platform(isOwn: boolean): Promise<BuilderPlatform>;
    /** Whether builders of that cluster can be reached at their addresses. */
    isNear: boolean;
    token(podName: string): string;
    openSecrets(build: DueBuild): BuildSecret[];
    /** What the pod holds for other registries, by the names that Docker's settings have for them. */
    logins(pod: { id: string; name: string }): Promise<RegistryLogin[]>;
    /** The program `buildctl`; null while there is none. */
    buildctl(): Promise<string | null>;
    /** For sources that are being built. */
    workDir: string;
    timeoutMs: number;
  };

const TIMEOUT = 'timeout';
const DOCKERFILE = 'Dockerfile';
const SECRETS_LOST =
  'The secrets of this build cannot be opened any more, because the platform has another key by now. Ask for the build again.';
const LOST =
  "The pod's builder was lost in the middle of the build, twice: it may have used more memory than a build may have. Try again.";
/** As programs, runc and BuildKit say it. */
const NO_MORE_PROCESSES =
  /resource temporarily unavailable|cannot fork|can't fork|EAGAIN|pthread_create failed/i;

/**
 * Builds a source in its pod's builder and pushes the image. What is wrong with the source, and a builder that is not to be
 * had, are outcomes; throws where the build is to be done again: when `signal` ends it.
 */
export async function runBuild(
  deps: BuildDeps,
  build: DueBuild,
  { cluster, signal }: { cluster: AnsweringCluster; signal: AbortSignal },
): Promise<BuildOutcome> {
  const secrets = openedSecrets(deps, build);
  if (secrets === null) return { state: 'failed', reason: SECRETS_LOST };
  const logins = await deps.logins({ id: build.podId, name: build.podName });
  const hide = hiding([...secrets.map(({ value }) => value), ...logins.map(({ password }) => password)]);
  const cancelled = new AbortController();
  const over = new AbortController();
  const timer = setTimeout(() => cancelled.abort(TIMEOUT), deps.timeoutMs);
  const log = new BuildLog({
    hide,
    append: (entries) => deps.appendLog(build, entries),
    onCancel: () => cancelled.abort(),
  });
  const keeping = log.keep(over.signal);
  const ending = AbortSignal.any([signal, cancelled.signal]);
  const once = async ({ anew }: { anew: boolean }): Promise<BuildOutcome> => {
    try {
      if (anew) await replaceBuilder(cluster.kube, build.podName, ending);
      return await attempt(deps, build, { cluster, signal: ending, log, secrets, logins });
    } catch (error) {
      signal.throwIfAborted();
      if (cancelled.signal.aborted) return endedBefore(cancelled.signal.reason, deps.timeoutMs);
      const outcome = outcomeOf(error, deps.logger);
      return outcome.state === 'failed' ? { ...outcome, reason: hide(outcome.reason) } : outcome;
    }
  };
  try {
    // A step of the time before may still run there, and whoever asks for the same one would wait for that.
    const anew = build.attempt > 1;
    if (anew) log.note('It was broken off, and is begun again with another builder.');
    let outcome = await once({ anew });
    const trouble = cancelled.signal.aborted ? null : troubleOf(outcome);
    if (trouble !== null) {
      log.note(`${trouble} It is replaced, and the build done once more.`);
      outcome = await once({ anew: true });
    }
    // What a step has started may go on in the builder when the step is gone.
    if (cancelled.signal.aborted || isCrowdedOut(outcome)) {
      await replaceBuilder(cluster.kube, build.podName, signal);
    }
    over.abort();
    await keeping;
    return outcome;
  } finally {
    clearTimeout(timer);
    over.abort();
    await keeping.catch(() => undefined);
  }
}

/** Null where they cannot be opened. */
function openedSecrets(deps: BuildDeps, build: DueBuild): BuildSecret[] | null {
  try {
    return deps.openSecrets(build);
  } catch (error) {
    deps.logger.error({ err: error, build: build.id }, 'the secrets of a build cannot be opened');
    return null;
  }
}

/** What was the matter with the builder, where another may do better; null where the outcome is the build's own. */
function troubleOf(outcome: BuildOutcome): string | null {
  if (isCrowdedOut(outcome)) return 'The builder has no room for another process.';
  if (outcome.state === 'failed' && outcome.reason === LOST) return 'The builder was lost.';
  return null;
}

/** A step of this build, or of one before, has left as many processes as a builder may have. */
function isCrowdedOut(outcome: BuildOutcome): boolean {
  return outcome.state === 'failed' && NO_MORE_PROCESSES.test(outcome.reason);
}

function endedBefore(reason: unknown, timeoutMs: number): BuildOutcome {
  if (reason !== TIMEOUT) return { state: 'cancelled' };
  return {
    state: 'failed',
    reason: `The build took longer than ${Math.round(timeoutMs / 60_000)} minutes, which is the most that one may take, and was ended.`,
  };
}

function outcomeOf(error: unknown, logger: Logger): BuildOutcome {
  if (error instanceof Undecided || error instanceof BuilderAway || error instanceof SourceIncomplete)
    return { state: 'failed', reason: error.message };
  if (!(error instanceof BuildError)) {
    logger.error({ err: error }, 'a build was broken off by a fault of ours');
    return { state: 'failed', reason: 'The build was broken off by a fault of the platform. Try again.' };
  }
  const { kind } = error.failure;
  if (kind === 'unreachable' || kind === 'push')
    logger.warn({ err: error, reason: error.reason }, 'a build could not be done');
  if (kind === 'unreachable') return { state: 'failed', reason: LOST };
  if (kind === 'push') return { state: 'failed', reason: pushFailure(error.reason) };
  return { state: 'failed', reason: error.message };
}

/** What is to be built cannot be told from the source. */
class Undecided extends Error {}

async function attempt(
  deps: BuildDeps,
  build: DueBuild,
  {
    cluster: { kube, isOwn },
    signal,
    log,
    secrets,
    logins,
  }: {
    cluster: AnsweringCluster;
    signal: AbortSignal;
    log: BuildLog;
    secrets: BuildSecret[];
    logins: RegistryLogin[];
  },
): Promise<BuildOutcome> {
  const { podName, options } = build;
  await mkdir(deps.workDir, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(path.join(deps.workDir, 'build-'));
  const closing: BuilderConnection[] = [];
  try {
    const tree = path.join(work, 'source');
    const platform = await deps.platform(isOwn);
    log.note('Getting the builder ready');
    const [instance] = await Promise.all([
      readyBuilder(kube, podName, { platform, signal }),
      deps.sources.materialise(build.podId, build.source, tree, signal),
    ]);
    const directory = await folderIn(tree, options.directory);
    const plan = await planOf(directory, options, log);
    const registry = registryName(platform.registry);
    const buildctl = await deps.buildctl();
    if (buildctl === null)
      throw new BuilderAway('This server cannot build: the programs for it are missing. Tell the operator.');
    const connection =
      isOwn && deps.isNear
        ? connectDirectly(instance)
        : await connectThroughCluster(kube, instance, { podName, directory: work, logger: deps.logger });
    closing.push(connection);
    const buildkit = {
      ...{ buildctl, buildkitAddress: connection.address, signal },
      environment: { HOME: work, PATH: '/usr/bin:/bin' },
    };
    const built = await buildImage({
      ...buildkit,
      directory,
      ...(plan === null ? { dockerfile: options.dockerfile } : { plan }),
      registryEndpoint: `${platform.registry.isPlain ? 'http' : 'https'}://${registry}`,
      repository: `${podName}/${build.repository}`,
      tag: build.tag,
      apiKey: deps.token(podName),
      logins,
      secrets: await writeSecrets(secrets, path.join(work, 'secrets')),
      ...(build.platform === null ? {} : { platform: build.platform }),
      onEvent: (event) => log.say(event.kind === 'step-failed' ? { ...event, line: event.message } : event),
    });
    await sayProvenance(deps, build, { built, buildkit, log });
    await saySbom(deps, build, { built, signal, log });
    const reference = `${deps.registryHost}/${podName}/${build.repository}@${built.digest}`;
    return { state: 'ready', digest: built.digest, reference };
  } finally {
    for (const connection of closing) connection.close();
    await rm(work, { recursive: true, force: true });
  }
}

/** Where the links of a source lead is only known when it lies there: nothing outside of it is ever read. */
async function folderIn(tree: string, folder: string): Promise<string> {
  const [root, found] = await Promise.all([
    realpath(tree),
    realpath(path.join(tree, folder)).catch(() => null),
  ]);
  if (found !== null && (found === root || found.startsWith(`${root}/`)) && (await stat(found)).isDirectory())
    return found;
  throw new Undecided(`There is no folder "${folder}" in what was sent.`);
}

/** Null where the source's own Dockerfile is used. */
async function planOf(
  directory: string,
  { builder, dockerfile, overrides }: DueBuild['options'],
  log: BuildLog,
): Promise<{ dockerfile: string; dockerignore: string } | null> {
  if (builder !== 'plan' && (await hasDockerfile(directory, dockerfile))) return null;
  if (builder === 'dockerfile' || (builder === 'auto' && dockerfile !== DOCKERFILE)) {
    throw new Undecided(
      `There is no file "${dockerfile}" in what was sent, by which the build is to be done.`,
    );
  }
  const plan = planBuild(directoryTree(directory), overrides);
  if (plan.kind === 'undecided') {
    const questions = plan.questions.map(({ seen, answer }) => `  ${seen} ${answer}`);
    throw new Undecided(
      ['There is no Dockerfile, and how to build this cannot be told from its files:', ...questions].join(
        '\n',
      ),
    );
  }
  for (const { what, why } of plan.decisions) log.say({ kind: 'plan', step: '', name: what, line: why });
  return plan;
}
