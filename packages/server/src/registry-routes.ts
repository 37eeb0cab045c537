import { isAllowed } from '@brainpod/model/policy';
import { createRegistryFront } from '@brainpod/registry/front';
import type { Caller } from '@brainpod/store/api-keys';
import type { Store } from '@brainpod/store/store';
import type { FastifyInstance } from 'fastify';
import { mayBuilder } from './builds/build-registry.ts';
import { verifyBuildToken } from './builds/build-token.ts';
import { PullTokenCheck } from './pull-keys.ts';
import type { Settings } from './settings.ts';

const BYTES_PER_MIB = 1024 * 1024;

/** Who pulls or pushes, and the pod that was asked about where it is one of theirs; or the builder of a pod. */
type Puller = { caller: Caller; pod: string | null } | { builder: string };

/** Mounts the image registry below `/v2`. Bodies are streamed through, never read here. */
export function registerRegistryRoutes(
  server: FastifyInstance,
  parts: { settings: Settings; store: Store; masterKey: Buffer },
): void {
  const { settings, store, masterKey } = parts;
  const pullTokens = new PullTokenCheck({ pullKeys: store.pullKeys, masterKey });
  const front = createRegistryFront<Puller>({
    upstream: settings.registryUpstream,
    registryHost: settings.registryHost,
    storage: settings.registryStorage,
    authenticate: async (secret, pod) => {
      // Builders in another network than ours come by the way that everybody comes.
      const builder = verifyBuildToken(masterKey, secret, new Date());
      return builder === null ? await authenticate(store, secret, pod) : { builder };
    },
    isAllowed: async (puller, action, pod) => {
      if ('builder' in puller) return mayBuilder(puller.builder, action, pod);
      const { caller, pod: known } = puller;
      if (!isAllowed(caller.policy, action, pod)) return false;
      return pod === known || (await store.pods.find(caller.accountId, pod)) !== null;
    },
    verifyPullToken: (pod, token) => pullTokens.verify(pod, token),
    imageBytesLimit: (pod) => imageBytesLimit(store, pod),
    logger: server.log,
  });
  for (const url of ['/v2', '/v2/*']) {
    server.route({
      method: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      url,
      handler: (request, reply) => {
        reply.hijack();
        front(request.raw, reply.raw);
      },
    });
  }
}

/** How many bytes the images of a pod may take; null for any. */
export async function imageBytesLimit(store: Store, pod: string): Promise<number | null> {
  const limit = (await store.pods.findAnywhere(pod))?.limits?.imagesMiB ?? null;
  return limit === null ? null : limit * BYTES_PER_MIB;
}

/** Asked anew for each request, in one statement: a key that is revoked is dead with the answer that says so. */
async function authenticate(store: Store, secret: string, pod: string | null): Promise<Puller | null> {
  if (pod !== null) {
    const found = await store.apiKeys.authenticateForPod(secret, pod);
    return found === null ? null : { caller: found.caller, pod: found.pod?.name ?? null };
  }
  const caller = await store.apiKeys.authenticate(secret);
  return caller === null ? null : { caller, pod: null };
}
