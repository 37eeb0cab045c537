import type { Decision } from '../build-plan.ts';
import type { PackageManager } from './node-packages.ts';

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

/** Installs as the project's own scripts need it: with its source before, or without those that only set up git. */
export function withInstallScripts(
  manager: PackageManager,
  scripts: Readonly<Record<string, string>>,
  decisions: Decision[],
): PackageManager {
  const names = AT_INSTALL.filter((name) => Object.hasOwn(scripts, name));
  const isForGit = (name: string): boolean => ONLY_GIT_HOOKS.test((scripts[name] ?? '').trim());
  const left = names.filter((name) => !isForGit(name));
  if (left.length > 0) {
    const what = `installs with the source there (${left.join(', ')})`;
    decisions.push({ what, why: 'scripts of the project run then', from: 'package.json' });
    return { ...manager, files: ['.'], runsScripts: true };
  }
  if (names.length === 0) return manager;
  const leftOut = names.map((name) => `scripts.${name}`).join(' ');
  decisions.push({ what: `leaves out ${leftOut}`, why: 'it sets up git alone', from: 'package.json' });
  const without = (command: string): string => `npm pkg delete ${leftOut} && ${command}`;
  return {
    ...manager,
    installAll: without(manager.installAll),
    installForProduction: without(manager.installForProduction),
    prune: without(manager.prune),
  };
}
