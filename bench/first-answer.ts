import { spawnSync } from 'node:child_process';
import { compilePod } from '@brainpod/compiler/compile';
import { UNTOUCHED } from '@brainpod/compiler/platform-facts';
import { parseResourceInput, type ResourceDocument } from '@brainpod/model/document';
import { INSTANCE_SIZES } from '@brainpod/model/instance-size';
import { edgeAgent, get } from '../e2e/edge.ts';
import type { Bench } from './bench.ts';
import { median } from './quantiles.ts';

const TIMEOUT_MS = 60_000;

type PodAnswer = { name: string; displayName: string | null };
type ResourceAnswer = { content: { kind: string; spec: { image?: string; hostname?: string } } };

/**
 * Image ready → first 200 through the edge, in milliseconds: a deploy through Brainpod's API beside
 * `kubectl apply` of the very manifests that it makes, by turns, on the same cluster, in the same namespace.
 */
export async function measureFirstAnswer(
  bench: Bench,
  rounds: number,
): Promise<{ ours: number[]; kubectl: number[] }> {
  const pod = await findExample(bench);
  const result = { ours: [] as number[], kubectl: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    result.ours.push(await throughBrainpod(bench, pod, `bench-${round}`));
    result.kubectl.push(await throughKubectl(bench, pod, `reference-${round}`));
  }
  return result;
}

/** The table row: medians and their ratio. */
export function firstAnswerRow(measured: { ours: number[]; kubectl: number[] }): string {
  const [ours, reference] = [median(measured.ours), median(measured.kubectl)];
  const ratio = (ours / reference).toFixed(2);
  return `| image ready → first 200 (median of ${measured.ours.length}) | ${ours.toFixed(0)} ms | kubectl apply: ${reference.toFixed(0)} ms | ${ratio} | ≤ 1.3 |`;
}

/** The pod of the example, whose image is on the node already. */
async function findExample(bench: Bench): Promise<{ name: string; image: string }> {
  for (const { name } of await bench.api<PodAnswer[]>('GET', '/v1/pods')) {
    const resources = await bench.api<ResourceAnswer[]>('GET', `/v1/pods/${name}/resources`);
    const image = resources.find(({ content }) => content.kind === 'App')?.content.spec.image;
    if (image?.includes('/hello-node@')) return { name, image };
  }
  throw new Error('the example does not run here; run npm start first');
}

function inputsFor(name: string, image: string): object[] {
  const envelope = { apiVersion: 'pod.brainpod.io/v1alpha1', metadata: { name, namespace: 'default' } };
  const rule = { name: 'all', path: '/', port: 8080, backendRef: `urn:brain:app:default:${name}` };
  return [
    { ...envelope, kind: 'App', spec: { image, env: [], instance: '.25x', replicas: 1 } },
    { ...envelope, kind: 'Route', spec: { rules: [rule] } },
  ];
}

async function throughBrainpod(
  bench: Bench,
  pod: { name: string; image: string },
  name: string,
): Promise<number> {
  const base = `/v1/pods/${pod.name}`;
  const created = await bench.api<{ resources: ResourceAnswer[] }>(
    'POST',
    `${base}/resources`,
    inputsFor(name, pod.image),
  );
  const hostname =
    created.resources.find(({ content }) => content.kind === 'Route')?.content.spec.hostname ?? '';
  const began = performance.now();
  await bench.api('POST', `${base}/deploy`, {});
  await untilAnswered(bench, hostname);
  const tookMs = performance.now() - began;
  await untilDeployed(bench, pod.name);
  for (const kind of ['Route', 'App']) await bench.api('DELETE', `${base}/resources/${kind}/default/${name}`);
  await bench.api('POST', `${base}/deploy`, {});
  await untilDeployed(bench, pod.name);
  return tookMs;
}

async function throughKubectl(
  bench: Bench,
  pod: { name: string; image: string },
  name: string,
): Promise<number> {
  const hostname = `${name}.${bench.domain}`;
  const manifests = referenceManifests(bench, pod, { name, hostname });
  const began = performance.now();
  kubectl(bench, ['apply', '--server-side', '-f', '-'], manifests);
  await untilAnswered(bench, hostname);
  const tookMs = performance.now() - began;
  kubectl(bench, ['delete', '--wait', '-f', '-'], manifests);
  return tookMs;
}

/** What Brainpod would apply for this App and Route, under labels of its own so that Brainpod leaves it alone. */
function referenceManifests(
  bench: Bench,
  pod: { name: string; image: string },
  { name, hostname }: { name: string; hostname: string },
): string {
  const documents = inputsFor(name, pod.image).map((input): ResourceDocument => {
    const parsed = parseResourceInput(input);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
    const document = parsed.value;
    return document.kind === 'Route' ? { ...document, spec: { ...document.spec, hostname } } : document;
  });
  const { objects } = compilePod(
    documents,
    { name: pod.name, pullSecret: { dockerConfigJson: '{}' }, ...UNTOUCHED },
    {
      domain: bench.domain,
      registryHost: `registry.${bench.domain}`,
      gateway: {
        namespace: 'brainpod-system',
        name: 'brainpod',
        httpsListener: 'https',
        httpListener: 'http',
      },
      gatewayClass: 'brainpod',
      sizes: INSTANCE_SIZES,
      envoyGateway: true,
      certificate: { certPem: '', keyPem: '' },
      drainSeconds: 4,
    },
  );
  const items = objects.filter(({ resource }) => resource !== null).map(({ object }) => object);
  const text = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
  return text
    .replaceAll('brainpod.io/pod"', 'reference.example/pod"')
    .replaceAll('brainpod.io/kind"', 'reference.example/kind"')
    .replaceAll('brainpod.io/name"', 'reference.example/name"')
    .replaceAll('"app.kubernetes.io/managed-by":"brainpod"', '"app.kubernetes.io/managed-by":"reference"');
}

function kubectl(bench: Bench, args: readonly string[], input: string): void {
  const outcome = spawnSync(bench.kube, ['kubectl', `--kubeconfig=${bench.kubeconfig}`, ...args], {
    input,
    encoding: 'utf8',
  });
  if (outcome.status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${outcome.stderr}`);
}

async function untilAnswered(bench: Bench, hostname: string): Promise<void> {
  const agent = edgeAgent(bench.authorityPem, 1);
  try {
    await poll(`${hostname} answers`, async () => {
      const answer = await get(`https://${hostname}/`, agent, 2_000).catch((error: unknown) => error);
      return !(answer instanceof Error) && (answer as { status: number }).status === 200;
    });
  } finally {
    agent.destroy();
  }
}

async function untilDeployed(bench: Bench, pod: string): Promise<void> {
  await poll(`${pod} is deployed`, async () => {
    const { head } = await bench.api<{ head: { status: string; error: string | null } }>(
      'GET',
      `/v1/pods/${pod}`,
    );
    if (head.status === 'failed') throw new Error(head.error ?? 'the deploy failed');
    return head.status === 'deployed';
  });
}

async function poll(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`${what}: not within ${TIMEOUT_MS / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
