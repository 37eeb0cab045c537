import type { ResourceDocument } from '@brainpod/model/document';
import { checkPodDocuments, type Fault, type Kind } from '@brainpod/model/document';
import { notRunningFaults } from '@brainpod/model/not-running';
import { compileChallenges } from './challenges.ts';
import { checkAgainstPlatform } from './check-platform.ts';
import { compileApp } from './kinds/app.ts';
import { compileConfig } from './kinds/config.ts';
import { compileRoute } from './kinds/route.ts';
import type { KubeObject } from './kube-object.ts';
import { compileNamespace } from './namespace.ts';
import { platformObjects } from './platform.ts';
import type { Platform, PodContext } from './platform-facts.ts';
import { compareText, podView } from './pod-view.ts';

export type { Platform, PodContext } from './platform-facts.ts';

/** The steps in which a revision is applied, in their order. */
export const STEPS = ['namespace', 'config', 'app', 'route'] as const;
export type Step = (typeof STEPS)[number];

/** An object with its step, and the resource it was made of; null for what belongs to the pod as a whole. */
export type CompiledObject = {
  step: Step;
  resource: { kind: Kind; name: string } | null;
  object: KubeObject;
};

export type CompiledPod = { objects: CompiledObject[]; diagnostics: Fault[] };

/**
 * Turns all documents of a pod into the objects that a cluster is to hold, in the order in which they
 * are applied. The same documents in any order give the same objects. What is wrong between documents
 * comes back as diagnostics, all at once, and then there are no objects.
 */
export function compilePod(documents: ResourceDocument[], pod: PodContext, platform: Platform): CompiledPod {
  const faults = [
    ...checkPodDocuments(documents),
    ...notRunningFaults(documents),
    ...checkAgainstPlatform(documents, pod, platform),
  ];
  if (faults.length > 0) return { objects: [], diagnostics: faults.sort(byPlace) };
  return { objects: compileChecked(documents, pod, platform), diagnostics: [] };
}

/** The objects of documents that are in order with each other. Kinds that do not run yet make none. */
export function compileChecked(
  documents: readonly ResourceDocument[],
  pod: PodContext,
  platform: Platform,
): CompiledObject[] {
  const view = podView(documents, pod, platform);
  const of = (step: Step, kind: Kind, name: string, objects: KubeObject[]): CompiledObject[] =>
    objects.map((object) => ({ step, resource: { kind, name }, object }));
  return [
    ...compileNamespace(documents, pod, platform).map(
      (object): CompiledObject => ({ step: 'namespace', resource: null, object }),
    ),
    ...compileChallenges(pod, platform).map(
      (object): CompiledObject => ({ step: 'config', resource: null, object }),
    ),
    ...view.configs.flatMap((config) =>
      of('config', 'Config', config.metadata.name, [compileConfig(config, pod.name)]),
    ),
    ...view.apps.flatMap((app) => of('app', 'App', app.metadata.name, compileApp(app, view))),
    ...view.routes.flatMap((route) => of('route', 'Route', route.metadata.name, compileRoute(route, view))),
  ];
}

function byPlace(a: Fault, b: Fault): number {
  return compareText(a.path, b.path) || compareText(a.message, b.message);
}

/** What a cluster holds once, for all pods, in the order in which it is applied. */
export function compilePlatform(platform: Platform): KubeObject[] {
  return platformObjects(platform);
}
