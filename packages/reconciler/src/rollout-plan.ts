import type { CompiledObject } from '@brainpod/compiler/compile';
import { STEPS } from '@brainpod/compiler/compile';
import { isRecord, type KubeObject, objectKey } from '@brainpod/kube/kube-object';
import { canonicalJson } from '@brainpod/model/canonical-json';
import { sha256Hex } from '@brainpod/model/sha256';
import { DEPLOYMENT } from './managed-kinds.ts';
import { at, listAt } from './observe/fields.ts';

export type RolloutPlan = {
  /** What is applied at once: a list per step, one after the other. */
  first: KubeObject[][];
  /** What is applied when all apps are healthy: Routes that serve already and must not lead to an app that is not up. */
  whenHealthy: KubeObject[];
  /** What is applied when those have taken effect: the Deployments of apps that they led to until then. */
  whenSwitched: KubeObject[];
};

/**
 * Plans how a revision takes the place of the one that is live, so that no request is lost: an HTTPRoute for a host
 * name that is served already is changed after the apps are up, and until then Services keep the ports that it leads to.
 * An app that no Route leads to any more is left as it is until the edge has let go of it: it is no longer asked whether
 * it listens, so the instances that take its place would get requests before they do.
 */
export function planRollout(
  target: readonly CompiledObject[],
  deployed: readonly CompiledObject[],
  isServing: (object: KubeObject) => boolean,
): RolloutPlan {
  const waits = ({ step, object }: CompiledObject): boolean => step === 'route' && isServing(object);
  const before = new Map(deployed.map(({ object }) => [objectKey(object), object]));
  const left = without(backendsOf(deployed.filter(waits)), backendsOf(target));
  const waitsForSwitch = ({ object }: CompiledObject): boolean =>
    object.kind === DEPLOYMENT.kind && before.has(objectKey(object)) && left.has(object.metadata.name);
  const now = target
    .filter((compiled) => !waits(compiled) && !waitsForSwitch(compiled))
    .map((compiled) => ({
      ...compiled,
      object: keepPorts(compiled.object, before.get(objectKey(compiled.object))),
    }));
  const first = stepsOf(now);
  const objectsOf = (which: (compiled: CompiledObject) => boolean): KubeObject[] =>
    target.filter(which).map(({ object }) => object);
  return { first, whenHealthy: objectsOf(waits), whenSwitched: objectsOf(waitsForSwitch) };
}

/**
 * Objects in the order of their steps: each list is applied when the one before it is. Within a step Deployments come
 * last, because what they start needs the rest.
 */
export function stepsOf(objects: readonly CompiledObject[]): KubeObject[][] {
  const ordered = STEPS.flatMap((step) => {
    const own = objects.filter((compiled) => compiled.step === step).map(({ object }) => object);
    const starts = (object: KubeObject): boolean => object.kind === DEPLOYMENT.kind;
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

/** The apps that HTTPRoutes lead to: a Service and the Deployment behind it have the app's name. */
function backendsOf(objects: readonly CompiledObject[]): Set<string> {
  const names = objects.flatMap(({ object }) =>
    listAt(object, 'spec', 'rules').flatMap((rule) =>
      listAt(rule, 'backendRefs').map((backend) => at(backend, 'name')),
    ),
  );
  return new Set(names.filter((name) => typeof name === 'string'));
}

function without(names: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> {
  return new Set([...names].filter((name) => !others.has(name)));
}

function portsOf(service: KubeObject): Record<string, unknown>[] {
  const ports = isRecord(service.spec) ? service.spec.ports : undefined;
  return Array.isArray(ports) ? ports.filter(isRecord) : [];
}
