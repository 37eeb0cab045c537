import { compilePod } from '@brainpod/compiler/compile';
import { type PlannedChange, type PodSide, planChanges } from '@brainpod/compiler/plan';
import type { ResourceDocument } from '@brainpod/model/document';
import { childOf } from '@brainpod/model/fault';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PLATFORM, POD } from './golden-case.ts';
import { podDocuments } from './pod-arbitrary.ts';

// Whatever two pods hold: a plan says of each resource just what the objects of both sides come to.

const context = fc.record({
  isStopped: fc.boolean(),
  restarts: fc.constantFrom({}, { a: '2026-08-07T10:00:00.000Z' }),
});
const podSide: fc.Arbitrary<PodSide> = fc
  .tuple(podDocuments, context)
  .map(([documents, changed]) => ({ documents, pod: { ...POD, ...changed } }));

type Edit = Record<'image' | 'replicas' | 'file' | 'timeout' | 'port', boolean>;

/** The document with another value in the places that are to be edited; references stay as they are. */
function edited(document: ResourceDocument, edit: Edit): ResourceDocument {
  const copy = structuredClone(document);
  if (copy.kind === 'App') {
    if (edit.image) copy.spec.image = 'another:1';
    if (edit.replicas && !copy.spec.instance.startsWith('.')) copy.spec.replicas += 1;
  }
  if (copy.kind === 'Config' && edit.file) copy.spec.files.added = 'text';
  if (copy.kind === 'Route') {
    if (edit.timeout) copy.spec.timeout = 290;
    if (edit.port) for (const rule of copy.spec.rules) rule.port = 4321;
  }
  return copy;
}

/** A pod, and either another one or the same with edits. */
const twoSides = fc
  .tuple(
    podSide,
    podSide,
    fc.option(
      fc.record({
        image: fc.boolean(),
        replicas: fc.boolean(),
        file: fc.boolean(),
        timeout: fc.boolean(),
        port: fc.boolean(),
      }),
      { freq: 4 },
    ),
  )
  .map(([before, other, edit]) => {
    if (edit === null) return { before, after: other };
    const documents = before.documents.map((document) => edited(document, edit));
    return { before, after: { documents, pod: other.pod } };
  });

/** The Deployment of an App. */
function deployment({ documents, pod }: PodSide, name: string): unknown {
  const { objects } = compilePod([...documents], pod, PLATFORM);
  return objects.find(({ object }) => object.kind === 'Deployment' && object.metadata.name === name)?.object
    .spec;
}

function everyPlan(rule: (changes: PlannedChange[], before: PodSide, after: PodSide) => void): void {
  fc.assert(
    fc.property(twoSides, ({ before, after }) => {
      rule(planChanges(before, after, PLATFORM), before, after);
    }),
    { numRuns: 60 },
  );
}

test('a pod to itself is nothing', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(podSide, (side) => {
      const changes = planChanges(side, structuredClone(side), PLATFORM);
      expect(changes.map(({ action }) => action)).toEqual(side.documents.map(() => 'none'));
      for (const { interruption, dataAtRisk, reasons } of changes)
        expect([interruption, dataAtRisk, reasons]).toEqual([null, null, []]);
    }),
    { numRuns: 60 },
  );
});

test('each resource of either side stands in it once', { timeout: 60_000 }, () => {
  everyPlan((changes, before, after) => {
    const places = [...before.documents, ...after.documents].map(
      ({ kind, metadata }) => `${kind}/${metadata.name}`,
    );
    expect(changes.map(({ kind, name }) => `${kind}/${name}`).sort()).toEqual([...new Set(places)].sort());
  });
});

test('every action has a reason, and only an action has', { timeout: 60_000 }, () => {
  everyPlan((changes) => {
    for (const { action, reasons } of changes) expect(reasons.length > 0).toBe(action !== 'none');
  });
});

test('instances are replaced just where their template is another', { timeout: 60_000 }, () => {
  let replaced = 0;
  everyPlan((changes, before, after) => {
    const kept = changes.filter(
      ({ kind, action }) => kind === 'App' && action !== 'create' && action !== 'delete',
    );
    for (const { name, action } of kept) {
      const [old, next] = [deployment(before, name), deployment(after, name)];
      const templates = [old, next].map((spec) => JSON.stringify(childOf(spec, 'template')));
      const [from, to] = [old, next].map((spec) => childOf(spec, 'replicas'));
      const isReplaced = from !== 0 && to !== 0 && templates[0] !== templates[1];
      if (isReplaced) replaced++;
      expect(action === 'roll' || action === 'restart').toBe(isReplaced);
      if (action === 'scale') expect(from).not.toBe(to);
    }
  });
  expect(replaced).toBeGreaterThan(0);
});

test('the order of documents makes no difference', { timeout: 60_000 }, () => {
  everyPlan((changes, before, after) => {
    const reversed = (side: PodSide) => ({ ...side, documents: side.documents.toReversed() });
    expect(planChanges(reversed(before), reversed(after), PLATFORM)).toEqual(changes);
  });
});
