import type { BuildSecretSealer } from '../build-secrets.ts';
import type { RegistryPasswords } from '../registry-credentials.ts';

/** How one is sealed is tested where that is done; from this nothing can be read either. */
export const standInPasswords: RegistryPasswords = {
  sealPassword: (podId, registry, password) => Buffer.from(`${podId}/${registry}/${password.length}`),
};

export const standInBuildSecrets: BuildSecretSealer = {
  sealSecret: (buildId, id, value) => Buffer.from(`${buildId}/${id}/${value.length}`),
};
