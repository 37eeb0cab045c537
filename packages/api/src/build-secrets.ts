import { randomUUID } from 'node:crypto';
import type { BuildSecret } from '@brainpod/model/build-secret';
import { ApiError } from '@brainpod/model/errors';
import type { Fault } from '@brainpod/model/fault';
import type { SealedBuildSecret } from '@brainpod/store/builds';

/** What the API needs to take in what a build may use and nobody may read. */
export interface BuildSecretSealer {
  sealSecret(buildId: string, id: string, value: string): Buffer;
}

/** The same name twice is a mistake that nobody would find later. */
export function faultsOfSecrets(secrets: readonly BuildSecret[]): Fault[] {
  const ids = secrets.map(({ id }) => id);
  return ids.flatMap((id, index) =>
    ids.indexOf(id) === index ? [] : [{ path: `secrets[${index}].id`, message: `"${id}" is in it twice.` }],
  );
}

/** Sealed for a build that is to be made under the id. SERVICE_UNAVAILABLE (ApiError) where this server seals none. */
export function sealedForNewBuild(
  secrets: readonly BuildSecret[],
  sealer: BuildSecretSealer | undefined,
): { id: string; secrets: SealedBuildSecret[] } {
  const buildId = randomUUID();
  if (secrets.length > 0 && sealer === undefined)
    throw new ApiError('SERVICE_UNAVAILABLE', 'Builds get no secrets on this server.');
  return {
    id: buildId,
    secrets: secrets.flatMap(({ id, value }) =>
      sealer === undefined ? [] : [{ id, sealed: sealer.sealSecret(buildId, id, value) }],
    ),
  };
}
