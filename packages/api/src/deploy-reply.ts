import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';
import { isFinished, watchDeploy } from './deploy-watch.ts';
import type { BodyReply } from './operation.ts';
import { revisionOf } from './pod-state.ts';
import { deploymentBody } from './representations/revision.ts';

type Deploy = {
  pod: PodRecord;
  revisionId: string;
  watchSeconds: number | undefined;
  callerGone: () => AbortSignal;
};

/** What deploy and redeploy answer: 200 if the deploy finished while it was watched, else 202. */
export async function deployReply(deps: ApiDependencies, deploy: Deploy): Promise<BodyReply> {
  const { pod, revisionId, watchSeconds } = deploy;
  const started = await revisionOf(deps, pod, revisionId);
  const accepted: BodyReply = { status: 202, body: deploymentBody(pod.name, started) };
  if (watchSeconds === undefined) return accepted;
  const settle = async (): Promise<BodyReply> => {
    const timeoutMs = watchSeconds * 1000;
    const watch = { podId: pod.id, revisionId, timeoutMs, callerGone: deploy.callerGone() };
    const revision = await watchDeploy(deps, watch);
    return { status: isFinished(revision) ? 200 : 202, body: deploymentBody(pod.name, revision) };
  };
  return { ...accepted, settle };
}
