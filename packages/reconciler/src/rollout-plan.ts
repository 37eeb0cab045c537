import type { CompiledObject } from '@brainpod/compiler/compile';
import { STEPS } from '@brainpod/compiler/compile';
import { isRecord, type KubeObject, objectKey } from '@brainpod/kube/kube-object';
import { canonicalJson } from '@brainpod/model/canonical-json';
import { sha256Hex } from '@brainpod/model/sha256';

export type RolloutPlan = {
  /** What is applied at once: a list per step, one after the other. */
  first: KubeObject[][];
  /** What is applied when all apps are healthy: Routes that serve already and must not lead to an app that is not up. */
  whenHealthy: KubeObject[];
};

/**
 * Plans how a revision takes the place of the one that is live, so that no request is lost: an HTTPRoute for a host
 * name that is served already is changed after the apps are up, and until then Services keep the ports that it leads to.
 */
export function planRollout(
  target: readonly CompiledObject[],
  deployed: readonly CompiledObject[],
  isServing: (object: KubeObject) => boolean,
): RolloutPlan {
  const waits = ({ step, object }: CompiledObject): boolean => step === 'route' && isServing(object);
  const before = new Map(deployed.map(({ object }) => [objectKey(object), object]));
  const now = target
    .filter((compiled) => !waits(compiled))
    .map((compiled) => ({
      ...compiled,
      object: keepPorts(compiled.object, before.get(objectKey(compiled.object))),
    }));
  const first = stepsOf(now);
  return { first, whenHealthy: target.filter(waits).map(({ object }) => object) };
}

/**
 * Objects in the order of their steps: each list is applied when the one before it is. Within a step Deployments come
 * last, because what they start needs the rest.
 */
export function stepsOf(objects: readonly CompiledObject[]): KubeObject[][] {
  const ordered = STEPS.flatMap((step) => {
    const own = objects.filter((compiled) => compiled.step === step).map(({ object }) => object);
    const starts = (object: KubeObject): boolean => object.kind === 'Deployment';
    return [own.filter((object) => !starts(object)), own.filter(starts)];
  });
  return ordered.filter((step) => step.length > 0);
}

/** A hash of everything a revision renders to. Contents of Secrets stay out of it: it is shown. */
export function checksumOf(objects: readonly CompiledObject[]): string {
  const shown = objects.map(({ object }) => {
    if (object.kind !== 'Secret') return object;
    const { data: _data, stringData: _stringData, ...rest } = object;
    return rest;
  });
  return sha256Hex(canonicalJson(shown));
}

function keepPorts(service: KubeObject, before: KubeObject | undefined): KubeObject {
  if (service.kind !== 'Service' || before === undefined) return service;
  const ports = portsOf(service);
  const numbers = new Set(ports.map((port) => port.port));
  const kept = portsOf(before).filter((port) => !numbers.has(port.port));
  if (kept.length === 0 || !isRecord(service.spec)) return service;
  return { ...service, spec: { ...service.spec, ports: [...ports, ...kept] } };
}

function portsOf(service: KubeObject): Record<string, unknown>[] {
  const ports = isRecord(service.spec) ? service.spec.ports : undefined;
  return Array.isArray(ports) ? ports.filter(isRecord) : [];
}
