import { cleanedImageBody, cleanupOf, IMAGE_CLEANUP_PATH } from '../../image-cleanup.ts';
import { ImageCleanup } from '../../image-cleanup-schemas.ts';
import { EMPTY_QUERY, NO_BODY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';

export const getImageCleanup = podOperation({
  id: 'getImageCleanup',
  method: 'GET',
  path: IMAGE_CLEANUP_PATH,
  tag: 'images',
  summary: "Show which of a pod's images a clean-up would delete, and why",
  description:
    'By what is set for the pod, or by default. All that the deployed revision, one on its way or the draft names stays in any case. Nothing is changed.',
  access: { actions: ['registry:pull'] },
  query: EMPTY_QUERY,
  body: NO_BODY,
  responses: { 200: { description: 'What would go and what would stay', schema: ImageCleanup } },
  handle: async ({ deps, pod }) => {
    const held = await deps.imageKeeper.holdings(pod.name);
    const { policy, isDefault, plan } = await cleanupOf(deps, pod, held);
    const { go, keep, bytes } = plan;
    const { dueAt, last } = await deps.store.imageCleanups.schedule(pod.id);
    const schedule = { nextAt: dueAt?.toISOString() ?? null, last };
    const lists = { delete: go.map(cleanedImageBody), keep: keep.map(cleanedImageBody) };
    const body = { policy, isDefault, ...lists, bytes, ...schedule, _links: links.cleanup(pod.name) };
    return { status: 200, body };
  },
});
