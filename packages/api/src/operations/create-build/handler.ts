import { ApiError } from '@brainpod/model/errors';
import type { Fault } from '@brainpod/model/fault';
import { faultOfPath, isFile } from '@brainpod/model/source';
import { Build, BuildInput } from '../../build-schemas.ts';
import { faultsOfSecrets, sealedForNewBuild } from '../../build-secrets.ts';
import { bodyOf, EMPTY_QUERY, validationError } from '../../input.ts';
import { keptSources } from '../../kept-sources.ts';
import { podOperation } from '../../operation.ts';
import { buildBody } from '../../representations/build.ts';

export const createBuild = podOperation({
  id: 'createBuild',
  method: 'POST',
  path: '/v1/pods/{pod}/builds',
  tag: 'builds',
  summary: 'Build an image of a source, in the pod’s own builder',
  description:
    'It waits for its turn, one build of a pod at a time. Its log can be read as it grows; when it is ready the image is in the registry.',
  access: { actions: ['builds:create'] },
  query: EMPTY_QUERY,
  body: bodyOf(BuildInput, { required: true }),
  responses: { 202: { description: 'It waits for its turn', schema: Build } },
  hasPrecondition: true,
  prepare: async ({ deps, pod, body }) => {
    const faults = [...faultsOfPaths(body), ...faultsOfSecrets(body.secrets ?? [])];
    if (faults.length > 0) throw validationError(faults);
    const files = await keptSources(deps).readList(pod.id, body.source);
    const again = `Send it with POST /v1/pods/${pod.name}/sources.`;
    if (files === null) {
      throw new ApiError('PRECONDITION_FAILED', `Pod ${pod.name} has no such source. ${again}`);
    }
    const digests = files.filter(isFile).map((file) => file.digest);
    const { length } = await keptSources(deps).missing(pod.id, digests);
    if (length === 0) return;
    throw new ApiError('PRECONDITION_FAILED', `${length} files of this source were not sent yet. ${again}`);
  },
  handle: async ({ deps, pod, body, actor }) => {
    const build = await deps.store.builds.create(
      pod.id,
      {
        repository: body.image,
        tag: body.tag ?? 'latest',
        source: body.source,
        platform: body.platform ?? null,
        options: {
          builder: body.builder ?? 'auto',
          dockerfile: body.dockerfile ?? 'Dockerfile',
          directory: body.directory ?? '',
          overrides: body.overrides ?? {},
        },
        tags: { ...body.labels },
        ...sealedForNewBuild(body.secrets ?? [], deps.buildSecrets),
      },
      actor,
    );
    return { status: 202, body: await buildBody(pod.name, build, deps.store) };
  },
});

type Paths = {
  dockerfile?: string;
  directory?: string;
  overrides?: { directory?: string; publish?: string };
};

function faultsOfPaths({ dockerfile, directory, overrides = {} }: Paths): Fault[] {
  const faults: Fault[] = [];
  const check = (path: string, value: string | undefined) => {
    const message = value === undefined || value === '' ? null : faultOfPath(value);
    if (message !== null) faults.push({ path, message });
  };
  check('dockerfile', dockerfile);
  check('directory', directory);
  check('overrides.directory', overrides.directory);
  check('overrides.publish', overrides.publish);
  return faults;
}
