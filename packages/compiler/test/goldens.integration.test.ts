import { compileBuilder } from '@brainpod/compiler/builder';
import { type CompiledPod, compileChecked, compilePlatform } from '@brainpod/compiler/compile';
import type { KubeObject } from '@brainpod/compiler/kube-object';
import { KubeClient } from '@brainpod/kube/client';
import { testKubeconfig } from '@brainpod/testkit/test-cluster';
import { waitFor } from '@brainpod/testkit/wait-for';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BUILDERS, BUILDERS_ELSEWHERE } from './builder-case.ts';
import { installEnvoyGatewayKinds } from './envoy-gateway-kinds.ts';
import { compileCase, type GoldenCase, goldenCases, PLATFORM, platformCases } from './golden-case.ts';
import { instanceOf } from './instance.ts';

// What the cluster's own controllers write to as well; there the generation tells a change of ours.
const WRITTEN_BY_OTHERS = ['Namespace', 'ResourceQuota'];

const compiling = goldenCases().filter((golden) => compileCase(golden).diagnostics.length === 0);
let client: KubeClient;

beforeAll(async () => {
  client = await KubeClient.fromKubeconfig(testKubeconfig());
  await installEnvoyGatewayKinds(client);
  for (const object of compilePlatform(PLATFORM)) await client.apply(object);
});

afterAll(() => client.close());

test.each(platformCases())('a real API server takes $name as it is', async ({ platform }) => {
  const objects = compilePlatform(platform);
  for (const object of objects.filter(({ kind }) => kind === 'Namespace')) await client.apply(object);
  for (const object of objects) {
    expect(await client.apply(object, { dryRun: true })).toMatchObject(object);
  }
});

test.each(compiling)('a real API server takes $name as it is', async (golden) => {
  const compiled = compileCase(golden);
  await applyStep(compiled, 'namespace');
  for (const { object } of compiled.objects) {
    // Every field comes back as it was sent: none is unknown, dropped, or written another way.
    expect(await client.apply(object, { dryRun: true })).toMatchObject(object);
  }
});

test.each(compiling)('admission lets the instances of $name in', async (golden) => {
  const compiled = compileCase(golden);
  await applyStep(compiled, 'namespace');
  for (const { object } of compiled.objects) {
    if (object.kind === 'ServiceAccount') await client.apply(object);
  }
  for (const { object } of compiled.objects.filter((made) => made.object.kind === 'Deployment')) {
    const instance = instanceOf(object);
    expect(await client.apply(instance, { dryRun: true })).toMatchObject({ spec: instance.spec });
  }
});

test.each([BUILDERS, BUILDERS_ELSEWHERE])('a real API server takes a builder as it is', async (platform) => {
  const objects = compileBuilder('any-builder', platform);
  for (const object of objects.filter(({ kind }) => kind === 'Namespace')) await client.apply(object);
  for (const object of objects) {
    expect(await client.apply(object, { dryRun: true })).toMatchObject(object);
    if (object.kind !== 'Deployment') continue;
    const instance = instanceOf(object);
    await waitFor(async () => (await client.get(serviceAccountOf(object))) !== null, {
      timeoutMs: 20_000,
      what: 'the namespace to have its service account',
    });
    expect(await client.apply(instance, { dryRun: true })).toMatchObject({ spec: instance.spec });
  }
});

function serviceAccountOf({ metadata: { namespace } }: KubeObject): KubeObject {
  const name = { name: 'default', ...(namespace === undefined ? {} : { namespace }) };
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: name };
}

test('an App may get a Disk and give it back, though Disks do not run yet', async () => {
  const { documents, pod, platform } = caseNamed('app-minimal');
  const mounts = [{ path: '/data', disk: 'urn:brain:disk:default:data' }];
  const onDisk = documents.map((document) =>
    document.kind === 'App' ? { ...document, spec: { ...document.spec, mounts } } : document,
  );
  for (const each of [documents, onDisk, documents]) {
    for (const { object } of compileChecked(each, pod, platform)) {
      expect(await client.apply(object)).toMatchObject(object);
      if (object.kind !== 'Deployment') continue;
      const instance = instanceOf(object);
      expect(await client.apply(instance, { dryRun: true })).toMatchObject({ spec: instance.spec });
    }
  }
});

test('applying the same objects again changes nothing', async () => {
  const { objects } = compileCase(caseNamed('shop'));
  const before = new Map<KubeObject, string>();
  for (const { object } of objects) before.set(object, await applyAndSeeVersion(object));
  for (const { object } of objects.filter((made) => !WRITTEN_BY_OTHERS.includes(made.object.kind))) {
    expect([object.kind, await applyAndSeeVersion(object)]).toEqual([object.kind, before.get(object)]);
  }
});

async function applyStep(compiled: CompiledPod, step: string): Promise<void> {
  for (const made of compiled.objects.filter((candidate) => candidate.step === step)) {
    await client.apply(made.object);
  }
}

/** The generation of what has one, for its status may change meanwhile; else the version of the whole. */
async function applyAndSeeVersion(object: KubeObject): Promise<string> {
  const { generation, resourceVersion } = (await client.apply(object)).metadata;
  return generation === undefined ? `version ${resourceVersion}` : `generation ${generation}`;
}

function caseNamed(name: string): GoldenCase {
  const found = goldenCases().find((golden) => golden.name === name);
  if (found === undefined) throw new Error(`there is no case ${name}`);
  return found;
}
