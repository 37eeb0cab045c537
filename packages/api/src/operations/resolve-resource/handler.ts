import { ApiError } from '@brainpod/model/errors';
import { formatUrn, parseUrn } from '@brainpod/model/urn';
import type { PodRecord } from '@brainpod/store/pods';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { isUuid } from '../../parameters.ts';
import { ResolvedResource } from '../../schemas.ts';

export const resolveResource = podOperation({
  id: 'resolveResource',
  method: 'GET',
  path: '/v1/pods/{pod}/resources/resolve/{identifier}',
  tag: 'resources',
  summary: 'Find a resource by its name, URN or UUID',
  description:
    'In the newest state of the pod. A name that several kinds share is BAD_REQUEST, and the message lists their URNs. A URN has five parts, or seven with the pod: urn:brain:pod:my-pod:app:default:web.',
  access: { actions: ['resources:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'The resource', schema: ResolvedResource } },
  handle: async ({ deps, pod, params }) => {
    const isMeant = matcherOf(params.identifier ?? '', pod);
    const entries = await deps.store.revisions.entries(pod.head.id);
    const found = entries
      .map(({ kind, name, uid }) => ({ kind, name, urn: formatUrn(kind, name), uuid: uid }))
      .filter(isMeant);
    const [first, ...others] = found;
    if (first === undefined) throw new ApiError('NOT_FOUND', `Pod ${pod.name} has no such resource.`);
    if (others.length > 0) {
      const urns = found.map(({ urn }) => urn).join(', ');
      throw new ApiError('BAD_REQUEST', `More than one resource has this name: ${urns}. Give one of these.`);
    }
    return { status: 200, body: { urn: first.urn, uuid: first.uuid } };
  },
});

type Candidate = { name: string; urn: string; uuid: string };

function matcherOf(identifier: string, pod: PodRecord): (candidate: Candidate) => boolean {
  if (identifier.toLowerCase().startsWith('urn:')) {
    const urn = urnWithin(identifier, pod);
    return (candidate) => candidate.urn === urn;
  }
  // A UUID could be a name as well. Who made such a name can still give the URN.
  if (isUuid(identifier)) return ({ uuid }) => uuid === identifier.toLowerCase();
  return ({ name }) => name === identifier;
}

/** The URN as we write it. One that names a pod must name this one. */
function urnWithin(identifier: string, pod: PodRecord): string {
  const parts = identifier.split(':');
  const isQualified = parts.length === 7 && parts[2] === 'pod';
  if (isQualified && parts[3] !== pod.name) {
    throw new ApiError('BAD_REQUEST', `The URN is of another pod than ${pod.name}.`);
  }
  const parsed = parseUrn(isQualified ? ['urn', 'brain', ...parts.slice(4)].join(':') : identifier);
  if (parsed.ok) return formatUrn(parsed.value.kind, parsed.value.name);
  const [fault] = parsed.faults;
  throw new ApiError('BAD_REQUEST', `The URN in the path: ${fault?.message ?? 'It cannot be read.'}`);
}
