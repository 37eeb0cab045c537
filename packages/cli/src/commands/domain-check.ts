import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { waitForDomain } from '../flows/wait-for-domain.ts';
import { aboutOne, domainText } from './domain-text.ts';
import { timeoutSeconds } from './revision-wait.ts';
import { waitView } from './wait-view.ts';

type Options = { wait?: boolean; timeout?: number };

/** Zones are often minutes behind what was entered. */
const DEFAULT_TIMEOUT_SECONDS = 300;

export function registerDomainCheck(domain: Command, run: Runner): void {
  aboutOne(domain.command('check'))
    .description('Have a domain looked at now, for example after a record was set')
    .option('--wait', 'wait until it is active')
    .option(
      '--timeout <seconds>',
      `with --wait: give up after this long (default: ${DEFAULT_TIMEOUT_SECONDS})`,
      timeoutSeconds,
    )
    .action(run(check));
}

async function check(context: Context, pod: string, domain: string, options: Options): Promise<Result> {
  if (options.wait === true) return await checkAndWait(context, pod, domain, options.timeout);
  if (options.timeout !== undefined) throw new CliFailure('--timeout needs --wait.', { exitCode: 2 });
  const asked = await context.client().domains.check(pod, domain);
  return {
    json: asked,
    text: (style) =>
      [
        `${style.green('✓')} ${style.bold(asked.domain)} is looked at within seconds. Before that:`,
        domainText(asked, style),
        style.dim(`What comes of it: brainpod domain list ${pod}, or with --wait here`),
      ].join('\n'),
  };
}

async function checkAndWait(
  context: Context,
  pod: string,
  domain: string,
  seconds = DEFAULT_TIMEOUT_SECONDS,
): Promise<Result> {
  const view = context.json ? null : waitView(context.io);
  try {
    const active = await waitForDomain({
      client: context.client(),
      pod,
      domain,
      timeoutMs: seconds * 1000,
      onEvent: (event) => view?.show(event),
      signal: context.io.signal,
    });
    return {
      json: active,
      text: (style) =>
        [
          `${style.green('✓')} ${style.bold(active.domain)} is active.`,
          domainText(active, style),
          `  ${style.cyan(`https://${active.domain}`)}`,
        ].join('\n'),
    };
  } finally {
    view?.done();
  }
}
