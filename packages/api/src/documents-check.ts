import { type Demand, demandOf, limitFaults, type PodLimits } from '@brainpod/model/capacity';
import {
  checkPodDocuments,
  type Fault,
  parseResourceDocument,
  type ResourceDocument,
  type ResourceInput,
} from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { underPath } from '@brainpod/model/fault';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import { notRunningFaults } from '@brainpod/model/not-running';
import type { DeployCheck } from '@brainpod/store/deploy-result';
import type { DraftRules } from '@brainpod/store/drafts';
import type { ApiDependencies } from './dependencies.ts';
import { foreignImageFaults, type ImageFacts, imageFaults } from './image-check.ts';
import { instanceSizes } from './instance-sizes.ts';

type Context = { podName: string; deps: ApiDependencies; images: ImageFacts };
type SizedContext = Context & { sizes: InstanceSizes };

/** All that is wrong with the documents of a pod together. */
function podFaults(documents: readonly ResourceDocument[], { podName, deps, images }: Context): Fault[] {
  const { registryHost } = deps;
  return [
    ...checkPodDocuments(documents),
    ...foreignImageFaults(documents, { podName, registryHost }),
    ...imageFaults(documents, images),
  ];
}

/** What a deploy asks of documents: nothing wrong with them together, all of them run here, and there is room. */
export async function deployRules(context: Context): Promise<DeployCheck> {
  const sizes = await instanceSizes(context.deps);
  return (documents, { limits }) => deployFaults(documents, limits, { ...context, sizes });
}

/** What making an earlier revision live again asks: that each document is still valid, and what a deploy asks. */
export async function rollbackRules(context: Context): Promise<DeployCheck> {
  const sizes = await instanceSizes(context.deps);
  return (documents, { limits }) => {
    const outdated = documents.flatMap((document) => {
      const parsed = parseResourceDocument(document);
      return parsed.ok ? [] : underPath(placeOf(document), parsed.faults);
    });
    return outdated.length > 0 ? outdated : deployFaults(documents, limits, { ...context, sizes });
  };
}

/** All that keeps documents from being deployed, as far as it can be known without the cluster. */
export function deployFaults(
  documents: readonly ResourceDocument[],
  limits: PodLimits | null,
  context: SizedContext,
): Fault[] {
  return [
    ...notRunningFaults(documents),
    ...podFaults(documents, context),
    ...(limits === null ? [] : limitFaults(demandOf(documents, context.sizes), limits)),
  ];
}

/**
 * What a change of the draft must obey: the changed documents have no faults among the others, and what the pod asks
 * for grows no further than its limits.
 */
export async function draftRules(context: Context): Promise<DraftRules> {
  const sizes = await instanceSizes(context.deps);
  return {
    domain: context.deps.domain,
    check: ({ before, documents, changed, limits }) => {
      const places = new Set(changed.map(placeOf));
      return [
        ...podFaults(documents, context).filter((fault) => places.has(splitPlace(fault.path).place)),
        ...(limits === null ? [] : growthFaults(demandOf(before, sizes), demandOf(documents, sizes), limits)),
      ];
    },
  };
}

/** Who is beyond a limit already may still change what takes no more of it. */
function growthFaults(before: Demand, after: Demand, limits: PodLimits): Fault[] {
  const grown = new Set(limitFaults(after, before).map(({ path }) => path));
  return limitFaults(after, limits).filter(({ path }) => grown.has(path));
}

/** Faults of documents that came as a list, with their places in it: `App/web.spec…` becomes `0.spec…`. */
export function faultsInBatch(faults: readonly Fault[], batch: readonly ResourceInput[]): Fault[] {
  const places = batch.map(placeOf);
  return faultsInInput(faults, (place) => String(places.indexOf(place)));
}

/** Turns faults of documents (`App/web.spec…`) into faults of the input that holds them (`0.spec…`). */
export function faultsInInput(faults: readonly Fault[], prefixOf: (place: string) => string): Fault[] {
  return faults.flatMap(({ path, message }) => {
    const { place, rest } = splitPlace(path);
    // What is wrong with all of it together, such as a limit of the pod, lies in none of the documents.
    if (!place.includes('/')) return [{ path, message }];
    const prefix = prefixOf(place);
    return prefix === '' ? [{ path: rest, message }] : underPath(prefix, [{ path: rest, message }]);
  });
}

/** Kinds and names hold neither dots nor brackets, so a document's place ends at the first of them. */
function splitPlace(path: string): { place: string; rest: string } {
  const end = path.search(/[.[]/);
  if (end < 0) return { place: path, rest: '' };
  return { place: path.slice(0, end), rest: path[end] === '.' ? path.slice(end + 1) : path.slice(end) };
}
