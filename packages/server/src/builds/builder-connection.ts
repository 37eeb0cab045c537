import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { BUILDER_PORT } from '@brainpod/compiler/builder';
import { buildNamespaceName } from '@brainpod/compiler/names';
import type { KubeClient } from '@brainpod/kube/client';
import type { Logger } from 'pino';
import type { BuilderInstance } from './builder.ts';

/** `address`: of BuildKit, for buildctl. */
export type BuilderConnection = { address: string; close(): void };

const SOCKET = 'buildkit.sock';

/** Connects to a builder at its own address: from the node that it is on, and from nowhere else. */
export function connectDirectly(instance: BuilderInstance): BuilderConnection {
  return { address: `tcp://${instance.address}:${BUILDER_PORT}`, close: () => undefined };
}

/**
 * Connects to a builder through its cluster's API, whatever network it is in: what connects to a socket in `directory` is led to
 * the builder, until `close`.
 */
export async function connectThroughCluster(
  kube: KubeClient,
  instance: BuilderInstance,
  { podName, directory, logger }: { podName: string; directory: string; logger: Logger },
): Promise<BuilderConnection> {
  const closing = new AbortController();
  const query = {
    namespace: buildNamespaceName(podName),
    pod: instance.name,
    port: BUILDER_PORT,
    signal: closing.signal,
  };
  const server = createServer((local) => {
    join(kube, query, local).catch((error: unknown) => {
      local.destroy();
      // buildctl tells of a connection that ended; why it did is for the operator.
      if (!closing.signal.aborted)
        logger.warn({ err: error, pod: podName }, 'a connection to a builder was broken off');
    });
  });
  const socket = path.join(directory, SOCKET);
  await listenOn(server, socket);
  return {
    address: `unix://${socket}`,
    close: () => {
      closing.abort();
      server.close();
    },
  };
}

async function listenOn(server: Server, socket: string): Promise<void> {
  server.listen(socket);
  await once(server, 'listening');
}

async function join(
  kube: KubeClient,
  query: Parameters<KubeClient['connectPort']>[0],
  local: Socket,
): Promise<void> {
  const remote = await kube.connectPort(query);
  await Promise.all([pipeline(local, remote), pipeline(remote, local)]);
}
