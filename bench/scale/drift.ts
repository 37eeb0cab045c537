import { KIND_LABEL } from '@brainpod/compiler/labels';
import { namespaceName } from '@brainpod/compiler/names';
import type { KubeClient } from '@brainpod/kube/client';
import { waitFor } from '@brainpod/testkit/wait-for';
import type { PopulatedPod } from './population.ts';

const HTTP_ROUTE = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };

/**
 * Takes the Route of one App out of each pod, while nobody looks. It is the last of a pod's objects to be applied: when
 * all are back, every pod has been looked at from end to end.
 */
export async function breakEachPod(kube: KubeClient, pods: readonly PopulatedPod[]): Promise<void> {
  for (const { name, apps } of pods) {
    const metadata = { namespace: namespaceName(name), name: apps[0] ?? '' };
    if (!(await kube.delete({ ...HTTP_ROUTE, metadata })))
      throw new Error(`pod ${name} has no Route to remove`);
  }
}

/** Waits until there are as many Routes as Apps again. */
export async function allMended(
  kube: KubeClient,
  pods: readonly PopulatedPod[],
  timeoutMs: number,
): Promise<void> {
  const wanted = pods.reduce((sum, { apps }) => sum + apps.length, 0);
  // The platform has routes of its own.
  const query = { ...HTTP_ROUTE, labelSelector: `${KIND_LABEL}=route`, metadataOnly: true };
  await waitFor(async () => (await kube.list(query)).items.length === wanted, {
    timeoutMs,
    what: 'every Route to be back',
    everyMs: 200,
  });
}
