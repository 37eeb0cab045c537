import { invalid, isRecord } from '@brainpod/model/fault';
import { isFile, parseSource, type SourceEntry } from '@brainpod/model/source';
import { Source, SourceInput } from '../../build-schemas.ts';
import { type BodySpec, EMPTY_QUERY } from '../../input.ts';
import { keptSources } from '../../kept-sources.ts';
import { podOperation } from '../../operation.ts';

const FILES: BodySpec<SourceEntry[]> = {
  required: true,
  schema: SourceInput,
  parse: (input) => {
    if (!isRecord(input)) return invalid('It must be an object with a list of files.');
    const other = Object.keys(input).find((key) => key !== 'files');
    return other === undefined
      ? parseSource(input.files)
      : invalid('Is not a field that exists here.', other);
  },
};

export const createSource = podOperation({
  id: 'createSource',
  method: 'POST',
  path: '/v1/pods/{pod}/sources',
  tag: 'builds',
  summary: 'Say which files are to be built, and learn which of them are still to be sent',
  description:
    'Files are known by what is in them: what the pod has from an earlier build is not sent again. Send what is `missing` as a tar, ask again until nothing is, then create a build of the `source`.',
  access: { actions: ['builds:create'] },
  query: EMPTY_QUERY,
  body: FILES,
  takesSource: true,
  responses: { 200: { description: 'What is known, and what is missing', schema: Source } },
  prepare: async ({ deps, pod, body }) => {
    const source = await keptSources(deps).putList(pod.id, body);
    const digests = body.filter(isFile).map((file) => file.digest);
    return { source, missing: await keptSources(deps).missing(pod.id, digests) };
  },
  handle: async ({ deps, pod, body, actor, prepared }) => {
    const { source, missing } = prepared;
    await deps.store.audit.record(actor, { pod: { id: pod.id, name: pod.name }, target: source });
    const bytes = body.filter(isFile).reduce((sum, file) => sum + file.sizeBytes, 0);
    return { status: 200, body: { source, files: body.length, bytes, missing } };
  },
});
