import type { Resource } from '@brainpod/api-client/client';
import { KIND_OF_NAME } from '../kinds.ts';

/** What is told of how a resource does, wherever it is told. */
export type Health = Pick<Resource, 'healthy' | 'status'>;
export type Instance = { name: string; phase: string; reason: string };

export function nameOf(resource: Resource): string {
  return `${resource.content.kind}/${resource.content.metadata.name}`;
}

/** `App/web` of `urn:brain:app:default:web`; what is no such URN stays as it is. */
export function nameOfUrn(urn: string): string {
  const parts = urn.split(':');
  const kind = KIND_OF_NAME.get(parts.at(-3) ?? '');
  return kind === undefined ? urn : `${kind}/${parts.at(-1) ?? ''}`;
}

/** The phase of a resource in one word: what it reports, else whether it is healthy. */
export function phaseOf({ status, healthy }: Health): string {
  if (status !== null && status !== undefined && 'phase' in status) return status.phase;
  return healthy ? 'healthy' : 'waiting';
}

/** How many instances are ready, and why those that are not are not. */
export function describe(resource: Health): string {
  const { status } = resource;
  if (status === null || status === undefined || !('replicas' in status)) return '';
  const count = `${status.readyReplicas} of ${Math.max(status.replicas.length, status.readyReplicas)} ready`;
  const reasons = instancesOf(resource).flatMap(({ reason }) => (reason === '' ? [] : [reason]));
  return [count, ...new Set(reasons)].join(', ');
}

/** Its instances, one by one; none where the resource has none. */
export function instancesOf({ status }: Health): Instance[] {
  if (status === null || status === undefined || !('replicas' in status)) return [];
  return status.replicas.map(({ name, phase, reason }) => ({ name, phase, reason: reason ?? '' }));
}
