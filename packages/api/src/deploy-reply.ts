import { validatorOf } from '@brainpod/model/validate';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';
import { isFinished, watchDeploy } from './deploy-watch.ts';
import type { BodyReply } from './operation-facts.ts';
import { revisionOf } from './pod-state.ts';
import { deploymentBody } from './representations/revision.ts';
import { DeploymentAccepted } from './schemas.ts';

const parseAccepted = validatorOf(DeploymentAccepted);

/** What deploy, redeploy and rollback answer at once. */
export async function deployReply(
  deps: ApiDependencies,
  { pod, revisionId }: { pod: PodRecord; revisionId: string },
): Promise<BodyReply> {
  const started = await revisionOf(deps, pod, revisionId);
  return { status: 202, body: deploymentBody(pod.name, started) };
}

type WatchedCall = {
  deps: ApiDependencies;
  pod: PodRecord;
  query: { watch?: number };
  callerGone: () => AbortSignal;
};

/** What they answer when the caller wants to watch: 200 if the deploy finished meanwhile. */
export async function watchedDeployReply(call: WatchedCall, accepted: BodyReply): Promise<BodyReply> {
  const { deps, pod, query, callerGone } = call;
  if (query.watch === undefined) return accepted;
  const started = parseAccepted(accepted.body);
  if (!started.ok) throw new Error('a deploy was answered with something else than how it stands');
  const { revisionId } = started.value;
  const timeoutMs = query.watch * 1000;
  const revision = await watchDeploy(deps, {
    podId: pod.id,
    revisionId,
    timeoutMs,
    callerGone: callerGone(),
  });
  return { status: isFinished(revision) ? 200 : 202, body: deploymentBody(pod.name, revision) };
}
