import type { ResourceInput } from '@brainpod/model/document';
import { platformActor } from '@brainpod/store/audit';
import type { Store } from '@brainpod/store/store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { appDocuments, appNames, appOf } from './documents.ts';
import { DOMAIN } from './platform.ts';

export type PopulatedPod = { id: string; name: string; apps: string[] };

const ACTOR = platformActor('bench');
const RULES = { domain: DOMAIN, check: () => [], actor: ACTOR };

/** Makes pods with so many apps in all, as drafts. */
export async function populate(store: Store, apps: number): Promise<PopulatedPod[]> {
  const clusterId = await store.clusters.registerDefault({
    provider: null,
    region: null,
    architectures: ['amd64'],
  });
  const { accountId, userId } = await store.accounts.create('ada@example.com');
  const pods: PopulatedPod[] = [];
  for (const names of appNames(apps)) {
    const pod = { accountId, ownerId: userId, clusterId, displayName: null, actor: ACTOR };
    const { id, name } = await store.pods.create(pod);
    await write(store, id, { type: 'create', documents: names.flatMap(appDocuments) });
    pods.push({ id, name, apps: names });
  }
  return pods;
}

/** Deploys the drafts of all pods at once, and waits until they are live. Seconds. */
export async function deployAll(
  store: Store,
  pods: readonly PopulatedPod[],
  timeoutMs: number,
): Promise<number> {
  const began = performance.now();
  const revisions = new Map<string, string>();
  for (const { id } of pods) revisions.set(id, await deploy(store, id));
  await waitFor(
    async () => {
      for (const [podId, revisionId] of revisions) {
        if (await isDeployed(store, podId, revisionId)) revisions.delete(podId);
        else return false;
      }
      return true;
    },
    { timeoutMs, what: 'all pods to be deployed', everyMs: 100 },
  );
  return (performance.now() - began) / 1000;
}

/** Writes an App's next version into the draft. */
export async function changeApp(store: Store, podId: string, app: string, version: number): Promise<void> {
  await write(store, podId, { type: 'replace', document: appOf(app, version) });
}

export async function deploy(store: Store, podId: string): Promise<string> {
  const result = await store.deployments.deploy(podId, { check: () => [], actor: ACTOR });
  if (!result.ok) throw new Error(`the draft has faults: ${JSON.stringify(result.faults)}`);
  return result.revisionId;
}

/** Throws when it failed. */
export async function isDeployed(store: Store, podId: string, revisionId: string): Promise<boolean> {
  const revision = await store.revisions.find(podId, revisionId);
  if (revision?.state === 'failed') throw new Error(`a deploy failed: ${revision.error}`);
  return revision?.state === 'deployed';
}

async function write(
  store: Store,
  podId: string,
  change: { type: 'create'; documents: ResourceInput[] } | { type: 'replace'; document: ResourceInput },
): Promise<void> {
  const result = await store.drafts.write(podId, change, RULES);
  if (!result.ok) throw new Error(`the documents have faults: ${JSON.stringify(result.faults)}`);
}
