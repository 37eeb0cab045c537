import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRegistryFront } from '../front.ts';
import { startDistribution } from './distribution.ts';

export type RunningFront = {
  origin: string;
  authorization: string;
  /** The origin of the registry behind, which checks nothing. */
  behind: string;
  /** The folder of the storage of the registry behind. */
  storage: string;
  stop(): Promise<void>;
};

/** A front before a registry of its own, and one key that may push and pull in the pod `mine`. */
export async function startFront(
  key = 'brain_mine',
  { imageBytesLimit = null, folder = null }: { imageBytesLimit?: number | null; folder?: string | null } = {},
): Promise<RunningFront> {
  const registry = await startDistribution(undefined, folder);
  const server = createServer(
    { requestTimeout: 0 },
    createRegistryFront<string>({
      upstream: registry.origin,
      registryHost: 'registry.brainpod.localhost',
      authenticate: async (secret) => (secret === key ? secret : null),
      isAllowed: (_key, _action, pod) => pod === 'mine',
      verifyPullToken: () => false,
      storage: registry.storage,
      imageBytesLimit: async () => imageBytesLimit,
      logger: { warn: () => undefined, error: () => undefined },
    }),
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    origin: `http://127.0.0.1:${port}`,
    authorization: `Basic ${Buffer.from(`api:${key}`).toString('base64')}`,
    behind: registry.origin,
    storage: registry.storage,
    async stop() {
      server.close();
      server.closeAllConnections();
      await registry.stop();
    },
  };
}
