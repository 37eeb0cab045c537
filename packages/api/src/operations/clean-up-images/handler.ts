import { cleanupOf, IMAGE_CLEANUP_PATH } from '../../image-cleanup.ts';
import { DeletedImages } from '../../image-cleanup-schemas.ts';
import { deleteImages, imagesDeleted } from '../../image-deletion.ts';
import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';

export const cleanUpImages = podOperation({
  id: 'cleanUpImages',
  method: 'POST',
  path: IMAGE_CLEANUP_PATH,
  tag: 'images',
  summary: 'Delete the images of a pod that are not needed any longer',
  description:
    'Those that GET of the same path shows. What is pushed again at that moment stays. The disk is freed a day later.',
  access: { actions: ['registry:push'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 200: { description: 'What was deleted', schema: DeletedImages } },
  prepare: ({ deps, pod }) => deps.imageKeeper.holdings(pod.name),
  handle: async ({ deps, pod, prepared, actor }) => {
    const { plan } = await cleanupOf(deps, pod, prepared);
    await deps.store.imageCleanups.recordDeletion(pod.id, null, actor);
    return imagesDeleted(pod.name, plan.go, { bytes: plan.bytes });
  },
  settle: ({ deps, pod }, reply) => deleteImages(deps, pod.name, reply),
});
