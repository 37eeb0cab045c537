import type { ReadyStatus } from '@brainpod/model/status';
import type { Condition } from '../observe/fields.ts';
import type { ObservedGateway, ObservedHttpRoute } from '../observe/route.ts';
import type { Diagnosis } from './diagnosis.ts';

export type RouteObservation = {
  name: string;
  /** The HTTPRoutes that were made of it. */
  httpRoutes: ObservedHttpRoute[];
  /** The gateway that serves it; null where there is none. */
  gateway: ObservedGateway | null;
  /** The cluster knows the Gateway API. */
  gatewayApi: boolean;
};

export type RouteHealth = { status: ReadyStatus; healthy: boolean; diagnosis: Diagnosis | null };

/** Judges a Route: it is ready when the gateway serves just this version of it. */
export function routeHealth(observation: RouteObservation): RouteHealth {
  const sentence = routeFault(observation);
  const ready = sentence === null;
  return { status: { ready }, healthy: ready, diagnosis: ready ? null : { terminal: false, sentence } };
}

function routeFault({ name, httpRoutes, gateway, gatewayApi }: RouteObservation): string | null {
  const route = `Route "${name}"`;
  if (!gatewayApi) {
    return `${route} cannot be served: this cluster knows no routes (the Gateway API is not installed). The operator has to install it.`;
  }
  if (gateway === null || httpRoutes.length === 0) return `${route} has not been set up in the cluster yet.`;
  if (gateway.conditions.every((condition) => condition.status === 'Unknown')) {
    return `${route} cannot be served: nothing in this cluster acts for gateways of class "${gateway.className}". The operator has to start it, or choose another class.`;
  }
  const programmed = current(gateway.conditions, 'Programmed', gateway.generation);
  if (programmed?.status !== 'True') {
    return `${route} cannot be served: the entrance to the cluster is not ready${because(programmed)}.`;
  }
  for (const httpRoute of httpRoutes) {
    const fault = httpRouteFault(route, httpRoute);
    if (fault !== null) return fault;
  }
  return null;
}

function httpRouteFault(route: string, { wanted, parents, generation }: ObservedHttpRoute): string | null {
  for (const { namespace, name } of wanted) {
    // Several controllers may report on the same gateway; one that serves it is enough.
    const reports = parents.filter((parent) => parent.namespace === namespace && parent.name === name);
    const faults = reports.map((parent) => parentFault(route, parent.conditions, generation));
    if (faults.includes(null)) continue;
    return faults[0] ?? `${route} has not been taken up by the entrance to the cluster yet.`;
  }
  return null;
}

function parentFault(route: string, conditions: Condition[], generation: number): string | null {
  const accepted = current(conditions, 'Accepted', generation);
  const resolved = current(conditions, 'ResolvedRefs', generation);
  if (accepted === undefined || resolved === undefined) {
    return `${route} has not been taken up by the entrance to the cluster yet.`;
  }
  if (accepted.status !== 'True')
    return `${route} was not accepted by the entrance to the cluster${because(accepted)}.`;
  if (resolved.status !== 'True')
    return `${route} leads to an app that the entrance to the cluster cannot find${because(resolved)}.`;
  return null;
}

function current(conditions: Condition[], type: string, generation: number): Condition | undefined {
  return conditions.find(
    (condition) => condition.type === type && condition.observedGeneration >= generation,
  );
}

function because(condition: Condition | undefined): string {
  return condition === undefined || condition.reason === '' ? '' : ` (${condition.reason})`;
}
