import { ApiError } from '@brainpod/model/errors';
import type { HeldManifest } from '@brainpod/model/stored-image';
import Type from 'typebox';
import { imagesNamedBy } from '../../image-cleanup.ts';
import { DeletedImages } from '../../image-cleanup-schemas.ts';
import {
  deleteImages,
  deletionOf,
  imagesDeleted,
  isPart,
  reasonAgainstDeletion,
} from '../../image-deletion.ts';
import { EMPTY_BODY } from '../../input.ts';
import { podOperation } from '../../operation.ts';

const MAX_REPOSITORY_CHARACTERS = 512;
const MAX_REFERENCE_CHARACTERS = 128;

export const deletePodImage = podOperation({
  id: 'deletePodImage',
  method: 'DELETE',
  path: '/v1/pods/{pod}/images',
  tag: 'images',
  summary: 'Delete a container image of a pod',
  description:
    'By a tag: that goes, and the image too when it has no other. By its digest: the image with all its tags. What it is made of and what is about it, such as a signature, goes along. Not what is deployed or on its way. The disk is freed a day later.',
  access: { actions: ['registry:push'] },
  query: Type.Object(
    {
      repository: Type.String({
        ...{ minLength: 1, maxLength: MAX_REPOSITORY_CHARACTERS },
        description: `1 to ${MAX_REPOSITORY_CHARACTERS} characters: its repository, without the name of the pod`,
      }),
      reference: Type.String({
        ...{ minLength: 1, maxLength: MAX_REFERENCE_CHARACTERS },
        description: `1 to ${MAX_REFERENCE_CHARACTERS} characters: its tag, or its digest`,
      }),
    },
    { additionalProperties: false },
  ),
  body: EMPTY_BODY,
  hasPrecondition: true,
  responses: { 200: { description: 'What was deleted', schema: DeletedImages } },
  prepare: ({ deps, pod }) => deps.imageKeeper.holdings(pod.name),
  handle: async ({ deps, pod, query, prepared: held, actor }) => {
    const { repository, reference } = query;
    const image = find(held, query);
    if (image === undefined) {
      throw new ApiError(
        'NOT_FOUND',
        `Pod ${pod.name} has no image ${repository}:${reference}. GET /v1/pods/${pod.name}/images lists what there is.`,
      );
    }
    const untagged = { repository, tag: reference };
    await deps.store.imageCleanups.recordDeletion(pod.id, `${repository}:${reference}`, actor);
    // What is also part of an index stays for that.
    const isNeeded = image.tags.length > 1 || isPart(held, image);
    if (image.digest !== reference && isNeeded) return imagesDeleted(pod.name, [], { bytes: 0, untagged });
    const live = (await deps.store.imageCleanups.keeping(pod.id, 1)).filter(({ isLive }) => isLive);
    const named = await imagesNamedBy(deps, pod, live);
    const against = reasonAgainstDeletion(image, held, named);
    if (against !== null) throw new ApiError('PRECONDITION_FAILED', against);
    const { go, bytes } = deletionOf(image, held, named);
    return imagesDeleted(pod.name, go, { bytes });
  },
  settle: ({ deps, pod }, reply) => deleteImages(deps, pod.name, reply),
});

function find(
  held: readonly HeldManifest[],
  { repository, reference }: { repository: string; reference: string },
): HeldManifest | undefined {
  return held.find(
    (image) =>
      image.repository === repository && (image.digest === reference || image.tags.includes(reference)),
  );
}
