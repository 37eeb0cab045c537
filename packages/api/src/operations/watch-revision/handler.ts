import { createHash } from 'node:crypto';
import { canonicalJson } from '@brainpod/model/canonical-json';
import Type from 'typebox';
import type { ApiDependencies } from '../../dependencies.ts';
import { afterEachChange, findRevision, isFinished } from '../../deploy-watch.ts';
import type { ServerSentEvent } from '../../event-stream.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { revisionOf } from '../../pod-state.ts';
import { progressBody } from '../../representations/revision.ts';
import { RevisionProgress } from '../../schemas.ts';

const DEFAULT_SECONDS = 60;

export const watchRevision = podOperation({
  id: 'watchRevision',
  method: 'GET',
  path: '/v1/pods/{pod}/revisions/{revision}/watch',
  tag: 'revisions',
  summary: 'Watch how a revision goes live',
  description:
    'Events `revision`: how the revision and its resources are now, then each time that this changes. While it is being applied, `healthy` and `status` are of what is in the cluster at that moment. `phase` is the state, or `waiting` for a pending revision behind another one. Ends with an event `end` when the revision is deployed, failed or canceled, or when the time is over. With Last-Event-ID, a state that was seen already is not sent again.',
  access: { actions: ['revisions:read', 'resources:read'] },
  query: Type.Object({
    duration: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 300,
        default: DEFAULT_SECONDS,
        description: 'a whole number of seconds from 1 to 300 to stay at most',
      }),
    ),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'Events as they happen', schema: RevisionProgress, isStream: true } },
  handle: async ({ deps, pod, params, query, headers, callerGone }) => {
    const { id } = await revisionOf(deps, pod, params.revision ?? '');
    const lastSeen = headers['last-event-id'];
    return {
      events: progress(deps, {
        pod,
        revisionId: id,
        timeoutMs: (query.duration ?? DEFAULT_SECONDS) * 1000,
        callerGone: callerGone(),
        ...(typeof lastSeen === 'string' ? { lastSeen } : {}),
      }),
    };
  },
});

type Watch = {
  pod: { id: string; name: string };
  revisionId: string;
  timeoutMs: number;
  callerGone: AbortSignal;
  lastSeen?: string;
};

async function* progress(deps: ApiDependencies, watch: Watch): AsyncGenerator<ServerSentEvent> {
  const { pod, revisionId } = watch;
  let { lastSeen } = watch;
  const look = async () => {
    const revision = await findRevision(deps, { podId: pod.id, revisionId });
    return { revision, resources: await deps.store.resources.observe(revisionId) };
  };
  for await (const { revision, resources } of afterEachChange(
    deps,
    { ...watch, podId: pod.id, withStatuses: true },
    look,
  )) {
    const data = progressBody(pod.name, revision, resources);
    const id = createHash('sha256').update(canonicalJson(data)).digest('base64url');
    if (id !== lastSeen) yield { event: 'revision', id, data };
    lastSeen = id;
    if (isFinished(revision)) break;
  }
  yield { event: 'end', data: {} };
}
