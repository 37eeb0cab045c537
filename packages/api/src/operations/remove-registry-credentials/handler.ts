import { EMPTY_BODY, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { REGISTRY_CREDENTIAL_PATH, registryIn } from '../../registry-credentials.ts';
import { RegistryCredentials } from '../../registry-schemas.ts';
import { registryCredentialsBody } from '../../representations/registry-credentials.ts';

export const removeRegistryCredentials = podOperation({
  id: 'removeRegistryCredentials',
  method: 'DELETE',
  path: REGISTRY_CREDENTIAL_PATH,
  tag: 'images',
  summary: "Remove what a pod's images of another registry are fetched with",
  description:
    'Instances that run go on. An image that is not public cannot be fetched any more: not by a new App, and not by one whose instance is started on another machine.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: EMPTY_BODY,
  responses: { 200: { description: 'What was set', schema: RegistryCredentials } },
  handle: async ({ deps, pod, params, actor }) => {
    const removed = await deps.store.registryCredentials.remove(pod.id, registryIn(params), actor);
    return { status: 200, body: registryCredentialsBody(pod.name, removed) };
  },
});
