import { type FileTree, hasFile, type Question } from '../build-plan.ts';
import type { PackageManager } from './node-package-manager.ts';

const CLASSIC = '1.22.22';
const NEWEST = '4';
/** The least that the lock file of a Yarn 4 says of itself. */
const FORMAT_OF_FOUR = 8;

/** Yarn 1, or 4 and newer, by the format of its lock file. `version` is what package.json asks for, `folder` where it is in a workspace. */
export function yarn(
  tree: FileTree,
  { version, folder }: { version: string | null; folder: string | null },
): { manager: PackageManager } | { question: Question } {
  const lock = tree.readText('yarn.lock') ?? '';
  if (/^# yarn lockfile v1$/m.test(lock)) {
    const known = version?.startsWith('1.') === true ? version : version === null ? CLASSIC : null;
    if (known !== null) return { manager: classic(known) };
  }
  const format = Number(/^__metadata:\n {2}version: (\d+)/m.exec(lock)?.[1] ?? 0);
  const isModern = format >= FORMAT_OF_FOUR && !/^[123]\./.test(version ?? NEWEST);
  if (isModern) return { manager: modern(tree, lock, { version: version ?? NEWEST, folder }) };
  return {
    question: {
      name: null,
      seen: 'yarn.lock is neither of Yarn 1 nor of Yarn 4, or of another than package.json asks for.',
      answer: 'Run "yarn set version stable" and "yarn install", or add a Dockerfile.',
    },
  };
}

/** Many images of Node have an older one, which npm would not replace unforced. */
function setUp(name: string): string {
  return `npm install --global --force ${name}`;
}

function classic(version: string): PackageManager {
  return {
    name: 'Yarn',
    files: ['package.json', 'yarn.lock'],
    cache: '/usr/local/share/.cache/yarn',
    setUp: setUp(`yarn@${version}`),
    // Said in words, since NODE_ENV decides it otherwise.
    installAll: 'yarn install --frozen-lockfile --production=false',
    installForProduction: 'yarn install --frozen-lockfile --production=true',
    prune: 'yarn install --frozen-lockfile --production=true --ignore-scripts',
    run: 'yarn run',
    runtime: null,
  };
}

function modern(
  tree: FileTree,
  lock: string,
  { version, folder }: { version: string; folder: string | null },
): PackageManager {
  const settings = tree.readText('.yarnrc.yml') ?? '';
  // Both are files of the project's own, but for the patches that Yarn brings.
  const needsSource = /^plugins:/m.test(settings) || /@patch:(?![^\n]*builtin<)/.test(lock);
  const own = hasFile(tree, '.yarnrc.yml') ? ['.yarnrc.yml'] : [];
  const inside = folder === null ? '' : `cd ${folder} && `;
  const onlyWhatRuns = 'yarn workspaces focus --production';
  return {
    name: 'Yarn',
    files: needsSource ? ['.'] : ['package.json', 'yarn.lock', ...own],
    cache: '/root/.yarn/berry/cache',
    setUp: setUp(`@yarnpkg/cli-dist@${version}`),
    environment: {
      // What starts an app has not to know of Yarn then.
      YARN_NODE_LINKER: 'node-modules',
      // It is there already.
      YARN_IGNORE_PATH: '1',
      YARN_ENABLE_GLOBAL_CACHE: '1',
      YARN_ENABLE_TELEMETRY: '0',
    },
    installAll: 'yarn install --immutable',
    installForProduction: onlyWhatRuns,
    prune: `${inside}${onlyWhatRuns}`,
    pruneInPlace: `${inside}YARN_ENABLE_SCRIPTS=0 ${onlyWhatRuns}`,
    run: 'yarn run',
    runtime: null,
    hasState: true,
  };
}
