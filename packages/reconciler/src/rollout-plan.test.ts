import { type CompiledObject, compilePlatform, compilePod } from '@brainpod/compiler/compile';
import { NAME_LABEL } from '@brainpod/compiler/labels';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import type { KubeObject } from '@brainpod/kube/kube-object';
import type { ResourceDocument } from '@brainpod/model/document';
import { expect, test } from 'vitest';
import { app, config, PLATFORM, route } from '../test/documents.ts';
import { WRITTEN_KINDS } from './managed-kinds.ts';
import { at, listAt } from './observe/fields.ts';
import { checksumOf, planRollout, stepsOf } from './rollout-plan.ts';

function compile(documents: ResourceDocument[], secret = '{}'): CompiledObject[] {
  const { objects, diagnostics } = compilePod(
    documents,
    { name: 'demo', pullSecret: { dockerConfigJson: secret }, ...UNTOUCHED },
    PLATFORM,
  );
  if (diagnostics.length > 0) throw new Error(JSON.stringify(diagnostics));
  return objects;
}

const kindsOf = (step: { kind: string }[]): string[] => [...new Set(step.map(({ kind }) => kind))].sort();

test('a Route that serves already waits for its apps, a new one does not', () => {
  const target = compile([app('web'), route('old', 'web', 80), route('new', 'web', 81)]);
  const nameOf = ({ metadata }: KubeObject): string | undefined => metadata.labels?.[NAME_LABEL];
  const plan = planRollout(target, [], (object) => nameOf(object) === 'old');
  expect(plan.whenHealthy.map(nameOf)).toEqual(['old']);
  const routes = plan.first.flat().filter(({ kind }) => kind === 'HTTPRoute');
  expect(routes.map(nameOf)).toEqual(['new']);
});

test('a Service keeps the ports that the Routes of before lead to, until these are changed', () => {
  const deployed = compile([app('web'), route('shop', 'web', 3000)]);
  const target = compile([app('web'), route('shop', 'web', 4000)]);
  const plan = planRollout(target, deployed, ({ kind }) => kind === 'HTTPRoute');
  const service = plan.first.flat().find(({ kind }) => kind === 'Service');
  expect(listAt(service, 'spec', 'ports').map((port) => at(port, 'port'))).toEqual([4000, 3000]);
  const final = stepsOf(target)
    .flat()
    .find(({ kind }) => kind === 'Service');
  expect(listAt(final, 'spec', 'ports').map((port) => at(port, 'port'))).toEqual([4000]);
});

test('an app that Routes led to, and none leads to any more, is left as it is until the edge has let go of it', () => {
  const before = [route('shop', 'web', 80), route('docs', 'help', 80), app('web'), app('help')];
  const after = [
    route('shop', 'spare', 80),
    route('docs', 'help', 80),
    app('web'),
    app('help'),
    app('spare'),
  ];
  const namesOf = (objects: readonly KubeObject[]): (string | undefined)[] =>
    objects.filter(({ kind }) => kind === 'Deployment').map(({ metadata }) => metadata.name);
  const served = planRollout(compile(after), compile(before), ({ kind }) => kind === 'HTTPRoute');
  expect(namesOf(served.whenSwitched)).toEqual(['web']);
  expect(namesOf(served.first.flat()).sort()).toEqual(['help', 'spare']);
  const unserved = planRollout(compile(after), compile(before), () => false);
  expect(unserved.whenSwitched).toEqual([]);
  expect(namesOf(unserved.first.flat()).sort()).toEqual(['help', 'spare', 'web']);
});

test('everything comes after what it needs', () => {
  const steps = stepsOf(compile([app('web'), config('c', { a: 'b' }), route('r', 'web', 80)])).map(kindsOf);
  const place = (kind: string): number => steps.findIndex((kinds) => kinds.includes(kind));
  expect(place('Namespace')).toBe(0);
  expect(place('ConfigMap')).toBeLessThan(place('Deployment'));
  expect(place('ServiceAccount')).toBeLessThan(place('Deployment'));
  expect(place('Service')).toBeLessThan(place('HTTPRoute'));
  expect(place('Deployment')).toBeLessThan(place('HTTPRoute'));
});

test('the checksum tells renderings apart and holds nothing of a secret', () => {
  const documents = [app('web')];
  expect(checksumOf(compile(documents))).toBe(checksumOf(compile(documents)));
  expect(checksumOf(compile(documents, '{"auths":1}'))).toBe(checksumOf(compile(documents, '{"auths":2}')));
  expect(checksumOf(compile([app('web', { replicas: 2 })]))).not.toBe(checksumOf(compile(documents)));
});

test('every kind that is compiled is watched and pruned', () => {
  const platform = { ...PLATFORM, envoyGateway: true };
  const { objects } = compilePod(
    [app('web', { lifecycle: { init: 'true' } }), config('c', { a: 'b' }), route('r', 'web', 80)],
    { name: 'demo', pullSecret: { dockerConfigJson: '{}' }, ...UNTOUCHED },
    platform,
  );
  const written = WRITTEN_KINDS.map(({ apiVersion, kind }) => `${apiVersion}/${kind}`);
  const compiled = [...objects.map(({ object }) => object), ...compilePlatform(platform)];
  for (const { apiVersion, kind } of compiled) expect(written).toContain(`${apiVersion}/${kind}`);
});
