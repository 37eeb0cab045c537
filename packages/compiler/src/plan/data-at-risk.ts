import type { ResourceDocument } from '@brainpod/model/document';
import type { DatabaseDocument } from '@brainpod/model/kinds/database';
import type { DiskDocument } from '@brainpod/model/kinds/disk';
import { nameInUrn } from '@brainpod/model/kinds/urn-field';
import type { PlanSide } from './side.ts';

/** What data may be lost when a document goes (`after` undefined) or another takes its place; null where none. */
export function dataAtRiskOf(
  before: ResourceDocument,
  after: ResourceDocument | undefined,
  next: PlanSide,
): string | null {
  switch (before.kind) {
    case 'App':
    case 'Config':
    case 'Route':
      return null;
    case 'Disk':
      return ofDisk(before, after);
    default:
      return ofDatabase(before, after, next);
  }
}

function ofDisk({ metadata, spec }: DiskDocument, after: ResourceDocument | undefined): string | null {
  if (after?.kind !== 'Disk') return `All files on Disk "${metadata.name}" (${spec.size} GB) are erased.`;
  if (after.spec.size >= spec.size) return null;
  return `Disk "${metadata.name}" cannot shrink from ${spec.size} to ${after.spec.size} GB without losing files.`;
}

function ofDatabase(
  before: DatabaseDocument,
  after: ResourceDocument | undefined,
  next: PlanSide,
): string | null {
  const disk = nameInUrn(before.spec.diskRef);
  const newDisk = after !== undefined && 'diskRef' in after.spec ? nameInUrn(after.spec.diskRef) : null;
  if (newDisk === disk) return null;
  const who = `${before.kind} "${before.metadata.name}"`;
  const start = newDisk === null ? `${who} is removed` : `${who} starts without data on Disk "${newDisk}"`;
  const isKept = next.documents.has(`Disk/${disk}`);
  return isKept
    ? `${start}. Its data stays on Disk "${disk}", where nothing serves it any more.`
    : `${start}, and all its data is erased with Disk "${disk}".`;
}
