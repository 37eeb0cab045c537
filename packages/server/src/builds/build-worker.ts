import { setTimeout as delay } from 'node:timers/promises';
import type { Builds } from '@brainpod/store/builds';
import { isDatabaseUnavailable } from '@brainpod/store/unavailable';
import type { AnsweringCluster } from '../clusters.ts';
import { type BuildDeps, runBuild } from './run-build.ts';

const LOOK_INTERVAL_MS = 500;

export type BuildQueue = Pick<Builds, 'withNext' | 'finish'>;

export type BuildWorkerDeps = BuildDeps & {
  queue: BuildQueue;
  /** The clusters that answer. */
  clusters(): ReadonlyMap<string, AnsweringCluster>;
  /** How many builds this server does at once. */
  atOnce: number;
};

/** Does builds until `signal`, some at a time. One that this server cannot end is done again by the next. Never rejects. */
export async function workOnBuilds(signal: AbortSignal, deps: BuildWorkerDeps): Promise<void> {
  await Promise.all(Array.from({ length: deps.atOnce }, () => lane(signal, deps)));
}

async function lane(signal: AbortSignal, deps: BuildWorkerDeps): Promise<void> {
  while (!signal.aborted) {
    let isIdle = true;
    try {
      isIdle = (await next(signal, deps)) === null;
    } catch (error) {
      if (!signal.aborted) {
        const level = isDatabaseUnavailable(error) ? 'warn' : 'error';
        deps.logger[level]({ err: error }, 'the work on a build was broken off; it is done again');
      }
    }
    if (isIdle) await delay(LOOK_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
  }
}

function next(signal: AbortSignal, deps: BuildWorkerDeps): Promise<object | null> {
  const clusters = deps.clusters();
  return deps.queue.withNext({ clusterIds: [...clusters.keys()] }, async (build, lockLost) => {
    const cluster = clusters.get(build.clusterId);
    if (cluster === undefined) throw new Error(`build ${build.id} is of a cluster that was not asked for`);
    const ending = AbortSignal.any([signal, lockLost]);
    const outcome = await runBuild(deps, build, { cluster, signal: ending });
    await deps.queue.finish(build, outcome);
    deps.logger.info({ build: build.id, pod: build.podName, state: outcome.state }, 'a build ended');
  });
}
