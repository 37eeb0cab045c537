import Type from 'typebox';
import { NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';
import { RevisionIdParameter } from '../../parameters.ts';
import { revisionOf } from '../../pod-state.ts';
import { RevisionDiff, type RevisionDiffBody } from '../../schemas.ts';
import { type Change, diffEntries } from './diff.ts';

export const getRevisionDiff = podOperation({
  id: 'getRevisionDiff',
  method: 'GET',
  path: '/v1/pods/{pod}/revisions/{revision}/diff',
  tag: 'revisions',
  summary: 'Show what a revision changes',
  description:
    'Compared with the revision `base`, or else with its parent. Without either, everything is new.',
  access: { actions: ['revisions:read'] },
  query: Type.Object({ base: Type.Optional(RevisionIdParameter) }),
  body: NO_BODY,
  responses: { 200: { description: 'The changed resources, by kind and name', schema: RevisionDiff } },
  handle: async ({ deps, pod, params, query }) => {
    const revision = await revisionOf(deps, pod, params.revision ?? '');
    const baseId =
      query.base === undefined ? revision.parentId : (await revisionOf(deps, pod, query.base)).id;
    const before = baseId === null ? [] : await deps.store.revisions.entries(baseId);
    const changes = diffEntries(before, await deps.store.revisions.entries(revision.id));
    const holder = (change: Change) =>
      change.changeType === 'delete' && baseId !== null ? baseId : revision.id;
    const body: RevisionDiffBody = {
      revision: revision.id,
      base: baseId,
      entries: changes.map((change) => ({
        ...change,
        _links: { self: links.resource(pod.name, change.kind, change.name, { revision: holder(change) }) },
      })),
      _links: {
        self: links.diff(pod.name, revision.id, query.base),
        revision: links.revision(pod.name, revision.id),
      },
    };
    return { status: 200, body };
  },
});
