import type { Decision, FileTree, Question } from '../build-plan.ts';
import { hasFile } from '../build-plan.ts';
import type { PackageManager } from './node-package-manager.ts';
import { yarn } from './node-yarn.ts';

type Found = { manager: PackageManager } | { question: Question } | null;

export const NPM: PackageManager = {
  name: 'npm',
  files: ['package.json', 'package-lock.json'],
  cache: '/root/.npm',
  setUp: null,
  installAll: 'npm ci',
  // There is a folder then also where nothing is to be installed.
  installForProduction: 'npm ci --omit=dev && mkdir -p node_modules',
  prune: 'npm prune --omit=dev',
  run: 'npm run',
  runtime: null,
};

/** In a workspace only what one package needs to run stays. */
export function npmIn(folder: string | null, npm: PackageManager = NPM): PackageManager {
  if (folder === null) return npm;
  return { ...npm, prune: `npm ci --omit=dev --workspace=${folder}`, pruneInPlace: npm.prune };
}

/** Whatever is newest on that day of what package.json allows. */
export const NPM_WITHOUT_LOCK: PackageManager = {
  ...NPM,
  files: ['package.json'],
  installAll: 'npm install',
  installForProduction: 'npm install --omit=dev && mkdir -p node_modules',
};

// The newest that writes a lock file of each format, for projects that name none.
const PNPM_BY_LOCK: Readonly<Record<string, string>> = { '5.4': '7', '6.0': '8', '9.0': '10' };
const BUN = '1';
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/;

/**
 * Which package manager a project uses, by its lock file; null where it has none. `asked` is what package.json says in
 * `packageManager`, `folder` where the project is in a workspace.
 */
export function findPackageManager(
  tree: FileTree,
  { asked, folder }: { asked: string | null; folder: string | null },
  decisions: Decision[],
): Found {
  const locks = ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', 'bun.lockb'].filter((path) =>
    hasFile(tree, path),
  );
  const [lock] = locks;
  if (lock === undefined) return null;
  if (locks.length > 1) {
    return cannot(`There are ${locks.join(' and ')}.`, 'Keep the one of the package manager that you use.');
  }
  const found =
    lock === 'package-lock.json'
      ? { manager: npmIn(folder) }
      : ofLock(tree, lock, { asked: versionOf(asked), folder });
  if ('manager' in found) {
    decisions.push({
      what: `installs with ${found.manager.name}`,
      why: 'its lock file is there',
      from: lock,
    });
  }
  return found;
}

type Asked = { name: string; version: string } | null;

function ofLock(
  tree: FileTree,
  lock: string,
  { asked, folder }: { asked: Asked; folder: string | null },
): { manager: PackageManager } | { question: Question } {
  if (lock === 'pnpm-lock.yaml') return pnpm(tree, asked, folder);
  if (lock === 'yarn.lock')
    return yarn(tree, { version: asked?.name === 'yarn' ? asked.version : null, folder });
  return { manager: bun(lock, asked) };
}

function pnpm(
  tree: FileTree,
  asked: Asked,
  folder: string | null,
): { manager: PackageManager } | { question: Question } {
  const workspace = hasFile(tree, 'pnpm-workspace.yaml') ? ['pnpm-workspace.yaml'] : [];
  const lock = tree.readText('pnpm-lock.yaml') ?? '';
  const only = folder === null ? '' : ` --filter "{${folder}}..."`;
  const format = /^lockfileVersion: ['"]?([\d.]+)['"]?$/m.exec(lock)?.[1] ?? '';
  const version = asked?.name === 'pnpm' ? asked.version : PNPM_BY_LOCK[format];
  if (version === undefined) {
    return cannot(
      `pnpm-lock.yaml is of a format that is not known here${format === '' ? '' : ` (${format})`}.`,
      'Name your version in package.json, as in "packageManager": "pnpm@10.11.0".',
    );
  }
  return {
    manager: {
      name: 'pnpm',
      // Patches are files of the project's own.
      files: /^patchedDependencies:/m.test(lock) ? ['.'] : ['package.json', 'pnpm-lock.yaml', ...workspace],
      cache: '/root/.local/share/pnpm/store',
      setUp: `npm install --global pnpm@${version}`,
      installAll: 'pnpm install --frozen-lockfile',
      installForProduction: 'pnpm install --frozen-lockfile --prod',
      // It asks before it removes what is there, unless it knows that nobody is there to answer.
      prune:
        folder === null
          ? 'CI=true pnpm prune --prod'
          : // With a filter it leaves what others brought.
            `find . -name node_modules -prune -exec rm -rf {} + && pnpm install --frozen-lockfile --prod${only}`,
      pruneInPlace:
        folder === null
          ? 'CI=true npm_config_ignore_scripts=true pnpm_config_ignore_scripts=true pnpm prune --prod'
          : `CI=true pnpm install --frozen-lockfile --prod --ignore-scripts${only}`,
      run: 'pnpm run',
      runtime: null,
    },
  };
}

function bun(lock: string, asked: Asked): PackageManager {
  const version = asked?.name === 'bun' ? asked.version : BUN;
  return {
    name: 'Bun',
    files: ['package.json', lock],
    cache: '/root/.bun/install/cache',
    setUp: `npm install --global bun@${version}`,
    installAll: 'bun install --frozen-lockfile',
    installForProduction: 'bun install --frozen-lockfile --production && mkdir -p node_modules',
    // It leaves what is there already.
    prune: 'rm -rf node_modules && bun install --frozen-lockfile --production',
    pruneInPlace: 'bun install --frozen-lockfile --production --ignore-scripts',
    run: 'bun run',
    runtime: 'bun',
  };
}

/** `name@version`, with or without a hash behind it; anything else is as if nothing were asked for. */
function versionOf(asked: string | null): Asked {
  const [, name = '', version = ''] = /^([a-z]+)@([^+]+)(?:\+.*)?$/.exec(asked ?? '') ?? [];
  return EXACT.test(version) ? { name, version } : null;
}

function cannot(seen: string, answer: string): { question: Question } {
  return { question: { name: null, seen, answer } };
}
