import type { Kind } from './kind.ts';

/** Where faults of one document of a pod are found: `App/web`. */
export function placeOf(document: { kind: Kind; metadata: { name: string } }): string {
  return `${document.kind}/${document.metadata.name}`;
}
