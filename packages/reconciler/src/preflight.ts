import type { KubeClient, ServerVersion } from '@brainpod/kube/client';
import { KubeError } from '@brainpod/kube/kube-error';
import type { KindRef } from '@brainpod/kube/kube-object';
import { K8S_POD, REPLICA_SET, WRITTEN_KINDS } from './managed-kinds.ts';
import { at, conditionsOf } from './observe/fields.ts';

export type PreflightFinding = {
  /** What it is about: `cluster`, `version`, `gateway`, `permissions` or `storage`. */
  path: string;
  message: string;
  /** An error makes the cluster unusable for Brainpod; with a warning something less works. */
  severity: 'error' | 'warning';
};

export type PreflightOptions = { gatewayClass: string };

// ValidatingAdmissionPolicy is there from 1.30 on, and a pause before an instance ends is taken as well.
const MINIMUM_MINOR = 30;
const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const WRITE_VERBS = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
const READ_VERBS = ['get', 'list', 'watch'];

/**
 * Says what an existing cluster lacks to run Brainpod, all at once, with what to do about it. Empty when nothing does.
 * Never throws for what is wrong with the cluster.
 */
export async function preflight(kube: KubeClient, options: PreflightOptions): Promise<PreflightFinding[]> {
  try {
    const version = await checkVersion(kube);
    if (version === null) {
      const message =
        'What answers at the address in the kubeconfig is no Kubernetes API. Check the address.';
      return [{ path: 'cluster', severity: 'error', message }];
    }
    const others = await Promise.all([
      checkGateway(kube, options.gatewayClass),
      checkPermissions(kube),
      checkStorage(kube),
    ]);
    return [...version, ...others.flat()];
  } catch (error) {
    if (!(error instanceof KubeError)) throw error;
    return [{ path: 'cluster', severity: 'error', message: clusterMessage(error) }];
  }
}

function clusterMessage(error: KubeError): string {
  if (error.status === 401)
    return 'The cluster does not accept the credentials of this kubeconfig. Sign in again, or use another one.';
  if (error.status === 0)
    return `The cluster cannot be reached (${error.message}). Check the address in the kubeconfig, and the network.`;
  return `The cluster refused a question about itself (${error.message}).`;
}

/** Null where something else than Kubernetes answers. */
async function checkVersion(kube: KubeClient): Promise<PreflightFinding[] | null> {
  const version = await versionOf(kube);
  if (version === null) return null;
  const { major, minor, gitVersion } = version;
  if (major > 1 || minor >= MINIMUM_MINOR) return [];
  const message = `The cluster runs Kubernetes ${gitVersion}, which is too old. Brainpod needs 1.${MINIMUM_MINOR} or newer: upgrade the cluster.`;
  return [{ path: 'version', severity: 'error', message }];
}

async function versionOf(kube: KubeClient): Promise<ServerVersion | null> {
  try {
    const version = await kube.serverVersion();
    return version.major === 0 ? null : version;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

async function checkGateway(kube: KubeClient, gatewayClass: string): Promise<PreflightFinding[]> {
  const error = (message: string): PreflightFinding[] => [{ path: 'gateway', severity: 'error', message }];
  for (const kind of ['GatewayClass', 'Gateway', 'HTTPRoute']) {
    if (await kube.hasResource(GATEWAY_API, kind)) continue;
    return error(
      `The cluster has no Gateway API (${kind} of ${GATEWAY_API} is missing). Install it together with an implementation, such as Envoy Gateway.`,
    );
  }
  const { items } = await kube.list({ apiVersion: GATEWAY_API, kind: 'GatewayClass' });
  const names = items.map((item) => item.metadata.name).sort();
  const own = items.find((item) => item.metadata.name === gatewayClass);
  if (own === undefined) {
    const there = names.length === 0 ? 'There is none.' : `There are: ${names.join(', ')}.`;
    return error(
      `The cluster has no GatewayClass "${gatewayClass}". ${there} Name one of them, or install a Gateway implementation that brings its own.`,
    );
  }
  const accepted = conditionsOf(own.status).find((condition) => condition.type === 'Accepted');
  if (accepted?.status === 'True') return [];
  return error(
    `GatewayClass "${gatewayClass}" is there, but nothing acts for it (controller ${String(at(own, 'spec', 'controllerName'))}). Start that controller, or name another class.`,
  );
}

async function checkStorage(kube: KubeClient): Promise<PreflightFinding[]> {
  const has = await hasStorageClass(kube);
  if (has === true) return [];
  const message =
    has === 'hidden'
      ? 'This kubeconfig may not see StorageClasses: whether Disks and databases will work is not known.'
      : 'The cluster has no StorageClass: Apps and Routes work, Disks and databases will not. Install a storage provider for those.';
  return [{ path: 'storage', severity: 'warning', message }];
}

async function hasStorageClass(kube: KubeClient): Promise<boolean | 'hidden'> {
  try {
    const query = { apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadataOnly: true };
    return (await kube.list(query)).items.length > 0;
  } catch (error) {
    if (error instanceof KubeError && error.status === 403) return 'hidden';
    throw error;
  }
}

type Permission = { kind: KindRef; verb: string; subresource?: string };

/** All that the account of a cluster must be allowed, in all namespaces; deploy/cluster-account.yaml grants it. */
export const NEEDED_PERMISSIONS: readonly Permission[] = [
  ...WRITTEN_KINDS.flatMap((kind) => WRITE_VERBS.map((verb) => ({ kind, verb }))),
  ...[K8S_POD, REPLICA_SET].flatMap((kind) => READ_VERBS.map((verb) => ({ kind, verb }))),
  // A builder that is lost is made anew; those of this account's clusters are reached through the API.
  { kind: K8S_POD, verb: 'delete' },
  { kind: K8S_POD, verb: 'get', subresource: 'portforward' },
  { kind: K8S_POD, verb: 'create', subresource: 'portforward' },
  { kind: K8S_POD, verb: 'get', subresource: 'log' },
  { kind: { apiVersion: 'v1', kind: 'Event' }, verb: 'list' },
];

async function checkPermissions(kube: KubeClient): Promise<PreflightFinding[]> {
  if (await isAllowed(kube, { group: '*', resource: '*', verb: '*' })) return [];
  const lacking = new Map<string, string[]>();
  for (const permission of NEEDED_PERMISSIONS) {
    const type = await kube.findResource(permission.kind);
    // What the cluster does not serve is nobody's to permit.
    if (type === null) continue;
    const group = permission.kind.apiVersion.includes('/')
      ? (permission.kind.apiVersion.split('/')[0] ?? '')
      : '';
    const { verb, subresource } = permission;
    const allowed = await isAllowed(kube, {
      group,
      resource: type.plural,
      verb,
      ...(subresource === undefined ? {} : { subresource }),
    });
    if (allowed) continue;
    const name = `${type.plural}${subresource === undefined ? '' : `/${subresource}`}${group === '' ? '' : `.${group}`}`;
    lacking.set(name, [...(lacking.get(name) ?? []), verb]);
  }
  if (lacking.size === 0) return [];
  const list = [...lacking].map(([name, verbs]) => `${verbs.join(', ')} ${name}`).join('; ');
  const message = `The account of this kubeconfig may not, in all namespaces: ${list}. Give it a ClusterRole with these rules, or use another account.`;
  return [{ path: 'permissions', severity: 'error', message }];
}

async function isAllowed(
  kube: KubeClient,
  resourceAttributes: { group: string; resource: string; verb: string; subresource?: string },
): Promise<boolean> {
  const review = await kube.create({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  });
  return at(review, 'status', 'allowed') === true;
}
