import { setTimeout as delay } from 'node:timers/promises';
import { BUILDER_NAME, compileBuilder } from '@brainpod/compiler/builder';
import type { BuilderPlatform } from '@brainpod/compiler/builder-platform';
import { BUILDS_LABEL, BUILDS_OF_LABEL } from '@brainpod/compiler/labels';
import { buildNamespaceName } from '@brainpod/compiler/names';
import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';

const K8S_POD = { apiVersion: 'v1', kind: 'Pod' };
const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' };
const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const LOOK_MS = 300;
/** Its image may have to be fetched first. */
const READY_TIMEOUT_MS = 5 * 60_000;

/** A builder that did not get ready in time; `message` is for people. */
export class BuilderAway extends Error {
  override readonly name = 'BuilderAway';
}

/** One that answers: its name in the cluster, and the IP that it has there. */
export type BuilderInstance = { name: string; address: string };

/** Sees to it that a pod has its builder, and waits until that answers. Throws BuilderAway. */
export async function readyBuilder(
  kube: KubeClient,
  podName: string,
  options: { platform: BuilderPlatform; signal: AbortSignal },
): Promise<BuilderInstance> {
  const { platform, signal } = options;
  const deadline = Date.now() + READY_TIMEOUT_MS;
  let trouble: unknown = null;
  let isApplied = false;
  while (Date.now() < deadline) {
    signal.throwIfAborted();
    try {
      if (!isApplied)
        for (const object of compileBuilder(podName, platform)) await kube.apply(object, { signal });
      isApplied = true;
      const instance = await readyInstance(kube, podName, signal);
      if (instance !== null) return instance;
    } catch (error) {
      if (!(error instanceof KubeError) || !error.retryable) throw error;
      // The namespace of an earlier builder may be on its way out, or the cluster away for a moment.
      trouble = error;
    }
    await delay(LOOK_MS, undefined, { signal });
  }
  throw new BuilderAway(
    `The pod's builder did not get ready within ${READY_TIMEOUT_MS / 60_000} minutes. Nothing is wrong with what was to be built: try again, and tell the operator if it stays so.`,
    { cause: trouble },
  );
}

/** Of an instance of what was applied last; one before it may be ready too, and about to go. */
async function readyInstance(
  kube: KubeClient,
  podName: string,
  signal: AbortSignal,
): Promise<BuilderInstance | null> {
  const namespace = buildNamespaceName(podName);
  const deployment = await kube.get({ ...DEPLOYMENT, metadata: { name: BUILDER_NAME, namespace } });
  const status = isRecord(deployment?.status) ? deployment.status : {};
  const isCurrent = status.observedGeneration === deployment?.metadata.generation;
  const counts = [status.replicas, status.updatedReplicas, status.readyReplicas];
  if (!isCurrent || counts.some((count) => count !== 1)) return null;
  const labelSelector = `${BUILDS_OF_LABEL}=${podName}`;
  const { items } = await kube.list({ ...K8S_POD, namespace, labelSelector, signal });
  const instance = items.find(isReady);
  const address = isRecord(instance?.status) ? instance.status.podIP : undefined;
  if (instance === undefined || typeof address !== 'string') return null;
  return { name: instance.metadata.name, address };
}

function isReady({ metadata, status }: KubeObject): boolean {
  if (metadata.deletionTimestamp !== undefined || !isRecord(status) || !Array.isArray(status.conditions))
    return false;
  return status.conditions.some(
    (condition) => isRecord(condition) && condition.type === 'Ready' && condition.status === 'True',
  );
}

/** The pods that have a builder in a cluster. */
export async function podsWithBuilder(kube: KubeClient): Promise<string[]> {
  const { items } = await kube.list({ ...NAMESPACE, labelSelector: `${BUILDS_LABEL}=true` });
  return items.flatMap(({ metadata }) => {
    const pod = metadata.labels?.[BUILDS_OF_LABEL];
    return pod === undefined || metadata.deletionTimestamp !== undefined ? [] : [pod];
  });
}

/** Has a pod's builder begin anew, without a cache: whatever ran in it is gone. */
export async function replaceBuilder(kube: KubeClient, podName: string, signal: AbortSignal): Promise<void> {
  const namespace = buildNamespaceName(podName);
  const { items } = await kube.list({
    ...K8S_POD,
    namespace,
    labelSelector: `${BUILDS_OF_LABEL}=${podName}`,
    signal,
  });
  for (const { metadata } of items) {
    const ref = { ...K8S_POD, metadata: { name: metadata.name, namespace } };
    await kube.delete(ref, { gracePeriodSeconds: 1, signal });
  }
}

/** Takes a pod's builder away, with its cache. */
export async function removeBuilder(kube: KubeClient, podName: string, signal: AbortSignal): Promise<void> {
  await kube.delete({ ...NAMESPACE, metadata: { name: buildNamespaceName(podName) } }, { signal });
}
