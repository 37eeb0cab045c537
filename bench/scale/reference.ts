import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compilePlatform, compilePod } from '@brainpod/compiler/compile';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import type { KubeClient } from '@brainpod/kube/client';
import { isRecord, type KubeObject } from '@brainpod/kube/kube-object';
import type { Store } from '@brainpod/store/store';
import { waitFor } from '@brainpod/testkit/wait-for';
import { VERSION_VARIABLE } from './documents.ts';
import { PLATFORM, PULL_SECRET } from './platform.ts';
import type { PopulatedPod } from './population.ts';

/** The same by hand: `kubectl apply` of the same objects to a cluster of its own. */
export type Reference = {
  objects: number;
  /** Seconds of the first apply, until all Deployments were available, and of one that changes nothing. */
  applySeconds: number;
  availableSeconds: number;
  againSeconds: number;
  /** `kubectl apply` of one changed Deployment, its own start included. */
  changeMs: number[];
};

const AVAILABLE_TIMEOUT_MS = 1_200_000;
/** Beyond all that the apps were changed to before. */
const FIRST_VERSION = 1_000_000;

/** Every object that the pods' deployed revisions come to, namespaces first. */
export async function objectsOf(store: Store, pods: readonly PopulatedPod[]): Promise<KubeObject[]> {
  const objects = [...compilePlatform(PLATFORM)];
  for (const { id, name } of pods) {
    const state = await store.reconciler.loadPod(id);
    if (state?.deployed == null) throw new Error(`pod ${name} is not deployed`);
    const context = { name, pullSecret: PULL_SECRET, ...UNTOUCHED };
    const compiled = compilePod(state.deployed.documents, context, PLATFORM);
    objects.push(...compiled.objects.map(({ object }) => object));
  }
  const isNamespace = ({ kind }: KubeObject): boolean => kind === 'Namespace';
  return [...objects.filter(isNamespace), ...objects.filter((object) => !isNamespace(object))];
}

export async function measureReference(parts: {
  kubectl: { binary: string; kubeconfig: string };
  kube: KubeClient;
  objects: readonly KubeObject[];
  rounds: number;
}): Promise<Reference> {
  const { kube, objects, rounds, kubectl } = parts;
  const dir = await mkdtemp(path.join(tmpdir(), 'brainpod-reference-'));
  try {
    const file = path.join(dir, 'objects.json');
    const apply = async (items: readonly KubeObject[]): Promise<number> => {
      await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
      return applyFile(kubectl, file);
    };
    const began = performance.now();
    const applySeconds = (await apply(objects)) / 1000;
    await allAvailable(kube);
    const availableSeconds = (performance.now() - began) / 1000;
    const againSeconds = (await apply(objects)) / 1000;
    const deployments = objects.filter(({ kind }) => kind === 'Deployment');
    const changeMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const deployment = deployments[(round * 7) % deployments.length];
      if (deployment === undefined) throw new Error('there is no Deployment to change');
      changeMs.push(await apply([inVersion(deployment, FIRST_VERSION + round)]));
    }
    return { objects: objects.length, applySeconds, availableSeconds, againSeconds, changeMs };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function inVersion(deployment: KubeObject, version: number): KubeObject {
  const before = JSON.stringify(deployment);
  const after = before.replace(new RegExp(`("name":"${VERSION_VARIABLE}","value":)"\\d+"`), `$1"${version}"`);
  if (after === before) throw new Error('the Deployment has no variable that tells its version');
  return JSON.parse(after) as KubeObject;
}

/** Milliseconds. */
async function applyFile(kubectl: { binary: string; kubeconfig: string }, file: string): Promise<number> {
  const args = ['kubectl', `--kubeconfig=${kubectl.kubeconfig}`, 'apply', '--server-side', '-f', file];
  const began = performance.now();
  const child = spawn(kubectl.binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`kubectl apply ended with ${code}: ${said.slice(-2000)}`);
  return performance.now() - began;
}

async function allAvailable(kube: KubeClient): Promise<void> {
  await waitFor(
    async () => {
      const { items } = await kube.list({ apiVersion: 'apps/v1', kind: 'Deployment' });
      return items.every(({ status }) => isRecord(status) && Number(status.availableReplicas) >= 1);
    },
    { timeoutMs: AVAILABLE_TIMEOUT_MS, what: 'all Deployments to be available', everyMs: 500 },
  );
}
