import type { DeploymentAccepted } from '@brainpod/api-client/client';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { type DeployEvent, type DeployedDirectory, deployDirectory } from '../flows/deploy-directory.ts';
import { findLocalBuilder } from '../flows/local-builder.ts';
import { paintState, type Style } from '../text/style.ts';
import { buildsOf, tellHostedDirectory } from './build-connection.ts';
import { type BuildOptions, choiceOf, refuseLocalSecrets, withBuildOptions } from './build-options.ts';
import { buildLine } from './image-build.ts';
import { DEFAULT_TIMEOUT_SECONDS, timeoutSeconds, waitAndShow } from './revision-wait.ts';
import { type WaitView, waitView } from './wait-view.ts';

type Options = BuildOptions & { summary?: string; plan?: string; wait?: boolean; timeout?: number };

export function registerDeploy(program: Command, run: Runner): void {
  const command = program
    .command('deploy')
    .description('Deploy the draft of the pod; with a directory, build that first and deploy what it makes')
    .argument(
      '[directory]',
      'directory with the source; its resources.yaml says what is made, else an App and a Route',
    )
    .option('--summary <text>', 'what this deployment is about')
    .option('--plan <tag>', 'only if it does what the plan with this tag said (see brainpod plan)')
    .option('--wait', 'wait until it is deployed and healthy; with a directory that is always so')
    .option(
      '--timeout <seconds>',
      `with --wait or a directory: give up after this long (default: ${DEFAULT_TIMEOUT_SECONDS})`,
      timeoutSeconds,
    );
  withBuildOptions(command).action(
    run(async (context, directory: string | undefined, options: Options) =>
      directory === undefined
        ? await deployDraft(context, options)
        : await deployFolder(context, directory, options),
    ),
  );
}

async function deployDraft(context: Context, options: Options): Promise<Result> {
  if (options.timeout !== undefined && options.wait !== true) {
    throw new CliFailure('--timeout needs --wait.', { exitCode: 2 });
  }
  const { summary: _summary, plan: _plan, wait: _wait, timeout: _timeout, ...ofBuild } = options;
  const [given] = Object.keys(ofBuild);
  if (given !== undefined) throw new CliFailure(`${flagOf(given)} needs a directory.`, { exitCode: 2 });
  const accepted = await context.client().deploy(context.pod(), options.summary, options.plan);
  if (options.wait !== true) return { json: accepted, text: (style) => acceptedText(accepted, style) };
  return await waitAndShow(context, accepted.revisionId, options.timeout ?? DEFAULT_TIMEOUT_SECONDS);
}

/** As a person writes it: --build-secret for buildSecret. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function deployFolder(context: Context, directory: string, options: Options): Promise<Result> {
  if (options.plan !== undefined) {
    throw new CliFailure('--plan is for the draft as it is: a directory writes into it first.', {
      exitCode: 2,
    });
  }
  refuseLocalSecrets(options);
  const view = context.json ? null : waitView(context.io);
  try {
    const deployed = await deployDirectory({
      client: context.client(),
      apiKey: context.apiKey(),
      pod: context.pod(),
      directory,
      registryEndpoint: context.registryEndpoint(),
      builder:
        options.local === true
          ? await findLocalBuilder(context.io.environment)
          : { hosted: buildsOf(context) },
      choice: choiceOf(options),
      ...(options.buildSecret === undefined ? {} : { secrets: options.buildSecret }),
      environment: context.io.environment,
      timeoutMs: (options.timeout ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
      ...(options.summary === undefined ? {} : { summary: options.summary }),
      report: (event) => tellDeploy(context, view, event),
      signal: context.io.signal,
    });
    return { json: deployed, text: (style) => deployedText(deployed, style) };
  } finally {
    view?.done();
  }
}

function tellDeploy(context: Context, view: WaitView | null, event: DeployEvent): void {
  switch (event.kind) {
    case 'wait':
      view?.show(event.event);
      break;
    case 'build':
      context.progress((style) => buildLine(event.event, style));
      break;
    case 'plan':
      for (const { what, why } of event.decisions)
        context.progress((style) => `${style.dim('→')} ${what}: ${why}`);
      break;
    case 'phase':
      context.progress((style) => phaseLine(event.phase, event.detail, style));
      break;
    default:
      tellHostedDirectory(context, event);
  }
}

function phaseLine(phase: string, detail: string, style: Style): string | null {
  switch (phase) {
    case 'building':
      return style.bold(`Building ${detail}`);
    case 'built':
      return `${style.green('✓')} image ${style.dim(detail)}`;
    case 'deploying':
      return style.bold(`Deploying to ${detail}`);
    default:
      return null;
  }
}

function deployedText({ url, hostnames, changed }: DeployedDirectory, style: Style): string {
  const first = changed ? 'It is deployed and healthy.' : 'Nothing has changed: what runs is the same.';
  const urls = hostnames.map((hostname) => `  ${style.cyan(`https://${hostname}/`)}`);
  const none = url === null ? [style.dim('  No Route leads to it.')] : [];
  return [`${style.green('✓')} ${first}`, ...urls, ...none].join('\n');
}

export function registerRedeploy(program: Command, run: Runner): void {
  program
    .command('redeploy')
    .description('Try the newest revision again after it failed')
    .action(
      run(async (context) => {
        const accepted = await context.client().redeploy(context.pod());
        return { json: accepted, text: (style) => acceptedText(accepted, style) };
      }),
    );
}

export function acceptedText(accepted: DeploymentAccepted, style: Style): string {
  const lines = [`Revision ${accepted.revisionId} is ${paintState(style, accepted.state)}.`];
  if (accepted.error !== null) lines.push(style.red(accepted.error));
  lines.push(style.dim(`Follow it with: brainpod revision wait ${accepted.revisionId}`));
  return lines.join('\n');
}
