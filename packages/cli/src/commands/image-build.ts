import { resolve } from 'node:path';
import type { BuildEvent } from '@brainpod/builder/execute/build-event';
import { buildImage } from '@brainpod/builder/execute/build-image';
import { readImageConfig } from '@brainpod/builder/execute/image-config';
import { type Command, InvalidArgumentError } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { chooseBuilder } from '../flows/choose-builder.ts';
import { buildHosted } from '../flows/hosted-directory.ts';
import { checkLayoutDirectory, writeImageLayout } from '../flows/image-layout.ts';
import { findLocalBuilder } from '../flows/local-builder.ts';
import { readRegistryHost } from '../flows/registry-host.ts';
import { configPath, readConfigFile, writeConfigFile } from '../settings/config-file.ts';
import type { Style } from '../text/style.ts';
import { facts } from '../text/table.ts';
import { seconds } from '../text/time.ts';
import { buildsOf, tellHostedDirectory } from './build-connection.ts';
import { type BuildOptions, choiceOf, refuseLocalSecrets, withBuildOptions } from './build-options.ts';

type Options = BuildOptions & { tag: string; platform?: string; output?: string };

type Built = { digest: string; builder: 'dockerfile' | 'plan' };

type Target = { image: string; directory: string; platform: string; options: Options };

const COMPONENT = /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$/;

export function registerImageBuild(image: Command, run: Runner): void {
  const command = image
    .command('build')
    .description("Have a directory built on the platform, with the image in the pod's registry")
    .argument('<image>', 'name of the image in the pod, such as web or team/web', parseRepository)
    .argument('[context]', 'directory with the source; its Dockerfile is used where it has one', '.')
    .option('--tag <tag>', 'tag of the image', parseTag, 'latest')
    .option('--platform <platform>', 'such as linux/amd64 (default: what the clusters run)')
    .option('--output <directory>', 'keep the image there too, as an OCI image layout');
  withBuildOptions(command).action(run(build));
}

async function build(context: Context, image: string, directory: string, options: Options): Promise<Result> {
  refuseLocalSecrets(options);
  const output = options.output === undefined ? null : resolve(options.output);
  if (output !== null) await checkLayoutDirectory(output);
  const apiKey = context.apiKey();
  const pod = context.pod();
  const registryEndpoint = context.registryEndpoint();
  const platform = await choosePlatform(context, options.platform);
  await keepArchitecture(context, platform);
  const host = await readRegistryHost(registryEndpoint, apiKey);
  const repository = `${pod}/${image}`;
  const target = { image, directory: resolve(directory), platform, options };
  const built = options.local === true ? await buildHere(context, target) : await buildThere(context, target);
  const location = { registryEndpoint, repository, reference: built.digest, apiKey };
  if (output !== null) await writeImageLayout(location, { directory: output, tag: options.tag });
  const config = await readImageConfig(location);
  const result = {
    image: `${host}/${repository}:${options.tag}`,
    digest: built.digest,
    reference: `${host}/${repository}@${built.digest}`,
    platform,
    builder: built.builder,
    railpackVersion: null,
    user: config.user === '' ? null : config.user,
    output,
  };
  return { json: result, text: (style) => builtText(result, style) };
}

async function buildThere(context: Context, { image, directory, platform, options }: Target): Promise<Built> {
  return await buildHosted({
    api: buildsOf(context),
    pod: context.pod(),
    directory,
    image,
    tag: options.tag,
    choice: choiceOf(options),
    platform,
    ...(options.buildSecret === undefined ? {} : { secrets: options.buildSecret }),
    environment: context.io.environment,
    report: (event) => tellHostedDirectory(context, event),
    signal: context.io.signal,
  });
}

async function buildHere(context: Context, { image, directory, platform, options }: Target): Promise<Built> {
  const builder = await findLocalBuilder(context.io.environment);
  const chosen = await chooseBuilder(directory, choiceOf(options));
  for (const { what, why } of chosen.kind === 'plan' ? chosen.plan.decisions : [])
    context.progress((style) => `${style.dim('→')} ${what}: ${why}`);
  const { digest } = await buildImage({
    directory,
    ...(chosen.kind === 'plan' ? { plan: chosen.plan } : { dockerfile: chosen.dockerfile }),
    ...builder,
    registryEndpoint: context.registryEndpoint(),
    repository: `${context.pod()}/${image}`,
    tag: options.tag,
    apiKey: context.apiKey(),
    platform,
    environment: context.io.environment,
    onEvent: (event) => context.progress((style) => buildLine(event, style)),
    signal: context.io.signal,
  });
  return { digest, builder: chosen.kind };
}

/** The flag, else the configured architecture, else amd64 before arm64: always one that a cluster runs. */
async function choosePlatform(context: Context, asked: string | undefined): Promise<string> {
  const clusters = await context.client().listClusters();
  const offered = [...new Set(clusters.flatMap((cluster) => cluster.architectures))].map(
    (each) => `linux/${each}`,
  );
  const configured = context.settings.architecture.value;
  const wanted = asked ?? (configured === null ? undefined : `linux/${configured.replace(/^linux\//, '')}`);
  if (wanted !== undefined) {
    if (offered.includes(wanted)) return wanted;
    throw new CliFailure(`No cluster runs ${wanted}. There is: ${offered.join(', ') || 'none'}.`, {
      advice: `Name one with --platform${asked === undefined ? ', which is kept for the next time' : ''}.`,
    });
  }
  const chosen = ['linux/amd64', 'linux/arm64'].find((each) => offered.includes(each)) ?? offered[0];
  if (chosen === undefined)
    throw new CliFailure('No cluster says which architecture it runs; name one with --platform.');
  return chosen;
}

/** The next build is for the same one, on whatever new clusters there are then. */
async function keepArchitecture(context: Context, platform: string): Promise<void> {
  const architecture = platform.replace(/^linux\//, '');
  if (context.settings.architecture.value?.replace(/^linux\//, '') === architecture) return;
  const path = configPath(context.io.environment);
  try {
    await writeConfigFile(path, { ...(await readConfigFile(path)), architecture });
  } catch (error) {
    if (!(error instanceof CliFailure)) throw error;
    context.progress((style) => style.dim(`That it is for ${platform} is not kept: ${error.message}`));
  }
}

/** One line for a step or a line of its output. */
export function buildLine(event: BuildEvent, style: Style): string {
  switch (event.kind) {
    case 'step-started':
      return `${style.dim('→')} ${event.name}`;
    case 'step-done':
      return `${style.green('✓')} ${event.name} ${style.dim(event.cached ? 'cached' : seconds(event.durationMs))}`;
    case 'step-failed':
      return `${style.red('✗')} ${event.name}`;
    case 'log':
      return `  ${style.dim(event.line)}`;
  }
}

function builtText(result: Record<string, string | null>, style: Style): string {
  const text = facts(style, [
    ['Image', style.bold(result.image ?? '')],
    ['Digest', result.digest ?? ''],
    ['Reference', result.reference ?? ''],
    ['Platform', result.platform ?? ''],
    ['Builder', result.builder ?? ''],
    ['User', result.user ?? style.yellow('root')],
    ...(result.output == null ? [] : [['Kept in', result.output] as [string, string]]),
  ]);
  if (result.user !== null) return text;
  return `${text}\n\n${style.yellow('This image runs as root, which apps may not: add a line such as "USER 1000" to the Dockerfile.')}`;
}

function parseRepository(text: string): string {
  if (text.length <= 255 && text.split('/').every((component) => COMPONENT.test(component))) return text;
  throw new InvalidArgumentError('Lowercase letters, digits, ".", "_" and "-", with "/" between parts.');
}

function parseTag(text: string): string {
  if (TAG.test(text)) return text;
  throw new InvalidArgumentError(
    'At most 128 letters, digits, "_", "." and "-", not beginning with "." or "-".',
  );
}
