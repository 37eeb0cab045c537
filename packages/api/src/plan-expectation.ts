import { ApiError } from '@brainpod/model/errors';
import type { PlanBasis } from '@brainpod/store/plan-basis';
import type { PodRecord } from '@brainpod/store/pods';
import type { ApiDependencies } from './dependencies.ts';
import type { ImageFacts } from './image-check.ts';
import { instanceSizes } from './instance-sizes.ts';
import { planOf } from './plan.ts';
import { differenceOfPlans } from './plan-tag.ts';
import { clusterOf } from './pod-state.ts';

/**
 * What makes sure that a deploy does what one of the plans with these tags says: PRECONDITION_FAILED (ApiError) with
 * what is different otherwise. Makes the plan anew, under the pod's lock.
 */
export async function planExpectation(
  { deps, pod, images }: { deps: ApiDependencies; pod: PodRecord; images: ImageFacts },
  tags: readonly string[],
): Promise<(basis: PlanBasis) => void> {
  const platform = { ...clusterOf(deps, pod).platform(), sizes: await instanceSizes(deps) };
  return (basis) => {
    const { tag } = planOf(basis, { podName: pod.name, deps, platform, images });
    const [first = ''] = tags;
    if (tags.includes(tag)) return;
    throw new ApiError(
      'PRECONDITION_FAILED',
      `The plan is not the one that was read: ${differenceOfPlans(first, tag)} changed since. Read the plan again, then deploy.`,
    );
  };
}
