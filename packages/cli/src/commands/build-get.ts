import type { Command } from 'commander';
import type { Runner } from '../context.ts';
import type { Build } from '../flows/builds-api.ts';
import type { Style } from '../text/style.ts';
import { facts } from '../text/table.ts';
import { localTime } from '../text/time.ts';
import { buildsOf } from './build-connection.ts';
import { durationText, imageText, paintBuildState, sourceText } from './build-view.ts';

export function registerBuildGet(build: Command, run: Runner): void {
  build
    .command('get')
    .description('Show a build')
    .argument('<build>', 'id of the build')
    .action(
      run(async (context, id: string) => {
        const found = await buildsOf(context).getBuild(context.pod(), id, context.io.signal);
        return { json: found, text: (style) => buildText(found, style) };
      }),
    );
}

export function registerBuildCancel(build: Command, run: Runner): void {
  build
    .command('cancel')
    .description('Stop a build, or take it out of the queue')
    .argument('<build>', 'id of the build')
    .action(
      run(async (context, id: string) => {
        const found = await buildsOf(context).cancelBuild(context.pod(), id, context.io.signal);
        return {
          json: found,
          text: (style) =>
            found.state === 'cancelled'
              ? `${style.green('✓')} The build is cancelled.`
              : `The build is told to stop.\n${style.dim(`What became of it: brainpod build get ${id}`)}`,
        };
      }),
    );
}

function buildText(build: Build, style: Style): string {
  const waits = build.ahead !== null && build.ahead > 0 ? style.dim(` (${build.ahead} before it)`) : '';
  const pairs: [string, string][] = [
    ['Build', build.id],
    ['State', `${paintBuildState(style, build.state)}${waits}`],
    ['Image', style.bold(imageText(build))],
    ['Reference', build.image?.reference ?? ''],
    ['Platform', build.platform ?? ''],
    ['Source', sourceText(build)],
    ['Created', localTime(build.createdAt)],
    ['Took', durationText(build, Date.now())],
    ...build.artifacts.map(({ name, uri }): [string, string] => ['Artifact', `${name}  ${uri}`]),
  ];
  const text = facts(style, pairs);
  if (build.state === 'failed')
    return `${text}\n\n${style.red(build.error ?? 'There is no reason.')}\n${style.dim(`Its whole log: brainpod build log ${build.id}`)}`;
  return build.state === 'pending' || build.state === 'waiting'
    ? `${text}\n\n${style.dim(`Follow it: brainpod build log ${build.id} --follow`)}`
    : text;
}
