import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildServer } from '@brainpod/api/server';
import { standInCertificates } from '@brainpod/api/testing/stand-in-certificates';
import { StandInCluster } from '@brainpod/api/testing/stand-in-cluster';
import { BrainpodClient } from '@brainpod/api-client/client';
import { type RunningBuildkit, startBuildkit } from '@brainpod/builder/testing/buildkit';
import { FULL_POLICY } from '@brainpod/model/policy';
import { createRegistryFront } from '@brainpod/registry/front';
import { ImageKeeper } from '@brainpod/registry/image-keeper';
import { ImageReader } from '@brainpod/registry/image-reader';
import {
  engineBinary,
  type RunningDistribution,
  startDistribution,
} from '@brainpod/registry/testing/distribution';
import type { Caller } from '@brainpod/store/api-keys';
import type { PodState } from '@brainpod/store/reconcile';
import type { Store } from '@brainpod/store/store';
import { TEST_ACTOR } from '@brainpod/testkit/test-actor';
import { openTestStore } from '@brainpod/testkit/test-store';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import type { Builder } from '../flows/local-builder.ts';

export const REGISTRY_HOST = 'registry.example.test';

/** What the cluster makes of a revision: deployed, or failed with this error. */
export type Verdict = (target: NonNullable<PodState['target']>) => { error: string } | null;

type Parts = {
  store: Store;
  server: FastifyInstance;
  distribution: RunningDistribution;
  buildkit: RunningBuildkit;
};

/** The real API, registry and builder with a real PostgreSQL. Only the cluster's part is played by the test. */
export class Platform {
  readonly origin: string;
  readonly apiKey: string;
  readonly client: BrainpodClient;
  readonly builder: Builder;
  readonly home: string;
  verdict: Verdict = () => null;
  readonly #parts: Parts;
  readonly #stopListening: () => void;
  #busy: Promise<void> = Promise.resolve();

  private constructor(origin: string, apiKey: string, home: string, parts: Parts) {
    this.origin = origin;
    this.apiKey = apiKey;
    this.home = home;
    this.#parts = parts;
    this.client = new BrainpodClient({ endpoint: origin, token: apiKey });
    this.builder = { buildctl: engineBinary('buildctl'), buildkitAddress: parts.buildkit.address };
    this.#stopListening = parts.store.onPodChanged((podId) => {
      this.#busy = this.#busy.then(() => this.#reconcile(podId));
    });
  }

  static async start(): Promise<Platform> {
    const { store, userId } = await openTestStore();
    const { secret } = await store.apiKeys.create({
      userId,
      name: 'test',
      policy: FULL_POLICY,
      actor: TEST_ACTOR,
    });
    const distribution = await startDistribution();
    const buildkit = await startBuildkit(engineBinary('buildkitd'));
    const logger = pino({ level: 'silent' });
    const cluster = new StandInCluster({ domain: 'example.test', registryHost: REGISTRY_HOST });
    const server = buildServer({
      store,
      domain: 'example.test',
      registryHost: REGISTRY_HOST,
      blueprints: [],
      domainCertificates: standInCertificates,
      images: new ImageReader({ upstream: distribution.origin, storage: distribution.storage }),
      imageKeeper: new ImageKeeper(distribution.origin, distribution.storage),
      clusterOf: () => cluster,
      logger,
    });
    const front = createRegistryFront<Caller>({
      upstream: distribution.origin,
      registryHost: REGISTRY_HOST,
      authenticate: (key) => store.apiKeys.authenticate(key),
      isAllowed: async (caller, _action, pod) => (await store.pods.find(caller.accountId, pod)) !== null,
      verifyPullToken: () => false,
      logger,
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
    const origin = await server.listen({ host: '127.0.0.1', port: 0 });
    const home = await mkdtemp(join(tmpdir(), 'brainpod-flow-test-'));
    return new Platform(origin, secret, home, { store, server, distribution, buildkit });
  }

  /** What becomes of domains, which the test plays. */
  get domains(): Store['domains'] {
    return this.#parts.store.domains;
  }

  async stop(): Promise<void> {
    const { store, server, distribution, buildkit } = this.#parts;
    this.#stopListening();
    await this.#busy;
    await server.close();
    await store.close();
    await Promise.all([distribution.stop(), buildkit.stop()]);
    await rm(this.home, { recursive: true, force: true });
  }

  async #reconcile(podId: string): Promise<void> {
    const { reconciler } = this.#parts.store;
    const target = (await reconciler.loadPod(podId))?.target;
    if (!target) return;
    const verdict = this.verdict(target);
    if (verdict !== null) {
      await reconciler.markFailed(target.revisionId, verdict.error);
      return;
    }
    await reconciler.markReady(target.revisionId, 'checksum');
    await reconciler.saveStatuses(
      podId,
      target.documents.map(({ kind, metadata }) => ({
        kind,
        name: metadata.name,
        healthy: true,
        status:
          kind === 'Config'
            ? null
            : kind === 'Route'
              ? { ready: true }
              : { phase: 'Ready', readyReplicas: 1, replicas: [] },
      })),
    );
    await reconciler.markDeployed(target.revisionId);
  }
}
