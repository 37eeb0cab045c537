import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { createRegistryFront, type RegistryAction } from '@brainpod/registry/front';
import { MIRROR } from '@brainpod/registry/registry-call';
import type { Logger } from 'pino';
import { verifyBuildToken } from './build-token.ts';

const RETRY_MS = 500;
/** A layer may take long; the front has its own bound. */
const REQUEST_TIMEOUT_MS = 30 * 60_000;

export type BuildRegistryParts = {
  listen: { host: string; port: number };
  upstream: string;
  /** The folder of the registry's storage. */
  storage: string;
  /** How many bytes the images of a pod may take; null for any. */
  imageBytesLimit(pod: string): Promise<number | null>;
  masterKey: Buffer;
  logger: Logger;
  signal: AbortSignal;
};

/**
 * The image registry as builders see it, until `signal`: with a build's token its own pod's images, and the mirror of
 * docker.io to read. The address is the engine's, which may come after this server. Never rejects.
 */
export async function serveBuildRegistry(parts: BuildRegistryParts): Promise<void> {
  const { listen, masterKey, logger, signal } = parts;
  const front = createRegistryFront<string>({
    upstream: parts.upstream,
    // What is pushed by a build is kept from the sweep and counted as what is pushed by people.
    storage: parts.storage,
    imageBytesLimit: parts.imageBytesLimit,
    registryHost: `${listen.host}:${listen.port}`,
    authenticate: async (secret) => verifyBuildToken(masterKey, secret, new Date()),
    isAllowed: mayBuilder,
    verifyPullToken: () => false,
    logger,
  });
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (/^\/v2(?:\/|$)/.test(request.url ?? '')) return front(request, response);
    response
      .writeHead(404, { 'content-type': 'text/plain' })
      .end('There is the image registry here, below /v2.\n');
  });
  let lastTrouble = '';
  while (!signal.aborted) {
    try {
      server.listen(listen.port, listen.host);
      await once(server, 'listening', { signal });
      logger.info(listen, 'builders reach the image registry');
      await once(signal, 'abort');
    } catch (error) {
      const trouble = error instanceof Error ? error.message : String(error);
      if (trouble !== lastTrouble && !signal.aborted)
        logger.warn({ trouble }, 'builders do not reach the image registry yet');
      lastTrouble = trouble;
      await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }
  server.close();
  server.closeAllConnections();
}

/** Of a build's token, for the pod `own`. */
export function mayBuilder(own: string, action: RegistryAction, pod: string): boolean {
  return pod === own || (pod === MIRROR && action === 'registry:pull');
}
