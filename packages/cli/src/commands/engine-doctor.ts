import { examineMachine } from '@brainpod/supervisor/examine';
import type { Check } from '@brainpod/supervisor/preflight';
import { DEFAULT_SETTINGS, readSettings } from '@brainpod/supervisor/settings';
import type { Command } from 'commander';
import { CliFailure } from '../failure.ts';
import type { Io } from '../io.ts';
import { sortedJson } from '../text/sorted-json.ts';
import { type Style, styleFor } from '../text/style.ts';
import { locationsOf } from './engine-machine.ts';

export function registerEngineDoctor(engine: Command, io: Io): void {
  engine
    .command('doctor')
    .description('Look whether this machine can run Brainpod, and say what to do where it cannot')
    .action(async (_options: unknown, command: Command) => {
      const { json } = command.optsWithGlobals<{ json?: boolean }>();
      const locations = locationsOf(io);
      const settings = (await readSettings(locations.settings)) ?? DEFAULT_SETTINGS;
      const checks = await examineMachine(settings, locations, io.environment);
      const text =
        json === true ? sortedJson(checks) : checksText(checks, styleFor(io.stdout, io.environment));
      io.stdout.write(`${text}\n`);
      const failed = checks.filter((check) => !check.ok && !check.warning).length;
      if (failed > 0) throw new CliFailure(`${failed} of ${checks.length} checks failed.`);
    });
}

export function checksText(checks: readonly Check[], style: Style): string {
  return checks
    .map((check) => {
      const mark = check.ok
        ? style.green('ok     ')
        : check.warning
          ? style.yellow('warning')
          : style.red('FAILED ');
      const line = `${mark}  ${check.title}: ${check.found}`;
      return check.remedy === undefined ? line : `${line}\n         ${check.remedy}`;
    })
    .join('\n');
}
