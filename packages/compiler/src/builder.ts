import { canonicalJson } from '@brainpod/model/canonical-json';
import { sha256Hex } from '@brainpod/model/sha256';
import { base64 } from './base64.ts';
import type { BuilderLimits, BuilderPlatform } from './builder-platform.ts';
import { buildkitConfiguration } from './buildkit-configuration.ts';
import type { KubeObject } from './kube-object.ts';
import { BUILDS_LABEL, BUILDS_OF_LABEL, MANAGED_BY_LABEL } from './labels.ts';
import { buildNamespaceName, PULL_SECRET_NAME } from './names.ts';
import { builderNetwork } from './network.ts';
import { cpuQuantity, memoryQuantity } from './quantity.ts';

export const DEFAULT_BUILDER_LIMITS: BuilderLimits = { cpuMillis: 2_000, memoryMiB: 4_096, cacheMiB: 10_240 };
/** BuildKit listens here, for whoever is on the node: the namespace's policy lets nobody else in. */
export const BUILDER_PORT = 1234;
export const BUILDER_SELECTOR = { 'app.kubernetes.io/name': 'builder' };

export const BUILDER_NAME = 'builder';
const USER = 1000;
const STATE = '/var/lib/buildkit';
const RUN = '/run/build';
const CONFIGURATION = '/etc/buildkit';
/** Where the files for the wrapper of runc are in a builder. */
export const STEP_FOLDER = '/etc/brainpod/build-step';
const STEP_SETTINGS_VARIABLE = 'BRAINPOD_BUILD_STEP_SETTINGS';
const STEP_SETTINGS_FILE = 'settings.json';
/** So small that apps come before builds where processors are short. */
const REQUESTS = { cpu: '100m', memory: '256Mi' };
const RUN_MIB = 64;
const CACHE_HEADROOM_MIB = 2_048;

/**
 * The namespace in which a pod's images are built, and the builder in it: BuildKit without privileges on the node, root
 * only in a user namespace of its own. Reaches the internet, names and our registry, and only the node
 * reaches it.
 */
export function compileBuilder(podName: string, platform: BuilderPlatform): KubeObject[] {
  const files = stepFiles(podName, platform);
  const configuration = configMap(podName, platform);
  return [
    namespace(podName),
    quota(podName, platform.limits),
    ...builderNetwork(podName, platform),
    pullSecret(podName, platform),
    files,
    configuration,
    deployment(podName, platform, { files, configuration }),
  ];
}

function labels(podName: string): Record<string, string> {
  return { [MANAGED_BY_LABEL]: 'brainpod', [BUILDS_OF_LABEL]: podName };
}

function metadata(podName: string, name: string): KubeObject['metadata'] {
  return { name, namespace: buildNamespaceName(podName), labels: labels(podName) };
}

function namespace(podName: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: buildNamespaceName(podName),
      labels: {
        ...labels(podName),
        [BUILDS_LABEL]: 'true',
        // A user namespace cannot be made under the profiles that any other level demands; the admission policy holds the rest.
        'pod-security.kubernetes.io/enforce': 'privileged',
      },
    },
  };
}

/** For one builder, and the one that takes its place. */
function quota(podName: string, limits: BuilderLimits): KubeObject {
  const hard = {
    pods: '2',
    'limits.cpu': cpuQuantity(limits.cpuMillis * 2),
    'limits.memory': memoryQuantity(limits.memoryMiB * 2),
    'limits.ephemeral-storage': memoryQuantity(ephemeralMiB(limits) * 2),
    'count/services': '0',
    'count/jobs.batch': '0',
    'requests.storage': '0',
  };
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: metadata(podName, BUILDER_NAME),
    spec: { hard },
  };
}

function pullSecret(podName: string, { pullSecret: { dockerConfigJson } }: BuilderPlatform): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(podName, PULL_SECRET_NAME),
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64(dockerConfigJson) },
  };
}

/** In a Secret, because addresses of proxies may hold passwords. */
function stepFiles(podName: string, platform: BuilderPlatform): KubeObject {
  const data = Object.fromEntries(
    Object.entries(platform.stepFiles).map(([name, content]) => [name, base64(content)]),
  );
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata(podName, `step-${contentHash(data)}`),
    type: 'Opaque',
    data,
  };
}

function configMap(podName: string, { registry, limits }: BuilderPlatform): KubeObject {
  const data = { 'buildkitd.toml': buildkitConfiguration(registry, limits) };
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata(podName, `buildkit-${contentHash(data)}`),
    data,
  };
}

function deployment(
  podName: string,
  platform: BuilderPlatform,
  parts: { files: KubeObject; configuration: KubeObject },
): KubeObject {
  const { limits, image } = platform;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(podName, BUILDER_NAME),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 0,
      // The cache is one builder's.
      strategy: { type: 'Recreate' },
      selector: { matchLabels: BUILDER_SELECTOR },
      template: {
        metadata: { labels: { ...labels(podName), ...BUILDER_SELECTOR } },
        spec: {
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 5,
          imagePullSecrets: [{ name: PULL_SECRET_NAME }],
          securityContext: { runAsNonRoot: true, runAsUser: USER, runAsGroup: USER },
          containers: [container(image, limits)],
          volumes: [
            { name: 'state', emptyDir: { sizeLimit: memoryQuantity(ephemeralMiB(limits)) } },
            { name: 'run', emptyDir: { medium: 'Memory', sizeLimit: memoryQuantity(RUN_MIB) } },
            { name: 'configuration', configMap: { name: parts.configuration.metadata.name } },
            { name: 'step', secret: { secretName: parts.files.metadata.name, defaultMode: 0o444 } },
          ],
        },
      },
    },
  };
}

function container(image: string, limits: BuilderLimits) {
  return {
    name: BUILDER_NAME,
    image,
    command: [
      'rootlesskit',
      `--state-dir=${RUN}/rootlesskit`,
      'buildkitd',
      `--addr=tcp://0.0.0.0:${BUILDER_PORT}`,
      `--root=${STATE}`,
      `--config=${CONFIGURATION}/buildkitd.toml`,
    ],
    env: [
      { name: 'HOME', value: STATE },
      { name: 'XDG_RUNTIME_DIR', value: RUN },
      { name: STEP_SETTINGS_VARIABLE, value: `${STEP_FOLDER}/${STEP_SETTINGS_FILE}` },
    ],
    securityContext: {
      // newuidmap and newgidmap have a capability each, as files; nothing else in the image gains anything.
      allowPrivilegeEscalation: true,
      capabilities: { drop: ['ALL'], add: ['SETGID', 'SETUID'] },
      seccompProfile: { type: 'Unconfined' },
      appArmorProfile: { type: 'Unconfined' },
    },
    startupProbe: {
      tcpSocket: { port: BUILDER_PORT },
      periodSeconds: 1,
      failureThreshold: 60,
    },
    resources: {
      requests: REQUESTS,
      limits: {
        cpu: cpuQuantity(limits.cpuMillis),
        memory: memoryQuantity(limits.memoryMiB),
        'ephemeral-storage': memoryQuantity(ephemeralMiB(limits)),
      },
    },
    volumeMounts: [
      { name: 'state', mountPath: STATE },
      { name: 'run', mountPath: RUN },
      { name: 'configuration', mountPath: CONFIGURATION, readOnly: true },
      { name: 'step', mountPath: STEP_FOLDER, readOnly: true },
    ],
  };
}

/** What is being built needs room beside the cache, which BuildKit cleans only between steps. */
function ephemeralMiB({ cacheMiB }: BuilderLimits): number {
  return cacheMiB + CACHE_HEADROOM_MIB;
}

function contentHash(data: Record<string, string>): string {
  return sha256Hex(canonicalJson(data)).slice(0, 10);
}
