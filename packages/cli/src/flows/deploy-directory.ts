import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BrainpodClient, Pod, RevisionDetail } from '@brainpod/api-client/client';
import type { Decision } from '@brainpod/build-plan/build-plan';
import type { BuildEvent } from '@brainpod/builder/execute/build-event';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { readImageConfig } from '@brainpod/builder/execute/image-config';
import { parseDocuments } from '../documents.ts';
import { CliFailure } from '../failure.ts';
import type { BuildsApi } from './builds-api.ts';
import { type BuildChoice, chooseBuilder } from './choose-builder.ts';
import { buildHosted, type HostedDirectoryEvent } from './hosted-directory.ts';
import type { Builder } from './local-builder.ts';
import {
  appNameFor,
  appsToBuild,
  checkDocuments,
  type Document,
  documentsFor,
  withImage,
} from './plan-documents.ts';
import { readRegistryHost } from './registry-host.ts';
import { isLive, type WaitEvent, waitForRevision } from './wait-for-revision.ts';
import { type Written, writeDocuments } from './write-documents.ts';

export type DeployEvent =
  | { kind: 'phase'; phase: 'building' | 'built' | 'writing' | 'deploying' | 'live'; detail: string }
  /** What was decided for a directory without a Dockerfile. */
  | { kind: 'plan'; decisions: Decision[] }
  | { kind: 'build'; event: BuildEvent }
  | HostedDirectoryEvent
  | { kind: 'wait'; event: WaitEvent };

export type DeployDirectoryOptions = {
  client: BrainpodClient;
  apiKey: string;
  pod: string;
  directory: string;
  /** The origin of the registry to push to. */
  registryEndpoint: string;
  /** What builds: a BuildKit of one's own, or the platform. `reuse`: what was built of the very same source is not built again. */
  builder: Builder | { hosted: BuildsApi; reuse?: boolean };
  choice?: BuildChoice;
  /** What the build on the platform may use, as `readBuildSecrets` takes it, besides what the project names. */
  secrets?: readonly string[];
  /** The environment for the programs that are started. */
  environment: Record<string, string | undefined>;
  report: (event: DeployEvent) => void;
  /** How long the deployment may take until everything is healthy. */
  timeoutMs?: number;
  /** What the deployment is about; left out: the name of what is deployed. */
  summary?: string;
  signal?: AbortSignal;
};

/** `hostnames` of all its Routes; `url` is that of the first, null without any Route. `changed`: anything was deployed. */
export type DeployedDirectory = {
  url: string | null;
  hostnames: string[];
  revisionId: string;
  image: string;
  changed: boolean;
};

const TIMEOUT_MS = 180_000;
const RESOURCES_FILE = 'resources.yaml';

/**
 * Builds a directory, as its Dockerfile says or else as its files do, pushes the image, writes its resources into the pod and deploys them, and waits until all is
 * healthy. Uses the public API only. With a `resources.yaml`, its Apps whose image is their own name get the image;
 * without one, an App named after the folder and a Route to its port are made.
 * Nothing is written or deployed when the build fails (BuildError); a failed deployment is a CliFailure.
 */
export async function deployDirectory(options: DeployDirectoryOptions): Promise<DeployedDirectory> {
  const directory = resolve(options.directory);
  const planned = await readResources(directory);
  const name = planned === null ? appNameFor(directory) : firstBuilt(planned).metadata.name;
  const host = await readRegistryHost(options.registryEndpoint, options.apiKey);
  const image = await build(options, directory, name, host);
  const documents =
    planned === null
      ? documentsFor(name, image.reference, image.exposedPorts)
      : withImage(planned, image.reference);
  await settle(options);
  options.report({ kind: 'phase', phase: 'writing', detail: documents.map((each) => each.kind).join(', ') });
  const written = await writeDocuments(options.client, options.pod, documents);
  const { revision, changed } = await deploy(options, name, written);
  const hostnames = hostnamesOf(revision, documents);
  const url = hostnames[0] === undefined ? null : `https://${hostnames[0]}/`;
  options.report({ kind: 'phase', phase: 'live', detail: url ?? '' });
  return { url, hostnames, revisionId: revision.id, image: image.reference, changed };
}

async function readResources(directory: string): Promise<Document[] | null> {
  const file = join(directory, RESOURCES_FILE);
  if (!existsSync(file)) return null;
  const documents = checkDocuments(parseDocuments(await readFile(file, 'utf8'), file), file);
  if (appsToBuild(documents).length > 0) return documents;
  throw new CliFailure(
    `${file} has no App to run what is built here. Give the App's image the App's own name: then the image is put in.`,
  );
}

function firstBuilt(documents: readonly Document[]): Document {
  const [first] = appsToBuild(documents);
  if (first === undefined) throw new CliFailure('There is no App to run what is built.');
  return first;
}

async function build(
  options: DeployDirectoryOptions,
  directory: string,
  name: string,
  host: string,
): Promise<{ reference: string; exposedPorts: number[] }> {
  const repository = `${options.pod}/${name}`;
  const { builder } = options;
  const digest =
    'hosted' in builder
      ? await buildThere(options, builder, directory, name)
      : await buildHere(options, builder, directory, name);
  const config = await readImageConfig({
    registryEndpoint: options.registryEndpoint,
    repository,
    reference: digest,
    apiKey: options.apiKey,
  });
  const reference = `${host}/${repository}@${digest}`;
  options.report({ kind: 'phase', phase: 'built', detail: reference });
  return { reference, exposedPorts: config.exposedPorts };
}

async function buildThere(
  options: DeployDirectoryOptions,
  { hosted, reuse = false }: { hosted: BuildsApi; reuse?: boolean },
  directory: string,
  name: string,
): Promise<string> {
  options.report({ kind: 'phase', phase: 'building', detail: name });
  const { digest } = await buildHosted({
    api: hosted,
    ...(reuse ? { isThere: (digest) => isThere(options, name, digest) } : {}),
    pod: options.pod,
    directory,
    image: name,
    tag: 'latest',
    ...(options.choice === undefined ? {} : { choice: options.choice }),
    ...(options.secrets === undefined ? {} : { secrets: options.secrets }),
    environment: options.environment,
    report: options.report,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return digest;
}

async function isThere(options: DeployDirectoryOptions, name: string, digest: string): Promise<boolean> {
  const { registryEndpoint, apiKey } = options;
  const image = { registryEndpoint, repository: `${options.pod}/${name}`, reference: digest, apiKey };
  try {
    await readImageConfig(image);
    return true;
  } catch {
    return false; // Whatever is the matter with it, a build makes it anew or says why not.
  }
}

async function buildHere(
  options: DeployDirectoryOptions,
  builder: Builder,
  directory: string,
  name: string,
): Promise<string> {
  const chosen = await chooseBuilder(directory, options.choice ?? {});
  if (chosen.kind === 'plan') options.report({ kind: 'plan', decisions: chosen.plan.decisions });
  options.report({ kind: 'phase', phase: 'building', detail: name });
  const { digest } = await buildImage({
    directory,
    ...(chosen.kind === 'plan' ? { plan: chosen.plan } : { dockerfile: chosen.dockerfile }),
    ...builder,
    registryEndpoint: options.registryEndpoint,
    repository: `${options.pod}/${name}`,
    tag: 'latest',
    apiKey: options.apiKey,
    environment: options.environment,
    onEvent: (event) => options.report({ kind: 'build', event }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return digest;
}

/** A deployment that is under way ends before the next is written. Its failing is no reason not to go on. */
async function settle(options: DeployDirectoryOptions): Promise<void> {
  const { head } = await options.client.getPod(options.pod);
  if (head.status !== 'pending' && head.status !== 'ready') return;
  await wait(options, head.id).catch((error: unknown) => {
    if (!(error instanceof CliFailure) || options.signal?.aborted) throw error;
  });
}

async function deploy(
  options: DeployDirectoryOptions,
  name: string,
  written: Written,
): Promise<{ revision: RevisionDetail; changed: boolean }> {
  const pod = await options.client.getPod(options.pod);
  const running = await runningRevision(options, pod, written);
  if (running !== null) return { revision: running, changed: false };
  options.report({ kind: 'phase', phase: 'deploying', detail: options.pod });
  const accepted =
    pod.head.status === 'failed'
      ? await options.client.redeploy(options.pod)
      : pod.head.status === 'draft'
        ? await options.client.deploy(options.pod, options.summary ?? `Deploy ${name}`)
        : { revisionId: pod.head.id };
  return { revision: await wait(options, accepted.revisionId), changed: true };
}

/** The deployed revision, where it is the newest, holds all that is wanted, and works. */
async function runningRevision(
  options: DeployDirectoryOptions,
  pod: Pod,
  written: Written,
): Promise<RevisionDetail | null> {
  if (written.created.length + written.replaced.length > 0 || pod.deployed?.id !== pod.head.id) return null;
  const revision = await options.client.getRevision(options.pod, pod.head.id);
  return isLive(revision) ? revision : null;
}

async function wait(options: DeployDirectoryOptions, revisionId: string): Promise<RevisionDetail> {
  return await waitForRevision({
    client: options.client,
    pod: options.pod,
    revisionId,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    onEvent: (event) => options.report({ kind: 'wait', event }),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
}

function hostnamesOf(revision: RevisionDetail, documents: readonly Document[]): string[] {
  const wanted = new Set(
    documents.filter(({ kind }) => kind === 'Route').map(({ metadata }) => metadata.name),
  );
  return revision.resources.flatMap(({ content }) =>
    content.kind === 'Route' && wanted.has(content.metadata.name) ? [content.spec.hostname] : [],
  );
}
