import type { Decision } from '../build-plan.ts';
import type { PackageManager } from './node-package-manager.ts';

type Scripts = Readonly<Record<string, string>>;

/** What package managers run of the project itself when they install its packages. */
const AT_INSTALL = [
  'preinstall',
  'install',
  'postinstall',
  'prepublish',
  'preprepare',
  'prepare',
  'postprepare',
];

/** Nothing commits from within a build, and what this starts is a package for development. */
const ONLY_GIT_HOOKS =
  /^(npx )?(husky( install( [\w./-]+)?)?|lefthook install|simple-git-hooks|is-ci \|\| husky( install)?)( *\|\| *(true|:|exit 0))?$/;

/**
 * Installs as the project's own scripts need it: with its source before, or without those that only set up git.
 * `own` are those of the package.json where it is installed, `others` of the packages of its workspace.
 */
export function withInstallScripts(
  manager: PackageManager,
  { own, others }: { own: Scripts; others: readonly Scripts[] },
  decisions: Decision[],
): PackageManager {
  const names = AT_INSTALL.filter((name) => Object.hasOwn(own, name));
  const isForGit = (name: string): boolean => ONLY_GIT_HOOKS.test((own[name] ?? '').trim());
  const ofOthers = AT_INSTALL.filter((name) => others.some((scripts) => Object.hasOwn(scripts, name)));
  const left = [...new Set([...names.filter((name) => !isForGit(name)), ...ofOthers])];
  if (left.length > 0) {
    const what = `installs with the source there (${left.join(', ')})`;
    decisions.push({ what, why: 'scripts of the project run then', from: null });
    const { pruneInPlace: prune = manager.prune } = manager;
    return { ...manager, files: ['.'], prune, runsScripts: true };
  }
  if (names.length === 0) return manager;
  // In a workspace the package.json that counts is not the project's own.
  const from = others.length === 0 ? 'package.json' : null;
  const leftOut = names.map((name) => `scripts.${name}`).join(' ');
  decisions.push({ what: `leaves out ${leftOut}`, why: 'it sets up git alone', from });
  const without = (command: string): string => `npm pkg delete ${leftOut} && ${command}`;
  return {
    ...manager,
    installAll: without(manager.installAll),
    installForProduction: without(manager.installForProduction),
    prune: without(manager.prune),
  };
}
