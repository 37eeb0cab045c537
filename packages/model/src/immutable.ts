import type { Fault } from './fault.ts';
import type { DatabaseDocument } from './kinds/database.ts';
import type { ResourceDocument, ResourceInput } from './resource-document.ts';

/**
 * A document that is to take the place of a stored one, with all that the platform sets or that never
 * changes put back silently: the host name of a Route, the volume of a Disk, version and Disk of a
 * database, and the edition of an MSSQL. Without a stored one (null, or one of another kind), what the
 * platform sets is taken out.
 */
export function putBackImmutable(stored: ResourceDocument | null, next: ResourceInput): ResourceInput {
  switch (next.kind) {
    case 'App':
    case 'Config':
      return next;
    case 'Route': {
      const { hostname: _, ...spec } = next.spec;
      const kept = stored?.kind === 'Route' ? { hostname: stored.spec.hostname } : {};
      return { ...next, spec: { ...spec, ...kept } };
    }
    case 'Disk': {
      const { volumeHandle: _, ...spec } = next.spec;
      const volumeHandle = stored?.kind === 'Disk' ? stored.spec.volumeHandle : undefined;
      return { ...next, spec: { ...spec, ...(volumeHandle === undefined ? {} : { volumeHandle }) } };
    }
    case 'Postgres':
      return stored?.kind === 'Postgres' ? sameDatabase(stored, next) : next;
    case 'MariaDB':
      return stored?.kind === 'MariaDB' ? sameDatabase(stored, next) : next;
    case 'Valkey':
      return stored?.kind === 'Valkey' ? sameDatabase(stored, next) : next;
    case 'MSSQL': {
      if (stored?.kind !== 'MSSQL') return next;
      const same = sameDatabase(stored, next);
      return { ...same, spec: { ...same.spec, edition: stored.spec.edition } };
    }
  }
}

/** What a stored document does not allow of the one that is to take its place. Paths start at its root. */
export function immutableFaults(stored: ResourceDocument | null, next: ResourceInput): Fault[] {
  if (stored?.kind !== 'Disk' || next.kind !== 'Disk' || next.spec.size >= stored.spec.size) return [];
  const message = `Must be at least ${stored.spec.size}, as it is now, but it is ${next.spec.size}: a Disk can grow, and never shrinks. To save space, move the files to a new, smaller Disk.`;
  return [{ path: 'spec.size', message }];
}

function sameDatabase<D extends DatabaseDocument>(stored: D, next: D): D {
  return { ...next, spec: { ...next.spec, version: stored.spec.version, diskRef: stored.spec.diskRef } };
}
