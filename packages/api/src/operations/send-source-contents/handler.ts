import { ReceivedContents } from '../../build-schemas.ts';
import { EMPTY_QUERY } from '../../input.ts';
import { keptSources } from '../../kept-sources.ts';
import { podOperation } from '../../operation.ts';
import { openTar, TAR_BODY } from '../../tar-body.ts';

export const sendSourceContents = podOperation({
  id: 'sendSourceContents',
  method: 'PUT',
  path: '/v1/pods/{pod}/sources/contents',
  tag: 'builds',
  summary: 'Send files that are to be built',
  description:
    'A tar of regular files, each named by the hexadecimal SHA-256 of what is in it, with `Content-Encoding: gzip` or without, of at most 2 GiB. Every file is held against its name. What came before a fault or a broken connection is kept.',
  access: { actions: ['builds:create'] },
  query: EMPTY_QUERY,
  body: TAR_BODY,
  responses: { 200: { description: 'The files are kept', schema: ReceivedContents } },
  prepare: async ({ deps, pod, body, headers }) =>
    keptSources(deps).receive(pod.id, openTar(body, headers, deps.requestTimeoutMs)),
  handle: async ({ deps, pod, actor, prepared }) => {
    await deps.store.audit.record(actor, { pod: { id: pod.id, name: pod.name } });
    return { status: 200, body: prepared };
  },
});
