import type { CompiledObject } from '@brainpod/compiler/compile';
import type { Refusal } from './apply-objects.ts';

/** Why the cluster refuses a revision, for a person. The cluster's own words go to the log. */
export function refusalText(refusals: readonly Refusal[], objects: readonly CompiledObject[]): string {
  const resources = new Set<string>();
  let overQuota = false;
  for (const { object, error } of refusals) {
    const resource = objects.find((compiled) => compiled.object === object)?.resource;
    resources.add(
      resource === null || resource === undefined ? 'the pod itself' : `${resource.kind} "${resource.name}"`,
    );
    overQuota ||= error.message.includes('exceeded quota');
  }
  const what = [...resources].join(', ');
  if (overQuota)
    return `This revision needs more than the pod may have in all (${what}). Remove something, or ask the operator for more.`;
  return `The cluster refused ${what}, though nothing is wrong with the resources as such. This is for the operator: the server's log has the cluster's own words.`;
}
