import type { CompiledObject } from '@brainpod/compiler/compile';
import { namespaceName } from '@brainpod/compiler/names';
import type { KubeClient } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import type { KubeObject } from '@brainpod/kube/kube-object';
import { inParallel, isFrozen } from './apply-objects.ts';
import { lackSentence } from './lack-sentence.ts';
import { NAMESPACE } from './managed-kinds.ts';
import { refusalText } from './refusal-text.ts';

/** `path` is `<Kind>/<name>`, or `pod` for what belongs to the pod as a whole. The message is for a person. */
export type RehearsedRefusal = { path: string; message: string };

type Rehearsal = {
  podName: string;
  objects: readonly CompiledObject[];
  /** A namespace that is there for sure: a pod that was never deployed has none, and a rehearsal makes none. */
  spareNamespace: string;
};

/**
 * Lets the cluster check a pod's objects as if they were applied, and writes nothing. Before the first deploy of a pod
 * they are checked in another namespace, so that its own bounds are not among what is checked. Throws KubeError while
 * the cluster cannot be asked.
 */
export async function rehearseObjects(
  kube: KubeClient,
  { podName, objects, spareNamespace }: Rehearsal,
  signal: AbortSignal,
): Promise<RehearsedRefusal[]> {
  const own = namespaceName(podName);
  const isThere = (await kube.get({ ...NAMESPACE, metadata: { name: own } })) !== null;
  const refusals: RehearsedRefusal[] = [];
  await inParallel(objects, async (compiled) => {
    const object = isThere ? compiled.object : inNamespace(compiled.object, own, spareNamespace);
    try {
      await kube.apply(object, { dryRun: true, signal });
    } catch (error) {
      if (!(error instanceof KubeError)) throw error;
      // What a rule of the cluster refuses stays refused, and has the status of a missing permission all the same.
      const lack = error.retryable ? lackSentence(error) : null;
      if (lack === null && error.retryable) throw error;
      if (isFrozen(object, error)) return;
      const { resource } = compiled;
      const path = resource === null ? 'pod' : `${resource.kind}/${resource.name}`;
      const message = lack ?? refusalText([{ object: compiled.object, error }], objects);
      refusals.push({ path, message });
    }
  });
  return distinct(refusals);
}

function inNamespace(object: KubeObject, own: string, other: string): KubeObject {
  if (object.metadata.namespace !== own) return object;
  return { ...object, metadata: { ...object.metadata, namespace: other } };
}

function distinct(refusals: RehearsedRefusal[]): RehearsedRefusal[] {
  const byText = new Map(refusals.map((refusal) => [JSON.stringify(refusal), refusal]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, refusal]) => refusal);
}
