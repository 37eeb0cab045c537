import type { Platform } from '@brainpod/compiler/compile';
import type { ResourceDocument } from '@brainpod/model/document';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import type { AppDocument } from '@brainpod/model/kinds/app';
import { backendNameOf, type RouteDocument } from '@brainpod/model/kinds/route';
import { type AppHealth, type AppObservation, appHealth } from './health/app-health.ts';
import { type RouteHealth, routeHealth } from './health/route-health.ts';
import type { LiveObjects } from './live-objects.ts';
import { HTTP_ROUTE } from './managed-kinds.ts';
import type { LiveObject } from './observe/live-object.ts';
import type { StatusRow } from './ports.ts';

export type AssessedApp = {
  document: AppDocument;
  observation: AppObservation;
  health: AppHealth;
  sizes: InstanceSizes;
  registryHost: string;
  routes: { route: string; port: number }[];
};

export type Assessment = {
  rows: StatusRow[];
  apps: AssessedApp[];
  routes: { document: RouteDocument; health: RouteHealth }[];
  appsHealthy: boolean;
  healthy: boolean;
};

/** Judges all resources of a pod by what is known of the cluster now. */
export function assessPod(
  documents: readonly ResourceDocument[],
  podName: string,
  live: LiveObjects,
  platform: Platform,
): Assessment {
  const byResource = groupByResource(live.ofPod(podName));
  const routeDocuments = documents.filter((document) => document.kind === 'Route');
  const apps = documents
    .filter((document) => document.kind === 'App')
    .map((document) =>
      assessApp(document, byResource.get(`app/${document.metadata.name}`) ?? [], {
        routeDocuments,
        platform,
      }),
    );
  const routes = routeDocuments.map((document) => {
    const { name } = document.metadata;
    const httpRoutes = (byResource.get(`route/${name}`) ?? [])
      .map((object) => object.observed)
      .filter((observed) => observed?.type === 'httpRoute')
      .filter(({ parkedAtMs }) => parkedAtMs === null);
    const gateway = live.gateway(platform.gateway.namespace, platform.gateway.name);
    const gatewayApi = live.serves(HTTP_ROUTE);
    return { document, health: routeHealth({ name, httpRoutes, gateway, gatewayApi }) };
  });
  const rows = documents.map((document): StatusRow => {
    const { kind, metadata } = document;
    const found = [...apps, ...routes].find((resource) => resource.document === document);
    if (found === undefined) return { kind, name: metadata.name, status: null, healthy: true };
    return { kind, name: metadata.name, status: found.health.status, healthy: found.health.healthy };
  });
  return {
    rows,
    apps,
    routes,
    appsHealthy: apps.every(({ health }) => health.healthy),
    healthy: rows.every((row) => row.healthy),
  };
}

function assessApp(
  document: AppDocument,
  objects: readonly LiveObject[],
  { routeDocuments, platform }: { routeDocuments: readonly RouteDocument[]; platform: Platform },
): AssessedApp {
  const observed = objects.map((object) => object.observed);
  const observation: AppObservation = {
    deployment: observed.find((candidate) => candidate?.type === 'deployment') ?? null,
    replicaSets: observed.filter((candidate) => candidate?.type === 'replicaSet'),
    k8sPods: observed.filter((candidate) => candidate?.type === 'k8sPod'),
  };
  const routes = routeDocuments.flatMap((route) =>
    route.spec.rules
      .filter((rule) => backendNameOf(rule.backendRef) === document.metadata.name)
      .map((rule) => ({ route: route.metadata.name, port: rule.port })),
  );
  const { sizes, registryHost } = platform;
  return { document, observation, health: appHealth(observation), sizes, registryHost, routes };
}

function groupByResource(objects: Iterable<LiveObject>): Map<string, LiveObject[]> {
  const groups = new Map<string, LiveObject[]>();
  for (const object of objects) {
    if (object.resource === null) continue;
    const key = `${object.resource.kind}/${object.resource.name}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [object]);
    else group.push(object);
  }
  return groups;
}
