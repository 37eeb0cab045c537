import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BrainpodClient, type Pod } from '@brainpod/api-client/client';
import { hasDockerfile } from '@brainpod/builder/execute/build-image';
import { apiEndpoint } from '@brainpod/supervisor/settings';
import { BuildsConnection } from 'brainpod/flows/builds-api';
import { type DeployDirectoryOptions, deployDirectory } from 'brainpod/flows/deploy-directory';
import type { HostedEvent } from 'brainpod/flows/hosted-build';
import { findLocalBuilder } from 'brainpod/flows/local-builder';
import { planDirectory } from 'brainpod/flows/plan-directory';
import { documentsFor } from 'brainpod/flows/plan-documents';
import { type WaitEvent, waitForRevision } from 'brainpod/flows/wait-for-revision';
import { writeDocuments } from 'brainpod/flows/write-documents';
import { ensureBaseImages } from '../base-image/ensure-base-images.ts';
import { type AppPlan, baseImagesIn, otherVersionsIn, planApp } from './app-plan.ts';
import { gatewayAddress } from './cluster.ts';
import { waitForFirstAnswer } from './first-request.ts';
import type { Operator } from './operator.ts';
import type { StageHandle } from './progress.ts';
import type { Start } from './start.ts';

const FIRST_ANSWER_TIMEOUT_MS = 60_000;
const DEPLOY_TIMEOUT_MS = 180_000;

/** Builds, deploys and asks the app, all through the public API. Returns its URL, null when none was wanted. */
export async function startApp(run: Start, operator: Operator): Promise<string | null> {
  const plan = planApp(run.order.options, run.order.root);
  if (plan === null) return null;
  const client = new BrainpodClient({ endpoint: apiEndpoint(run.settings), token: operator.apiKey });
  if (plan.kind === 'folder' && run.settings.mode === 'embedded') {
    await run.stage('base-image', (handle) => provideBaseImages(run, plan.directory, handle));
  }
  const pod = await findOrCreatePod(client, plan.displayName, operator.pod);
  if (operator.pod === undefined) await operator.rememberPod(pod.name);
  const hostname =
    plan.kind === 'folder'
      ? await deployFolder(run, client, operator, pod.name, plan.directory)
      : await run.stage('deploy', (handle) => deployImage(client, pod.name, plan, handle));
  return await run.stage('answer', (handle) => firstAnswer(run, hostname, handle));
}

/** The pod of this display name: the remembered one if it is among them, else the oldest, else a new one. */
async function findOrCreatePod(
  client: BrainpodClient,
  displayName: string,
  remembered: string | undefined,
): Promise<Pod> {
  const named = (await client.listPods()).filter((pod) => pod.displayName === displayName);
  named.sort((left, right) => left.createdAt.localeCompare(right.createdAt));
  return named.find((pod) => pod.name === remembered) ?? named[0] ?? (await client.createPod(displayName));
}

async function provideBaseImages(run: Start, directory: string, handle: StageHandle): Promise<void> {
  const dockerfile = await readDockerfile(directory);
  const names = baseImagesIn(dockerfile);
  const results = await ensureBaseImages(names, {
    registryUrl: `http://127.0.0.1:${run.settings.registryPort}`,
    cacheDir: path.join(run.order.cacheDir, 'base-images'),
    report: handle.detail,
  });
  const told = [
    ...results.map(({ name, made }) => (made ? name : `${name} is there already`)),
    ...otherVersionsIn(dockerfile).map(
      ({ wanted, made }) =>
        `${wanted} is asked of Docker Hub, since only ${made.join(', ')} can be made here`,
    ),
  ];
  handle.outcome(told.length === 0 ? 'none of ours is needed' : told.join('; '));
}

/** What the folder is built with: its own, or what is planned for it. */
async function readDockerfile(directory: string): Promise<string> {
  if (await hasDockerfile(directory)) return await readFile(path.join(directory, 'Dockerfile'), 'utf8');
  return planDirectory(directory).dockerfile;
}

/** Returns the host name of the folder's first Route, null when it has none. */
async function deployFolder(
  run: Start,
  client: BrainpodClient,
  operator: Operator,
  pod: string,
  directory: string,
): Promise<string | null> {
  const built = Promise.withResolvers<void>();
  let handle: StageHandle | null = null;
  const begin = async (): Promise<string | null> => {
    const result = await deployDirectory({
      client,
      apiKey: operator.apiKey,
      pod,
      directory,
      registryEndpoint: apiEndpoint(run.settings),
      builder: await builderOf(run, operator),
      environment: run.environment,
      timeoutMs: DEPLOY_TIMEOUT_MS,
      report: (event) => {
        if (event.kind === 'build' && event.event.kind === 'step-started') handle?.detail(event.event.name);
        else if (event.kind === 'hosted') handle?.detail(describeHosted(event.event));
        else if (event.kind === 'plan') handle?.detail(event.decisions.map(({ what }) => what).join(', '));
        else if (event.kind === 'wait') handle?.detail(describeWait(event.event));
        else if (event.kind === 'phase' && event.phase !== 'built') handle?.detail(event.detail);
        if (event.kind === 'phase' && event.phase === 'built') {
          handle?.outcome(event.detail);
          built.resolve();
        }
      },
    });
    handle?.outcome(result.changed ? 'deployed' : 'nothing has changed');
    return result.hostnames[0] ?? null;
  };
  const whole = begin();
  whole.catch((error: unknown) => built.reject(error));
  await run.stage('image', async (stage) => {
    handle = stage;
    await built.promise;
  });
  return await run.stage('deploy', async (stage) => {
    handle = stage;
    return await whole;
  });
}

/** The platform builds, and nothing twice. Beside a cluster of somebody else's a BuildKit of theirs comes first. */
async function builderOf(run: Start, operator: Operator): Promise<DeployDirectoryOptions['builder']> {
  if (run.settings.mode === 'external' && run.environment.BUILDKIT_HOST?.trim())
    return await findLocalBuilder(run.environment);
  const hosted = new BuildsConnection({ endpoint: apiEndpoint(run.settings), token: operator.apiKey });
  return { hosted, reuse: true };
}

function describeHosted(event: HostedEvent): string {
  switch (event.kind) {
    case 'created':
      return 'beginning a build';
    case 'waiting':
      return 'waiting for other builds';
    case 'entry':
      return event.entry.line ?? event.entry.name;
    case 'away':
      return event.reason;
  }
}

function describeWait({ subject, state, detail }: WaitEvent): string {
  return detail === '' ? `${subject}: ${state}` : `${subject}: ${state}, ${detail}`;
}

async function deployImage(
  client: BrainpodClient,
  pod: string,
  plan: Extract<AppPlan, { kind: 'image' }>,
  handle: StageHandle,
): Promise<string | null> {
  await writeDocuments(client, pod, documentsFor(plan.name, plan.image, [plan.port]));
  const { head } = await client.getPod(pod);
  const revisionId =
    head.status === 'draft'
      ? (await client.deploy(pod, `Run ${plan.image}`)).revisionId
      : head.status === 'failed'
        ? (await client.redeploy(pod)).revisionId
        : head.id;
  const revision = await waitForRevision({
    client,
    pod,
    revisionId,
    timeoutMs: DEPLOY_TIMEOUT_MS,
    onEvent: (event) => handle.detail(describeWait(event)),
  });
  for (const { content } of revision.resources) {
    if (content.kind === 'Route') return content.spec.hostname;
  }
  return null;
}

async function firstAnswer(run: Start, hostname: string | null, handle: StageHandle): Promise<string | null> {
  if (hostname === null) {
    handle.outcome('there is no Route to ask');
    return null;
  }
  const { httpsPort } = run.settings;
  const url = `https://${hostname}${httpsPort === 443 ? '' : `:${httpsPort}`}/`;
  const authorityPem = await readFile(path.join(run.locations.dataDir, 'server', 'ca.crt'), 'utf8');
  const address = await gatewayAddress(run.settings);
  const target = { url, address, authorityPem, timeoutMs: FIRST_ANSWER_TIMEOUT_MS };
  handle.outcome(`${await waitForFirstAnswer(target, handle.detail)} from ${url}`);
  return url;
}
