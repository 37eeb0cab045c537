import type { Command } from 'commander';
import type { Context, Outcome, Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import type { BuildLogEntry } from '../flows/builds-api.ts';
import { followBuild } from '../flows/hosted-build.ts';
import { buildsOf, tellHosted } from './build-connection.ts';
import { entryLine } from './build-view.ts';

export function registerBuildLog(build: Command, run: Runner): void {
  build
    .command('log')
    .description('Show what a build did, step by step; JSON is a line for each entry')
    .argument('<build>', 'id of the build')
    .option('-f, --follow', 'go on until the build ends; Ctrl-C ends the watching and not the build')
    .action(
      run(async (context, id: string, { follow }: { follow?: boolean }) => {
        const tell = (entry: BuildLogEntry): void => context.line(entry, (style) => entryLine(entry, style));
        return follow === true ? await followLog(context, id, tell) : await readLog(context, id, tell);
      }),
    );
}

async function readLog(context: Context, id: string, tell: (entry: BuildLogEntry) => void): Promise<Outcome> {
  const api = buildsOf(context);
  for (let after = 0; ; ) {
    const { items } = await api.getBuildLog(context.pod(), id, after, context.io.signal);
    if (items.length === 0) return null;
    items.forEach(tell);
    after = Math.max(...items.map(({ seq }) => seq));
  }
}

async function followLog(
  context: Context,
  id: string,
  tell: (entry: BuildLogEntry) => void,
): Promise<Outcome> {
  try {
    const ended = await followBuild(
      {
        api: buildsOf(context),
        pod: context.pod(),
        signal: context.io.signal,
        report: (event) => {
          if (event.kind === 'entry') tell(event.entry);
          else tellHosted(context, event);
        },
      },
      id,
    );
    if (ended.state === 'ready') return null;
    throw new CliFailure(ended.error ?? `The build is ${ended.state}.`);
  } catch (error) {
    if (!context.io.signal.aborted) throw error;
    throw new CliFailure('Stopped watching. The build goes on.', {
      advice: `Stop it: brainpod build cancel ${id}`,
    });
  }
}
