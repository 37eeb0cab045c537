import Type from 'typebox';
import { NO_BODY, NO_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { REGISTRY_CREDENTIALS_PATH } from '../../registry-credentials.ts';
import { RegistryCredentials } from '../../registry-schemas.ts';
import { registryCredentialsBody } from '../../representations/registry-credentials.ts';

export const listRegistryCredentials = podOperation({
  id: 'listRegistryCredentials',
  method: 'GET',
  path: REGISTRY_CREDENTIALS_PATH,
  tag: 'images',
  summary: 'List the registries for which a pod has credentials',
  description:
    "With whom it signs in there, and since when. Passwords are shown to nobody. The platform's own registry needs none.",
  access: { actions: ['pods:read'] },
  query: NO_QUERY,
  body: NO_BODY,
  responses: {
    200: { description: 'The credentials, by registry', schema: Type.Array(RegistryCredentials) },
  },
  handle: async ({ deps, pod }) => {
    const credentials = await deps.store.registryCredentials.list(pod.id);
    return { status: 200, body: credentials.map((each) => registryCredentialsBody(pod.name, each)) };
  },
});
