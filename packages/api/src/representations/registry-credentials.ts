import type { RegistryCredential } from '@brainpod/store/registry-credentials';
import { links } from '../links.ts';
import type { RegistryCredentialsBody } from '../registry-schemas.ts';

/** What a pod pulls images of a registry with, without the password. */
export function registryCredentialsBody(
  podName: string,
  { registry, username, setAt }: RegistryCredential,
): RegistryCredentialsBody {
  return {
    registry,
    username,
    setAt: setAt.toISOString(),
    _links: {
      pod: links.pod(podName),
      credentials: links.registryCredentials(podName),
      self: links.registryCredential(podName, registry),
    },
  };
}
