import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Planned } from '@brainpod/build-plan/build-plan';
import type { Command } from 'commander';
import type { Context, Result, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import { planDirectory } from '../flows/plan-directory.ts';
import type { Style } from '../text/style.ts';
import { registerBuildCancel, registerBuildGet } from './build-get.ts';
import { registerBuildList } from './build-list.ts';
import { registerBuildLog } from './build-log.ts';
import { overridesOf, type PlanOptions, withPlanOptions } from './build-options.ts';

type Options = PlanOptions & {
  plan?: boolean;
  eject?: boolean;
  force?: boolean;
};

const DOCKERFILE = 'Dockerfile';

export function registerBuild(program: Command, run: Runner): void {
  const command = program
    .command('build')
    .description('Show how a directory without a Dockerfile is built, or write that down as its Dockerfile')
    .argument('[directory]', 'directory with the source', '.')
    .option('--plan', 'show what is decided and why, and the Dockerfile')
    .option('--eject', 'write Dockerfile and .dockerignore, which are used from then on')
    .option('--force', 'with --eject: in the place of those that are there');
  withPlanOptions(command).action(run(build));
  registerBuildList(command, run);
  registerBuildGet(command, run);
  registerBuildLog(command, run);
  registerBuildCancel(command, run);
}

async function build(_context: Context, folder: string, options: Options): Promise<Result> {
  if ((options.plan === true) === (options.eject === true)) {
    throw new CliFailure('Say either --plan or --eject, or list, get, log or cancel.', {
      exitCode: 2,
      advice: '"brainpod image build" builds a directory and pushes the image.',
    });
  }
  const directory = resolve(folder);
  const plan = planDirectory(directory, overridesOf(options));
  const used = options.plan === true && existsSync(join(directory, DOCKERFILE)) ? DOCKERFILE : null;
  const written = options.eject === true ? await eject(directory, plan, options.force === true) : [];
  return { json: { ...plan, used, written }, text: (style) => planText(plan, { used, written }, style) };
}

/** Writes both files or none. */
async function eject(directory: string, plan: Planned, force: boolean): Promise<string[]> {
  const files = { [DOCKERFILE]: plan.dockerfile, '.dockerignore': plan.dockerignore };
  const present = Object.keys(files).filter((name) => existsSync(join(directory, name)));
  if (present.length > 0 && !force) {
    throw new CliFailure(`${present.join(' and ')} is there already, and nothing was written.`, {
      advice: 'With --force it is written over.',
    });
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return Object.keys(files);
}

/** `used`: the file that is there and is what a build goes by instead; null where the plan is. */
function planText(
  plan: Planned,
  { used, written }: { used: string | null; written: readonly string[] },
  style: Style,
): string {
  const decided = plan.decisions.map(({ what, why, from }) => {
    const place = from === null ? '' : ` (${from})`;
    return `  ${style.bold(what)}: ${why}${style.dim(place)}`;
  });
  if (written.length > 0)
    return [`${style.green('✓')} ${written.join(' and ')} written.`, ...decided].join('\n');
  const note =
    used === null ? [] : [`The directory has a ${used}, and that is used. Without it, this would be:`];
  return [...note, ...decided, '', plan.dockerfile.trimEnd()].join('\n');
}
