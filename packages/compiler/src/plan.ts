import { type Demand, demandOf, limitFaults, NO_LIMITS, type PodLimits } from '@brainpod/model/capacity';
import { checkPodDocuments, type Fault, type ResourceDocument } from '@brainpod/model/document';
import type { InstanceSizes } from '@brainpod/model/instance-size';
import { isRunning, KINDS } from '@brainpod/model/kind';
import { planApp } from './plan/app.ts';
import { NOTHING, type PlannedChange, type Verdict } from './plan/change.ts';
import { dataAtRiskOf } from './plan/data-at-risk.ts';
import { fieldReasons } from './plan/field-reasons.ts';
import { planRoute } from './plan/route.ts';
import { isSame, type PlanSide, planSide } from './plan/side.ts';
import type { Platform, PodContext } from './platform-facts.ts';
import { compareText } from './pod-view.ts';

export type { Interruption, PlanAction, PlannedChange } from './plan/change.ts';

/** A pod as it is or as it is to be. */
export type PodSide = { documents: readonly ResourceDocument[]; pod: PodContext };

/** What is asked for in all, the limits, and what is beyond them. */
export type Capacity = { demand: Demand; limits: PodLimits; faults: Fault[] };

/**
 * What a deploy that takes a pod from one state to another does to each resource of either, by kind, then name. It is
 * decided from what both compile to, so that what one resource does to another is seen. `before` is what is deployed;
 * null where nothing is. The documents of each side must be in order with each other: throws RangeError where
 * checkPodDocuments has faults. Kinds that do not run yet and limits that are exceeded are no such faults.
 */
export function planChanges(before: PodSide | null, after: PodSide, platform: Platform): PlannedChange[] {
  for (const { documents } of before === null ? [after] : [before, after]) {
    const [fault] = checkPodDocuments(documents);
    if (fault !== undefined)
      throw new RangeError(`only checked documents can be planned: ${fault.path}: ${fault.message}`);
  }
  const old = planSide(before ?? { ...after, documents: [] }, platform);
  const next = planSide(after, platform);
  const places = new Map(
    [...old.documents, ...next.documents].map(([place, { kind, metadata }]) => [
      place,
      { kind, name: metadata.name },
    ]),
  );
  return [...places]
    .map(([place, key]) => ({ ...key, ...verdictOn(place, old, next) }))
    .sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || compareText(a.name, b.name));
}

/** What documents ask for, beside what the pod may ask for. */
export function capacityOf(
  documents: readonly ResourceDocument[],
  limits: PodLimits | null,
  sizes: InstanceSizes,
): Capacity {
  const demand = demandOf(documents, sizes);
  const bounds = limits ?? NO_LIMITS;
  return { demand, limits: bounds, faults: limitFaults(demand, bounds) };
}

function verdictOn(place: string, old: PlanSide, next: PlanSide): Verdict {
  const before = old.documents.get(place);
  const after = next.documents.get(place);
  const kind = after?.kind ?? before?.kind;
  if (kind === 'App') return planApp(place, old, next);
  if (kind === 'Route') return planRoute(place, old, next);
  if (kind === 'Config') return inPlace(before, after);
  return planUnsupported({ before, after }, next);
}

/** Of what can be made, changed and removed without anything being restarted. */
function inPlace(before: ResourceDocument | undefined, after: ResourceDocument | undefined): Verdict {
  if (isSame(before, after)) return NOTHING;
  const action = before === undefined ? 'create' : after === undefined ? 'delete' : 'update';
  return { ...NOTHING, action, reasons: fieldReasons(before, after) };
}

function planUnsupported(
  { before, after }: { before: ResourceDocument | undefined; after: ResourceDocument | undefined },
  next: PlanSide,
): Verdict {
  if (isSame(before, after)) return NOTHING;
  const dataAtRisk = before === undefined ? null : dataAtRiskOf(before, after, next);
  if (after !== undefined && !isRunning(after.kind)) {
    const reasons = [`${after.kind} does not run here yet`];
    return { action: 'unsupported', interruption: null, dataAtRisk, reasons };
  }
  const interruption =
    before === undefined || before.kind === 'Disk'
      ? null
      : { what: `${before.kind} "${before.metadata.name}"`, seconds: null, why: 'it is removed' };
  return { action: 'delete', interruption, dataAtRisk, reasons: fieldReasons(before, after) };
}
