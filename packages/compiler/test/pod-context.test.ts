import { type CompiledObject, compilePod, type PodContext } from '@brainpod/compiler/compile';
import { childOf } from '@brainpod/model/fault';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PLATFORM, POD } from './golden-case.ts';
import { podDocuments } from './pod-arbitrary.ts';

// What an operator or a member does to a whole pod must change just that, whatever the pod holds.

type Documents = Parameters<typeof compilePod>[0];

function objectsOf(documents: Documents, context: Partial<PodContext> = {}): CompiledObject[] {
  const { objects, diagnostics } = compilePod(documents, { ...POD, ...context }, PLATFORM);
  expect(diagnostics).toEqual([]);
  return objects;
}

function everyPod(rule: (documents: Documents) => void): void {
  fc.assert(fc.property(podDocuments, rule), { numRuns: 40 });
}

/** The objects with one member of each Deployment's spec taken out. */
function without(objects: CompiledObject[], ...path: string[]): CompiledObject[] {
  return structuredClone(objects).map((compiled) => {
    if (compiled.object.kind !== 'Deployment') return compiled;
    const parent = path.slice(0, -1).reduce(childOf, compiled.object.spec);
    Reflect.deleteProperty(Object(parent), path.at(-1) ?? '');
    return compiled;
  });
}

test('a stopped pod has no instances, and everything else as before', { timeout: 60_000 }, () => {
  everyPod((documents) => {
    const stopped = objectsOf(documents, { isStopped: true });
    expect(without(stopped, 'replicas')).toEqual(without(objectsOf(documents), 'replicas'));
    for (const { object } of stopped.filter((made) => made.object.kind === 'Deployment'))
      expect(childOf(object.spec, 'replicas')).toBe(0);
  });
});

test('a restart marks the instances of its App, and nothing else', { timeout: 60_000 }, () => {
  everyPod((documents) => {
    const plain = objectsOf(documents);
    const apps = documents.filter(({ kind }) => kind === 'App').map(({ metadata }) => metadata.name);
    const [name = 'none'] = apps;
    const at = '2026-08-07T10:00:00.000Z';
    const restarted = objectsOf(documents, { restarts: { [name]: at, 'another-app': at } });
    expect(without(restarted, 'template', 'metadata', 'annotations')).toEqual(plain);
    const marked = restarted.filter(({ object }) =>
      Reflect.has(Object(childOf(childOf(object.spec, 'template'), 'metadata')), 'annotations'),
    );
    expect(marked.map(({ object }) => object.metadata.name)).toEqual(apps.slice(0, 1));
  });
});

test('limits touch nothing but the quota', { timeout: 60_000 }, () => {
  everyPod((documents) => {
    const limits = { apps: 0, cpuMillis: 0, memoryMiB: 0, diskGb: 0 };
    const others = (objects: CompiledObject[]) =>
      objects.filter(({ object }) => object.kind !== 'ResourceQuota');
    expect(others(objectsOf(documents, { limits }))).toEqual(others(objectsOf(documents)));
  });
});
