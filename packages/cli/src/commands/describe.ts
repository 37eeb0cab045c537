import type { Command } from 'commander';
import { commandPath, type Runner } from '../context.ts';
import { CliFailure } from '../failure.ts';
import type { Style } from '../text/style.ts';
import { table } from '../text/table.ts';

type Described = {
  command: string;
  description: string;
  arguments: { name: string; required: boolean; description: string }[];
  options: { flags: string; description: string }[];
  commands: { name: string; description: string }[];
};

/** `describe`: what this program can do, without asking any server. Gives the command, for what goes below it. */
export function registerDescribe(program: Command, run: Runner): Command {
  return program
    .command('describe')
    .description('What there is, and how it is written')
    .argument('[path...]', 'a command, such as: pod create')
    .helpCommand(false)
    .action(
      run(async (_context, path: string[]) => {
        const described = describeCommand(findCommand(program, path));
        return { json: described, text: (style) => describedText(described, style) };
      }),
    );
}

/** The command that these words name. Throws CliFailure, with exit code 2, where there is none. */
export function findCommand(program: Command, path: readonly string[]): Command {
  return path.reduce((command, word) => {
    const inner = visibleCommands(command).find((each) => each.name() === word);
    if (inner !== undefined) return inner;
    const known = visibleCommands(command).map((each) => each.name());
    const below = commandPath(command) === '' ? 'There is' : `Below "${commandPath(command)}" there is`;
    throw new CliFailure(
      `There is no command "${path.join(' ')}". ${below}: ${known.join(', ') || 'none'}.`,
      {
        exitCode: 2,
      },
    );
  }, program);
}

export function visibleCommands(command: Command): Command[] {
  return command.createHelp().visibleCommands(command);
}

export function describeCommand(command: Command): Described {
  return {
    command: commandPath(command),
    description: command.description(),
    arguments: command.registeredArguments.map((each) => ({
      name: each.variadic ? `${each.name()}...` : each.name(),
      required: each.required,
      description: each.description,
    })),
    options: command.options.map(({ flags, description }) => ({ flags, description })),
    commands: visibleCommands(command).map((each) => ({
      name: each.name(),
      description: each.description(),
    })),
  };
}

export function describedText(described: Described, style: Style): string {
  const section = (title: string, rows: string[][]) =>
    rows.length === 0
      ? []
      : [`\n${style.bold(title)}`, table(style, ['', ''], rows, '').replace(/^.*\n/, '')];
  const name = described.command === '' ? 'brainpod' : `brainpod ${described.command}`;
  return [
    `${style.bold(name)}: ${described.description}`,
    ...section(
      'Arguments',
      described.arguments.map((each) => [
        `  ${each.required ? `<${each.name}>` : `[${each.name}]`}`,
        each.description,
      ]),
    ),
    ...section(
      'Options',
      described.options.map(({ flags, description }) => [`  ${flags}`, description]),
    ),
    ...section(
      'Commands',
      described.commands.map((each) => [`  ${each.name}`, each.description]),
    ),
  ].join('\n');
}
