import { DEFAULT_CLEANUP } from '@brainpod/model/image-cleanup';
import { IMAGE_CLEANUP_PATH } from '../../image-cleanup.ts';
import { CleanupPolicyInput, SetCleanup } from '../../image-cleanup-schemas.ts';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { links } from '../../links.ts';
import { podOperation } from '../../operation.ts';

export const setImageCleanup = podOperation({
  id: 'setImageCleanup',
  method: 'PUT',
  path: IMAGE_CLEANUP_PATH,
  tag: 'images',
  summary: 'Set which images of a pod a clean-up keeps',
  description:
    'What is left out is as by default. Nothing is deleted by this: GET shows what would be, POST does it, and so does each day where `daily` is true.',
  access: { actions: ['registry:push'] },
  query: EMPTY_QUERY,
  body: bodyOf(CleanupPolicyInput, { required: true }),
  responses: { 200: { description: 'What is set', schema: SetCleanup } },
  handle: async ({ deps, pod, body, actor }) => {
    const policy = { ...DEFAULT_CLEANUP, ...body };
    await deps.store.imageCleanups.setPolicy(pod.id, policy, actor);
    return { status: 200, body: { policy, _links: links.cleanup(pod.name) } };
  },
});
