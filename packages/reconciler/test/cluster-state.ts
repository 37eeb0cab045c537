import type { Platform } from '@brainpod/compiler/compile';
import type { KubeClient } from '@brainpod/kube/client';
import { type KubeObject, objectKey } from '@brainpod/kube/kube-object';
import { WRITTEN_KINDS } from '../src/managed-kinds.ts';
import { fingerprintOf } from '../src/observe/live-object.ts';
import { compileSnapshot } from '../src/pod-pass.ts';
import type { PullSecrets, ReconcilerStore } from '../src/ports.ts';

/**
 * How a pod's objects in the cluster differ from those of its deployed revision: missing, changed, or too many. Asks the
 * cluster itself, by applying without writing: where that would change nothing, everything is as it should be.
 */
export async function differences(
  deps: { kube: KubeClient; store: ReconcilerStore; platform: Platform; pullSecrets: PullSecrets },
  podId: string,
): Promise<string[]> {
  const { kube, store, platform, pullSecrets } = deps;
  const state = await store.loadPod(podId);
  if (state === null) throw new Error(`no pod ${podId}`);
  const { name } = state.pod;
  const wanted =
    state.deployed === null || state.pod.eraseAfter !== null
      ? []
      : compileSnapshot({ pullSecrets }, state, state.deployed, { ...platform, sizes: state.sizes }).objects;
  const found: string[] = [];
  for (const { object } of wanted) {
    const live = await kube.get(object);
    if (live === null) found.push(`missing: ${objectKey(object)}`);
    else if (!(await isAsWanted(kube, object, live))) found.push(`changed: ${objectKey(object)}`);
  }
  const keys = new Set(wanted.map(({ object }) => objectKey(object)));
  const labelSelector = `brainpod.io/pod=${name},brainpod.io/kind`;
  for (const kind of WRITTEN_KINDS) {
    if (!(await kube.hasResource(kind.apiVersion, kind.kind))) continue;
    const { items } = await kube.list({ ...kind, labelSelector });
    for (const item of items) if (!keys.has(objectKey(item))) found.push(`too many: ${objectKey(item)}`);
  }
  return found;
}

async function isAsWanted(kube: KubeClient, object: KubeObject, live: KubeObject): Promise<boolean> {
  const applied = await kube.apply(object, { dryRun: true });
  const content = ({ data, ...rest }: KubeObject): string =>
    JSON.stringify([data, rest.immutable, rest.metadata.labels]);
  return (
    fingerprintOf({ ...applied, kind: `of ${applied.kind}` }) ===
      fingerprintOf({ ...live, kind: `of ${live.kind}` }) && content(applied) === content(live)
  );
}
