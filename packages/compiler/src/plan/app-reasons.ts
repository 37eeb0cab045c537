import { type AppDocument, configNameOf, isFileMount } from '@brainpod/model/kinds/app';
import { backendNameOf } from '@brainpod/model/kinds/route';
import { graceSeconds } from '../kinds/app.ts';
import { compileEnv } from '../kinds/app-env.ts';
import type { PodContext } from '../platform-facts.ts';
import { compareText, type PodView, trafficOf } from '../pod-view.ts';
import type { PlanAction } from './change.ts';
import { fieldReasons } from './field-reasons.ts';
import { isSame, type PlanSide } from './side.ts';

/** An App on both sides of a plan. */
type AppSides = { before: AppDocument; after: AppDocument; old: PlanSide; next: PlanSide };

// What runs is made of the image; where that comes from is no cause of anything that happens to instances.
const OF_BUILDS = ['artifactSelector', 'buildRef'];

/** What of an App, of the resources that it uses or that lead to it, or of its pod, causes an action. */
export function appReasons(action: PlanAction, sides: AppSides): string[] {
  return [
    ...podReasons(sides),
    ...fieldReasons(sides.before, sides.after, action === 'update' ? [] : OF_BUILDS),
    ...imageReasons(sides),
    ...configReasons(sides),
    ...referenceReasons(sides),
    ...routeReasons(sides),
  ];
}

function podReasons({ after, old, next }: AppSides): string[] {
  const { name } = after.metadata;
  const from = old.view.pod;
  const to = next.view.pod;
  const isRestarted = restartedAt(name, from) !== restartedAt(name, to);
  return [
    ...(from.isStopped === to.isStopped ? [] : [to.isStopped ? 'the pod is stopped' : 'the pod is started']),
    ...(isRestarted ? ['a restart was asked for'] : []),
  ];
}

/** Images whose names are the same and that are others now. */
function imageReasons({ before, after, old, next }: AppSides): string[] {
  const named = imagesOf(before);
  return imagesOf(after)
    .filter((image) => named.includes(image) && digestOf(image, old) !== digestOf(image, next))
    .map((image) =>
      digestOf(image, old) === undefined
        ? `image ${image} is run by its digest from now on`
        : `image ${image} was pushed anew`,
    );
}

function imagesOf({ spec: { image, lifecycle } }: AppDocument): string[] {
  const init = lifecycle?.init;
  return typeof init === 'object' && 'image' in init ? [image, init.image] : [image];
}

function digestOf(image: string, { view }: PlanSide): string | undefined {
  const { imageDigests } = view.pod;
  return Object.hasOwn(imageDigests, image) ? imageDigests[image] : undefined;
}

/** Configs that it mounts, before and after, and that are not the same any more. */
function configReasons({ before, after, old, next }: AppSides): string[] {
  const mountedBefore = mountedConfigs(before);
  return mountedConfigs(after)
    .filter((name) => mountedBefore.includes(name))
    .flatMap((name) => {
      const place = `Config/${name}`;
      return fieldReasons(old.documents.get(place), next.documents.get(place)).map(
        (reason) => `Config "${name}", which it mounts: ${reason}`,
      );
    });
}

/** Variables whose text is the same and whose references lead to other values now. */
function referenceReasons({ before, after, old, next }: AppSides): string[] {
  const valuesBefore = new Map(compileEnv(before, old.view).map(({ name, value }) => [name, value]));
  const textsBefore = new Map(before.spec.env.map(({ name, value }) => [name, value]));
  const textsAfter = new Map(after.spec.env.map(({ name, value }) => [name, value]));
  return compileEnv(after, next.view)
    .filter(
      ({ name, value }) => textsBefore.get(name) === textsAfter.get(name) && valuesBefore.get(name) !== value,
    )
    .map(({ name }) => `variable ${name} refers to something that changed`);
}

/** Routes that lead to other ports of it than before, or that change how long an instance has to end. */
function routeReasons({ before, after, old, next }: AppSides): string[] {
  const { name } = after.metadata;
  const hasOtherGrace = graceOf(before, old.view) !== graceOf(after, next.view);
  const from = trafficByRoute(name, old);
  const to = trafficByRoute(name, next);
  return [...new Set([...from.keys(), ...to.keys()])].sort(compareText).flatMap((route) => {
    const was = from.get(route);
    const is = to.get(route);
    if (is === undefined) return [`Route "${route}" does not lead to it any more`];
    const ports = is.ports.join(', ');
    if (was === undefined) return [`Route "${route}" leads to it now, at port ${ports}`];
    return [
      ...(isSame(was.ports, is.ports)
        ? []
        : [`Route "${route}" leads to its port ${ports}, and led to ${was.ports.join(', ')}`]),
      ...(was.timeout === is.timeout || !hasOtherGrace
        ? []
        : [`Route "${route}" lets a request take ${is.timeout} seconds, and let it take ${was.timeout}`]),
    ];
  });
}

function graceOf(app: AppDocument, view: PodView): number {
  return graceSeconds(trafficOf(app, view), view.platform.drainSeconds);
}

type RouteTraffic = { ports: number[]; timeout: number };

function trafficByRoute(appName: string, { view }: PlanSide): Map<string, RouteTraffic> {
  const traffic = new Map<string, RouteTraffic>();
  for (const { metadata, spec } of view.routes) {
    const own = spec.rules.filter((rule) => backendNameOf(rule.backendRef) === appName);
    const ports = [...new Set(own.map(({ port }) => port))].sort((a, b) => a - b);
    if (own.length > 0) traffic.set(metadata.name, { ports, timeout: spec.timeout });
  }
  return traffic;
}

function restartedAt(appName: string, { restarts }: PodContext): string | undefined {
  return Object.hasOwn(restarts, appName) ? restarts[appName] : undefined;
}

function mountedConfigs(app: AppDocument): string[] {
  const names = app.spec.mounts.filter(isFileMount).map((mount) => configNameOf(mount.config));
  return [...new Set(names)].sort(compareText);
}
