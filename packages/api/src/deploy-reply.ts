import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';
import { isFinished, watchDeploy } from './deploy-watch.ts';
import type { Reply } from './operation.ts';
import { revisionOf } from './pod-state.ts';
import { deploymentBody } from './representations/revision.ts';

type Deploy = {
  pod: PodRecord;
  revisionId: string;
  watchSeconds: number | undefined;
  callerGone: () => AbortSignal;
};

/** What deploy and redeploy answer: 200 if the deploy finished while it was watched, else 202. */
export async function deployReply(deps: ApiDependencies, deploy: Deploy): Promise<Reply> {
  const { pod, revisionId, watchSeconds } = deploy;
  const revision =
    watchSeconds === undefined
      ? await revisionOf(deps, pod, revisionId)
      : await watchDeploy(deps, {
          podId: pod.id,
          revisionId,
          timeoutMs: watchSeconds * 1000,
          callerGone: deploy.callerGone(),
        });
  const isWatched = watchSeconds !== undefined;
  return { status: isWatched && isFinished(revision) ? 200 : 202, body: deploymentBody(pod.name, revision) };
}
