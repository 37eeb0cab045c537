import { isFolderBelow, isOneLine, type Overrides } from '@brainpod/build-plan/build-plan';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { CliFailure } from '../failure.ts';
import type { BuildChoice } from '../flows/choose-builder.ts';

/** What a plan is told, as `withPlanOptions` reads it. */
export type PlanOptions = {
  folder?: string;
  installCommand?: string;
  buildCommand?: string;
  start?: string;
  publish?: string;
  nodeVersion?: string;
  pythonVersion?: string;
  goVersion?: string;
  rustVersion?: string;
  javaVersion?: string;
  phpVersion?: string;
  rubyVersion?: string;
  elixirVersion?: string;
  dotnetVersion?: string;
  denoVersion?: string;
};

/** What a build is told, as `withBuildOptions` reads it. */
export type BuildOptions = PlanOptions & {
  builder?: 'auto' | 'dockerfile' | 'railpack';
  dockerfile?: string;
  local?: boolean;
  buildSecret?: string[];
};

export function withPlanOptions(command: Command): Command {
  return command
    .option('--folder <folder>', 'the folder below that is built, such as apps/web', parseFolder)
    .option('--install-command <command>', 'what installs its packages, instead of what is found', parseLine)
    .option('--build-command <command>', 'what builds it, instead of what is found', parseLine)
    .option('--start <command>', 'what starts it, instead of what is found', parseLine)
    .option('--publish <folder>', 'the folder of files that its build makes for a web server', parseFolder)
    .option('--node-version <version>', 'the version of Node, instead of what is asked for', parseLine)
    .option('--python-version <version>', 'the version of Python, likewise', parseLine)
    .option('--go-version <version>', 'the version of Go, likewise', parseLine)
    .option('--rust-version <version>', 'the version of Rust, likewise', parseLine)
    .option('--java-version <version>', 'the version of Java, likewise', parseLine)
    .option('--php-version <version>', 'the version of PHP, likewise', parseLine)
    .option('--ruby-version <version>', 'the version of Ruby, likewise', parseLine)
    .option('--elixir-version <version>', 'the version of Elixir, likewise', parseLine)
    .option('--dotnet-version <version>', 'the version of .NET, likewise', parseLine)
    .option('--deno-version <version>', 'the version of Deno, likewise', parseLine);
}

export function withBuildOptions(command: Command): Command {
  return withPlanOptions(
    command
      .addOption(
        new Option(
          '--builder <builder>',
          'auto: by its Dockerfile, or as its files say; railpack: as its files say (default: auto)',
        ).choices(['auto', 'dockerfile', 'railpack']),
      )
      .option('--dockerfile <path>', 'the Dockerfile in the directory (default: Dockerfile)', parseFolder)
      .option(
        '--build-secret <name[=file]>',
        'a value that steps of the build may use and no image holds: of the environment variable of that name, or of a file; may be repeated',
        collectText,
      )
      .option('--local', 'with the BuildKit that BUILDKIT_HOST names, instead of on the platform'),
  );
}

export function overridesOf(options: PlanOptions): Overrides {
  const said: [keyof Overrides, string | undefined][] = [
    ['directory', options.folder],
    ['install', options.installCommand],
    ['build', options.buildCommand],
    ['start', options.start],
    ['publish', options.publish],
    ['nodeVersion', options.nodeVersion],
    ['pythonVersion', options.pythonVersion],
    ['goVersion', options.goVersion],
    ['rustVersion', options.rustVersion],
    ['javaVersion', options.javaVersion],
    ['phpVersion', options.phpVersion],
    ['rubyVersion', options.rubyVersion],
    ['elixirVersion', options.elixirVersion],
    ['dotnetVersion', options.dotnetVersion],
    ['denoVersion', options.denoVersion],
  ];
  const overrides: Overrides = {};
  for (const [name, text] of said) if (text !== undefined) overrides[name] = text;
  return overrides;
}

/** `railpack` is the name that the interface has for a build without a Dockerfile; ours are done by our own plans. */
export function choiceOf(options: BuildOptions): BuildChoice {
  const { builder, dockerfile } = options;
  const overrides = overridesOf(options);
  return {
    ...(builder === undefined ? {} : { builder: builder === 'railpack' ? ('plan' as const) : builder }),
    ...(dockerfile === undefined ? {} : { dockerfile }),
    ...(Object.keys(overrides).length === 0 ? {} : { overrides }),
  };
}

export function refuseLocalSecrets({ local, buildSecret }: BuildOptions): void {
  if (local !== true || buildSecret === undefined) return;
  throw new CliFailure('--build-secret is for builds on the platform: with --local there is none.', {
    exitCode: 2,
  });
}

function collectText(text: string, before: string[] = []): string[] {
  return [...before, text];
}

function parseFolder(text: string): string {
  if (isFolderBelow(text)) return text;
  throw new InvalidArgumentError('Must be a path below the directory, such as apps/web.');
}

function parseLine(text: string): string {
  // It becomes a part of a line of a Dockerfile.
  if (isOneLine(text)) return text;
  throw new InvalidArgumentError('Must be one line of text.');
}
