import type { PodRecord } from '@brainpod/store/pods';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import type { TestApi } from './test-api.ts';

/** Gives a pod credentials for a registry. */
export async function addCredentials(pod: PodRecord, api: TestApi, registry = 'ghcr.io'): Promise<void> {
  const passwordSealed = Buffer.from('sealed');
  await api.store.registryCredentials.set(pod.id, { registry, username: 'ann', passwordSealed }, TEST_ACTOR);
}
