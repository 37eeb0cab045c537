import { ApiError } from '@brainpod/model/errors';
import Type from 'typebox';
import { ImageDetail, VISIBILITIES } from '../../image-schemas.ts';
import { NO_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { imageDetail } from '../../representations/image.ts';

const MAX_REPOSITORY_CHARACTERS = 512;
const MAX_TAG_CHARACTERS = 128;
const COMPONENTS = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?(?:\/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)*$/;
const TAG = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

export const inspectPodImage = podOperation({
  id: 'inspectPodImage',
  method: 'GET',
  path: '/v1/pods/{pod}/images/inspect',
  tag: 'images',
  summary: 'Show one container image with its variants',
  description:
    'One variant for each processor that it was made for, each with the user that it starts as, the ports that it says it listens on, and the kinds of what is said of it.',
  access: { actions: ['registry:pull'] },
  query: Type.Object({
    visibility: Type.Enum(VISIBILITIES, { description: '"public" or "pod"' }),
    repository: Type.String({
      minLength: 1,
      maxLength: MAX_REPOSITORY_CHARACTERS,
      description: `1 to ${MAX_REPOSITORY_CHARACTERS} characters: its repository, without the name of the pod`,
    }),
    tag: Type.String({
      minLength: 1,
      maxLength: MAX_TAG_CHARACTERS,
      description: `1 to ${MAX_TAG_CHARACTERS} characters: its tag`,
    }),
  }),
  body: NO_BODY,
  responses: { 200: { description: 'The image', schema: ImageDetail } },
  handle: async ({ deps, pod, query, callerGone }) => {
    const { visibility, repository, tag } = query;
    // Nothing is asked of the registry under a name that no image can have.
    const canBe = visibility === 'pod' && COMPONENTS.test(repository) && TAG.test(tag);
    const image = canBe
      ? await deps.images.find(pod.name, { repository, reference: tag }, callerGone())
      : null;
    if (image === null) {
      const whose =
        visibility === 'public' ? 'There are no public images yet' : `Pod ${pod.name} has no image`;
      const named = visibility === 'public' ? '' : ` ${repository}:${tag}`;
      throw new ApiError(
        'NOT_FOUND',
        `${whose}${named}. GET /v1/pods/${pod.name}/images lists what there is.`,
      );
    }
    const statements = await Promise.all(
      image.variants.map(async ({ digest }) => {
        const kinds = await deps.images.statements(pod.name, { repository, digest }, callerGone());
        return [digest, kinds] as const;
      }),
    );
    const place = { pod: pod.name, registryHost: deps.registryHost };
    return { status: 200, body: imageDetail(place, image, new Map(statements)) };
  },
});
