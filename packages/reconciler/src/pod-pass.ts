import { compilePod, type Platform } from '@brainpod/compiler/compile';
import type { KubeClient } from '@brainpod/kube/client';
import type { ObjectApplier } from './apply-objects.ts';
import type { LiveObjects } from './live-objects.ts';
import type {
  Clock,
  DomainKeys,
  Logger,
  PodImages,
  PodState,
  PullSecrets,
  ReconcilerStore,
  Snapshot,
} from './ports.ts';

/** What a pass over a pod works with. */
export type PodDeps = {
  store: ReconcilerStore;
  kube: KubeClient;
  live: LiveObjects;
  applier: ObjectApplier;
  /** Null while the facts of the cluster are not known. */
  platform: () => Platform | null;
  pullSecrets: PullSecrets;
  /** Without it no own domain is served. */
  domainKeys?: DomainKeys;
  images?: PodImages;
  logger: Logger;
  clock: Clock;
  deployTimeoutMs: number;
};

/** What a pass over a pod comes to: begin anew from the store at once, or wait for a change, at most so long. */
export type Outcome = 'reload' | { waitMs: number | null };

/** The facts that a pod is compiled with now; null while the cluster has not been read. */
export function platformNow({ live, platform }: PodDeps, { sizes }: PodState): Platform | null {
  const facts = platform();
  return facts === null || !live.isComplete ? null : { ...facts, sizes };
}

/** The objects of one revision of a pod as it is to be now: stopped or not, with its restarts and limits. */
export function compileSnapshot(
  deps: Pick<PodDeps, 'pullSecrets' | 'domainKeys'>,
  { pod, restarts, domains: wanted, registryCredentials, pullKey }: PodState,
  { documents, imageDigests }: Snapshot,
  platform: Platform,
): ReturnType<typeof compilePod> {
  const { name, isStopped, limits } = pod;
  const secrets = { pullKey: pullKey.newest, credentials: registryCredentials };
  const pullSecret = { dockerConfigJson: deps.pullSecrets.dockerConfigJson(pod, secrets) };
  const instants = restarts.flatMap(({ kind, name: app, effectiveAt }) =>
    kind === 'App' && effectiveAt !== null ? [[app, effectiveAt.toISOString()] as const] : [],
  );
  const domains = wanted.flatMap(({ domain, verifiedAt, certificate }) => {
    if (verifiedAt === null || certificate === null) return [];
    const keyPem = deps.domainKeys?.open(pod.id, domain, certificate.keySealed) ?? null;
    return keyPem === null ? [] : [{ domain, chainPem: certificate.chainPem, keyPem }];
  });
  const challenges = wanted.flatMap(({ domain, verifiedAt, order }) => {
    if (verifiedAt === null || order === null) return [];
    return [{ domain, ...order.challenge }];
  });
  const restartsByApp = Object.fromEntries(instants);
  const given = { name, pullSecret, isStopped, limits, domains, challenges, imageDigests };
  const context = { ...given, restarts: restartsByApp };
  return compilePod(documents, context, platform);
}
