import { isAllowed } from '@brainpod/model/policy';
import { createRegistryFront } from '@brainpod/registry/front';
import type { Caller } from '@brainpod/store/api-keys';
import type { Store } from '@brainpod/store/store';
import type { FastifyInstance } from 'fastify';
import { PullTokenCheck } from './pull-keys.ts';
import type { Settings } from './settings.ts';

/** Mounts the image registry below `/v2`. Bodies are streamed through, never read here. */
export function registerRegistryRoutes(
  server: FastifyInstance,
  parts: { settings: Settings; store: Store; masterKey: Buffer },
): void {
  const { settings, store, masterKey } = parts;
  const pullTokens = new PullTokenCheck({ pullKeys: store.pullKeys, masterKey });
  const front = createRegistryFront<Caller>({
    upstream: settings.registryUpstream,
    registryHost: settings.registryHost,
    storage: settings.registryStorage,
    authenticate: (secret) => store.apiKeys.authenticate(secret),
    isAllowed: async (caller, action, pod) =>
      isAllowed(caller.policy, action, pod) && (await store.pods.find(caller.accountId, pod)) !== null,
    verifyPullToken: (pod, token) => pullTokens.verify(pod, token),
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
