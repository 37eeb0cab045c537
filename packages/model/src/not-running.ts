import { placeOf } from './document-place.ts';
import type { Fault } from './fault.ts';
import { isRunning, type Kind } from './kind.ts';

/** What keeps documents from being deployed: kinds that do not run here yet. Paths are `<Kind>/<name>`. */
export function notRunningFaults(documents: readonly { kind: Kind; metadata: { name: string } }[]): Fault[] {
  return documents
    .filter(({ kind }) => !isRunning(kind))
    .map((document) => ({
      path: placeOf(document),
      message: `${document.kind} does not run here yet, so this cannot be deployed. ${wayOut(document)}`,
    }));
}

function wayOut({ kind, metadata }: { kind: Kind; metadata: { name: string } }): string {
  if (kind === 'Disk') {
    return 'Remove it and the mounts that name it from the draft, and keep files in an external storage service.';
  }
  return `Remove it from the draft, and give the address of an external service to the Apps that refer to "${metadata.name}".`;
}
