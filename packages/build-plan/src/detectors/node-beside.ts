import type { Decision, FileTree, Question } from '../build-plan.ts';
import { readManifest } from './node-manifest.ts';
import { findPackageManager, NPM_WITHOUT_LOCK } from './node-packages.ts';

/** Node in the build of another language, for what its pages use of npm. */
export const NODE_BESIDE = 'node:24-trixie-slim';

/** The lines of a Dockerfile that bring Node and npm into a stage of Debian. */
export const COPY_NODE = `COPY --from=${NODE_BESIDE} /usr/local/bin/node /usr/local/bin/node
COPY --from=${NODE_BESIDE} /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx
`;

/** What installs the packages that package.json of a folder names, as commands of a shell there; null where it names none. */
export function installsBeside(
  tree: FileTree,
  { decisions, questions }: { decisions: Decision[]; questions: Question[] },
): string[] | null {
  const manifest = readManifest(tree.readText('package.json') ?? '');
  if (manifest === null || manifest.dependencies.size === 0) return null;
  const found = findPackageManager(tree, { asked: manifest.packageManager, folder: null }, decisions);
  if (found !== null && 'question' in found) {
    questions.push(found.question);
    return null;
  }
  const { setUp, installAll } = found === null ? NPM_WITHOUT_LOCK : found.manager;
  decisions.push({
    what: 'has Node in the build',
    why: 'scripts and styles use packages of npm',
    from: 'package.json',
  });
  return [...(setUp === null ? [] : [setUp]), installAll];
}
