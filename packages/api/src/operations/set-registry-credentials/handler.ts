import { ApiError } from '@brainpod/model/errors';
import { bodyOf, EMPTY_QUERY } from '../../input.ts';
import { podOperation } from '../../operation.ts';
import { foreignRegistryIn, REGISTRY_CREDENTIAL_PATH } from '../../registry-credentials.ts';
import { RegistryCredentials, RegistryCredentialsInput } from '../../registry-schemas.ts';
import { registryCredentialsBody } from '../../representations/registry-credentials.ts';

export const setRegistryCredentials = podOperation({
  id: 'setRegistryCredentials',
  method: 'PUT',
  path: REGISTRY_CREDENTIAL_PATH,
  tag: 'images',
  summary: "Set what a pod's images of another registry are fetched with",
  description:
    'For all images whose names begin with this host, such as ghcr.io, or docker.io for names without any; in the place of what was set for it before. It counts from the next time that an image is fetched: nothing is restarted by it. The password is encrypted and shown to nobody again. Up to 20 registries.',
  access: { actions: ['pods:write'] },
  query: EMPTY_QUERY,
  body: bodyOf(RegistryCredentialsInput, { required: true }),
  hasPrecondition: true,
  responses: { 200: { description: 'What is set, without the password', schema: RegistryCredentials } },
  handle: async ({ deps, pod, params, body, actor }) => {
    const { registryPasswords, registryHost, store } = deps;
    const registry = foreignRegistryIn(params, registryHost);
    if (registryPasswords === undefined) {
      throw new ApiError('SERVICE_UNAVAILABLE', 'This server takes no credentials of registries.');
    }
    const passwordSealed = registryPasswords.sealPassword(pod.id, registry, body.password);
    const credential = { registry, username: body.username, passwordSealed };
    const set = await store.registryCredentials.set(pod.id, credential, actor);
    return { status: 200, body: registryCredentialsBody(pod.name, set) };
  },
});
