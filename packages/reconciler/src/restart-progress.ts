import type { Assessment } from './assess.ts';
import { explainTimeout, findTerminalFault, withLastWords } from './explain-failure.ts';
import type { Outcome, PodDeps } from './pod-pass.ts';
import type { PodState, Restart } from './ports.ts';

/**
 * Ends the restarts of a pod that are over: all new instances are ready, or they cannot get ready, or did not in time.
 * Those of a failed restart make way for those from before, which have served all the while.
 */
export async function finishRestarts(
  deps: PodDeps,
  state: PodState,
  assessment: Assessment,
  signal: AbortSignal,
): Promise<Outcome> {
  let waitMs: number | null = null;
  let isAnyOver = false;
  for (const restart of state.restarts.filter(({ finishedAt }) => finishedAt === null)) {
    const own = ofResource(assessment, restart);
    const leftMs = restart.restartedAt.getTime() + deps.deployTimeoutMs - deps.clock.now().getTime();
    const failure = own.healthy ? null : await failureOf(deps, own, leftMs);
    if (!own.healthy && failure === null) {
      waitMs = Math.min(waitMs ?? leftMs, leftMs);
      continue;
    }
    signal.throwIfAborted();
    await deps.store.finishRestart(state.pod.id, restart, failure);
    const fields = { pod: state.pod.name, resource: `${restart.kind}/${restart.name}` };
    if (failure === null) deps.logger.info(fields, 'restarted');
    else deps.logger.info({ ...fields, reason: failure }, 'the restart failed');
    isAnyOver = true;
  }
  return isAnyOver ? 'reload' : { waitMs };
}

/** What was found out about one resource. One that is not deployed any longer has nothing to wait for. */
function ofResource(assessment: Assessment, { kind, name }: Restart): Assessment {
  const apps = assessment.apps.filter(({ document }) => kind === 'App' && document.metadata.name === name);
  const appsHealthy = apps.every(({ health }) => health.healthy);
  return { rows: [], routes: [], apps, appsHealthy, healthy: appsHealthy };
}

async function failureOf(deps: PodDeps, assessment: Assessment, leftMs: number): Promise<string | null> {
  const terminal = findTerminalFault(assessment);
  if (terminal !== null) return withLastWords(deps.kube, terminal);
  if (leftMs > 0) return null;
  return withLastWords(deps.kube, await explainTimeout(deps.kube, assessment, deps.deployTimeoutMs));
}
