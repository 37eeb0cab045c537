import type { AppDocument } from '@brainpod/model/kinds/app';
import type * as k8s from '@kubernetes/client-node';
import type { KubeObject } from '../kube-object.ts';
import { RESTARTED_AT_ANNOTATION, resourceLabels, resourceSelector } from '../labels.ts';
import { namespaceName, PULL_SECRET_NAME, serviceAccountName } from '../names.ts';
import { type AppTraffic, type PodView, trafficOf } from '../pod-view.ts';
import { appContainer, initContainer } from './app-containers.ts';
import { compileMounts, mountedDisks } from './app-mounts.ts';

// Old versions live in Brainpod's revisions; Kubernetes keeps one for people who look there.
const REVISION_HISTORY_LIMIT = 1;
// After this, Kubernetes itself says that a rollout hangs; whoever deployed has been told before.
const PROGRESS_DEADLINE_SECONDS = 120;
// Of an app that cannot be asked, having run this long counts as running: one that exits at once isn't up.
const UNPROBED_READY_SECONDS = 3;
// What Kubernetes tells the instances of one version by.
const VERSION_LABEL = 'pod-template-hash';
// Time to end for an app that no request waits for.
const IDLE_GRACE_SECONDS = 30;
// Route time-outs count in whole steps, so that a small change of one doesn't restart its apps.
const TIMEOUT_STEP_SECONDS = 60;
// Room between the last possible answer and the end by force.
const GRACE_MARGIN_SECONDS = 5;

/** An App's objects: ServiceAccount, Service where a port is known, PodDisruptionBudget, Deployment. */
export function compileApp(app: AppDocument, view: PodView): KubeObject[] {
  const traffic = trafficOf(app, view);
  const ports = listeningPorts(app, traffic);
  return [
    serviceAccount(app, view),
    ...(ports.length === 0 ? [] : [service(app, ports, traffic, view)]),
    disruptionBudget(app, view),
    deployment(app, traffic, view),
  ];
}

/** How many instances above the wanted number a rollout may start at once. */
export function surgeOf(replicas: number): number {
  return Math.ceil(replicas / 4);
}

/**
 * The ports an App is known to listen on: those its Routes lead to, and the one its check asks. The
 * Service has no others. An App of which none is known has no Service. A headless one would reach
 * every port, but a Service cannot become headless or stop being so, and callers would keep
 * addresses of instances that are gone.
 */
function listeningPorts(app: AppDocument, traffic: AppTraffic): number[] {
  const checked = app.spec.checks?.ready?.port;
  const ports = new Set(checked === undefined ? traffic.ports : [...traffic.ports, checked]);
  return [...ports].sort((a, b) => a - b);
}

function metadata(app: AppDocument, view: PodView, name = app.metadata.name): KubeObject['metadata'] {
  return {
    name,
    namespace: namespaceName(view.pod.name),
    labels: resourceLabels(view.pod.name, 'App', app.metadata.name),
  };
}

function selector(app: AppDocument): Record<string, string> {
  return resourceSelector('App', app.metadata.name);
}

function serviceAccount(app: AppDocument, view: PodView): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: metadata(app, view, serviceAccountName(app.metadata.name)),
    automountServiceAccountToken: false,
  };
}

function service(
  app: AppDocument,
  ports: readonly number[],
  { http2Ports }: AppTraffic,
  view: PodView,
): KubeObject {
  const spec: k8s.V1ServiceSpec = {
    type: 'ClusterIP',
    selector: selector(app),
    ports: ports.map((port) => ({
      name: `port-${port}`,
      port,
      targetPort: port,
      protocol: 'TCP',
      ...(http2Ports.has(port) ? { appProtocol: 'kubernetes.io/h2c' } : {}),
    })),
  };
  return { apiVersion: 'v1', kind: 'Service', metadata: metadata(app, view), spec };
}

/** One at a time leaves; never none, as a node that can't be emptied can't be maintained either. */
function disruptionBudget(app: AppDocument, view: PodView): KubeObject {
  const spec: k8s.V1PodDisruptionBudgetSpec = {
    maxUnavailable: 1,
    selector: { matchLabels: selector(app) },
    unhealthyPodEvictionPolicy: 'AlwaysAllow',
  };
  return { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: metadata(app, view), spec };
}

function deployment(app: AppDocument, traffic: AppTraffic, view: PodView): KubeObject {
  const spec = deploymentSpec(app, traffic, view);
  return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: metadata(app, view), spec };
}

/** How an App's instances are run, and one set of them is changed for another. */
export function deploymentSpec(app: AppDocument, traffic: AppTraffic, view: PodView): k8s.V1DeploymentSpec {
  const container = appContainer(app, traffic, view);
  return {
    replicas: view.pod.isStopped ? 0 : app.spec.replicas,
    revisionHistoryLimit: REVISION_HISTORY_LIMIT,
    progressDeadlineSeconds: PROGRESS_DEADLINE_SECONDS,
    ...(container.readinessProbe === undefined ? { minReadySeconds: UNPROBED_READY_SECONDS } : {}),
    strategy: strategy(app),
    selector: { matchLabels: selector(app) },
    template: {
      metadata: { labels: resourceLabels(view.pod.name, 'App', app.metadata.name), ...restarted(app, view) },
      spec: podSpec(app, container, traffic, view),
    },
  };
}

/** New instances come before old ones go, but for an App with a Disk, which only one instance can hold. */
function strategy(app: AppDocument): k8s.V1DeploymentStrategy {
  if (mountedDisks(app).length > 0) return { type: 'Recreate' };
  const rollingUpdate = { maxUnavailable: 0, maxSurge: surgeOf(app.spec.replicas) };
  return { type: 'RollingUpdate', rollingUpdate };
}

/** Absent where nobody asked for a restart, for its coming would be one. */
function restarted(app: AppDocument, { pod }: PodView): Pick<k8s.V1ObjectMeta, 'annotations'> {
  const { name } = app.metadata;
  const restartedAt = Object.hasOwn(pod.restarts, name) ? pod.restarts[name] : undefined;
  return restartedAt === undefined ? {} : { annotations: { [RESTARTED_AT_ANNOTATION]: restartedAt } };
}

/** Holds nothing that changes while the App, its Configs and its Routes stay the same: a change is a rollout. */
function podSpec(
  app: AppDocument,
  container: k8s.V1Container,
  traffic: AppTraffic,
  view: PodView,
): k8s.V1PodSpec {
  const init = app.spec.lifecycle?.init;
  const { volumes } = compileMounts(app, view);
  const fsGroup = app.spec.runtime?.fsGroup;
  return {
    serviceAccountName: serviceAccountName(app.metadata.name),
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    imagePullSecrets: [{ name: PULL_SECRET_NAME }],
    terminationGracePeriodSeconds: graceSeconds(traffic, view.platform.drainSeconds),
    securityContext: {
      seccompProfile: { type: 'RuntimeDefault' },
      ...(fsGroup === undefined ? {} : { fsGroup, fsGroupChangePolicy: 'OnRootMismatch' }),
    },
    ...spread(app),
    ...(init === undefined ? {} : { initContainers: [initContainer(app, init, view)] }),
    containers: [container],
    ...(volumes.length === 0 ? {} : { volumes }),
  };
}

/**
 * Instances of one version go to different machines and zones where there are any, and somewhere in any case. Zones are
 * not asked for as machines are: where no machine has a zone, a constraint on zones would switch off the one on machines.
 */
function spread(app: AppDocument): Pick<k8s.V1PodSpec, 'affinity' | 'topologySpreadConstraints'> {
  const own = { labelSelector: { matchLabels: selector(app) }, matchLabelKeys: [VERSION_LABEL] };
  const otherZone = { weight: 100, podAffinityTerm: { topologyKey: 'topology.kubernetes.io/zone', ...own } };
  return {
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [otherZone] } },
    topologySpreadConstraints: [
      { maxSkew: 1, topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', ...own },
    ],
  };
}

/** Long enough that a request that came last, and takes as long as its Route lets it, is still answered. */
export function graceSeconds(traffic: AppTraffic, drainSeconds: number): number {
  if (traffic.longestTimeoutSeconds === undefined) return IDLE_GRACE_SECONDS;
  const answer = Math.ceil(traffic.longestTimeoutSeconds / TIMEOUT_STEP_SECONDS) * TIMEOUT_STEP_SECONDS;
  return drainSeconds + answer + GRACE_MARGIN_SECONDS;
}
