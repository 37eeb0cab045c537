import type { AppDocument } from '@brainpod/model/kinds/app';
import { backendNameOf, type RouteDocument } from '@brainpod/model/kinds/route';
import type * as k8s from '@kubernetes/client-node';
import { deploymentSpec } from '../kinds/app.ts';
import { type PodView, trafficOf } from '../pod-view.ts';
import { appReasons } from './app-reasons.ts';
import { type Interruption, NOTHING, type PlanAction, type Verdict } from './change.ts';
import { fieldReasons } from './field-reasons.ts';
import { lostAddresses } from './route.ts';
import { isSame, type PlanSide } from './side.ts';

/** What becomes of an App, by what its instances are made of on both sides. */
export function planApp(place: string, old: PlanSide, next: PlanSide): Verdict {
  const before = appAt(place, old);
  const after = appAt(place, next);
  if (after === undefined) {
    const interruption = before === undefined ? null : removal(before, old, next);
    return { ...NOTHING, action: 'delete', interruption, reasons: fieldReasons(before, after) };
  }
  if (before === undefined) return { ...NOTHING, action: 'create', reasons: fieldReasons(before, after) };
  const specs = { old: specOf(before, old.view), next: specOf(after, next.view) };
  const isTouched = !isSame(before, after) || !isSame(old.objects.get(place), next.objects.get(place));
  const action = isTouched ? actionOf(specs) : 'none';
  if (action === 'none') return NOTHING;
  const interruption = interruptionBy(action, after, specs);
  return { ...NOTHING, action, interruption, reasons: appReasons(action, { before, after, old, next }) };
}

type Specs = { old: k8s.V1DeploymentSpec; next: k8s.V1DeploymentSpec };

function actionOf({ old, next }: Specs): PlanAction {
  const isRunning = hasInstances(old);
  if (isRunning !== hasInstances(next)) return 'scale';
  if (!isRunning) return 'update';
  if (!isSame(old.template, next.template)) return next.strategy?.type === 'Recreate' ? 'restart' : 'roll';
  return old.replicas === next.replicas ? 'update' : 'scale';
}

function interruptionBy(action: PlanAction, app: AppDocument, { old, next }: Specs): Interruption | null {
  const what = `App "${app.metadata.name}"`;
  if (action === 'scale' && !hasInstances(next)) return { what, seconds: null, why: 'the pod is stopped' };
  if (action !== 'restart') return null;
  const graceSeconds = old.template.spec?.terminationGracePeriodSeconds ?? 0;
  return {
    what,
    seconds: graceSeconds + startSeconds(next),
    why: 'its Disk serves one instance at a time, so the old one has to end before the new one starts',
  };
}

/** How long an instance takes to be ready that starts at once. */
function startSeconds({ minReadySeconds, template }: k8s.V1DeploymentSpec): number {
  const probe = template.spec?.containers[0]?.readinessProbe;
  return probe === undefined
    ? (minReadySeconds ?? 0)
    : (probe.initialDelaySeconds ?? probe.periodSeconds ?? 0);
}

/** A removed App is gone for good, and so is what it alone answered. */
function removal(app: AppDocument, old: PlanSide, next: PlanSide): Interruption | null {
  if (old.view.pod.isStopped) return null;
  const lost = lostAddresses(
    old.view.routes.map((route) => onlyTo(app, route)),
    next.view.routes,
  );
  const what = [`App "${app.metadata.name}"`, ...lost].join(', ');
  return { what, seconds: null, why: 'the App is removed' };
}

function onlyTo(app: AppDocument, route: RouteDocument): RouteDocument {
  const rules = route.spec.rules.filter((rule) => backendNameOf(rule.backendRef) === app.metadata.name);
  return { ...route, spec: { ...route.spec, rules } };
}

function hasInstances({ replicas }: k8s.V1DeploymentSpec): boolean {
  return (replicas ?? 0) > 0;
}

function specOf(app: AppDocument, view: PodView): k8s.V1DeploymentSpec {
  return deploymentSpec(app, trafficOf(app, view), view);
}

function appAt(place: string, { documents }: PlanSide): AppDocument | undefined {
  const document = documents.get(place);
  return document?.kind === 'App' ? document : undefined;
}
