import { placeOf } from './document-place.ts';
import type { Fault } from './fault.ts';
import type { PodDocuments } from './pod-documents.ts';

/**
 * Apps and databases that share a name: each is reached in the pod by its name alone. The fault stands at
 * each of them, since whoever changes one must hear of it.
 */
export function checkHostNames({ apps, databases }: PodDocuments): Fault[] {
  const addressable = [...apps, ...databases];
  return addressable.flatMap((document) => {
    const { kind } = document;
    const { name } = document.metadata;
    const other = addressable.find((each) => each.metadata.name === name && each.kind !== kind);
    if (other === undefined) return [];
    const message = `Is the name of ${placeOf(other)} too, and both would be reached at "${name}". Rename one.`;
    return [{ path: `${placeOf(document)}.metadata.name`, message }];
  });
}
