import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileTree, Overrides, Planned, Question } from '@brainpod/build-plan/build-plan';
import { planBuild } from '@brainpod/build-plan/plan-build';
import { wantedSecrets } from '@brainpod/build-plan/wanted-secrets';
import { CliFailure } from '../failure.ts';
import { listSource } from './list-source.ts';

const MOST_FILES = 50_000;
const LONGEST_TEXT_BYTES = 1024 * 1024;

const FLAGS: Record<keyof Overrides, string> = {
  directory: '--folder',
  install: '--install-command',
  build: '--build-command',
  start: '--start',
  publish: '--publish',
  nodeVersion: '--node-version',
  pythonVersion: '--python-version',
  goVersion: '--go-version',
  rustVersion: '--rust-version',
  javaVersion: '--java-version',
  phpVersion: '--php-version',
  rubyVersion: '--ruby-version',
  elixirVersion: '--elixir-version',
  dotnetVersion: '--dotnet-version',
  denoVersion: '--deno-version',
};

/** How to build a directory without a Dockerfile. CliFailure with all that cannot be decided, and how to answer it. */
export function planDirectory(directory: string, overrides: Overrides = {}): Planned {
  const plan = planBuild(treeOf(directory), overrides);
  if (plan.kind === 'planned') return plan;
  throw new CliFailure(
    [
      `${directory} has no Dockerfile, and how to build it cannot be told from its files:`,
      ...plan.questions.map((question) => `  ${questionText(question)}`),
    ].join('\n'),
    { advice: adviceFor(plan.questions) },
  );
}

/** The flags by which these are said. */
export function flagsOf(overrides: Overrides): string[] {
  return Object.entries(FLAGS).flatMap(([name, flag]) => (Object.hasOwn(overrides, name) ? [flag] : []));
}

/** The names of what the build of a directory, or of the `folder` below it, may use and no image holds, as its brainpod.toml says. */
export function secretsWantedBy(directory: string, folder?: string): string[] {
  return wantedSecrets(treeOf(directory), folder);
}

function questionText({ name, seen, answer }: Question): string {
  return name === null ? `${seen} ${answer}` : `${seen} ${answer} (${FLAGS[name]})`;
}

function adviceFor(questions: readonly Question[]): string {
  const flags = questions.flatMap(({ name }) => (name === null ? [] : [FLAGS[name]]));
  return flags.length === questions.length
    ? `With the answers, "brainpod build --eject ${flags.join(' … ')} …" writes a Dockerfile, which is used from then on. brainpod.toml may hold them instead.`
    : 'A Dockerfile of your own is used as it is.';
}

/** The files that a hosted build is sent, and no links. */
function treeOf(directory: string): FileTree {
  const { root, files } = listSource(directory);
  const paths = new Set(files.slice(0, MOST_FILES).map(({ path }) => path));
  return {
    paths: [...paths],
    readText(path) {
      if (!paths.has(path)) return null;
      const bytes = readFileSync(join(root, path));
      return bytes.length > LONGEST_TEXT_BYTES || bytes.includes(0) ? null : bytes.toString('utf8');
    },
  };
}
