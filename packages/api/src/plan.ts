import { createHash } from 'node:crypto';
import { type CompiledObject, compilePod, type Platform, type PodContext } from '@brainpod/compiler/compile';
import { type Capacity, capacityOf, type PlannedChange, planChanges } from '@brainpod/compiler/plan';
import { canonicalJson } from '@brainpod/model/canonical-json';
import { checkPodDocuments, type Fault, type ResourceDocument } from '@brainpod/model/document';
import type { RevisionEntry } from '@brainpod/store/documents';
import type { PlanBasis } from '@brainpod/store/plan-basis';
import type { ImageDigests } from '@brainpod/store/tables';
import type { ApiDependencies } from './dependencies.ts';
import { deployFaults } from './documents-check.ts';
import { digestsOf, type ImageFacts } from './image-check.ts';
import { formatPlanTag, type PlanTag } from './plan-tag.ts';

/** What deploying a pod's head does, as far as it is known without asking the cluster. */
export type PodPlan = {
  tag: string;
  /** Why there are no changes, where that is not because nothing changes. */
  message: string | null;
  changes: PlannedChange[];
  capacity: Capacity;
  /** All that keeps the head from being deployed. */
  faults: Fault[];
  /** What the cluster is to hold; empty where there are faults. */
  objects: CompiledObject[];
};

type Context = { podName: string; deps: ApiDependencies; platform: Platform; images: ImageFacts };

/** Plans the deploy of a pod's head. The same basis and platform give the same plan. */
export function planOf(basis: PlanBasis, context: Context): PodPlan {
  const documents = documentsOf(basis.head.entries);
  const pod = podContext(basis, context.podName, digestsOf(context.images));
  const compiled = compilePod(documents, pod, context.platform);
  const capacity = capacityOf(documents, basis.limits, context.platform.sizes);
  const faults = distinct([
    ...stateFaults(basis, context.podName),
    ...documentFaults(basis, context),
    ...compiled.diagnostics,
  ]);
  const { message, changes } = changesOf(basis, pod, context.platform);
  const tag = formatPlanTag(
    tagOf(basis, {
      platform: context.platform,
      imageDigests: pod.imageDigests,
      result: { changes, capacity, faults },
    }),
  );
  return { tag, message, changes, capacity, faults, objects: faults.length > 0 ? [] : compiled.objects };
}

function stateFaults({ head, isStopped }: PlanBasis, podName: string): Fault[] {
  const noDraft = `There is no draft: the latest revision (version ${head.version}) is ${head.state}. Change a resource first.`;
  return [
    ...(head.state === 'draft' ? [] : [{ path: 'revision', message: noDraft }]),
    ...(isStopped
      ? [{ path: 'pod', message: `Pod ${podName} is stopped. Start it first, then deploy.` }]
      : []),
  ];
}

function documentFaults({ head, limits }: PlanBasis, { platform, ...context }: Context): Fault[] {
  return head.state === 'draft'
    ? deployFaults(documentsOf(head.entries), limits, { ...context, sizes: platform.sizes })
    : [];
}

function changesOf(
  { head, base }: PlanBasis,
  pod: PodContext,
  platform: Platform,
): Pick<PodPlan, 'message' | 'changes'> {
  if (head.state !== 'draft')
    return { message: 'There is no draft to deploy, so nothing changes.', changes: [] };
  const after = documentsOf(head.entries);
  const before = base === null ? null : documentsOf(base.entries);
  if (checkPodDocuments(after).length > 0) {
    return { message: 'What changes can be told when the faults of the resources are mended.', changes: [] };
  }
  if (before !== null && checkPodDocuments(before).length > 0) {
    return { message: 'What runs would not be allowed today, so what changes cannot be told.', changes: [] };
  }
  const changes = planChanges(
    base === null || before === null
      ? null
      : { documents: before, pod: { ...pod, imageDigests: base.imageDigests } },
    { documents: after, pod },
    platform,
  );
  return { message: null, changes };
}

/** Each part names one thing that a plan was made of, so that it can be told which of them changed. */
function tagOf(
  { head, base, ...terms }: PlanBasis,
  { platform, imageDigests, result }: { platform: Platform; imageDigests: ImageDigests; result: object },
): PlanTag {
  const { isStopped, limits, restarts } = terms;
  return {
    draft: hashOf([head.state, contentOf(head.entries), imageDigests]),
    base: hashOf(base === null ? null : contentOf(base.entries)),
    terms: hashOf({ isStopped, limits, restarts, sizes: platform.sizes }),
    result: hashOf(result),
  };
}

function contentOf(entries: readonly RevisionEntry[]): string[] {
  return entries.map(({ kind, name, hash }) => `${kind}/${name} ${hash.toString('hex')}`);
}

function hashOf(value: unknown): string {
  // 96 bits: nobody meets the same by chance, and nobody gains anything by meeting it on purpose.
  return createHash('sha256').update(canonicalJson(value)).digest('base64url').slice(0, 16);
}

/** Both sides of a plan have the same, but for what their images were. Its secrets, and which own domains are served, are of no matter to what changes. */
function podContext(
  { isStopped, limits, restarts }: PlanBasis,
  name: string,
  imageDigests: ImageDigests,
): PodContext {
  const pullSecret = { dockerConfigJson: '{"auths":{}}' };
  return { name, pullSecret, isStopped, limits, restarts, domains: [], challenges: [], imageDigests };
}

function documentsOf(entries: readonly RevisionEntry[]): ResourceDocument[] {
  return entries.map((entry) => entry.document);
}

function distinct(faults: readonly Fault[]): Fault[] {
  return [...new Map(faults.map((fault) => [JSON.stringify(fault), fault])).values()];
}
