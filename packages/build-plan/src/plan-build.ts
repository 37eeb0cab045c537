import { ask, type BuildPlan, type Detector, type FileTree, type Overrides } from './build-plan.ts';
import { planFromAbove, treeBelow } from './chosen-folder.ts';
import { detectDeno } from './detectors/deno.ts';
import { detectDotnet } from './detectors/dotnet.ts';
import { detectElixir } from './detectors/elixir.ts';
import { detectGo } from './detectors/go.ts';
import { detectJava } from './detectors/java.ts';
import { detectNode } from './detectors/node.ts';
import { detectPhp } from './detectors/php.ts';
import { detectPython } from './detectors/python.ts';
import { detectRuby } from './detectors/ruby.ts';
import { detectRust } from './detectors/rust.ts';
import { detectSite } from './detectors/site.ts';
import { webOfProcfile } from './procfile.ts';
import { readProjectFile } from './project-file.ts';
import { wantedSecrets, withSecrets } from './wanted-secrets.ts';
import { planMember, planOnlyMember } from './workspaces.ts';

/**
 * The first that can plan decides: a project of one language often has a package.json for its pages as well. What is said of
 * its start may name the language (languageStarted).
 */
const DETECTORS: readonly Detector[] = [
  detectGo,
  detectRust,
  detectJava,
  detectPython,
  detectPhp,
  detectRuby,
  detectElixir,
  detectDotnet,
  detectDeno,
  detectNode,
  detectSite,
];

const STARTED: readonly (readonly [programs: readonly string[], detect: Detector])[] = [
  [['node', 'npm', 'npx', 'pnpm', 'yarn', 'bun', 'next', 'nest'], detectNode],
  [['python', 'python3', 'gunicorn', 'uvicorn', 'hypercorn', 'daphne', 'waitress-serve'], detectPython],
  [['bundle', 'ruby', 'rails', 'rackup', 'puma', 'unicorn', 'falcon'], detectRuby],
  [['php', 'heroku-php-apache2', 'heroku-php-nginx'], detectPhp],
  [['mix', 'elixir'], detectElixir],
  [['java'], detectJava],
  [['deno'], detectDeno],
  [['dotnet'], detectDotnet],
];

/** The files that tell a language. */
const MARKS = [
  'package.json',
  'go.mod',
  'Cargo.toml',
  'pom.xml',
  'build.gradle',
  'build.gradle.kts',
  'requirements.txt',
  'pyproject.toml',
  'Pipfile',
  'main.py',
  'app.py',
  'composer.json',
  'index.php',
  'Gemfile',
  'config.ru',
  'mix.exs',
  '*.csproj',
  'deno.json',
  'index.html',
];
const MOST_FOLDERS = 10;

/**
 * How to build a tree that has no Dockerfile. What a person says counts more than what brainpod.toml says, and that more
 * than what is found. The same files and overrides give the same bytes; no tree makes it throw.
 */
export function planBuild(tree: FileTree, overrides: Overrides = {}): BuildPlan {
  const file = readProjectFile(tree);
  if (file.faults.length > 0) return ask(...file.faults);
  const said = { ...file.overrides, ...overrides };
  return withSecrets(planWith(tree, said), wantedSecrets(tree, said.directory));
}

function planWith(tree: FileTree, said: Overrides): BuildPlan {
  const { directory, ...others } = said;
  if (directory !== undefined) return planFolder(tree, directory, others);
  const plan = planTree(tree, said);
  if (plan.kind === 'planned') return plan;
  return planOnlyMember(tree, (folder) => planFolder(tree, folder, others)) ?? plan;
}

function planFolder(tree: FileTree, directory: string, overrides: Overrides): BuildPlan {
  const below = treeBelow(tree, directory);
  if (below.paths.length === 0) {
    const seen = `There is no file in ${directory}.`;
    return ask({ name: 'directory', seen, answer: 'Say which folder is to be built.' });
  }
  const inside = readProjectFile(below);
  if (inside.faults.length > 0) return ask(...inside.faults);
  const { directory: _, ...own } = inside.overrides;
  const all = { ...own, ...overrides };
  return planMember(tree, directory, all) ?? planFromAbove(planTree(below, all), directory);
}

/** The language of the program that a line starts; null where it tells none. */
function languageStarted(line: string): Detector | null {
  const program = /^(?:exec\s+|\w+=\S*\s+)*(?:\S*\/)?([\w.-]+)/.exec(line)?.[1];
  return STARTED.find(([programs]) => programs.includes(program ?? ''))?.[1] ?? null;
}

function planTree(tree: FileTree, overrides: Overrides): BuildPlan {
  const started = languageStarted(overrides.start ?? webOfProcfile(tree) ?? '');
  const detectors = started === null ? DETECTORS : [started, ...DETECTORS.filter((each) => each !== started)];
  const plans = detectors.map((detect) => detect(tree, overrides)).filter((plan) => plan !== null);
  const plan = plans.find(({ kind }) => kind === 'planned') ?? plans[0];
  if (plan !== undefined) return plan;
  const folders = foldersWithProjects(tree);
  if (folders.length > 0) {
    return ask({
      name: 'directory',
      seen: `What there is to build is further below: ${folders.join(', ')}.`,
      answer: 'Say which folder is to be built.',
    });
  }
  return ask({
    name: null,
    seen: `There is no file that tells the language: ${MARKS.join(', ')}.`,
    answer: 'Add a Dockerfile, or choose the folder that holds the project.',
  });
}

function isMark(name: string): boolean {
  return MARKS.includes(name) || name === 'deno.jsonc' || /\.(cs|fs|vb)proj$/.test(name);
}

function foldersWithProjects(tree: FileTree): string[] {
  const folders = tree.paths.flatMap((path) => {
    const [, folder, name] = /^(.+)\/([^/]+)$/.exec(path) ?? [];
    const isNear = folder !== undefined && folder.split('/').length <= 2;
    return isNear && name !== undefined && isMark(name) ? [folder] : [];
  });
  return [...new Set(folders)].sort().slice(0, MOST_FOLDERS);
}
