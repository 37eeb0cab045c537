import {
  checkPodDocuments,
  type Fault,
  parseResourceDocument,
  type ResourceDocument,
  type ResourceInput,
} from '@brainpod/model/document';
import { placeOf } from '@brainpod/model/document-place';
import { underPath } from '@brainpod/model/fault';
import type { DraftRules } from '@brainpod/store/drafts';
import type { ApiDependencies } from './dependencies.ts';
import { foreignImageFaults } from './image-rule.ts';

type Context = { podName: string; deps: ApiDependencies };

/** All that is wrong with the documents of a pod together; what a deploy asks. */
export function podFaults(documents: readonly ResourceDocument[], { podName, deps }: Context): Fault[] {
  const { registryHost } = deps;
  return [...checkPodDocuments(documents), ...foreignImageFaults(documents, { podName, registryHost })];
}

/** All that is wrong with documents that were kept under earlier rules. */
export function documentFaults(documents: readonly ResourceDocument[], context: Context): Fault[] {
  const own = documents.flatMap((document) => {
    const parsed = parseResourceDocument(document);
    return parsed.ok ? [] : underPath(placeOf(document), parsed.faults);
  });
  return own.length > 0 ? own : podFaults(documents, context);
}

/** What a change of the draft must obey: the changed documents have no faults among the others. */
export function draftRules(context: Context): DraftRules {
  return {
    domain: context.deps.domain,
    check: (documents, changed) => {
      const places = new Set(changed.map(placeOf));
      return podFaults(documents, context).filter((fault) => places.has(splitPlace(fault.path).place));
    },
  };
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
