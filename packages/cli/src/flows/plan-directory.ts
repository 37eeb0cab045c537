import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileTree, Overrides, Planned, Question } from '@brainpod/build-plan/build-plan';
import { planBuild } from '@brainpod/build-plan/plan-build';
import { CliFailure } from '../failure.ts';

/** What says how to build is never below these, and they hold most of a folder's files. */
const SKIPPED = new Set(['.git', 'node_modules', '.venv', 'venv', '__pycache__']);
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

function questionText({ name, seen, answer }: Question): string {
  return name === null ? `${seen} ${answer}` : `${seen} ${answer} (${FLAGS[name]})`;
}

function adviceFor(questions: readonly Question[]): string {
  const flags = questions.flatMap(({ name }) => (name === null ? [] : [FLAGS[name]]));
  return flags.length === questions.length
    ? `With the answers, "brainpod build --eject ${flags.join(' … ')} …" writes a Dockerfile, which is used from then on. brainpod.toml may hold them instead.`
    : 'A Dockerfile of your own is used as it is.';
}

/** Links are not followed: they may lead out of the directory. */
function treeOf(directory: string): FileTree {
  const paths = new Set<string>();
  const walk = (folder: string): void => {
    for (const entry of readdirSync(join(directory, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !SKIPPED.has(entry.name)) walk(path);
      if (entry.isFile() && paths.size < MOST_FILES) paths.add(path);
    }
  };
  walk('');
  return {
    paths: [...paths],
    readText(path) {
      if (!paths.has(path)) return null;
      const bytes = readFileSync(join(directory, path));
      return bytes.length > LONGEST_TEXT_BYTES || bytes.includes(0) ? null : bytes.toString('utf8');
    },
  };
}
